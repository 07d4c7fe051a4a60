"""The command line: ``python -m models --help``.

Exit 0: done; 1: failed, with one clear line; 2: wrong arguments; 128 + n: ended by signal n, 130 for Ctrl+C.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from models.cli.argument_checks import refuse
from models.cli.arguments import parser
from models.core.errors import ConfigError, UserError
from models.core.terminal import interrupts, standard_streams

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; errors become one clear line on standard error, whatever the streams are."""
    return standard_streams.run(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    """Read the arguments and do what they say."""
    arguments = parser().parse(argv)
    standard_streams.start_log()
    with interrupts.listening(interrupts.leave) as heard:
        try:
            return _act(arguments)
        except BrokenPipeError:
            raise
        except KeyboardInterrupt as error:
            return _interrupted(arguments, interrupts.number_of(error))
        except Exception as error:
            if heard.number:  # what a signal broke on its way out: an import, for instance
                log.warning("a signal came meanwhile", exc_info=error)
                return _interrupted(arguments, heard.number)
            return _failed(arguments, error)


def _interrupted(arguments: argparse.Namespace, number: int) -> int:
    """Say which signal has ended the command; the exit status."""
    print(f"{arguments.command}: interrupted by {interrupts.said(number)}", file=sys.stderr)
    return interrupts.status(number)


def _failed(arguments: argparse.Namespace, error: Exception) -> int:
    """Say what was wrong; the exit status."""
    if isinstance(error, ConfigError):
        print(arguments.usage * arguments.misused, end="", file=sys.stderr)
        for name, problem in error.fields.items():
            print(f"{arguments.command}: {name} {problem}", file=sys.stderr)
        return 2
    if isinstance(error, UserError):
        print(f"{arguments.command}: {error}", file=sys.stderr)
        return 1
    log.error("%s failed", arguments.command, exc_info=error)
    what = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    print(
        f"{arguments.command}: something unexpected happened: {what} ({standard_streams.log_file()})", file=sys.stderr
    )
    return 1


def _act(arguments: argparse.Namespace) -> int:
    from models.cli import (
        arithmetic,
        commands,
        denoise_transfer,
        doctor,
        inpainting,
        mixing,
        presets,
        sampling,
        scores,
        training,
        words,
    )  # fmt: skip

    own = {
        "train": training.train, "resume": training.resume, "branch": training.branch, "sample": sampling.sample_,
        "denoise": denoise_transfer.denoise_, "transfer": denoise_transfer.transfer_,
        "score": scores.score_, "arithmetic": arithmetic.arithmetic_,
        "doctor": doctor.doctor_, "mixing": mixing.mixing_, "words": words.words_, "table": words.table_,
        "inpaint": inpainting.inpaint_, "preset": presets.preset_,
    }  # fmt: skip
    if arguments.command not in ("train", "transfer"):  # these two name what is wrong with settings, too
        refuse(arguments)
    action = own.get(arguments.command) or getattr(commands, arguments.command + "_")
    return int(action(arguments, commands.Say(as_json=arguments.json)))


if __name__ == "__main__":
    sys.exit(main())
