"""One of several processes that work on one store at once; it tells in the end what it did."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from broken_stores import OPENERS

from profilecore import (
    Actor,
    Engine,
    MergeBlocked,
    ProfilecoreError,
    StalePlan,
    StoreError,
    VersionConflict,
)

PATIENCE = 600
CONFIG = {"profilecore": {"custom_fields": {"count": "none", "sum": "none"}}}
WEIGHTS = {"increment": 40, "add": 10, "merge": 15, "search": 15, "create": 8, "own": 12}


def open_engine(path: Path, store: str) -> Engine:
    """Open an engine on the store that all share."""
    return Engine(OPENERS[store](path), discover=False, config=CONFIG)


class Writer:
    """Works for one property, and counts."""

    def __init__(self, engine: Engine, task: dict[str, Any]) -> None:
        self.engine = engine
        self.random = Random(task["seed"])
        self.name = f"{task['number']}"
        self.property = task["property"]
        self.counters: list[str] = task["counters"]
        self.groups: list[list[str]] = task["groups"]
        self.operations: int = task["operations"]
        self.is_naive: bool = task["naive"]
        self.counts: Counter[str] = Counter()
        self.raw: list[str] = []
        self.longest = 0.0

    def work(self) -> None:
        """Do as many operations as told, of every kind."""
        verbs, weights = list(WEIGHTS), list(WEIGHTS.values())
        for number in range(self.operations):
            verb = "increment" if self.is_naive else self.random.choices(verbs, weights)[0]
            began = time.monotonic()
            self.counts["operations"] += 1
            self.try_to(lambda verb=verb, number=number: getattr(self, verb)(number))
            self.longest = max(self.longest, time.monotonic() - began)
        for group in self.groups:
            for id in group:
                self.try_to(lambda group=group, id=id: self.unite(group[0], id))

    def try_to(self, verb: Callable[[], object]) -> None:
        """Note what goes wrong: only our own errors may reach a caller."""
        try:
            verb()
        except StoreError as error:
            self.counts["store errors"] += 1
            self.raw.append(f"{error.code}: {error}")
        except ProfilecoreError as error:
            self.counts[error.code] += 1
        except Exception as error:  # noqa: BLE001  # whatever the driver raised
            self.raw.append(repr(error))

    def increment(self, _: int) -> None:
        """Read, count up, write if nobody else did; again otherwise."""
        id = self.random.choice(self.counters)
        while True:
            profile = self.engine.get(id)
            values = {"custom": {"count": profile.custom["count"] + 1}}
            version = None if self.is_naive else profile.version
            try:
                self.engine.update(id, values, if_version=version)
            except VersionConflict:
                self.counts["conflicts"] += 1
                continue
            self.counts["increments"] += 1
            return

    def add(self, _: int) -> None:
        """Read and write in one transaction, which needs no version."""
        id = self.random.choice(self.counters)
        with self.engine.transaction():
            total = self.engine.get(id).custom["sum"]
            self.engine.update(id, {"custom": {"sum": total + 1}})
        self.counts["additions"] += 1

    def merge(self, number: int) -> None:
        """Merge two of a group that the others are merging at the same time."""
        group = self.groups[number * len(self.groups) // self.operations]
        self.unite(*self.random.sample(group, 2))

    def unite(self, one: str, other: str) -> None:
        """Merge two people unless they are one already; plan again when a plan is stale."""
        while self.engine.path(one)[-1] != self.engine.path(other)[-1]:
            try:
                self.engine.merge(self.engine.plan_merge(one, [other]))
                self.counts["merges"] += 1
            except (StalePlan, MergeBlocked) as error:
                self.counts[error.code] += 1

    def search(self, _: int) -> None:
        """Search as somebody types; each profile shows once."""
        items = self.engine.search(self.random.choice(("wri", "counter", "gro", "new"))).items
        assert len({p.id for p in items}) == len(items)
        self.counts["searches"] += 1

    def create(self, number: int) -> None:
        """Create a profile twice under one key."""
        key, row = f"{self.name}-{number}", {"last_name": f"New {self.name} {number}"}
        first, again = (self.engine.create(row, key=key) for _ in range(2))
        assert first.id == again.id
        self.counts["created"] += 1

    def own(self, number: int) -> None:
        """Leave a note and a hold of the own property; see none of the other's."""
        id = self.random.choice(self.groups)[0]
        note = {"text": f"{self.name} {number}", "property_id": self.property}
        self.engine.update(id, {"notes": {"add": [note]}})
        self.engine.place_hold(id, kind="open-bill")
        seen = {n.property_id for n in self.engine.get(id).notes}
        seen |= {hold.property_id for hold in self.engine.holds(id)}
        assert seen == {self.property}
        self.counts["notes"] += 1


def main() -> None:
    """Say that it is ready, wait for the start, work, and report."""
    signal.alarm(PATIENCE)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    task = json.loads(sys.stdin.readline())
    with open_engine(Path(task["path"]), task["store"]) as engine:
        writer = Writer(engine, task)
        with engine.acting(Actor(f"desk-{writer.name}", property_id=writer.property)):
            writer.work()
    report = {"counts": writer.counts, "raw": writer.raw, "longest": writer.longest}
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
