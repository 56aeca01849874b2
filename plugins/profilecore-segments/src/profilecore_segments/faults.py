"""What is refused, and why.  Messages name positions, codes and ids, never a guest's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from profilecore import ProfilecoreError


class ExpressionError(ProfilecoreError, ValueError):
    """The text is no expression: where it goes wrong, counted from 1, and what was expected.

    ``suggestion`` is the known name that comes nearest to one that is not known.
    """

    code = "invalid-expression"

    def __init__(
        self, line: int, column: int, expected: str, suggestion: str | None = None
    ) -> None:
        self.line, self.column = line, column
        self.expected, self.suggestion = expected, suggestion
        hint = f" Did you mean {suggestion}?" if suggestion else ""
        super().__init__(f"Line {line}, column {column}: expected {expected}.{hint}")

    def details(self) -> Mapping[str, Any]:
        return {
            "line": self.line,
            "column": self.column,
            "expected": self.expected,
            "suggestion": self.suggestion,
        }

    def shown_in(self, text: str) -> str:
        """Give the line of the text where it goes wrong, with a caret under the place."""
        lines = text.split("\n")
        line = lines[self.line - 1] if self.line <= len(lines) else ""
        # A tab stays a tab below, so that the caret stands where it should on any terminal.
        before = "".join("\t" if char == "\t" else " " for char in line[: self.column - 1])
        return f"{line}\n{before}^"


class SegmentInUse(ProfilecoreError):
    """A segment cannot be dropped while promotions are for it; ``promotions`` names them."""

    code = "segment-in-use"

    def __init__(self, segment: str, promotions: Sequence[str]) -> None:
        self.segment, self.promotions = segment, tuple(promotions)
        super().__init__(
            f"The segment {segment} is whom promotions are for: {', '.join(self.promotions)}. "
            "End them, or define them for another one, and drop it then."
        )

    def details(self) -> Mapping[str, Any]:
        return {"segment": self.segment, "promotions": list(self.promotions)}


class PromotionRefused(ProfilecoreError):
    """A promotion cannot be given to, or used by, this person now; ``reason`` says why."""

    code = "promotion-refused"

    def __init__(self, promotion: str, reason: str, message: str) -> None:
        self.promotion, self.reason = promotion, reason
        super().__init__(f"Promotion {promotion}: {message}")

    def details(self) -> Mapping[str, Any]:
        return {"promotion": self.promotion, "reason": self.reason}
