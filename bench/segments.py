"""Count, list and add up a large store: ``python -m bench.segments [--profiles N] [--write]``.

The store is filled by bulk inserts of made-up profiles and stays, outside the figures.
"""

from __future__ import annotations

import argparse
import itertools
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from bench.page import PAGE, with_section
from profilecore import Engine, Profile
from profilecore.model import Document
from profilecore.rules.terms import TermMaker
from profilecore.store import Store, Terms, open_store
from profilecore_segments import Segments, SegmentsPlugin
from profilecore_segments.settings import Config
from profilecore_segments.terms import source_of

SECTION = "Segments and statistics"
BATCH = 48_000
INTRODUCTION = """
A store filled by bulk inserts, with `profilecore-segments`: expressions counted, their first pages,
and statistics over all stays. Stays come in no order of their guests. CPU is that of the process
and of the one in which stays are added up.
"""
COUNTRIES = ("ES", "PT", "FR", "DE", "IT", "GB", "NL", "BE", "US", "PL")
WEIGHTS = (20, 8, 12, 14, 10, 12, 5, 4, 10, 5)
TAGS = {"vip": 0.02, "golf": 0.05, "wine": 0.05, "spa": 0.1, "family": 0.1}
COUNTED = (
    "tag = vip",
    "tag = vip and nationality in (ES, PT)",
    "language = en and nationality in (ES, PT, FR) and not tag = family",
    "nationality in (ES, PT, FR, DE, IT) or tag = spa",
    "tag = vip and stays.count >= 5",
)
ADDED_UP = ("source", "month", "tag", "nationality")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.segments", description=__doc__)
    parser.add_argument("--profiles", type=int, default=100_000)
    parser.add_argument("--stays", type=int, default=5, help="stays of each profile")
    parser.add_argument("--write", action="store_true", help="write the section of the page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "guests.db"
        store = open_store(f"sqlite:///{path}")
        fill(store, options.profiles, options.stays)
        store.close()
        lines = list(measure(path, options.profiles, options.profiles * options.stays))
    for line in lines:
        Console().print(line, soft_wrap=True)
    if options.write:
        sizes = f"--profiles {options.profiles} --stays {options.stays}"
        made = (
            f"Made by `python -m bench.segments {sizes} --write` on {datetime.now(UTC):%Y-%m-%d}.\n"
        )
        head = "\n| what | result | CPU s | wall s |\n|---|---|---|---|\n"
        text = made + head + "".join(f"{line}\n" for line in lines)
        page = PAGE.read_text(encoding="utf-8")
        name = f"{options.profiles:,} profiles"
        PAGE.write_text(with_section(page, SECTION, INTRODUCTION, name, text), encoding="utf-8")


def fill(store: Store, profiles: int, stays: int) -> None:
    """Insert profiles with all their terms, then stays in an order by chance."""
    chance = random.Random(7)
    terms = TermMaker(store.salt, (source_of(Config().fields),))
    for documents in (_profiles(profiles, chance, terms), _stays(profiles, stays, chance)):
        while batch := list(itertools.islice(documents, BATCH)):
            with store.write() as writer:
                writer.insert(batch)


def _id(number: int) -> str:
    return f"{number:032x}"


def _profiles(
    number: int, chance: random.Random, terms: TermMaker
) -> Iterator[tuple[Document, Terms]]:
    nations = chance.choices(COUNTRIES, WEIGHTS, k=number)
    for n, nation in enumerate(nations):
        made = Profile(
            id=_id(n), version=1, first_name="Ana", last_name=f"García {n % 5_000}",
            nationalities=(nation,), languages=(chance.choice(("es", "en", "en", "de", "fr")),),
            tags=tuple(tag for tag, share in TAGS.items() if chance.random() < share),
            occupation="x" * 400, property_id="P1",
        )  # fmt: skip
        body = msgspec.json.encode(made)
        yield Document("profile", made.id, made.id, 1, body), Terms(terms.of(made).keys)


def _stays(profiles: int, each: int, chance: random.Random) -> Iterator[tuple[Document, Terms]]:
    for n in range(profiles * each):
        owner, month = (
            _id(chance.randrange(profiles)),
            f"{2020 + n % 6}-{chance.randrange(1, 13):02}",
        )
        stay = {
            "id": _id(n), "profile_id": owner, "version": 1, "property_id": "P1",
            "arrival": f"{month}-11", "departure": f"{month}-14",
            "nights": 3, "status": "departed", "channel": "website", "adults": 2,
            "source": chance.choice(("web", "agency", "direct", "fair")), "reference": f"R{n}",
            "stamp": {"at": "2026-01-01T00:00:00Z"},
        }  # fmt: skip
        yield Document("stay", _id(n), owner, 1, msgspec.json.encode(stay)), Terms((n,))


def measure(path: Path, profiles: int, stays: int) -> Iterator[str]:
    """Yield the rows of the table."""
    options: dict[str, Any] = {"discover": False, "plugins": [SegmentsPlugin], "strict": True}
    with Engine.open(f"sqlite:///{path}", **options) as engine:
        segments = Segments(engine)
        for text in COUNTED:
            route = segments.explain(text).route.value
            yield _timed(
                f"count of {profiles:,}, {route}: `{text}`",
                lambda text=text: f"{segments.count(text):,}",  # type: ignore[misc]  # bound here
            )
        for text in COUNTED:
            yield _timed(
                f"first page of 50: `{text}`",
                lambda text=text: str(len(segments.members(text).items)),  # type: ignore[misc]
            )
        for dimension in ADDED_UP:
            yield _timed(
                f"statistics of {stays:,} stays by {dimension}",
                lambda d=dimension: f"{len(segments.statistics(d).groups)} groups",  # type: ignore[misc]
            )
    for whose, of in (
        ("the process", resource.RUSAGE_SELF),
        ("the other", resource.RUSAGE_CHILDREN),
    ):
        most = resource.getrusage(of).ru_maxrss / 1024
        yield f"| memory of {whose} at most | {most:,.0f} MB | | |"


def _timed(what: str, call: Callable[[], str]) -> str:
    cpu, wall = _cpu(), time.perf_counter()
    result = call()
    cpu, wall = _cpu() - cpu, time.perf_counter() - wall
    return f"| {what} | {result} | {cpu:.3f} | {wall:.3f} |"


def _cpu() -> float:
    """Give the seconds of this process, and of those that it has ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


if __name__ == "__main__":
    main()
