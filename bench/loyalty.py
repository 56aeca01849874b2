"""Write and read a points ledger: ``python -m bench.loyalty [--members N] [--rounds N] [--write]``.

Beside each round the same inserts and updates are made in raw SQLite, in a copy of the file, with
the same settings and as many transactions.
"""

from __future__ import annotations

import argparse
import platform
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import attrs
from rich.console import Console

from bench import raw
from bench.page import PAGE, with_section
from bench.rows import HEAD, Row, rate
from profilecore import Engine
from profilecore.testing.guests import profile_rows
from profilecore_loyalty import Award, Loyalty, LoyaltyPlugin, Programme
from profilecore_loyalty.awarding import AT_ONCE
from profilecore_loyalty.membership import membership_id

SECTION = "A points ledger"
INTRODUCTION = """
`profilecore-loyalty` books points on a SQLite store: a movement, the membership with its balance
and lots, the programme's totals, and two events of the audit trail for each. Raw SQLite makes the
same inserts and updates, with the rows that the plugin made, in a copy of the file and in as many
transactions. Both are measured in turns, round by round; the figures are medians of the rounds.
"""
CODE = "club"
GOAL = "at least 0.25"
DOCUMENT = "INSERT INTO pc_document VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
CHANGE = "UPDATE pc_document SET version = ?, terms = ?, body = ? WHERE n = ? AND version < ?"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.loyalty", description=__doc__)
    parser.add_argument("--members", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="write the section of the page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = list(measure(Path(folder), options.members, options.rounds))
    lines = [f"| {' | '.join(cells)} |" for cells in (HEAD, *(row.cells() for row in rows))]
    lines.insert(1, "|" + "---|" * len(HEAD))
    for line in lines:
        Console().print(line, soft_wrap=True)
    if options.write:
        command = f"python -m bench.loyalty --members {options.members} --rounds {options.rounds}"
        made = f"Made by `{command} --write` on {datetime.now(UTC):%Y-%m-%d}: Python "
        made += f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}.\n\n"
        page = PAGE.read_text(encoding="utf-8")
        name = f"{options.members:,} members"
        text = made + "\n".join(lines) + "\n"
        PAGE.write_text(with_section(page, SECTION, INTRODUCTION, name, text), encoding="utf-8")


def measure(folder: Path, members: int, rounds: int) -> Iterator[Row]:
    path, copy = folder / "ours.db", folder / "raw.db"
    ids = fill(path, members)
    shutil.copy(path, copy)
    connection = raw.connect(copy)
    with opened(path) as engine:
        bench = Bench(Loyalty(engine), ids, raw.connect(path), connection)
        for title, number, book in (
            (f"book {AT_ONCE} awards in one transaction", AT_ONCE, bench.many),
            ("book one award, durable", 1, bench.one),
        ):
            yield from bench.rounds(title, number, book, rounds if number > 1 else rounds * 10)
        yield from balances(bench)
        assert bench.loyalty.verify() == []
        bench.ours.close()
    connection.close()


def opened(path: Path) -> Engine:
    plugins = [LoyaltyPlugin]
    return Engine.open(f"sqlite:///{path}", discover=False, plugins=plugins, strict=True)


def fill(path: Path, members: int) -> list[str]:
    """Make a store of members, all of one programme."""
    with opened(path) as engine:
        engine.load(profile_rows(members, 1), source="pms")
        loyalty = Loyalty(engine)
        loyalty.define_programme(Programme(CODE, "Club", expire_after="P2Y"))
        ids = [row["id"] for page in engine.extract(["id"]) for row in page]
        for start in range(0, members, AT_ONCE):
            with engine.transaction():
                for id in ids[start : start + AT_ONCE]:
                    loyalty.enrol(id, CODE)
        # The totals are there before the copy, so that both sides only update them.
        loyalty.earn(ids[0], CODE, 1, "first")
    return ids


