"""What goes wrong with a scan.  Messages name lines, positions and fields, never values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from profilecore.errors import ProfilecoreError
from profilecore.values import frozen


@frozen
class Fault:
    """One thing wrong in a zone: where, counted from 1, a stable code, and what is expected.

    ``position`` is 0 where the line as a whole is meant, ``line`` is 0 where all lines are.
    """

    line: int
    position: int
    code: str
    message: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "the text"
        if self.position:
            place += f", position {self.position}"
        return f"{place}: {self.message}"


class ZoneUnreadable(ProfilecoreError, ValueError):
    """The text is no machine-readable zone; ``faults`` says where and why."""

    code = "zone-unreadable"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)) + ". Scan the document again.")

    def details(self) -> Mapping[str, Any]:
        return {"faults": [vars(fault) for fault in self.faults]}


class ZoneUnwritable(ProfilecoreError, ValueError):
    """A value does not fit into its field of a zone; ``field`` names it."""

    code = "zone-unwritable"

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(f"{field} {message}.")

    def details(self) -> Mapping[str, Any]:
        return {"field": self.field}


class ScanDoubtful(ProfilecoreError):
    """What is needed was not read surely; ``fields`` names it.  Nothing was written."""

    code = "scan-doubtful"

    def __init__(self, fields: Iterable[str]) -> None:
        self.fields = tuple(fields)
        super().__init__(
            f"Not read surely: {', '.join(self.fields)}. Scan the document again, or type it in."
        )

    def details(self) -> Mapping[str, Any]:
        return {"fields": list(self.fields)}


class DocumentElsewhere(ProfilecoreError):
    """The document is another profile's: ``profile_ids``.  Nothing was written."""

    code = "document-elsewhere"

    def __init__(self, profile_ids: Iterable[str]) -> None:
        self.profile_ids = tuple(profile_ids)
        super().__init__(
            f"The document belongs to {', '.join(self.profile_ids)}. Merge the profiles if they "
            "are one person, or overwrite `documents` if the number stands there by mistake."
        )

    def details(self) -> Mapping[str, Any]:
        return {"profile_ids": list(self.profile_ids)}


class PictureRefused(ProfilecoreError):
    """No zone can be read from a picture; the message says what to do."""

    code = "picture-refused"
