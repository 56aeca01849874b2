"""The words and signs of an expression, each with the place where it stands."""

from __future__ import annotations

import re
from enum import Enum

import attrs

from profilecore.values import frozen
from profilecore_segments.faults import ExpressionError

MAX_LENGTH = 8_000
"""Characters: two screens full, more than a person reads through, and a millisecond to parse."""

KEYWORDS = frozenset(
    {
        "and", "or", "not", "in", "is", "empty", "before", "after", "ago", "ahead", "today",
        "true", "false", "consent", "day", "days", "week", "weeks", "month", "months", "year",
        "years",
    }
)  # fmt: skip
# Each sort begins with other characters, and so does each part that is repeated: linear time.
_TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\r\n]+)
    | (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}(?![\w.-]))
    | (?P<number>-?[0-9]{1,18}(?:\.[0-9]{1,6})?(?![\w.-]))
    | (?P<word>[^\W\d]\w*(?:[.-]+\w+)*)
    | "(?P<text>(?:[^"\\\x00-\x1f]|\\["\\])*)"
    | (?P<sign><=|>=|!=|[=<>(),])
    """,
    re.VERBOSE,
)
WORD = re.compile(r"[^\W\d]\w*(?:[.-]+\w+)*")
_ESCAPED = re.compile(r'\\(["\\])')


class Sort(Enum):
    """What a token is."""

    WORD = "word"
    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    SIGN = "sign"
    END = "end"
    WRONG = "wrong"


@frozen
class Token:
    """A word or sign, as written but for the quotes of a text, and its place in the whole.

    The text of a ``WRONG`` one is what was expected there.
    """

    sort: Sort
    text: str = attrs.field(repr=False)
    at: int


def tokens(text: str) -> list[Token]:
    """Take a text apart; the last token is its end, or a sign that there is not.

    :raises ExpressionError: for a text that is too long.
    """
    if len(text) > MAX_LENGTH:
        raise fault(text, MAX_LENGTH, f"an end within {MAX_LENGTH:,} characters")
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return [*found, Token(Sort.WRONG, _expected(text[at]), at)]
        sort, held = str(match.lastgroup), str(match[str(match.lastgroup)])
        if sort == "text":
            held = _ESCAPED.sub(r"\1", held)
        if sort != "blank":
            found.append(Token(Sort(sort), held, at))
        at = match.end()
    found.append(Token(Sort.END, "", len(text)))
    return found


def _expected(char: str) -> str:
    if char == '"':
        return 'a closing quote in the same line (write a quote inside as \\")'
    if char.isdigit() or char == "-":
        return "a number, a date as 2026-01-31, or a text in quotes"
    return "a name, a value or one of = != < <= > >= ( ) , (other texts stand in quotes)"


def fault(text: str, at: int, expected: str, suggestion: str | None = None) -> ExpressionError:
    """Give the error for a place in the text."""
    before = text[:at]
    line = before.count("\n") + 1
    column = at - (before.rfind("\n") + 1) + 1
    return ExpressionError(line, column, expected, suggestion)
