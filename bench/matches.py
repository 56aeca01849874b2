"""Scan a store and ask it for matches: ``python -m bench.matches [--guests N] [--write]``.

The guests are made up, as two source systems deliver them.  With ``--store PATH`` a store that was
filled and scanned before is asked, for a million guests take half an hour to come in.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench.page import PAGE, with_section
from profilecore import Engine
from profilecore.testing.guests import generate_guests
from profilecore_duplicates.scan import scan

SECTION = "Asking a store for matches"
ASKED = 2_000
INTRODUCTION = """
A store of made-up guests, as two source systems deliver them, with `profilecore-duplicates`
installed: the import, the first scan (a whole run with its fit), a second scan after nothing
changed, and `engine.matches` for stored profiles drawn at random, as somebody at a desk asks.
At most 5 ms is the goal for a million. The store of a million was filled and scanned before, and
its file is in the memory of the system. The machine is shared, and at times slower at everything
by half: so there are the seconds of the processor, too.
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.matches", description=__doc__)
    parser.add_argument("--guests", type=int, default=80_000, help="persons; a fifth more profiles")
    parser.add_argument("--store", type=Path, help="a SQLite store to ask, not a new one")
    parser.add_argument("--write", action="store_true", help="write the section of the page")
    options = parser.parse_args()
    if options.store is not None:
        if not options.store.is_file():  # to open it would make an empty one
            parser.error(f"There is no store {options.store}.")
        lines, told = list(asked(options.store)), f"--store {options.store.name}"
        name = f"The store {options.store.name}"
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "guests.db"
            lines = [*filled(path, options.guests), *asked(path)]
        told, name = f"--guests {options.guests}", f"{options.guests:,} persons"
    for line in lines:
        Console().print(line, soft_wrap=True)
    if options.write:
        command = f"python -m bench.matches {told} --write"
        made = f"Made by `{command}` on {datetime.now(UTC):%Y-%m-%d}.\n\n"
        text = made + "| what | figure |\n|---|---|\n" + "".join(f"{x}\n" for x in lines)
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(with_section(page, SECTION, INTRODUCTION, name, text), encoding="utf-8")


def opened(path: Path) -> Engine:
    return Engine.open(f"sqlite:///{path}", discover=("duplicates",), strict=True)


def filled(path: Path, guests: int) -> Iterator[str]:
    with opened(path) as engine:
        began = time.perf_counter()
        loaded = engine.load((row.profile for row in generate_guests(guests, 7)), source="bench")
        took = time.perf_counter() - began
        yield f"| import of {loaded.created:,} profiles | {loaded.created / took:,.0f} profiles/s |"
        for what in ("first scan", "second scan, nothing changed"):
            began = time.perf_counter()
            report = scan(engine)
            found = report.summary()
            pairs = f"{found['match']:,} to match, {found['review']:,} to review"
            yield f"| {what} ({pairs}) | {time.perf_counter() - began:.1f} s |"


def asked(path: Path) -> Iterator[str]:
    """Ask for profiles drawn at random; the first question, which reads the model, is not timed."""
    with opened(path) as engine:
        known = [row["id"] for page in engine.extract(["id"]) for row in page]
        chance = random.Random(7)
        engine.matches(chance.choice(known))
        ids = chance.sample(known, min(ASKED, len(known)))
        times = [sorted(column) for column in zip(*(timed(engine, id) for id in ids), strict=True)]
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            wall, cpu = (column[int(share * (len(column) - 1))] * 1000 for column in times)
            took = f"{wall:.2f} ms; {cpu:.2f} ms of the processor"
            yield f"| matches of one of {len(known):,} profiles, {name} | {took} |"


def timed(engine: Engine, id: str) -> tuple[float, float]:
    """Ask, and give the seconds by the clock and those of the processor."""
    began, cpu = time.perf_counter(), time.thread_time()
    engine.matches(id)
    return time.perf_counter() - began, time.thread_time() - cpu


if __name__ == "__main__":
    main()
