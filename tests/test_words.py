"""What a user reads is written in the field's words (docs/GLOSSARY.md): the worst of the others are kept out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = sorted(path for folder in ("models", "studio") for path in (ROOT / folder).rglob("*.py"))
INSTEAD = {  # what is avoided -> what to write
    r"pictures?": "image",
    r"paint\w*|draws": "generate, sample, decode",
    r"films?": "animation",
    r"duels?": "compare methods",
    r"walks?|walked|walking": "reverse process, trajectory, interpolation",
    r"prices?|dear": "weight, penalty, expensive",
    r"judg\w*": "evaluation classifier, evaluate",
    r"verdicts?": "logit, probability, predicted class",
    r"squeez\w*": "encode",
    r"drown\w*": "noise replaces the image",
    r"strides?": "sampling step",  # the strides of a convolution are named below
    r"steep\w*": "gradient penalty",
    r"liveli\w*": "most active",
    r"anew|once more|forth": "again, back and forth",
    r"neighbours?": "t-SNE, variations",
    r"somebody|nobody|anybody|whoever": "you",
    r"errands?|desk": "background task",
    r"orthogonalise\w*": "make independent",
    r"quite sure": "label smoothing",
    r"too early to say|epochs in all": "the number that is needed",
}
AVOIDED = re.compile(rf"\b(?:{'|'.join(INSTEAD)})\b", re.IGNORECASE)
ALLOWED = {  # what a user may read all the same, and why
    "Paint": "the user paints the mask with a brush",
    "Paint over what should be generated again.": "the user paints the mask with a brush",
    "back and forth": "plain English for both directions",
    "kept stable by strides": "the strides of a convolution",
}
DOTTED = re.compile(r"\w+(?:\.\w+)+")  # a type in quotes
LOGGING = ("critical", "debug", "error", "exception", "info", "log", "warning")


def words_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every string that is no docstring and no log message, and that reads like words."""
    unread: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            unread.add(id(node.value))
        if (isinstance(node, ast.Call) and _logs(node.func)) or (isinstance(node, ast.Assign) and _exports(node)):
            unread |= {id(part) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in unread:
            continue
        if " " in node.value or (node.value[:1].isupper() and not DOTTED.fullmatch(node.value)):
            yield node.lineno, node.value


def _logs(called: ast.expr) -> bool:
    """Whether this is ``log.warning`` or another method of a log."""
    return (
        isinstance(called, ast.Attribute) and called.attr in LOGGING
        and isinstance(called.value, ast.Name) and called.value.id == "log"
    )  # fmt: skip


def _exports(assigned: ast.Assign) -> bool:
    """Whether this is ``__all__``."""
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in assigned.targets)


def avoided(text: str) -> list[str]:
    """The avoided words of a text, with what to write instead."""
    for harmless in ALLOWED:
        text = "" if text == harmless else text.replace(harmless, "") if " " in harmless else text
    found = [match.group() for match in AVOIDED.finditer(text)]
    return [f"{word!r}: write {instead(word)}" for word in found]


def instead(word: str) -> str:
    """What to write instead of an avoided word."""
    return next(better for pattern, better in INSTEAD.items() if re.fullmatch(pattern, word, re.IGNORECASE))


@pytest.mark.parametrize("path", SOURCE, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_user_reads_is_in_the_words_of_the_field(path: Path) -> None:
    wrong = [
        f"line {line}: {text!r}: {'; '.join(found)}"
        for line, text in words_of(ast.parse(path.read_text("utf-8"))) if (found := avoided(text))
    ]  # fmt: skip
    assert not wrong, "\n".join(wrong)


PLANTED = '''
"""Paint a picture."""
log.warning("the picture is gone")
KEY = "picture"
__all__ = ["Picture"]
look: "Judge.look"
TITLE = "Picture"
label("Export the film")
title(f"{count} pictures painted")
raise UserError("It has no image.", advice="Begin " + "once more.")
'''


def test_the_search_finds_planted_words_and_passes_over_what_no_user_reads() -> None:
    tree = ast.parse(PLANTED)
    found = {text: avoided(text) for _, text in words_of(tree)}
    assert set(found) == {
        "Picture", "Export the film", " pictures painted", "It has no image.", "Begin ", "once more.",
    }  # fmt: skip
    assert found["Export the film"] == ["'film': write animation"]
    assert len(found[" pictures painted"]) == 2
    assert found["once more."] and not found["It has no image."] and not found["Begin "]


def test_every_avoided_word_is_found_and_every_exception_is_needed() -> None:
    for words in INSTEAD:
        plain = words.split("|")[0].replace("?", "").replace(r"\w*", "")
        assert avoided(f"The {plain} is here."), plain
    written = "\n".join(text for path in SOURCE for _, text in words_of(ast.parse(path.read_text("utf-8"))))
    assert all(allowed in written for allowed in ALLOWED)
