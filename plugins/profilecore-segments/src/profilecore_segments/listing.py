"""The file of a campaign list: CSV that no spreadsheet takes for formulas, or JSON."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from profilecore import InvalidProfile, Problem

FORMATS = ("csv", "json")
# What spreadsheets begin a formula with, in wide letters too; blanks in front do not stop them, and
# behind a separator of their own they begin a cell.
_FORMULA = re.compile(r"((?:^|[;,|\t\r\n])\s*)(?=[=+\-@＝＋－＠])")
# A telephone number is no formula that does anything, and nobody dials one with a quote.
_NUMBER = re.compile(r"\+[0-9]{4,15}")


def check_target(path: Path, *, force: bool) -> None:
    """Refuse a file that could not be written at the end, or stands there already.

    :raises InvalidProfile: saying which.
    """
    if path.is_dir():
        told = "is a directory; name a file in it"
    elif not force and (path.exists() or path.is_symlink()):
        told = "exists; name another file, or force it"
    elif not os.access(path.parent, os.W_OK | os.X_OK):
        told = "must be in a directory that can be written to"
    else:
        return
    raise InvalidProfile([Problem("/path", "invalid-value", told)])


class Listing:
    """Writes rows into a new file that only its owner can read; knows their number and checksum."""

    def __init__(self, path: Path, format: str, columns: Sequence[str]) -> None:
        self._path, self._format, self._columns = path, format, tuple(columns)
        self._hash = hashlib.sha256()
        self.count = 0

    def __enter__(self) -> Self:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._file = os.fdopen(os.open(self._path, flags, 0o600), "wb")
        self._put(self._line(self._columns) if self._format == "csv" else b"[")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._put(b"" if self._format == "csv" else b"\n]\n")
                self._file.flush()
                os.fsync(self._file.fileno())
        finally:
            self._file.close()

    @property
    def checksum(self) -> str:
        """The SHA-256 of what was written."""
        return self._hash.hexdigest()

    def add(self, row: Mapping[str, str]) -> None:
        """Write a row with all columns."""
        if self._format == "csv":
            self._put(self._line([harmless(row[name]) for name in self._columns]))
        else:
            plain = {name: row[name] for name in self._columns}
            self._put((b",\n" if self.count else b"\n") + msgspec.json.encode(plain))
        self.count += 1

    def _line(self, cells: Sequence[str]) -> bytes:
        line = io.StringIO()
        csv.writer(line).writerow(cells)
        return line.getvalue().encode()

    def _put(self, content: bytes) -> None:
        self._hash.update(content)
        self._file.write(content)


def harmless(cell: str) -> str:
    """Give a cell that a spreadsheet shows and does not evaluate: with a quote in front.

    So is what stands behind a sign at which a spreadsheet may part it into cells.
    """
    if _NUMBER.fullmatch(cell):
        return cell
    shown = _FORMULA.sub(r"\1'", cell)
    return f"'{shown}" if shown.startswith(("\t", "\r", "\n")) else shown
