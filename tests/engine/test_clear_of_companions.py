"""Who travels with others is a guest of their stays: it counts, is held, and is left no trace."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from away import YEAR, Opens, guest, opens
from clears import PLACES, REGISTER, stayed
from kit import P1, P2, Clock

from profilecore import Actor, ClearBlocked, Engine
from profilecore.model import State

__all__ = ["opens"]

LAW = {"properties": PLACES}


def travels(engine: Engine, host: str, *companions: str, **stay: Any) -> str:
    return stayed(engine, host, companions=list(companions), **stay)


@pytest.mark.parametrize(
    ("stay", "code"),
    [
        ({"status": "in_house", "departure": "2026-03-09"}, "in-house"),
        ({"status": "confirmed", "departure": "2026-12-01"}, "future-stay"),
    ],
)
def test_a_companion_is_not_cleared_while_a_stay_is_under_way(
    opens: Opens, stay: dict[str, str], code: str
) -> None:
    engine = opens()
    host, old, friend = guest(engine), guest(engine), guest(engine, "2020-01-01")
    engine.merge(engine.plan_merge(friend, [old]))
    travels(engine, host, old, **stay)
    assert engine.clear_due().cleared == 0
    with pytest.raises(ClearBlocked) as refused:
        engine.clear(friend)
    assert [(b.code, b.ref) for b in refused.value.blockers] == [(code, None)]


def test_the_register_holds_companions_as_it_holds_their_host(opens: Opens) -> None:
    engine = opens(settings=LAW)
    host, friend = guest(engine), guest(engine)
    travels(engine, host, friend)
    mine, theirs = (
        {h.kind: h for h in engine.plan_clear(id).held if h.rule == REGISTER}
        for id in (host, friend)
    )
    assert theirs["profile"] == mine["profile"]
    assert "stay" not in theirs, "it is the host's document"
    engine.clear(friend)
    assert engine.get(friend).state is State.RESTRICTED


def test_a_property_clears_the_companion_of_another_propertys_private_guest(opens: Opens) -> None:
    engine = opens()
    friend = guest(engine)
    with engine.acting(P1):
        private = guest(engine, shared_level="property")
        travels(engine, private, friend)
    with engine.acting(P2):
        assert engine.clear(friend).profile_id == friend
    assert engine.stays(private)[0].companions == ()


def test_a_companion_whom_the_law_keeps_stays_in_company_until_its_time_is_over(
    opens: Opens, clock: Clock
) -> None:
    engine = opens(settings=LAW | {"inactivity": {}}, clock=clock)
    host, friend = guest(engine), guest(engine)
    travels(engine, host, friend)
    engine.clear(friend)
    travels(engine, host, friend, adults=2)
    assert engine.stays(host)[0].companions == ()
    police = Actor("police-desk", purpose="es.traveller-register")
    with engine.acting(police):
        assert engine.stays(host)[0].companions == (friend,)
    assert len(engine.access(friend)["stays_with_others"]) == 1
    clock.move(days=4 * 366)
    assert engine.clear_due().finished == 1
    with engine.acting(police):
        assert engine.stays(host)[0].companions == ()


def test_the_kept_stay_of_a_cleared_host_loses_a_companion_whom_nothing_holds_any_more(
    opens: Opens, clock: Clock
) -> None:
    engine = opens(settings=LAW | {"inactivity": {}}, clock=clock)
    host, friend = guest(engine), guest(engine)
    travels(engine, host, friend)
    engine.clear(host)
    engine.clear(friend)
    clock.move(days=4 * 366)
    assert engine.clear_due().finished == 2
    with engine.store.read() as reader:
        assert all(friend.encode() not in d.body for d in reader.owned([host], "stay"))


def test_a_cleared_companion_does_not_come_back_when_the_stay_is_told_again(opens: Opens) -> None:
    engine = opens()
    host, friend, other = (guest(engine) for _ in range(3))
    travels(engine, host, friend, other)
    engine.clear(friend)
    travels(engine, host, friend, other, adults=3)
    (stay,) = engine.stays(host)
    assert (stay.companions, stay.adults) == ((other,), 3)


def test_a_stay_as_a_companion_is_a_sign_of_the_guest(opens: Opens) -> None:
    clock = Clock()
    engine = opens(YEAR, clock=clock)
    host, friend = guest(engine), guest(engine, "2020-01-01")
    travels(engine, host, friend)
    assert engine.explain(friend).last_sign == date(2026, 2, 12)
    clock.move(days=365 + 60)
    assert engine.clear_due().cleared == 2
