"""The commands on the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from profilecore import Engine
from profilecore.cli import printing

Run = Callable[..., Any]


@pytest.fixture
def guests(engine: Engine) -> list[str]:
    made = [engine.create({"last_name": name}).id for name in ("Ana", "Berta")]
    engine.update(made[0], {"title": "miss"})
    engine.clear(engine.create({"last_name": "Carla"}).id)
    return made


def drop(engine: Engine, place: int, count: int = 1) -> None:
    events: list[Any] = engine.store._writer._events  # type: ignore[attr-defined]
    del events[place : place + count]


def test_whole_chains_are_told_with_their_ends(run: Run, engine: Engine, guests: list[str]) -> None:
    answer = run("audit", "verify")
    assert answer.code == 0
    newest = engine.ends()["audit"].newest
    assert (
        f"audit: {engine.ends()['audit'].length} entries, the newest sealed {newest}" in answer.out
    )
    assert answer.out.endswith("Both chains are whole.\n")
    told = run("audit", "verify", "--json").json
    assert told["items"] == []
    assert told["ends"]["receipts"]["length"] == 1


def test_dropped_events_are_told_as_a_run_and_end_with_1(
    run: Run, engine: Engine, guests: list[str]
) -> None:
    drop(engine, 1, 2)
    answer = run("audit", "verify")
    assert answer.code == 1
    assert answer.out.splitlines()[1].split() == ["audit", "2", "to", "3", "missing"]
    assert "whole" not in answer.out
    answer = run("audit", "verify", "--json")
    assert answer.code == 1
    assert answer.json["items"] == [
        {"chain": "audit", "number": 2, "code": "missing", "id": None, "last": 3}
    ]


def test_a_broken_chain_of_events_leaves_the_receipts_whole(
    run: Run, engine: Engine, guests: list[str]
) -> None:
    drop(engine, 0)
    assert run("receipts", "verify").code == 0


def test_show_lists_what_happened_to_all_or_to_one(run: Run, guests: list[str]) -> None:
    everybody = run("audit", "show", "--json").json
    assert [event["number"] for event in everybody["items"]] == list(
        range(1, len(everybody["items"]) + 1)
    )
    of_one = run("audit", "show", guests[0], "--json").json
    assert [event["type"] for event in of_one["items"]] == ["profile.created", "profile.updated"]
    assert "profile.updated" in run("audit", "show", guests[0]).out


def test_show_goes_on_behind_a_cursor(run: Run, guests: list[str]) -> None:
    first = run("audit", "show", guests[0], "--limit", "1", "--json").json
    more = run("audit", "show", guests[0], "--after", first["next"], "--json").json
    assert [event["type"] for event in first["items"] + more["items"]] == [
        "profile.created",
        "profile.updated",
    ]
    last = run("audit", "show", guests[0], "--after", more["next"], "--json").json
    assert (last["items"], last["next"]) == ([], more["next"])


def test_show_of_nobody_is_refused(run: Run) -> None:
    assert run("audit", "show", "nobody", "--json").json["error"] == "not-found"


def test_on_a_terminal_it_is_shown_how_far_it_is(
    run: Run, guests: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.console import Console

    def terminal(*, stderr: bool = False) -> Console:
        return Console(stderr=stderr, force_terminal=True)

    monkeypatch.setattr(printing, "console", terminal)
    answer = run("audit", "verify", "--json")
    assert "entries" in answer.err
    assert answer.json["items"] == []
