"""The rejects file: the rows that were not taken in, as they came, with the reasons."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import msgspec

from profilecore.cli.columns import CELLS, FAULT, PROBLEMS, ROW
from profilecore.cli.rows import Table
from profilecore.engine.loading import Reject

REJECTS = ".rejects"  # what the name of the file imported gets at its end


class Rejects:
    """Writes rejected rows beside the target, and puts them there when the job is done.

    A job that was interrupted goes on in what it wrote: a row told twice is written once.  Rows
    come in rising order of their numbers.
    """

    def __init__(self, path: Path, table: Table, job: str) -> None:
        self.path = path
        self.count = 0
        self._table = table
        self._part = path.with_name(f".{path.name}.{job[:12]}.part")
        self._last = 0
        self._file: IO[str] | None = None

    def __enter__(self) -> Rejects:
        if self._part.exists():
            self._take_up()
        return self

    def __call__(self, reject: Reject) -> None:
        """Write a rejected row, unless an earlier run of the job has."""
        if reject.number <= self._last:
            return
        if self._file is None:
            self._file = self._part.open("a", encoding="utf-8", newline="")
            if self._file.tell() == 0 and not self._table.is_json:
                self._write_cells([ROW, PROBLEMS, *self._without_own(self._table.columns)])
        self._write(reject)
        # Whole before the batch is committed; after that nobody would tell it again.
        self._file.flush()
        self._last = reject.number
        self.count += 1

    def finish(self) -> Path | None:
        """Put the file in its place and give its path; ``None`` if no row was rejected."""
        self._close()
        if self.count:
            os.replace(self._part, self.path)
            return self.path
        if self.path.exists() and _begins_as_ours(self.path, self._table.delimiter):
            self.path.unlink()  # of an earlier import of the file: nothing is rejected any more
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, reject: Reject) -> None:
        if self._table.is_json:
            problems = [
                {"path": p.path, "code": p.code, "message": p.message} for p in reject.problems
            ]
            row = dict(reject.row)
            if row.pop(FAULT, None) is not None:
                row = {"_line": "".join(row.pop(CELLS))}
            row = {ROW: reject.number, PROBLEMS: problems} | {
                k: v for k, v in row.items() if k not in (ROW, PROBLEMS)
            }
            self._write_text(msgspec.json.encode(row).decode() + "\n")
            return
        text = "; ".join(f"{p.path}: {p.message}" for p in reject.problems)
        cells = reject.row[CELLS] if FAULT in reject.row else list(reject.row.values())
        self._write_cells([reject.number, text, *self._without_own(cells)])

    def _without_own(self, cells: Sequence[Any]) -> list[Any]:
        """Leave out what an earlier rejects file added, where that is what was imported."""
        own = {n for n, name in enumerate(self._table.columns) if name in (ROW, PROBLEMS)}
        if len(cells) <= len(own):
            return list(cells)  # of a line that could not be taken apart
        return [cell for n, cell in enumerate(cells) if n not in own]

    def _write_cells(self, cells: Sequence[Any]) -> None:
        assert self._file is not None
        writer = csv.writer(self._file, delimiter=self._table.delimiter, lineterminator="\n")
        writer.writerow(cells)

    def _write_text(self, text: str) -> None:
        assert self._file is not None
        self._file.write(text)

    def _take_up(self) -> None:
        """Keep what an interrupted run wrote, but for a last row that it did not finish."""
        again = self._part.with_suffix(".again")
        with again.open("w", encoding="utf-8", newline="") as self._file:
            for number, record in self._written():
                if isinstance(record, str):
                    self._write_text(record)
                else:
                    self._write_cells(record)
                if number:
                    self._last = number
                    self.count += 1
        self._file = None
        os.replace(again, self._part)

    def _written(self) -> Iterator[tuple[int, str | list[str]]]:
        with self._part.open(encoding="utf-8", errors="replace", newline="") as file:
            if self._table.is_json:
                for line in file:
                    if line.endswith("\n"):
                        yield msgspec.json.decode(line)[ROW], line
                return
            reader = csv.reader(file, delimiter=self._table.delimiter, strict=True)
            whole = self._ends_whole()
            before: list[str] | None = next(reader, None)
            if before is not None:
                yield 0, before
                before = None
            try:
                for cells in reader:
                    if before is not None:
                        yield int(before[0]), before
                    before = cells
            except csv.Error:
                whole = True  # what is torn is the row after it
            if whole and before is not None:
                yield int(before[0]), before

    def _ends_whole(self) -> bool:
        with self._part.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


def is_rejects(table: Table) -> bool:
    """Tell whether a file that is imported is a rejects file of ours, corrected or not."""
    if table.is_json:
        return _begins_as_ours(table.path, table.delimiter)
    return {ROW, PROBLEMS} <= {*table.columns}


def _begins_as_ours(path: Path, delimiter: str) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        first = file.readline()
    return first.startswith((f"{ROW}{delimiter}{PROBLEMS}", f'{{"{ROW}":'))
