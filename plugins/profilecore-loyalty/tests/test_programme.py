"""Programmes: what they may say, and where they may be declared."""

from __future__ import annotations

import pytest

from profilecore import Engine, InvalidProfile, NotFound, PluginError
from profilecore_loyalty import (
    EarningRule,
    Loyalty,
    LoyaltyPlugin,
    Measure,
    Programme,
    Threshold,
    Tier,
)
from profilecore_loyalty.programme import Downgrade

DECLARED = {
    "programmes": [
        {
            "code": "club", "name": "The Club", "expire_after": "P18M", "on_clear": "close",
            "tiers": [{"code": "gold", "thresholds": [{"measure": "nights", "at_least": 10}]}],
            "earning": [{"measure": "nights", "points": 10, "bonus": {"gold": 50}}],
        }
    ]
}  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda: Programme("Club", "x"), "code"),
        (lambda: Programme("c" * 51, "x"), "code"),
        (lambda: Programme("c", ""), "name"),
        (lambda: Programme("c", "n" * 101), "name"),
        (lambda: Programme("c", "x", expire_after="18 months"), "expire_after"),
        (lambda: Programme("c", "x", tiers=(Tier("a"), Tier("a"))), "tiers"),
        (lambda: Programme("c", "x", downgrade=Downgrade.GRACE), "grace"),
        (lambda: Programme("c", "x", earning=(EarningRule(Measure.POINTS, 1),)), "earning"),
        (
            lambda: Programme("c", "x", earning=(EarningRule(Measure.NIGHTS, 1, bonus={"a": 1}),)),
            "earning",
        ),
        (lambda: EarningRule(Measure.NIGHTS, 0), "points"),
        (lambda: EarningRule(Measure.NIGHTS, 1, per=0), "per"),
        (lambda: EarningRule(Measure.NIGHTS, 1, bonus={"a": -1}), "bonus"),
        (lambda: Threshold(Measure.NIGHTS, 0), "at_least"),
    ],
)
def test_what_a_programme_cannot_be_is_named(wrong: object, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named}"):
        wrong()  # type: ignore[operator]  # a function


def test_a_programme_is_given_back_as_it_was_defined(loyalty: Loyalty) -> None:
    club = loyalty.programme("club")
    assert club.tiers[2].thresholds[1] == Threshold(Measure.POINTS, 5_000)
    assert [programme.code for programme in loyalty.programmes()] == [
        "club",
        "house",
        "miles",
        "spa",
    ]
    with pytest.raises(NotFound):
        loyalty.programme("none")
    with pytest.raises(NotFound):
        loyalty.totals("none")


def test_a_programme_may_be_declared_in_the_settings() -> None:
    engine = Engine.open(
        "memory://",
        discover=False,
        plugins=[LoyaltyPlugin],
        config={"loyalty": DECLARED},
        strict=True,
    )
    loyalty = Loyalty(engine)
    assert loyalty.programme("club").expire_after == "P18M"
    ana = engine.create({"last_name": "García"}).id
    loyalty.enrol(ana, "club")
    loyalty.earn(ana, "club", 10, "x")
    with pytest.raises(InvalidProfile, match="declared in the settings"):
        loyalty.define_programme(Programme("club", "Other"))
    engine.clear(ana)
    assert loyalty.totals("club").closed == 10


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"code": "NO"}, "programmes"),
        ({"colour": "red"}, "programmes"),
        ({"type": "casino"}, "programmes"),
    ],
)
def test_wrong_settings_are_named_and_leave_the_plugin_out(
    change: dict[str, str], path: str
) -> None:
    declared = {"programmes": [{"code": "club", "name": "The Club"} | change]}
    options = {"plugins": [LoyaltyPlugin], "config": {"loyalty": declared}}
    with pytest.raises(PluginError, match=path):
        Engine.open("memory://", discover=False, strict=True, **options)
    engine = Engine.open("memory://", discover=False, **options)
    assert [failure.plugin for failure in engine.plugins.failures] == ["loyalty"]
    with pytest.raises(PluginError, match="install profilecore-loyalty"):
        Loyalty(engine)