@attrs.define
class Bench:
    """Both sides of the comparison."""

    loyalty: Loyalty
    ids: list[str]
    ours: sqlite3.Connection
    raw: sqlite3.Connection
    chance: random.Random = attrs.field(factory=lambda: random.Random(7))
    number: int = 0

    def rounds(
        self, title: str, number: int, book: Callable[[list[Award]], None], rounds: int
    ) -> Iterator[Row]:
        """Book in turns and give two rows: by the clock, and by the time of the processor."""
        book(self._awards(number))  # what is imported and compiled at first use
        self._replay(self._marks())
        times: list[tuple[float, float, float, float]] = []
        for _ in range(rounds):
            awards, marks = self._awards(number), self._marks()
            mine = _timed(lambda awards=awards: book(awards))
            rows = self._rows(marks)
            theirs = _timed(lambda rows=rows: self._write(rows))
            times.append((*mine, *theirs))
        wall, cpu, raw_wall, raw_cpu = (median(column) for column in zip(*times, strict=True))
        yield Row(title, number / wall, "/s", number / raw_wall, GOAL)
        yield Row(f"{title}, processor time", number / cpu, "/s", number / raw_cpu, GOAL)

    def many(self, awards: list[Award]) -> None:
        made = self.loyalty.earn_many(CODE, awards)
        assert not made.refused

    def one(self, awards: list[Award]) -> None:
        for award in awards:
            self.loyalty.earn(award.profile_id, CODE, award.points, award.reference)

    def _awards(self, number: int) -> list[Award]:
        whom = self.chance.sample(self.ids, number)
        start, self.number = self.number, self.number + number
        return [Award(id, 100 + n, f"bill {start + n}") for n, id in enumerate(whom)]

    def _marks(self) -> tuple[int, int]:
        """Give how far both tables of the copy are."""
        document = self.raw.execute("SELECT max(n) FROM pc_document").fetchone()[0]
        return document, self.raw.execute("SELECT max(seq) FROM pc_event").fetchone()[0]

    def _replay(self, marks: tuple[int, int]) -> None:
        self._write(self._rows(marks))

    def _rows(self, marks: tuple[int, int]) -> dict[str, list[tuple[Any, ...]]]:
        """Give the rows that were made since, and as they are now those that changed."""
        made = self.ours.execute("SELECT * FROM pc_document WHERE n > ? ORDER BY n", marks[:1])
        documents = made.fetchall()
        events = self.ours.execute("SELECT * FROM pc_event WHERE seq > ? ORDER BY seq", marks[1:])
        owners = [row[3] for row in documents]
        holes = ", ".join("?" * len(owners))
        changed = self.ours.execute(
            "SELECT version, terms, body, n, version FROM pc_document"
            f" WHERE kind = 'loyalty-membership' AND owner IN ({holes})"
            " UNION ALL SELECT version, terms, body, n, version FROM pc_document"
            " WHERE kind = 'loyalty-totals'",
            owners,
        ).fetchall()
        numbers = [row[3] for row in changed]
        holes = ", ".join("?" * len(numbers))
        keys = self.ours.execute(f"SELECT h, n FROM pc_key WHERE n IN ({holes})", numbers)
        known = set(self.raw.execute(f"SELECT h, n FROM pc_key WHERE n IN ({holes})", numbers))
        return {
            DOCUMENT: documents,
            CHANGE: changed,
            "INSERT INTO pc_key VALUES (?, ?)": sorted(set(keys) - known),
            "INSERT INTO pc_event VALUES (?, ?)": events.fetchall(),
        }

    def _write(self, rows: dict[str, list[tuple[Any, ...]]]) -> None:
        self.raw.execute("BEGIN IMMEDIATE")
        for sql, values in rows.items():
            self.raw.executemany(sql, values)
        self.raw.execute("COMMIT")


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    began, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - cpu


def balances(bench: Bench) -> Iterator[Row]:
    """Read balances of members drawn at random; the peer reads the stored bodies."""
    whom = bench.chance.sample(bench.ids, min(1_000, len(bench.ids)))
    ours = rate(lambda id=id: bench.loyalty.membership(id, CODE) for id in whom)
    sql = "SELECT body FROM pc_document WHERE kind = 'loyalty-membership' AND id = ?"
    named = [membership_id(CODE, id) for id in whom]
    theirs = rate(lambda id=id: bench.raw.execute(sql, (id,)).fetchone() for id in named)
    yield Row("read a balance", ours, "/s", theirs)


if __name__ == "__main__":
    main()
