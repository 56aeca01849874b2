"""``profilecore duplicates scan``, ``matches`` and ``review``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner, Result

from profilecore import Engine
from profilecore.cli import Invocation
from profilecore_duplicates import review
from profilecore_duplicates.store_commands import STORE_COMMANDS

if TYPE_CHECKING:
    from conftest import Hotel

Run = Callable[..., Result]
GROUP = click.Group(commands={str(command.name): command for command in STORE_COMMANDS})


@pytest.fixture
def run(hotel: Hotel) -> Run:
    def run(*words: str, as_json: bool = False) -> Result:
        made = Invocation(given=hotel.engine, as_json=as_json)
        return CliRunner().invoke(GROUP, list(words), obj=made, standalone_mode=False)

    return run


def answer(result: Result) -> Any:
    assert result.exception is None, result.output
    return json.loads(result.output)


def test_a_scan_says_what_it_found(run: Run, hotel: Hotel) -> None:
    said = run("scan").output
    assert "pairs wait for review and 0 were merged: all profiles of" in said
    assert "precision" in said
    again = answer(run("scan", as_json=True))
    assert (again["changed_profiles"], again["queued"]) == (0, 0)
    assert answer(run("scan", "--whole", as_json=True))["queued"] == len(review.queue(hotel.engine))


def test_safe_matches_are_merged_on_demand(run: Run, hotel: Hotel) -> None:
    made = answer(run("scan", "--auto-merge-above", "5", as_json=True))
    assert made["merged"] == len(made["merges"]) > 0
    hotel.engine.unmerge(made["merges"][0])


def test_a_pair_of_somebody_merged_since_is_shown_as_who_it_is_now(run: Run, hotel: Hotel) -> None:
    engine = hotel.engine
    run("scan")
    pair = review.queue(engine)[0]
    other = engine.create({"first_name": "Olga", "last_name": "Petrova"}).id
    engine.merge(engine.plan_merge(other, [pair.left]))
    shown = answer(run("review", "next", as_json=True))
    assert (shown["left"], shown["right"]) == (pair.left, pair.right)
    assert shown["profiles"]["last_name"]["left"].startswith(str(engine.get(other).last_name))


def test_the_next_pair_is_shown_side_by_side_and_decided(run: Run, hotel: Hotel) -> None:
    run("scan")
    shown = answer(run("review", "next", as_json=True))
    left, right = shown["left"], shown["right"]
    names = shown["profiles"]["last_name"]
    assert names["left"] == hotel.engine.get(left).last_name
    text = run("review", "next").output
    assert left in text
    assert f"review decide {left} {right} DECISION" in " ".join(text.split())
    decided = answer(run("review", "decide", left, right, "different", as_json=True))
    assert decided["state"] == "different"
    assert all((p.left, p.right) != (left, right) for p in review.queue(hotel.engine))


def test_the_same_person_can_be_merged_at_once(run: Run, hotel: Hotel) -> None:
    run("scan")
    pair = review.queue(hotel.engine)[0]
    said = run("review", "decide", pair.left, pair.right, "same", "--merge").output
    assert "Merged" in said
    assert hotel.engine.get(pair.right).id == pair.left
    refused = run("review", "decide", pair.left, pair.right, "different", "--merge")
    assert isinstance(refused.exception, click.UsageError)


def test_the_list_tells_how_many_wait(run: Run, hotel: Hotel) -> None:
    run("scan")
    waiting = len(review.queue(hotel.engine))
    listed = answer(run("review", "list", "--limit", "3", as_json=True))
    assert (listed["waiting"], len(listed["pairs"])) == (waiting, 3)
    said = run("review", "list").output
    assert f"{waiting} pairs wait." in said
    first = review.queue(hotel.engine)[0]
    assert f"{first.left} {first.right}" in said


def test_matches_of_a_profile_are_explained(run: Run, hotel: Hotel) -> None:
    run("scan")
    pair = review.queue(hotel.engine)[0]
    (found, *_) = answer(run("matches", pair.left, as_json=True))
    assert found["profile_id"] == pair.right
    assert found["reasons"]
    assert "bits" in run("matches", pair.left).output


def test_nobody_waits_and_nobody_matches(engine: Engine) -> None:
    alone = engine.create({"last_name": "García"})
    made = Invocation(given=engine)
    said = CliRunner().invoke(GROUP, ["review", "next"], obj=made, standalone_mode=False)
    assert (said.return_value, "No pair waits" in said.output) == (1, True)
    said = CliRunner().invoke(GROUP, ["matches", alone.id], obj=made, standalone_mode=False)
    assert "No other profile" in said.output
