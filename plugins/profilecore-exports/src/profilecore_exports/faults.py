"""What can go wrong with an export as a whole; what is missing from guests is reported instead."""

from __future__ import annotations

from collections.abc import Sequence

from profilecore.errors import Problem, ProfilecoreError


class ExportRefused(ProfilecoreError, ValueError):
    """Nothing was written; ``reason`` is stable, the message says what to do."""

    code = "export-refused"

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)

    def details(self) -> dict[str, str]:
        return {"reason": self.reason}


class TableMissing(ExportRefused):
    """A code table of an authority was never loaded."""

    code = "table-missing"

    def __init__(self, name: str, where: str) -> None:
        self.name = name
        super().__init__(
            "table-missing",
            f"The table {name} is not loaded. Get it from {where}, and run: "
            f"profilecore exports tables add {name} FILE",
        )


class NotSent(ProfilecoreError):
    """A transport could not hand over files; ``reason`` is stable and holds no credentials."""

    code = "not-sent"

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)

    def details(self) -> dict[str, str]:
        return {"reason": self.reason}


class Unwritable(Exception):
    """A guest's values cannot be written in a format's codes; each problem says what to do."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(problem.code for problem in self.problems))


def unwritable(path: str, code: str, message: str) -> Unwritable:
    """Make the fault of one problem."""
    return Unwritable([Problem(path, code, message)])
