"""Run the benchmarks: ``python -m bench [--size N] [--big N] [--write]``."""

from __future__ import annotations

import argparse
import platform
import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import core
from bench.page import PAGE, with_head
from bench.rows import HEAD, Row


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="profiles of the small store")
    parser.add_argument("--big", type=int, default=1_000_000, help="of the large one; 0 for none")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    console = Console()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for row in core.run(Path(folder), options.size, options.big):
            rows.append(row)
            console.print(*row.cells(), sep="  |  ")
    table = Table(*HEAD)
    for row in rows:
        table.add_row(*row.cells())
    console.print(table)
    if options.write:
        PAGE.write_text(with_head(PAGE.read_text(), _page(rows, options.size, options.big)))


def _page(rows: list[Row], size: int, big: int) -> str:
    lines = [
        "# Benchmarks",
        "",
        "Each figure stands beside raw SQLite doing the same reads or writes in the same run, with "
        "the same rows, settings and transactions.",
        "Ratios are the point: absolute figures are of one machine on one day.",
        "",
        f"Made by `make bench BENCH_ARGS='--size {size} --big {big} --write'` on "
        f"{datetime.now(UTC):%Y-%m-%d}: Python {platform.python_version()}, SQLite "
        f"{sqlite3.sqlite_version}, {_cores()} cores, one run.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
        *("| " + " | ".join(row.cells()) + " |" for row in rows),
        "",
        "Profiles have two addresses, one document, an e-mail address, a telephone number and all "
        "search terms (a body of about 880 bytes, 5 or 6 keys and 6 or 7 words).",
        "An import reads JSON lines, validates and normalises every value, and is durable after "
        "each batch.",
        "Raw merge and unmerge are three raw updates; the engine also plans, and keeps a journal.",
        "",
    ]
    return "\n".join(lines)


def _cores() -> int:
    import os

    return os.cpu_count() or 1


if __name__ == "__main__":
    main()
