"""Text of others without its power: names, messages and captions can hold what a terminal or a window obeys.

Escape sequences move a terminal's cursor, change its title or colours; overrides of the direction of writing make
``gpj.exe`` of ``exe.jpg``; line ends forge lines.
"""

from __future__ import annotations

_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_DIRECTIONS = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_BYTES = range(0xDC80, 0xDCA0)  # bytes of a name that are no text, and would be controls if they went out as they are
_LINES = {0x09, 0x0A}  # tab and line end


def _escaped(code: int) -> str:
    byte = code - 0xDC00 if code in _BYTES else code
    return f"\\x{byte:02x}" if byte < 0x100 else f"\\u{byte:04x}"


_NAMED = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}
_ONE_LINE = {code: _NAMED.get(code, _escaped(code)) for code in [*_CONTROLS, *_DIRECTIONS, 0x2028, 0x2029, *_BYTES]}
_TEXT = {code: words for code, words in _ONE_LINE.items() if code not in _LINES}


def line(text: str) -> str:
    r"""A name or a value in one line: every control character as an escape such as ``\x1b``, line ends too."""
    return text.translate(_ONE_LINE)


def lines(text: str) -> str:
    r"""Text whose line ends and tabs are wanted; all other control characters as escapes such as ``\x1b``."""
    return text.translate(_TEXT)
