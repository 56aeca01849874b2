"""Work that other processes do is done, or left to the caller, never lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from profilecore.engine.workers import Work, Workers, WorkLost, can_travel

SCRIPT = """
from profilecore import Engine

def convert(row):
    return {{"last_name": row["name"]}}

rows = ({{"{field}": f"Guest {{number}}"}} for number in range(5_000))
engine = Engine.open("memory://", discover=False)
report = engine.load(rows, source="hotel", workers=2, convert={convert})
print(report.created, engine.search("guest 4999").items[0].last_name)
"""


@pytest.fixture
def lengths() -> Iterator[Workers]:
    with closing(Workers(bytes, 2)) as workers:
        yield workers


def test_answers_are_those_of_the_work(lengths: Workers) -> None:
    waiting = [lengths.submit([n % 250] * 70_000) for n in range(20)]
    assert [future.result() for future in waiting] == [bytes([n % 250] * 70_000) for n in range(20)]


def test_work_that_fails_is_left_to_the_caller_and_the_next_is_done(lengths: Workers) -> None:
    with pytest.raises(WorkLost):
        lengths.submit("no bytes").result()
    assert lengths.submit([7]).result() == b"\7"


def test_a_worker_that_ends_loses_its_own_work_alone() -> None:
    with closing(Workers(os._exit, 1)) as workers:
        for _ in range(2):
            with pytest.raises(WorkLost):
                workers.submit(3).result()


def test_closing_ends_the_processes(lengths: Workers) -> None:
    assert lengths.submit([1]).result()
    lengths.close()
    assert [p.returncode is not None for p in lengths._started] == [True] * len(lengths._started)


@pytest.mark.parametrize(("work", "can"), [(bytes, True), (lambda what: b"", False)])
def test_what_cannot_be_named_elsewhere_does_not_travel(work: Work, can: bool) -> None:
    assert can_travel(work) is can


def test_a_frozen_program_has_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert not can_travel(bytes)


@pytest.mark.parametrize(("field", "convert"), [("last_name", "None"), ("name", "convert")])
def test_a_script_without_a_guard_loads_guests(tmp_path: Path, field: str, convert: str) -> None:
    script = tmp_path / "host.py"
    script.write_text(SCRIPT.format(field=field, convert=convert), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script], check=False, capture_output=True, text=True, timeout=120
    )
    assert (done.stdout.strip(), done.stderr) == ("5000 Guest 4999", "")
