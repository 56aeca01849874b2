"""Read the rows of CSV and JSON Lines files, one at a time, and say plainly what is wrong."""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import msgspec

from profilecore.cli.columns import CELLS, FAULT
from profilecore.errors import ProfilecoreError

DELIMITERS = ",;\t|"
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
_CHUNK = 1 << 20
# So many lines may a row have, and so many of those that are read again many times.
_MOST_LINES, _FEWEST_LINES = 1_000, 16


class UnreadableFile(ProfilecoreError):
    """A file cannot be read as a table; the message says where and what to do."""

    code = "unreadable-file"


@attrs.frozen
class Table:
    """A file of rows.  ``columns`` is empty for JSON Lines, whose rows name their own.

    ``lines`` is how many lines the file has: about as many rows.
    """

    path: Path
    encoding: str
    lines: int
    delimiter: str = ","
    columns: tuple[str, ...] = ()

    @property
    def is_json(self) -> bool:
        """Tell whether it is JSON Lines."""
        return self.path.suffix.lower() in _JSON_SUFFIXES

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows; one that cannot be taken apart holds its fault instead."""
        return self._json_rows() if self.is_json else self._csv_rows()

    def _csv_rows(self) -> Iterator[dict[str, Any]]:
        width = len(self.columns)
        with self.path.open(encoding=self.encoding, newline="") as file:
            next(csv.reader(file, delimiter=self.delimiter), None)
            lines = _Lines(file)
            while True:
                fault = "is no CSV, as where a quote in a cell is not doubled or not closed"
                try:
                    for cells in csv.reader(lines, delimiter=self.delimiter, strict=True):
                        if len(cells) == width:
                            if lines.is_doubted and lines.is_rest():
                                fault = "seems to be the rest of the row before it"
                                break
                            yield dict(zip(self.columns, cells, strict=True))
                        elif cells:
                            if any(self._is_row(line) for line in lines.kept[1:]):
                                break
                            wrong = f"has {len(cells)} cells where the header has {width}"
                            yield {FAULT: wrong, CELLS: cells}
                        lines.kept.clear()
                    else:
                        return
                except csv.Error:
                    pass
                yield {FAULT: fault, CELLS: _pieces(lines.give_up())}

    def _is_row(self, line: str) -> bool:
        """Tell whether a line is a row by itself, where it may be in the midst of a cell."""
        try:
            rows = [*csv.reader([line], delimiter=self.delimiter, strict=True)]
        except csv.Error:
            return False
        return len(rows[0]) == len(self.columns) and line.count('"') % 2 == 0

    def _json_rows(self) -> Iterator[dict[str, Any]]:
        with self.path.open(encoding=self.encoding) as file:
            for line in file:
                if not line.strip():
                    continue
                try:
                    row = msgspec.json.decode(line)
                except (ValueError, RecursionError):
                    row = None
                if isinstance(row, dict) and FAULT not in row:
                    yield row
                else:
                    yield {FAULT: "is no JSON object", CELLS: [line.rstrip("\n")]}


class _Lines:
    """The lines of a file; those of the record being read are kept, so as to be read again.

    A quote that is not closed makes one record of all that follows it.  Of a record that cannot
    be right only the first line is given up, and what stands behind it is read for itself.  A
    record may span so many lines; among lines that are read again ever fewer, so that a file in
    which no quote is closed does not take for ever.
    """

    def __init__(self, file: Iterator[str]) -> None:
        self.kept: list[str] = []
        self._file = file
        self._again: deque[str] = deque()
        self._sure = 0  # so many at the end of those are not doubted
        self._most = _MOST_LINES
        self.is_doubted = False  # the record began inside another, whose quote was closed
        self._is_over = False

    def __iter__(self) -> Iterator[str]:
        """Yield the lines.

        :raises csv.Error: if a record spans more of them than any would.
        """
        kept, again = self.kept, self._again
        self._is_over = False
        while again:
            if not kept:
                self.is_doubted = len(again) > self._sure
            yield self._keep(again.popleft())
        self._most = _MOST_LINES
        for line in self._file:
            if kept:
                yield self._keep(line)
            else:
                self.is_doubted = False
                kept.append(line)
                yield line
        self._is_over = True

    def _keep(self, line: str) -> str:
        self.kept.append(line)
        if len(self.kept) > self._most:
            raise csv.Error
        return line

    def is_rest(self) -> bool:
        """Tell whether a doubted record seems to be the end of a cell of another."""
        return sum(line.count('"') for line in self.kept) % 2 == 1

    def give_up(self) -> str:
        """Give the first line of the record; the others are read again."""
        first, *rest = self.kept
        size = sum(map(len, self.kept))
        is_cut = len(self.kept) > self._most or size > csv.field_size_limit()
        self.kept.clear()
        self._sure = min(self._sure, len(self._again))
        self._again.extendleft(reversed(rest))
        if is_cut or self._is_over:
            # Where the quote was closed, what follows may have been meant for its cell.
            self._sure = len(self._again)
            self._most = max(self._most // 2, _FEWEST_LINES)
        return first.rstrip("\r\n")


def _pieces(text: str) -> list[str]:
    """Part a text into cells that every reader of CSV takes."""
    most = csv.field_size_limit()
    return [text[start : start + most] for start in range(0, len(text), most)]


def open_table(path: Path, encoding: str = "utf-8") -> Table:
    """Look a file over: its encoding, its delimiter, its columns.  Nothing is kept of it.

    :raises UnreadableFile: if it is not text in this encoding, or has no header.
    """
    codec = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    table = Table(path, codec, _look_over(path, codec))
    if table.is_json:
        return table
    header = _first_line(path, codec)
    delimiter = max(DELIMITERS, key=header.count)
    with path.open(encoding=codec, newline="") as file:
        try:
            first = next(csv.reader(file, delimiter=delimiter), None)
        except csv.Error:
            first = None
    if not first:
        raise UnreadableFile(f"{path} has no header; its first line must name the columns.")
    names = (name.replace("\0", "").strip() for name in first)  # FAULT and CELLS are ours
    columns = tuple(name or f"column {n}" for n, name in enumerate(names, 1))
    twice = sorted({c for c in columns if columns.count(c) > 1})
    if twice:
        raise UnreadableFile(f"{path} has two columns of one name ({', '.join(twice)}).")
    return attrs.evolve(table, delimiter=delimiter, columns=columns)


def _look_over(path: Path, encoding: str) -> int:
    """Count the lines, and make sure before anything is written that all of it can be read."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = position = 0
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                lines += chunk.count(b"\n")
                decoder.decode(chunk)
                position += len(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError as error:
            near = position + getattr(error, "start", 0)
            raise UnreadableFile(
                f"{path} is not {encoding.removesuffix('-sig')} (near byte {near}); "
                f"name its encoding, as in --encoding {_guess(path)}."
            ) from None
    return lines


def _guess(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    return "cp1252"


def _first_line(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding) as file:
        return file.readline()
