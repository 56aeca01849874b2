"""Who asks for many people's memberships gets them plainly, those of a merged person as one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from profilecore import Engine
from profilecore_loyalty import Loyalty, LoyaltyPlugin

Member = Callable[..., str]


def test_members_are_told_with_tier_state_and_points(engine: Engine, member: Member) -> None:
    one, other = member(club=300), member(club=50)
    Loyalty(engine).enrol(one, "miles")
    nobody = engine.create({"last_name": "None"}).id
    told = engine.memberships([one, other, nobody])
    assert told[other] == [{"programme": "club", "state": "enrolled", "tier": "base", "points": 50}]
    assert {(m["programme"], m["points"]) for m in told[one]} == {("club", 300), ("miles", None)}
    assert nobody not in told


def test_memberships_of_a_merged_person_are_told_as_one(engine: Engine, member: Member) -> None:
    one, other = member(club=300), member(club=50)
    engine.merge(engine.plan_merge(one, [other]))
    assert [m["points"] for m in engine.memberships([one])[one]] == [350]


def test_segments_ask_for_them(
    engine: Engine, member: Member, clock: Callable[[], datetime]
) -> None:
    segments = pytest.importorskip("profilecore_segments", reason="profilecore-segments is absent")
    one, other = member(club=300), member(club=50)
    both = [LoyaltyPlugin, segments.SegmentsPlugin]
    asking = segments.Segments(Engine(engine.store, plugins=both, discover=False, clock=clock))
    assert list(asking.members("loyalty.club.points >= 100").items) == [one]
    assert asking.count("loyalty.tier = base and loyalty.state = enrolled") == 2
    assert not asking.has("loyalty.club.points >= 100", other)
