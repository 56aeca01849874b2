"""``profilecore loyalty ...``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from profilecore import Engine
from profilecore.cli import Invocation
from profilecore.cli.program import Interrupted
from profilecore_loyalty import Loyalty, NotEnoughPoints
from profilecore_loyalty import command as commands

Run = Callable[..., Result]
Member = Callable[..., str]


@pytest.fixture
def run(engine: Engine, loyalty: Loyalty) -> Run:
    def run(*words: str, as_json: bool = False) -> Result:
        made = Invocation(given=engine, as_json=as_json)
        return CliRunner().invoke(commands.loyalty, list(words), obj=made, standalone_mode=False)

    return run


def answer(run: Run, *words: str) -> Any:
    result = run(*words, as_json=True)
    assert result.exception is None, result.output
    return json.loads(result.output)


def said(run: Run, *words: str) -> str:
    result = run(*words)
    assert result.exception is None, result.output
    return result.output


def test_a_guest_is_enrolled_earns_redeems_and_is_told(
    run: Run, engine: Engine, loyalty: Loyalty
) -> None:
    ana = engine.create({"last_name": "García"}).id
    number = answer(run, "enrol", ana, "club")["number"]
    assert number in said(run, "enrol", ana, "club")
    assert answer(run, "earn", ana, "club", "100", "--reference", "bill 1")["balance"] == 100
    assert "The balance is 70." in said(run, "redeem", ana, "club", "30", "--reference", "v")
    assert answer(run, "adjust", ana, "club", "-5", "--reference", "a")["balance"] == 65
    told = answer(run, "statement", ana, "club")
    assert (told["opening"], told["closing"]) == (0, 65)
    assert [m["points"] for m in told["movements"]] == [100, -30, -5]
    text = said(run, "statement", ana, "club", "--since", "2026-01-01", "--until", "2026-12-31")
    assert number in text
    assert "65 expire after 2027-03-01" in text
    assert answer(run, "find", "club", number) == {"profile_id": ana}
    assert said(run, "find", "club", number).strip() == ana


def test_points_are_transferred(run: Run, member: Member) -> None:
    ana, ben = member(club=10), member()
    made = answer(run, "transfer", ana, ben, "club", "4", "--reference", "gift")
    assert ([m["points"] for m in made["movements"]], made["balance"]) == ([-4, 4], 6)


def test_a_stay_is_told_by_its_id(run: Run, engine: Engine, member: Member) -> None:
    ana = member()
    stay = engine.record_stay(
        ana,
        {
            "property_id": "P1", "status": "departed", "reference": "7",
            "arrival": "2026-02-01", "departure": "2026-02-03",
        },
    )  # fmt: skip
    made = answer(run, "earn", ana, "club", "--stay", stay.id, "--spend", "5000")
    assert made["balance"] == 250
    assert "it is booked already" in said(run, "earn", ana, "club", "--stay", stay.id)
    assert run("earn", ana, "club", "--stay", "none").exception is not None


@pytest.mark.parametrize(
    "words",
    [("5",), ("--reference", "x"), ("5", "--stay", "s"), ("--stay", "s", "--reference", "x")],
)
def test_earning_wants_points_and_a_reference_or_a_stay(run: Run, words: tuple[str, ...]) -> None:
    assert isinstance(run("earn", "id", "club", *words).exception, click.UsageError)


def test_a_refusal_is_a_typed_error(run: Run, member: Member) -> None:
    result = run("redeem", member(club=1), "club", "2", "--reference", "x")
    assert isinstance(result.exception, NotEnoughPoints)


def test_programmes_are_shown_with_their_totals(run: Run, member: Member) -> None:
    member(club=10)
    shown = {row["code"]: row for row in answer(run, "programmes")["items"]}
    assert shown.keys() == {"club", "house", "miles", "spa"}
    assert (shown["club"]["issued"], shown["club"]["liability"]) == (10, 10)
    assert "The Club" in said(run, "programmes")


def test_the_row_of_a_programme_adds_up(run: Run, loyalty: Loyalty, member: Member) -> None:
    ana, ben = member(club=100), member()
    loyalty.adjust(ana, "club", 50, "by hand")
    loyalty.redeem(ana, "club", 30, "spa")
    loyalty.transfer(ana, ben, "club", 20, "gift")
    lines = [line.split() for line in said(run, "programmes").splitlines()]
    head = next(line for line in lines if "issued" in line)
    shown = [line for line in lines if line[0] == "club"][-1]
    sums = dict(zip(head[1:], map(int, shown[1:]), strict=True))
    gone = sums["redeemed"] + sums["transferred"] + sums["expired"] + sums["closed"]
    assert sums["adjusted"] == 50
    assert sums["issued"] + sums["adjusted"] - gone == sums["liability"] == 120


def test_points_expire_and_tiers_are_given(run: Run, member: Member) -> None:
    ana = member(club=5_000)
    assert answer(run, "requalify", "club", ana)["tier"] == "gold"
    assert answer(run, "requalify", "club") == {"changed": 0}
    assert "0 tiers" in said(run, "requalify", "club")
    assert "gold" in said(run, "requalify", "club", ana)
    member(club=7)
    made = answer(run, "expire", "club", "--as-of", "2028-01-01", "--limit", "1")
    assert (made["memberships"], made["points"], made["more"]) == (1, 5_000, True)
    assert "7 points of 1 memberships" in said(run, "expire", "club", "--as-of", "2028-01-01")


def test_verify_ends_well_when_all_agrees(run: Run, member: Member) -> None:
    member(club=10)
    assert answer(run, "verify") == {"items": [], "next": None}
    assert run("verify").return_value == 0
    assert "what the movements say" in said(run, "verify")


def test_an_interrupted_job_says_how_far_it_came(
    run: Run, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    member(club=10)

    def stop(*_: object, watch: Callable[[int], None], **__: object) -> None:
        watch(3)
        raise KeyboardInterrupt

    monkeypatch.setattr(Loyalty, "expire", stop)
    interrupted = run("expire", "club").exception
    assert isinstance(interrupted, Interrupted)
    assert "after 3 members" in interrupted.answer["message"]
