"""Which retention rules are known, and what is wrong or open in their settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from kit import P1, open_engine

from profilecore import AsyncEngine, Engine, PluginError, ScopeDenied, Stay, hookimpl
from profilecore.engine import retaining
from profilecore.engine.retaining import Finding, Standing
from profilecore.model.documents import DocumentKind, FileRecord, OnClear
from profilecore.rules.retention import RetentionRule
from profilecore.store import Store

SPAIN = "es.traveller-register"
SPANISH = {"P1": {"country": "ES"}}


def opened(store: Store | None = None, plugins: Any = (), **settings: Any) -> Engine:
    config = {"properties": SPANISH, "timezone": "Europe/Madrid"} | settings
    return open_engine(store, config={"profilecore": config}, plugins=plugins)


def at(engine: Engine, property_id: str, count: int = 1) -> str:
    """Make a guest with stays at a property."""
    id = engine.create({"last_name": "García"}).id
    for number in range(count):
        engine.record_stay(id, {"property_id": property_id, "arrival": date(2026, 1, 1 + number)})
    return id


def found(engine: Engine, code: str) -> list[Finding]:
    return [finding for finding in engine.check_retention() if finding.code == code]


# ---- the rules


def test_each_rule_says_why_it_is_in_force_or_off() -> None:
    own = {"name": "house.scans", "record_kind": "file", "maximum": "P30D"}
    chosen = {"on": ["si.guest-book"], "off": ["pt.accommodation-bulletin"], "rules": [own]}
    engine = opened(retention=chosen)
    standing = {known.rule.name: known.standing for known in engine.retention_rules()}
    assert list(standing) == sorted(standing)
    assert standing[SPAIN] is Standing.REGISTERED
    assert standing["house.scans"] is Standing.OWN
    assert standing["si.guest-book"] is Standing.SWITCHED_ON
    assert standing["pt.accommodation-bulletin"] is Standing.SWITCHED_OFF
    assert standing["nl.tax-records"] is Standing.UNVERIFIED


def test_a_rule_in_force_is_one_that_holds_something() -> None:
    chosen = {"on": ["si.guest-book"], "off": [SPAIN, "si.guest-book"]}
    engine = opened(retention=chosen, properties={"P1": {"country": "ES"}, "P2": {"country": "DE"}})
    in_force = {known.rule.name for known in engine.retention_rules() if known.in_force}
    assert SPAIN not in in_force
    assert "si.guest-book" not in in_force, "off goes before on"
    assert engine.plan_clear(at(engine, "P1")).held == ()
    assert {h.rule for h in engine.plan_clear(at(engine, "P2")).held} <= in_force


def test_a_rule_names_the_properties_in_its_country() -> None:
    places = {"P2": {"country": "ES"}, "P1": {"country": "ES"}, "P3": {"country": "PT"}, "P4": {}}
    anywhere = {"name": "house", "record_kind": "file", "maximum": "P30D"}
    of_guests = {"name": "guests", "country": "ES", "clock": "consent_end", "maximum": "P1Y",
                 "record_kind": "profile"}  # fmt: skip
    engine = opened(properties=places, retention={"rules": [anywhere, of_guests]})
    known = {known.rule.name: known.properties for known in engine.retention_rules()}
    assert known[SPAIN] == ("P1", "P2")
    assert known["house"] == ("P1", "P2", "P3", "P4")
    assert known["fr.police-form"] == known["guests"] == ()


# ---- properties without a country


def test_stays_at_a_property_without_a_country_are_wrong(store: Store) -> None:
    engine = opened(store, properties=SPANISH | {"P2": {"timezone": "Europe/Lisbon"}})
    at(engine, "P1", 2)
    at(engine, "P2", 3)
    at(engine, "P9")
    at(engine, "P9")
    told = [(f.property_id, f.stays, f.is_wrong) for f in found(engine, "no-country")]
    assert told == [("P2", 3, True), ("P9", 2, True)]


def test_stays_are_counted_over_many_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retaining, "READ", 3)
    engine = opened(store)
    for _ in range(7):
        at(engine, "P9", 2)
    seen: list[tuple[int, int]] = []
    (finding,) = [
        f
        for f in engine.check_retention(lambda done, everybody: seen.append((done, everybody)))
        if f.code == "no-country"
    ]
    assert finding.stays == 14
    assert seen == [(3, 7), (6, 7), (7, 7)]


def test_stays_of_the_merged_count_and_those_of_the_cleared_do_not(store: Store) -> None:
    engine = opened(store)
    a, b, gone = at(engine, "P9"), at(engine, "P9"), at(engine, "P9")
    engine.merge(engine.plan_merge(a, [b]))
    engine.clear(gone)
    assert [f.stays for f in found(engine, "no-country")] == [2]


class Hotel:
    """A host that keeps the stays itself, and may fail to answer."""

    name = "hotel"
    fails = False

    @hookimpl
    def profilecore_register_stays(self, register: Callable[[Any], None]) -> None:
        register(self.stays)

    def stays(self, ids: Any) -> list[Stay]:
        if self.fails:
            raise OSError("ana@example.org")
        return [Stay(property_id="P7") for _ in ids]


def test_stays_that_the_host_keeps_count_too() -> None:
    hotel = Hotel()
    engine = opened(plugins=[hotel])
    at(engine, "P1")
    assert [(f.property_id, f.stays) for f in found(engine, "no-country")] == [("P7", 1)]
    hotel.fails = True
    with pytest.raises(PluginError) as raised:
        engine.check_retention()
    assert "ana@" not in str(raised.value)


def test_nothing_is_written_and_a_property_may_not_ask() -> None:
    engine = opened()
    at(engine, "P9")
    newest = engine.changes().next
    engine.check_retention()
    assert engine.changes().next == newest
    with engine.acting(P1), pytest.raises(ScopeDenied):
        engine.check_retention()


# ---- rules and settings


class Laws:
    """A plugin that brings rules and a kind of document."""

    name = "more-laws"

    def __init__(self, *rules: RetentionRule) -> None:
        self.rules = rules

    @hookimpl
    def profilecore_register_retention(self, register: Callable[[Any], None]) -> None:
        for rule in self.rules:
            register(rule)


class Receipts:
    """A plugin that keeps the records that a rule speaks of."""

    name = "receipts"

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[Any], None]) -> None:
        register(DocumentKind("registration-receipt", FileRecord, OnClear.ERASE))


def test_a_registered_rule_that_names_nothing_is_wrong() -> None:
    rule = RetentionRule("x", minimum="P1Y", fields=("profile.shoe_size", "ghost"))
    findings = found(opened(plugins=[Laws(rule)]), "faulty-rule")
    assert [(f.is_wrong, f.rules) for f in findings] == [(True, ("x",))] * 2
    assert "profile.shoe_size" in findings[0].message
    assert "ghost" in findings[1].message


@pytest.mark.parametrize(
    ("minimum", "maximum", "wrong"),
    [
        ("P1Y", "P1Y", False), ("P1Y", "P1Y3M", False), ("P12M", "P1Y", False),
        ("P1Y", "P11M", True), ("P2Y", "P1Y", True), ("P1M", "P30D", True), ("P30D", "P1M", True),
        ("P366D", "P1Y", True), ("P366D", "P367D", False),
    ],
)  # fmt: skip
def test_a_maximum_shorter_than_the_minimum_is_wrong(
    minimum: str, maximum: str, wrong: bool
) -> None:
    rule = RetentionRule("x", record_kind="file", minimum=minimum, maximum=maximum)
    findings = found(opened(plugins=[Laws(rule)]), "maximum-before-minimum")
    assert [(f.rules, f.is_wrong) for f in findings] == ([(("x",), True)] if wrong else [])


def test_a_rule_about_records_that_nobody_keeps_is_told() -> None:
    italian = {"P1": {"country": "IT"}}
    (open_,) = found(opened(properties=italian), "unknown-kind")
    assert (open_.rules, open_.is_wrong) == (("it.police-receipts",), False)
    assert found(opened(properties=italian, plugins=[Receipts()]), "unknown-kind") == []
    assert found(opened(properties={}), "unknown-kind") == [], "nobody is in Italy"


def test_a_rule_that_the_chain_asked_for_and_that_does_nothing_is_wrong() -> None:
    (finding,) = found(opened(retention={"on": ["nl.tax-records"]}, properties={}), "unknown-kind")
    assert (finding.rules, finding.is_wrong) == (("nl.tax-records",), True)
    own = {"name": "house", "record_kind": "minibar", "maximum": "P30D"}
    (finding,) = found(opened(retention={"rules": [own]}, properties={}), "unknown-kind")
    assert (finding.rules, finding.is_wrong) == (("house",), True)


def test_an_unverified_rule_in_force_is_open() -> None:
    assert found(opened(), "unverified-rule") == []
    (finding,) = found(opened(retention={"on": ["si.guest-book"]}), "unverified-rule")
    assert (finding.rules, finding.is_wrong) == (("si.guest-book",), False)


def test_rules_of_countries_without_a_property_are_open() -> None:
    (finding,) = found(opened(retention={"off": ["at.guest-register"]}), "no-property")
    assert not finding.is_wrong
    assert "pt.accommodation-bulletin" in finding.rules
    assert {SPAIN, "at.guest-register"}.isdisjoint(finding.rules)
    countries = ("AT", "CZ", "DE", "ES", "FR", "IT", "PT", "SK")
    everywhere = {f"in-{country}": {"country": country} for country in countries}
    assert found(opened(properties=everywhere), "no-property") == []


def test_no_time_zone_is_open() -> None:
    assert [f.is_wrong for f in found(opened(timezone="UTC"), "no-time-zone")] == [False]
    assert found(opened(), "no-time-zone") == []


def test_what_is_wrong_comes_first_and_good_settings_have_no_finding() -> None:
    engine = opened(timezone="UTC")
    at(engine, "P9")
    wrong = [finding.is_wrong for finding in engine.check_retention()]
    assert wrong == sorted(wrong, reverse=True)
    assert wrong[0] is True
    off = [known.rule.name for known in engine.retention_rules() if known.in_force]
    engine = opened(retention={"off": off})
    at(engine, "P1")
    assert engine.check_retention() == []


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_both_verbs_are_awaited() -> None:
    engine = opened()
    at(engine, "P9")
    awaited = AsyncEngine(engine)
    assert await awaited.retention_rules() == engine.retention_rules()
    assert await awaited.check_retention() == engine.check_retention()
