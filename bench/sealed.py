"""What sealing costs: ``python -m bench.sealed [--size N] [--rounds N] [--write]``.

The same work on a plain and on a sealed store, SQLite and PostgreSQL, round by round in turns, each
on stores of its own.
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from bench.page import PAGE, with_section
from bench.rows import Row
from profilecore import Engine
from profilecore.testing.guests import profile_rows
from profilecore_postgres.testing import a_schema, a_server, url_of

SECTION = "A sealed store"
INTRODUCTION = """
The same work on a plain store and on a sealed one, in turns, round by round; medians of the rounds.
The ratio is that of throughput: sealing may cost 30 % of it. A search of a sealed store opens the
documents that it hits to tell their words.
"""
HEAD = "| what | sealed | plain | ratio | goal |\n|---|---|---|---|---|\n"
GOAL = "at least 0.7"
ONE_BY_ONE = 600

Times = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sealed", description=__doc__)
    parser.add_argument("--size", type=int, default=20_000, help="profiles of each store")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write the section of the page")
    options = parser.parse_args()
    text = ""
    for name, stores in (("SQLite", _files), ("PostgreSQL", _schemas)):
        rows = list(measure(stores, options.size, options.rounds))
        Console().print(f"[bold]{name}[/]")
        for row in rows:
            Console().print(*row.cells(), sep="  |  ", soft_wrap=True)
        text += f"{name}:\n\n{HEAD}"
        text += "".join("| " + " | ".join(row.cells()) + " |\n" for row in rows) + "\n"
    if options.write:
        command = f"python -m bench.sealed --size {options.size} --rounds {options.rounds} --write"
        made = f"Made by `{command}` on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores.\n\n"
        page = PAGE.read_text(encoding="utf-8")
        part = f"{options.size:,} profiles"
        PAGE.write_text(with_section(page, SECTION, INTRODUCTION, part, made + text))


Stores = Callable[[], Any]


@contextmanager
def _files() -> Iterator[Callable[[bool], str]]:
    """Give what gives the URL of a new store in a file, sealed or not."""
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(1_000_000))

        def url(is_sealed: bool) -> str:
            path = Path(folder) / f"{next(numbers)}.db"
            return (
                f"sealed+sqlite:///{path}?keyring={path}.keys" if is_sealed else f"sqlite:///{path}"
            )

        yield url


@contextmanager
def _schemas() -> Iterator[Callable[[bool], str]]:
    """Give what gives the URL of a new store in a server, sealed or not."""
    with tempfile.TemporaryDirectory() as folder, a_server() as server, ExitStack() as stack:
        numbers = iter(range(1_000_000))

        def url(is_sealed: bool) -> str:
            schema = stack.enter_context(a_schema(server.dsn))
            plain = url_of(server.dsn, schema)
            keyring = Path(folder) / f"{next(numbers)}.keys"
            return f"sealed+{plain}&keyring={keyring}" if is_sealed else plain

        yield url


def measure(stores: Stores, size: int, rounds: int) -> Iterator[Row]:
    """Yield a row for each sort of work."""
    found: dict[bool, list[Times]] = {False: [], True: []}
    with stores() as url:
        for number in range(rounds):
            for is_sealed in (False, True) if number % 2 else (True, False):
                found[is_sealed].append(work(url(is_sealed), size))
    for name in found[True][0]:
        sealed, plain = (median(times[name] for times in found[kind]) for kind in (True, False))
        yield Row(name, sealed, "/s", plain, "" if name.startswith("search") else GOAL)


def work(url: str, size: int) -> Times:
    """Do everything once in a new store; give how often a second."""
    rows = list(profile_rows(size, 1))
    fresh = [_without_ids(row) for row in profile_rows(ONE_BY_ONE, 99)]
    times: Times = {}
    config = {"profilecore": {"scrub": "deferred"}}
    with Engine.open(url, discover=False, config=config) as engine:

        def timed(name: str, number: int, calls: Callable[[], object]) -> None:
            gc.collect()
            began = time.perf_counter()
            calls()
            times[name] = number / (time.perf_counter() - began)

        timed(f"import of {size:,}, validated", size, lambda: engine.load(rows, source="pms"))
        with engine.store.read() as reader:
            listed = [d.id for d in reader.listing("profile", None, size)]
        step = size // ONE_BY_ONE
        ids, others = listed[::step], listed[step // 2 :: step]
        number = len(ids)
        timed("get by id", number * 5, lambda: [engine.get(id) for id in ids * 5])
        timed("create one", ONE_BY_ONE, lambda: [engine.create(row) for row in fresh])
        update = {"occupation": "cook"}
        timed("update one", number, lambda: [engine.update(id, update) for id in ids])
        # As many as share out the checkpoints that fall among them.
        pairs = list(zip(others[::2], others[1::2], strict=False))
        timed(
            "plan and merge two",
            len(pairs),
            lambda: [engine.merge(engine.plan_merge(a, [b])) for a, b in pairs],
        )
        timed("clear, not scrubbed yet", number, lambda: [engine.clear(id) for id in ids])
        names = [f"{str(row['last_name'])[:3]} {str(row['first_name'])[:2]}" for row in fresh[:200]]
        timed("search 3 + 2 letters", 200, lambda: [engine.search(n, limit=20) for n in names])
    return times


def _without_ids(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "external_ids"}


if __name__ == "__main__":
    main()
