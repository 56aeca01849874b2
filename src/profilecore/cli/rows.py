"""Read the rows of CSV and JSON Lines files, one at a time, and say plainly what is wrong."""

from __future__ import annotations

import codecs
import csv
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
            reader = csv.reader(file, delimiter=self.delimiter)
            next(reader, None)
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    yield {FAULT: "is no CSV, as where a quote is not closed", CELLS: []}
                    continue
                if not cells:
                    continue
                if len(cells) != width:
                    fault = f"has {len(cells)} cells where the header has {width}"
                    yield {FAULT: fault, CELLS: cells}
                    continue
                yield dict(zip(self.columns, cells, strict=True))

    def _json_rows(self) -> Iterator[dict[str, Any]]:
        with self.path.open(encoding=self.encoding) as file:
            for line in file:
                if not line.strip():
                    continue
                try:
                    row = msgspec.json.decode(line)
                except (ValueError, RecursionError):
                    row = None
                if isinstance(row, dict):
                    yield row
                else:
                    yield {FAULT: "is no JSON object", CELLS: [line.rstrip("\n")]}


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
    columns = tuple(c.strip() or f"column {n}" for n, c in enumerate(first, 1))
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
