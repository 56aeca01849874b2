"""Measure the search for duplicates beside its peers: ``python -m bench.duplicates``.

Each tool runs in a process of its own, one after the other, with a limit of time; a tool that
fails or takes too long gets a row that says so, and the others go on.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs
import polars as pl
import psutil
from rich.console import Console

from bench.duplicates.judging import Verdict, judge
from bench.duplicates.running import Limits, Run, run
from bench.duplicates.sets import GIVEN, Set, generated, known, prepared
from bench.duplicates.tools import Tool, results, tools
from bench.page import PAGE, with_section

SECTION = "Finding duplicates"
HEAD = (
    "tool", "wall", "of ours", "CPU", "of ours", "memory", "best F1 (precision / recall)",
    "F1 by default", "clusters, F1",
)  # fmt: skip
INTRODUCTION = """
Each tool in a process of its own, one after the other in the same run; measured is the whole
process, from its start to its files. *Of ours* is how many times our figure. F1 is pairwise,
against every true pair: *best* is over all thresholds and needs the truth, *by default* is what the
tool links by itself (from probability 0.5 where it gives one). Memory is of the largest process.
Where other programs run on the machine, the seconds of the processors (CPU) say more than those of
the clock (wall); where wall is far above CPU, they did.

We run without any setting or label; reading the CSV and bringing it to standard forms is in our
time. The peers get Parquet, and guests in standard columns (plain lower-case letters, the last nine
digits of telephone numbers, street and house apart, no relay addresses) that are made before their
clock starts.

Splink runs on DuckDB with models in the manner of its documentation. For FEBRL and made-up persons
they are those of its own demonstrations; for guests there are 13 blocking rules and comparisons of
joint names, date of birth, e-mail, telephone, document and address, where the frequencies of each
name count, or those of full names. The prior comes from deterministic rules, u from random pairs, m
by EM over two or three rules; clusters are made from probability 0.95. GoldenMatch runs with the
Fellegi-Sunter configuration that it chooses itself, and without any.

`make bench-duplicates` installs the peers from their own lock into an environment of their own, and
finds the given sets by `PROFILECORE_SHARED`. `--generate N --seed S` makes guests, `--set` takes a
given set or a directory with `records.csv` and `truth.csv`, `--limit` and `--memory` are the
seconds and gigabytes that each tool gets, and `--write` writes the tables of the sets that were run
into this page.
"""


@attrs.frozen
class Row:
    """What one tool did with one set; ``verdict`` is ``None`` where there was no result."""

    tool: Tool
    run: Run
    verdict: Verdict | None

    def cells(self, ours: Run | None) -> list[str]:
        name = f"**{self.tool.name}**" if self.tool.ours else self.tool.name
        if self.verdict is None:
            return [name, self.run.failure, *[""] * (len(HEAD) - 2)]
        top, default, clusters = self.verdict.best, self.verdict.default, self.verdict.clusters
        beside = None if self.tool.ours else ours
        return [
            name,
            f"{self.run.wall:.1f} s",
            f"{self.run.wall / beside.wall:.1f}" if beside else "",
            f"{self.run.cpu:.1f} s",
            f"{self.run.cpu / beside.cpu:.1f}" if beside else "",
            f"{self.run.memory:,.0f} MB",
            f"{_f(top.f1)} ({_f(top.precision)} / {_f(top.recall)})",
            _f(default.f1),
            _f(clusters.f1),
        ]


def _f(share: float | None) -> str:
    return "" if share is None else f"{share:.4f}"


def main() -> None:
    options = _options()
    limits = Limits(options.limit, options.memory)
    console = Console()
    sets = [known(name) for name in options.set or ([] if options.generate else GIVEN)]
    sets += [generated(number, options.seed, Path("build/bench")) for number in options.generate]
    for of in sets:
        rows = []
        for row in measured(of, options.peers, limits, options.tool):
            rows.append(row)
            console.print(of.name, *row.cells(_ours(rows)), sep=" | ", markup=False, soft_wrap=True)
        if options.write:
            table = _table(rows, versions(options.peers))
            PAGE.write_text(with_section(PAGE.read_text(), SECTION, INTRODUCTION, of.name, table))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.duplicates", description=__doc__)
    parser.add_argument("--peers", type=Path, required=True, help="the Python that has the peers")
    parser.add_argument("--set", action="append", default=[], help="a given set, or a directory")
    parser.add_argument("--generate", action="append", type=int, default=[], help="guests to make")
    parser.add_argument("--seed", type=int, default=11, help="of the guests that are made")
    parser.add_argument("--limit", type=float, default=900, help="seconds for each tool")
    parser.add_argument("--memory", type=float, default=_memory(), help="gigabytes for each tool")
    parser.add_argument("--tool", action="append", default=[], help="run only tools named so")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    return parser.parse_args()


def _memory() -> float:
    """Give three quarters of the machine's memory: with less left it would swap or kill others."""
    return float(round(0.75 * psutil.virtual_memory().total / 1e9, 1))


def measured(of: Set, peers: Path, limits: Limits, named: Sequence[str]) -> Iterator[Row]:
    """Run the tools on a set, one after the other; if some are named, only those."""
    ids = pl.read_csv(of.records, columns=["id"], infer_schema=False)["id"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = prepared(of, folder)
        for number, tool in enumerate(tools(peers.absolute(), of)):
            if named and not any(part.lower() in tool.name.lower() for part in named):
                continue
            out = folder / str(number)
            out.mkdir()
            done = run(tool.command(of, records, out), out, limits)
            if done.failure:
                sys.stderr.write(_tail(out / "log.txt"))
                yield Row(tool, done, None)
                continue
            yield Row(tool, done, judge(*results(tool, out), ids, of.truth, tool.default))


def versions(peers: Path) -> str:
    """Say which versions of the peers are measured."""
    names = ("splink", "duckdb", "goldenmatch")
    listed = f"print(*(f'{{n}} {{version(n)}}' for n in {names}), sep=', ')"
    text = f"from importlib.metadata import version; {listed}"
    done = subprocess.run([peers, "-c", text], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _tail(log: Path) -> str:
    return "".join(log.read_text("utf-8", "replace").splitlines(keepends=True)[-5:])


def _table(rows: Sequence[Row], peers: str) -> str:
    said = " ".join(_words(sys.argv[1:]))
    lines = [
        f'Made by `make bench-duplicates BENCH_ARGS="{said}"` on '
        f"{datetime.now(UTC):%Y-%m-%d}: Python {platform.python_version()}, {peers}, "
        f"{os.cpu_count()} cores, one run.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
        *("| " + " | ".join(row.cells(_ours(rows))) + " |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def _ours(rows: Sequence[Row]) -> Run | None:
    return next((row.run for row in rows if row.tool.ours and row.verdict), None)


def _words(given: Sequence[str]) -> list[str]:
    """Give the options as a person gives them: the target names the peers by itself."""
    at = given.index("--peers") if "--peers" in given else len(given)
    return [shlex.quote(word) for word in (*given[:at], *given[at + 2 :])]


if __name__ == "__main__":
    main()
