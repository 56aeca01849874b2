"""What sealing costs: ``python -m bench.sealed [--size N] [--rounds N] [--write]``.

The same work on a plain and on a sealed store, SQLite and PostgreSQL: some calls in one, then as
many in the other, so that both see the same machine; each round in new stores.
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import attrs
from rich.console import Console

from bench.page import PAGE, with_section
from bench.rows import Row
from profilecore import Engine
from profilecore.testing.guests import profile_rows
from profilecore_postgres.testing import a_schema, a_server, url_of

SECTION = "A sealed store"
INTRODUCTION = """
The same work on a plain store and on a sealed one, some calls in turns; medians of the rounds.
The ratio is that of throughput: sealing may cost 30 % of it. A search of a sealed store opens the
documents that it hits to tell their words.
"""
HEAD = "| what | sealed | plain | ratio | goal |\n|---|---|---|---|---|\n"
GOAL = "at least 0.7"
ONE_BY_ONE = 600
TOGETHER = 100

Times = dict[str, float]
Values = dict[str, Any]


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
            order = (False, True) if number % 2 else (True, False)
            for is_sealed, times in work({kind: url(kind) for kind in order}, size).items():
                found[is_sealed].append(times)
    for name in found[True][0]:
        sealed, plain = (median(times[name] for times in found[kind]) for kind in (True, False))
        yield Row(name, sealed, "/s", plain, "" if name.startswith("search") else GOAL)


def work(urls: Mapping[bool, str], size: int) -> dict[bool, Times]:
    """Do everything once in new stores, some calls in one, then as many in the other.

    Gives how often a second.
    """
    rows = list(profile_rows(size, 1))
    fresh = [_without_ids(row) for row in profile_rows(ONE_BY_ONE, 99)]
    found: dict[bool, Times] = {kind: {} for kind in urls}
    with ExitStack() as opened:
        engines = [opened.enter_context(_engine(url)) for url in urls.values()]
        for steps in zip(*(tasks(engine, rows, fresh) for engine in engines), strict=True):
            gc.collect()
            spent = [0.0 for _ in steps]
            for start in range(0, len(steps[0].calls), TOGETHER):
                for side, step in enumerate(steps):
                    began = time.perf_counter()
                    for call in step.calls[start : start + TOGETHER]:
                        call()
                    spent[side] += time.perf_counter() - began
            for times, step, seconds in zip(found.values(), steps, spent, strict=True):
                times[step.name] = step.size * len(step.calls) / seconds
    return found


def _engine(url: str) -> Engine:
    return Engine.open(url, discover=False, config={"profilecore": {"scrub": "deferred"}})


@attrs.frozen
class Step:
    """One sort of work: the calls, each with so many profiles."""

    name: str
    calls: list[Callable[[], object]]
    size: int = 1


def tasks(engine: Engine, rows: list[Values], fresh: list[Values]) -> Iterator[Step]:
    """Yield what is done in a store, one after another."""
    size = len(rows)
    yield Step(f"import of {size:,}, validated", [lambda: engine.load(rows, source="pms")], size)
    with engine.store.read() as reader:
        listed = [d.id for d in reader.listing("profile", None, size)]
    step = size // ONE_BY_ONE
    ids, others = listed[::step], listed[step // 2 :: step]
    yield Step("get by id", [partial(engine.get, id) for id in ids * 5])
    yield Step("create one", [partial(engine.create, row) for row in fresh])
    yield Step("update one", [partial(engine.update, id, {"occupation": "cook"}) for id in ids])
    # As many as share out the checkpoints that fall among them.
    pairs = zip(others[::2], others[1::2], strict=False)
    yield Step("plan and merge two", [partial(_merge, engine, a, b) for a, b in pairs])
    yield Step("clear, not scrubbed yet", [partial(engine.clear, id) for id in ids])
    names = [f"{str(row['last_name'])[:3]} {str(row['first_name'])[:2]}" for row in fresh[:200]]
    yield Step("search 3 + 2 letters", [partial(engine.search, n, limit=20) for n in names])


def _merge(engine: Engine, one: str, other: str) -> None:
    engine.merge(engine.plan_merge(one, [other]))


def _without_ids(row: Values) -> Values:
    return {name: value for name, value in row.items() if name != "external_ids"}


if __name__ == "__main__":
    main()
