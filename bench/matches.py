"""Scan a store and ask it for matches: ``python -m bench.matches [--guests N] [--write]``.

The guests are made up, as two source systems deliver them.
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
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.matches", description=__doc__)
    parser.add_argument("--guests", type=int, default=80_000, help="persons; a fifth more profiles")
    parser.add_argument("--write", action="store_true", help="write the section of the page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = list(measure(Path(folder) / "guests.db", options.guests))
    for line in lines:
        Console().print(line, soft_wrap=True)
    if options.write:
        command = f"python -m bench.matches --guests {options.guests} --write"
        made = f"Made by `{command}` on {datetime.now(UTC):%Y-%m-%d}.\n\n"
        text = made + "| what | figure |\n|---|---|\n" + "".join(f"{x}\n" for x in lines)
        page = PAGE.read_text(encoding="utf-8")
        name = f"{options.guests:,} persons"
        PAGE.write_text(with_section(page, SECTION, INTRODUCTION, name, text), encoding="utf-8")


def measure(path: Path, guests: int) -> Iterator[str]:
    with Engine.open(f"sqlite:///{path}", discover=("duplicates",), strict=True) as engine:
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
        ids = random.Random(7).sample(report.ids, min(ASKED, len(report.ids)))
        times = sorted(timed(engine, id) for id in ids)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            at = times[int(share * (len(times) - 1))]
            yield f"| matches of one of {len(report.ids):,} profiles, {name} | {at * 1000:.2f} ms |"


def timed(engine: Engine, id: str) -> float:
    began = time.perf_counter()
    engine.matches(id)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
