"""The command that clears whom time is up for: what it says, how it ends, and Ctrl-C."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from kit import Clock, open_engine

from profilecore import Engine, hookimpl
from profilecore.cli import Invocation, main
from profilecore.engine import due
from profilecore.model import State

YEAR = {"after_days": 365, "grace_days": 0, "first_share": 1.0}
Run = Callable[..., Any]


@pytest.fixture
def policy() -> dict[str, Any]:
    return YEAR


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(policy: dict[str, Any], clock: Clock) -> Iterator[Engine]:
    settings = {"inactivity": policy, "timezone": "Europe/Madrid"}
    with open_engine(config={"profilecore": settings}, clock=clock) as engine:
        yield engine


def guest(engine: Engine, last: str) -> str:
    id = engine.create({"last_name": "García"}).id
    engine.record_stay(
        id, {"property_id": "P1", "arrival": last, "departure": last, "status": "departed"}
    )
    return id


def test_it_says_how_many_were_cleared(run: Run, engine: Engine) -> None:
    old = guest(engine, "2020-01-01")
    guest(engine, "2026-01-01")
    answer = run("clear-due")
    assert answer.code == 0
    assert "this was done:" in answer.out
    assert answer.out.split("people cleared")[1].split()[0] == "1"
    assert "García" not in answer.out
    assert engine.get(old).state is State.CLEARED
    assert "people cleared  0" in run("clear-due").out


def test_a_program_gets_every_count(run: Run, engine: Engine) -> None:
    old, billed = guest(engine, "2020-01-01"), guest(engine, "2020-01-01")
    bill = engine.place_hold(billed, kind="open-bill", property_id="P1")
    answer = run("clear-due", "--json")
    assert answer.code == 0
    assert (answer.json["cleared"], answer.json["ids"]) == (1, [old])
    assert (answer.json["policy_is_on"], answer.json["dry_run"]) == (True, False)
    assert answer.json["as_of"] == "2026-03-01T12:00:00Z"
    assert {"restricted", "finished", "announced", "withdrawn", "expired", "more",
            "needs_confirmation", "blocked", "active", "due"} <= answer.json.keys()  # fmt: skip
    assert engine.holds(billed) == [bill]


def test_it_says_what_blocks(run: Run, engine: Engine, clock: Clock) -> None:
    clock.move(days=-1000)
    billed = guest(engine, "2020-01-01")
    engine.place_hold(billed, kind="open-bill", property_id="P2")
    clock.move(days=1000)
    assert "blocked by open-bill" in run("clear-due").out
    assert run("clear-due", "--json").json["blocked"] == {}, "tried again the day after"


def test_what_the_law_holds_is_kept_and_finished_later(clock: Clock) -> None:
    settings = {"inactivity": YEAR, "properties": {"P1": {"country": "ES"}}}
    with open_engine(config={"profilecore": settings}, clock=clock) as engine:
        guest(engine, "2025-01-10")

        def said() -> str:
            return CliRunner().invoke(main, ["clear-due"], obj=Invocation(given=engine)).stdout

        assert "of them with something kept" in said()
        clock.move(days=1000)
        assert "finished: what was kept may go" in said()


def test_a_dry_run_says_who_and_changes_nothing(run: Run, engine: Engine) -> None:
    ids = {guest(engine, "2020-01-01") for _ in range(25)}
    newest = engine.changes().next
    answer = run("clear-due", "--dry-run")
    assert answer.code == 0
    assert "this would be done:" in answer.out
    assert len([id for id in ids if id in answer.out]) == 20
    assert "--json lists the first 25" in answer.out
    assert set(run("clear-due", "--dry-run", "--json").json["ids"]) == ids
    assert engine.changes().next == newest


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2027-06-01", "2027-06-01 00:00 CEST"),
        ("2027-06-01T06:00Z", "2027-06-01 06:00 UTC"),
        ("2027-06-01T06:00:00+01:00", "2027-06-01 06:00 UTC+01:00"),
    ],
)
def test_a_dry_run_may_look_ahead(run: Run, engine: Engine, as_of: str, expected: str) -> None:
    id = guest(engine, "2026-02-01")
    answer = run("clear-due", "--dry-run", "--as-of", as_of)
    assert answer.code == 0
    assert f"As of {expected} this would" in answer.out
    assert id in answer.out


def test_a_run_may_not_look_ahead(run: Run, engine: Engine) -> None:
    id = guest(engine, "2026-02-01")
    answer = run("clear-due", "--as-of", "2027-06-01", "--json")
    assert (answer.code, answer.json["error"]) == (1, "invalid-profile")
    assert engine.get(id).state is State.ACTIVE


@pytest.mark.parametrize(
    "args",
    [
        ("--as-of", "tomorrow"), ("--as-of", "2027-06-01T06:00"), ("--as-of", "2027-13-01"),
        ("--limit", "0"), ("--limit", "all"), ("--limit", "10000001"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_wrong_usage(run: Run, args: tuple[str, ...]) -> None:
    answer = run("clear-due", *args, "--json")
    assert (answer.code, answer.json["error"]) == (2, "usage")


def test_the_limit_is_told_and_the_same_command_goes_on(run: Run, engine: Engine) -> None:
    for _ in range(3):
        guest(engine, "2020-01-01")
    first = run("clear-due", "--limit", "2")
    assert first.code == 0
    assert "the limit of 2 ended this run" in first.out
    second = run("clear-due", "--limit", "2")
    assert "people cleared  1" in second.out
    assert "limit" not in second.out


def test_a_property_may_not_do_it(run: Run) -> None:
    answer = run("clear-due", "--property", "P1", "--json")
    assert (answer.code, answer.json["error"]) == (1, "scope-denied")


@pytest.mark.parametrize("policy", [{}])
def test_a_policy_that_is_off_is_told_plainly(run: Run, engine: Engine) -> None:
    guest(engine, "1999-01-01")
    for args in ((), ("--dry-run",)):
        answer = run("clear-due", *args)
        assert answer.code == 0
        assert "The policy of inactivity is off" in answer.out
        assert "after_days under [profilecore.inactivity] in profilecore.toml" in answer.out
    assert run("clear-due", "--json").json["policy_is_on"] is False


@pytest.mark.parametrize("policy", [YEAR | {"grace_days": 14}])
def test_announcements_and_what_ends_them_are_told(run: Run, engine: Engine, clock: Clock) -> None:
    id = guest(engine, "2025-01-01")
    assert "announced" in run("clear-due").out
    assert "announced" in run("explain", id).out
    engine.record_activity(id)
    clock.move(days=20)
    assert "announcements withdrawn" in run("clear-due").out


@pytest.mark.parametrize("policy", [YEAR | {"first_share": 0.2}])
def test_too_many_at_once_wait_for_a_confirmation(run: Run, engine: Engine) -> None:
    old = [guest(engine, "2020-01-01") for _ in range(3)]
    for _ in range(7):
        guest(engine, "2026-01-01")
    rehearsed = run("clear-due", "--dry-run")
    assert rehearsed.code == 1
    assert "3 of 10 active people" in rehearsed.out
    assert run("clear-due", "--dry-run", "--confirm").code == 0
    refused = run("clear-due")
    assert refused.code == 1
    assert "3 of 10 active people" in refused.out
    assert "profilecore clear-due --confirm" in refused.out
    assert "blocked" not in refused.out
    told = run("clear-due", "--json")
    assert (told.code, told.json["needs_confirmation"]) == (1, True)
    assert (told.json["due"], told.json["active"]) == (3, 10)
    assert all(engine.get(id).state is State.ACTIVE for id in old)
    confirmed = run("clear-due", "--confirm")
    assert confirmed.code == 0
    assert "people cleared  3" in confirmed.out


# ---- interrupted


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due.agenda, "PAGE_SIZE", 2)
    monkeypatch.setattr(due, "READ", 2)
    monkeypatch.setattr(due, "SECONDS", 0)


def stop_at_a_clear(report: Any) -> None:
    if report.cleared:
        raise KeyboardInterrupt


@pytest.mark.usefixtures("small_steps")
def test_an_interrupted_run_says_so_and_the_same_command_goes_on(run: Run, engine: Engine) -> None:
    ids = [guest(engine, "2020-01-01") for _ in range(6)]
    stopped = run("clear-due", watch=stop_at_a_clear)
    assert (stopped.code, stopped.out) == (130, "")
    assert "2 cleared; the same command goes on" in stopped.err
    assert "profilecore scrub" in stopped.err
    assert "Traceback" not in stopped.err
    assert [engine.get(id).state for id in ids].count(State.CLEARED) == 2
    again = run("clear-due", "--json", watch=stop_at_a_clear)
    assert again.code == 130
    assert (again.json["error"], again.json["done"]) == ("interrupted", 2)
    assert "people cleared  2" in run("clear-due").out
    assert {engine.get(id).state for id in ids} == {State.CLEARED}


@pytest.mark.usefixtures("small_steps")
def test_an_interrupted_rehearsal_cleared_nobody(run: Run, engine: Engine) -> None:
    for _ in range(6):
        guest(engine, "2020-01-01")
    stopped = run("clear-due", "--dry-run", "--json", watch=stop_at_a_clear)
    assert (stopped.code, stopped.json["done"]) == (130, 0)


@pytest.fixture
def pythons_own_signal() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "it was put back"
    signal.signal(signal.SIGINT, before)


class Impatient:
    """Somebody who presses Ctrl-C while a transaction is under way."""

    name = "impatient"

    def __init__(self, presses: int, after: int) -> None:
        self.presses = presses
        self.after = after

    @hookimpl
    def profilecore_check_clear(self, plan: Any) -> None:
        self.after -= 1
        if self.after == 0:
            for _ in range(self.presses):
                os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("small_steps", "pythons_own_signal")
@pytest.mark.parametrize(("presses", "cleared"), [(1, 2), (2, 0)])
def test_ctrl_c_waits_for_the_end_of_a_transaction_unless_pressed_twice(
    presses: int, cleared: int
) -> None:
    hasty = Impatient(presses, after=1)
    with open_engine(config={"profilecore": {"inactivity": YEAR}}, plugins=[hasty]) as engine:
        ids = [guest(engine, "2020-01-01") for _ in range(6)]
        stopped = CliRunner().invoke(main, ["clear-due"], obj=Invocation(given=engine))
        assert stopped.exit_code == 130
        assert f"{cleared} cleared; the same command goes on" in stopped.stderr
        assert [engine.get(id).state for id in ids].count(State.CLEARED) == cleared
        again = CliRunner().invoke(main, ["clear-due"], obj=Invocation(given=engine))
        assert again.exit_code == 0
        assert {engine.get(id).state for id in ids} == {State.CLEARED}


def test_a_terminal_sees_how_far_it_is(run: Run, engine: Engine) -> None:
    guest(engine, "2020-01-01")
    terminal = {"FORCE_COLOR": "1"}
    assert "looked at" in run("clear-due", env=terminal).err
    assert "going through all stays" in run("retention", "check", env=terminal).err
    assert run("clear-due").err == run("retention", "check").err == ""
