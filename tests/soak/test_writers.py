"""Eight processes write to one store at once, and nothing that one of them wrote is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import pytest

pytest.importorskip("profilecore_sqlite")

from soaked_stores import Kind, on_kinds_for
from soaking import Soak
from writers_child import open_engine

from profilecore import Engine

pytestmark = pytest.mark.soak

PROCESSES = 8
COUNTERS = 3
GROUP_SIZE = 8
OPERATIONS_PER_GROUP = 50


@attrs.define
class Shared:
    """The profiles that all processes work on."""

    counters: list[str]
    groups: list[list[str]]

    @classmethod
    def make(cls, engine: Engine, group_count: int) -> Shared:
        counters = [
            engine.create({"last_name": f"Counter {n}", "custom": {"count": 0, "sum": 0}}).id
            for n in range(COUNTERS)
        ]
        groups = [
            [engine.create({"last_name": f"Group {g} {n}"}).id for n in range(GROUP_SIZE)]
            for g in range(group_count)
        ]
        return cls(counters, groups)


@attrs.define
class Report:
    """What all processes did, put together."""

    counts: Counter[str] = attrs.field(factory=Counter)
    raw: list[str] = attrs.field(factory=list)
    longest: float = 0.0

    def add(self, told: dict[str, Any]) -> None:
        """Add what one process did."""
        self.counts.update(told["counts"])
        self.raw += told["raw"]
        self.longest = max(self.longest, told["longest"])


def all_at_once(
    path: Path, shared: Shared, seed: int, operations: int, naive: bool, store: str
) -> Report:
    """Let the processes work at the same time."""
    program = Path(__file__).with_name("writers_child.py")
    processes = [
        subprocess.Popen(
            [sys.executable, str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    report = Report()
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for number, process in enumerate(processes):
            assert process.stdin is not None
            task = {
                "path": str(path), "store": store, "naive": naive,
                "number": number, "seed": seed + number,
                "property": f"P{number % 2 + 1}", "operations": operations // PROCESSES,
                **attrs.asdict(shared),
            }  # fmt: skip
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()
        for process in processes:
            report.add(json.loads(process.communicate()[0]))
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    return report


def counted(engine: Engine, shared: Shared, name: str) -> int:
    """Give what the counters show."""
    return sum(engine.get(id).custom[name] for id in shared.counters)


@on_kinds_for("writers")
def test_no_update_is_lost_and_overlapping_merges_end_in_one_root(
    soak: Soak, tmp_path: Path, kind: Kind
) -> None:
    path, store = tmp_path / "shared.db", kind.name
    with open_engine(path, store) as engine:
        operations = soak.size(800, 10_000)
        shared = Shared.make(engine, operations // OPERATIONS_PER_GROUP)
        report = all_at_once(path, shared, soak.seed, operations, naive=False, store=store)
        lost = report.counts["increments"] - counted(engine, shared, "count")
        lost += report.counts["additions"] - counted(engine, shared, "sum")
        roots = [{engine.path(id)[-1] for id in group} for group in shared.groups]
        people = [engine.get(next(iter(found))) for found in roots]
        merges = [sum(len(m.loser_ids) for m in engine.merges(p.id)) for p in people]
        notes = sum(len(p.notes) for p in people)
        holds = sum(len(engine.holds(p.id)) for p in people)
        created = len([e for e in _events(engine) if e.type == "profile.created"])
        faults = [*engine.store.check(), *engine.verify()]
    soak.tell(
        processes=PROCESSES,
        lost_updates=lost,
        groups=len(roots),
        roots=sum(map(len, roots)),
        errors_not_ours=len(report.raw),
        longest_wait=f"{report.longest:.2f} s",
        **{name.replace("-", "_").replace(" ", "_"): n for name, n in report.counts.most_common()},
    )
    assert report.raw == []
    assert lost == 0
    assert all(len(found) == 1 for found in roots)
    assert merges == [GROUP_SIZE - 1] * len(roots)
    assert notes == holds == report.counts["notes"]
    assert created == report.counts["created"] + COUNTERS + len(roots) * GROUP_SIZE
    assert faults == []


def _events(engine: Engine) -> list[Any]:
    with engine.store.read() as reader:
        events = reader.events(0, 1_000_000)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    return events


def test_updates_without_a_version_are_lost_and_that_is_seen(soak: Soak, tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    with open_engine(path, "sqlite") as engine:
        shared = Shared.make(engine, 1)
        operations = soak.size(400, 2_000)
        report = all_at_once(path, shared, soak.seed, operations, naive=True, store="sqlite")
        lost = report.counts["increments"] - counted(engine, shared, "count")
    soak.tell(increments=report.counts["increments"], lost_updates=lost)
    assert lost > 0
