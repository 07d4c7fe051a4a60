"""The command line: ``python -m models --help``. Exit 0: done; 1: failed, with one clear line; 2: wrong arguments."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from models.cli.argument_checks import refuse
from models.cli.arguments import parser
from models.core.disk import standard_streams
from models.core.errors import ConfigError, UserError

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; errors become one clear line on standard error, whatever the streams are."""
    return standard_streams.run(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    """Read the arguments and do what they say."""
    arguments = parser().parse(argv)
    standard_streams.start_log()
    try:
        return _act(arguments)
    except ConfigError as error:
        print(arguments.usage * arguments.misused, end="", file=sys.stderr)
        for name, problem in error.fields.items():
            print(f"{arguments.command}: {name} {problem}", file=sys.stderr)
        return 2
    except UserError as error:
        print(f"{arguments.command}: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"{arguments.command}: interrupted", file=sys.stderr)
    except BrokenPipeError:
        raise
    except Exception as error:
        log.exception("%s failed", arguments.command)
        what = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        print(
            f"{arguments.command}: something unexpected happened: {what} ({standard_streams.log_file()})",
            file=sys.stderr,
        )
    return 1


def _act(arguments: argparse.Namespace) -> int:
    from models.cli import arithmetic, commands, denoise_transfer, doctor, mixing, sampling, scores, training

    own = {
        "train": training.train, "resume": training.resume, "branch": training.branch, "sample": sampling.sample_,
        "denoise": denoise_transfer.denoise_, "transfer": denoise_transfer.transfer_,
        "score": scores.score_, "arithmetic": arithmetic.arithmetic_,
        "doctor": doctor.doctor_, "mixing": mixing.mixing_,
    }  # fmt: skip
    if arguments.command not in ("train", "transfer"):  # these two name what is wrong with settings, too
        refuse(arguments)
    action = own.get(arguments.command) or getattr(commands, arguments.command + "_")
    return int(action(arguments, commands.Say(as_json=arguments.json)))


if __name__ == "__main__":
    sys.exit(main())
