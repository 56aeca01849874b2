"""Where something is missing or unclear, nobody is cleared and nothing is released."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest
from away import YEAR, Opens, guest, opens, states
from clears import PLACES, REGISTER, stayed
from kit import P1, P2, PNG, Clock, Ids

from profilecore import (
    Actor,
    Blocker,
    ClearBlocked,
    ClearPlan,
    InvalidProfile,
    PluginError,
    hookimpl,
)
from profilecore.model import DocumentKind, OnClear, State, Stay
from profilecore.model.documents import Document, Held
from profilecore.model.fields import evolve, lean
from profilecore.rules.retention import RetentionRule

__all__ = ["opens"]

KEY = "0" * 64


@lean
class Card:
    """A document with a day."""

    day: date


START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Host:
    """A host with stays of its own, which answers or does not."""

    name = "host"
    is_down = False

    @hookimpl
    def profilecore_register_stays(self, register: Callable[[Any], None]) -> None:
        register(self.stays)

    def stays(self, ids: Sequence[str]) -> list[Stay]:
        if self.is_down:
            raise ConnectionError
        last = date(2020, 1, 3)
        return [Stay(profile_id=id, property_id="P1", arrival=last, departure=last) for id in ids]


def test_a_host_that_is_down_does_not_spend_the_first_share(opens: Opens) -> None:
    host, clock = Host(), Clock(START)
    engine = opens(YEAR | {"first_share": 0.05}, plugins=[host], clock=clock)
    ids = [guest(engine) for _ in range(10)]
    host.is_down = True
    assert engine.clear_due().needs_confirmation
    host.is_down = False
    clock.move(days=1)
    report = engine.clear_due()
    assert (report.needs_confirmation, report.cleared) == (True, 0)
    assert engine.clear_due(confirm=True).cleared == 10
    assert states(engine, *ids) == [State.CLEARED] * 10


def test_a_dry_run_counts_those_in_doubt_as_the_run_does(opens: Opens) -> None:
    class Bill:
        name = "bill"

        @hookimpl
        def profilecore_check_clear(self, plan: ClearPlan) -> list[Blocker]:
            is_open = plan.profile_id == owing
            return [Blocker("open-bill", "A bill is open.")] if is_open else []

    engine = opens(YEAR | {"first_share": 0.5}, plugins=[Bill()])
    owing, *_ = [guest(engine, "2020-01-01") for _ in range(3)]
    guest(engine, "2026-02-01")
    dry, run = engine.clear_due(dry_run=True), engine.clear_due()
    assert (dry.active, dry.due, dry.needs_confirmation) == (4, 3, True)
    assert (run.active, run.due, run.needs_confirmation) == (4, 3, True)


def test_a_plugin_that_could_not_be_loaded_blocks_every_clear(opens: Opens) -> None:
    class Broken:
        name = "billing"

        @hookimpl
        def profilecore_register_stays(self, register: object) -> None:
            raise KeyError

        @hookimpl
        def profilecore_check_clear(self, plan: object) -> list[Blocker]:
            return [Blocker("open-bill", "A bill is open.")]

    engine = opens(plugins=[Broken()])
    id = guest(engine, "2020-01-01")
    with pytest.raises(ClearBlocked, match=r"plugin-not-loaded.*'billing'"):
        engine.clear(id)
    assert engine.clear_due().blocked == {"plugin-not-loaded": 1}
    assert opens(new_id=Ids("later")).clear(id).profile_id == id


def test_the_newest_of_merged_profiles_says_when_a_guest_came(opens: Opens) -> None:
    clock = Clock(datetime(2024, 1, 1, tzinfo=UTC))
    engine = opens(clock=clock)
    old = guest(engine)
    clock.move(days=360)
    new = guest(engine)
    engine.merge(engine.plan_merge(old, [new]))
    clock.move(days=10)
    assert engine.clear_due().cleared == 0
    clock.move(days=360)
    assert engine.clear_due().cleared == 1


def test_a_warning_is_given_today_whatever_time_is_asked_for(opens: Opens) -> None:
    clock = Clock(START)
    engine = opens(YEAR | {"grace_days": 30}, clock=clock)
    id = guest(engine, "2020-01-01")
    assert engine.clear_due(date(2026, 1, 1)).announced == 1
    assert engine.explain(id).announced == date(2026, 3, 31)
    assert engine.clear_due().cleared == 0
    clock.move(days=31)
    assert engine.clear_due().cleared == 1


def test_a_rule_that_ends_a_person_waits_for_no_days_of_grace(opens: Opens) -> None:
    rule = {
        "name": "house.max", "record_kind": "profile", "clock": "last_activity",
        "maximum": "P370D",
    }  # fmt: skip
    clock = Clock(datetime(2026, 3, 1, 3, tzinfo=UTC))
    settings = {"retention": {"rules": [rule]}}
    engine = opens(YEAR | {"grace_days": 30}, clock=clock, settings=settings)
    id = guest(engine, "2025-02-28")
    assert engine.clear_due().announced == 1
    clock.now = datetime(2026, 3, 5, 23, tzinfo=UTC)
    assert engine.clear_due().cleared == 0
    clock.now = datetime(2026, 3, 6, 1, tzinfo=UTC)
    assert engine.clear_due().cleared == 1
    assert engine.receipt(id).reason == "house.max"


def test_an_end_of_activity_ends_every_warning_of_merged_people(opens: Opens) -> None:
    clock = Clock(START)
    engine = opens(YEAR | {"grace_days": 30}, clock=clock)
    one, other = guest(engine, "2020-01-01"), guest(engine, "2020-01-01")
    assert engine.clear_due().announced == 2
    engine.merge(engine.plan_merge(one, [other]))
    engine.record_activity(one)
    clock.move(days=31)
    assert engine.clear_due().withdrawn == 1
    with engine.store.read() as reader:
        assert reader.count("notice") == 0
    assert engine.explain(one).announced is None


@pytest.mark.parametrize("country", ["fr", "FRA", "F1", "é"])
def test_a_residence_that_no_country_has_is_refused(opens: Opens, country: str) -> None:
    with pytest.raises(PluginError, match="by_residence"):
        opens({"after_days": 365, "by_residence": {country: 3_650}})


def test_a_rule_that_keeps_a_profile_must_say_what_of_it(opens: Opens) -> None:
    rule = {"name": "house.keep", "record_kind": "profile", "minimum": "P3Y"}
    with pytest.raises(PluginError, match=r"house\.keep: fields"):
        opens(settings={"retention": {"rules": [rule]}})


# ---- what is kept, where the plugin that says so is missing


@lean
class _Copy:
    text: str = attrs.field(repr=False)


class Register:
    """A plugin with a kind of documents."""

    name = "register"

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[Any], None]) -> None:
        register(DocumentKind("copy", _Copy, OnClear.ERASE, dated=lambda _: date(2026, 2, 12)))


class Law:
    """A plugin with a law that has such documents kept."""

    name = "law"

    @hookimpl
    def profilecore_register_retention(self, register: Callable[[Any], None]) -> None:
        register(RetentionRule("law.copies", country="ES", record_kind="copy", minimum="P3Y"))


def held_copy(opens: Opens, clock: Clock) -> str:
    settings = {"properties": PLACES}
    engine = opens(plugins=[Register(), Law()], settings=settings, clock=clock)
    id = engine.create({"last_name": "García"}).id
    engine.store_document("copy", _Copy("GARCIA<<ANA"), profile_id=id, property_id="P1")
    assert [held.rule for held in engine.clear(id).held] == ["law.copies"]
    return id


@pytest.mark.parametrize("plugins", [[Register()], [Law()], []])
def test_what_a_law_keeps_stays_while_the_plugin_that_says_so_is_missing(
    opens: Opens, plugins: list[object]
) -> None:
    clock = Clock(START)
    id = held_copy(opens, clock)
    clock.move(days=1)
    engine = opens(
        plugins=plugins, settings={"properties": PLACES}, clock=clock, new_id=Ids("later")
    )
    assert engine.clear_due().finished == 0
    with engine.store.read() as reader:
        assert b"GARCIA<<ANA" in reader.owned([id], "copy")[0].body
    clock.move(days=3 * 366)
    assert engine.clear_due().finished == 1
    with engine.store.read() as reader:
        assert reader.owned([id], "copy") == []


def test_part_of_a_document_is_kept_whole_where_its_kind_is_missing(opens: Opens) -> None:
    clock = Clock(START)
    id = held_copy(opens, clock)
    engine = opens(clock=clock, new_id=Ids("later"))
    with engine.store.write() as writer:
        profile = engine._kernel.load(writer, id)
        held = tuple(Held(h.kind, h.rule, ("text",), h.id, h.until) for h in profile.held)
        body = engine._kernel.codec.dump(evolve(profile, held=held, version=profile.version + 1))
        stored = writer.get("profile", id)
        assert stored is not None
        writer.put(Document("profile", id, id, stored.version + 1, body), expect=stored.version)
    hold = engine.place_hold(id, kind="dispute", keeps=["profile.last_name"])
    assert not engine.release_hold(hold.id).is_open
    with engine.store.read() as reader:
        assert b"GARCIA<<ANA" in reader.owned([id], "copy")[0].body


def test_a_rule_that_is_switched_off_releases_what_it_held(opens: Opens) -> None:
    clock = Clock(START)
    id = held_copy(opens, clock)
    off = {"properties": PLACES, "retention": {"off": ["law.copies"]}}
    engine = opens(plugins=[Register(), Law()], settings=off, clock=clock, new_id=Ids("later"))
    assert engine.clear_due().finished == 1
    assert engine.get(id).state is State.CLEARED


# ---- what is told


def test_an_objection_without_an_identifier_is_not_said_to_be_remembered(opens: Opens) -> None:
    engine = opens(settings={"suppression_key": KEY})
    nameless, known = guest(engine), guest(engine, emails=["ana@example.org"])
    assert engine.clear(nameless, objected=True).objected is False
    assert engine.clear(known, objected=True).objected is True
    assert engine.objected({"emails": ["ana@example.org"]})


def test_a_property_is_told_nothing_by_what_another_one_did(opens: Opens) -> None:
    engine = opens()
    id = guest(engine)
    engine.attach(id, "a.png", b"\x89PNG\r\n\x1a\n", property_id="P1")
    bill = engine.place_hold(id, kind="open-bill", property_id="P1")
    engine.release_hold(bill.id)
    with engine.acting(P2):
        told = engine.explain(id)
        assert (told.last_sign, told.due_on, told.due_by) == (None, None, None)
        receipt = engine.clear(id)
        assert (receipt.erased, receipt.kept) == ({}, {})
    with engine.acting(P1):
        assert engine.receipt(id).erased == {}
    assert engine.receipt(id).erased["file"] == 1


def test_the_last_day_of_all_can_be_explained(opens: Opens) -> None:
    engine = opens(settings={"properties": PLACES})
    id = guest(engine)
    stayed(engine, id, arrival="2026-02-10", departure="9999-12-31", status="in_house")
    engine.place_hold(id, kind="open-bill", expected_on=date.max)
    told = engine.explain(id)
    assert told.complete_on == date.max
    assert REGISTER in " ".join(told.words)
    for year in (1, 9_999):
        with pytest.raises(InvalidProfile, match="1900 to 9000"):
            engine.clear_due(date(year, 6, 1), dry_run=True)


def test_why_a_clear_cannot_be_finished_is_said(opens: Opens) -> None:
    class Bill:
        name = "bill"
        is_open = False

        @hookimpl
        def profilecore_check_clear(self, plan: object) -> list[Blocker]:
            return [Blocker("open-bill", "A bill is open.")] if self.is_open else []

    bill = Bill()
    engine = opens(plugins=[bill])
    id = guest(engine)
    hold = engine.place_hold(id, kind="dispute", keeps=["profile.last_name"])
    engine.clear(id)
    bill.is_open = True
    engine.release_hold(hold.id)
    words = engine.explain(id).words
    assert "The end of that is refused now:" in words
    assert "- open-bill: A bill is open." in words


def test_a_cleared_guest_is_no_companion_any_more(opens: Opens) -> None:
    engine = opens()
    host, friend, other = guest(engine), guest(engine, "2020-01-01"), guest(engine)
    with_friend = stayed(engine, host, companions=[friend, other])
    again = stayed(engine, other, companions=[friend])
    assert engine.clear_due().cleared == 0, "with the others the friend was there, too"
    engine.clear(friend)
    (stay,) = engine.stays(host)
    assert (stay.id, stay.companions, stay.adults) == (with_friend, (other,), 2)
    assert engine.stays(other)[0].companions == ()
    # It is found by its number as before, and by whom else it names.
    assert stayed(engine, other, adults=3) == again
    engine.clear(other)
    assert engine.stays(host)[0].companions == ()


def test_a_refusal_ends_a_consent_on_the_day_of_the_chain(opens: Opens) -> None:
    rule = {
        "name": "house.proof", "record_kind": "profile", "clock": "consent_end",
        "minimum": "P1Y", "fields": ["profile.consents"],
    }  # fmt: skip
    settings = {"timezone": "Asia/Tokyo", "retention": {"rules": [rule]}}
    engine = opens(settings=settings)
    refused = {"purpose": "news", "status": "revoked", "at": "2026-02-10T23:30:00+00:00"}
    id = guest(engine, consents=[refused])
    (held,) = engine.plan_clear(id).held
    assert held.until == date(2027, 2, 11)


def test_a_scrub_that_is_asked_for_reaches_the_store_without_a_pending_clear(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opens()
    asked = []
    monkeypatch.setattr(type(engine.store), "scrub", lambda store: asked.append(store) or True)
    assert engine.scrub() == 0
    assert len(asked) == 1
    with engine.acting(Actor("desk")):
        guest(engine)
    assert len(asked) == 1


def test_a_run_as_of_an_earlier_day_does_not_spend_the_first_share(opens: Opens) -> None:
    engine = opens(YEAR | {"first_share": 0.05}, clock=Clock(START))
    for _ in range(20):
        guest(engine, "2021-01-01")
    assert engine.clear_due(as_of=date(2021, 6, 1)).cleared == 0
    report = engine.clear_due()
    assert (report.needs_confirmation, report.cleared) == (True, 0)


@pytest.mark.parametrize(
    "house", [{"classifications": ["paymaster_account"]}, {"profile_type": "company"}]
)
def test_no_rule_clears_the_accounts_of_the_house(opens: Opens, house: dict[str, Any]) -> None:
    rule = {"name": "house.all", "record_kind": "profile", "maximum": "P30D"}
    engine = opens({}, settings={"retention": {"rules": [rule]}}, clock=Clock(START))
    account, ana = guest(engine, "2025-01-01", **house), guest(engine, "2025-01-01")
    report = engine.clear_due(confirm=True)
    assert (report.cleared, states(engine, account, ana)) == (1, [State.ACTIVE, State.CLEARED])


@pytest.mark.parametrize("on_clear", list(OnClear))
def test_what_is_past_its_longest_time_goes_with_the_person(
    opens: Opens, on_clear: OnClear
) -> None:
    class Cards:
        name = "cards"

        @hookimpl
        def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
            register(DocumentKind("card", Card, on_clear, dated=lambda card: card.day))

    rule = {"name": "house.card", "record_kind": "card", "maximum": "P1Y"}
    settings = {"retention": {"rules": [rule]}}
    engine = opens(plugins=[Cards()], settings=settings, clock=Clock(START))
    id = guest(engine, "2021-01-01")
    engine.store_document("card", Card(date(2021, 1, 1)), profile_id=id)
    report = engine.clear_due()
    assert (report.cleared, report.expired) == (1, 1)
    with engine.store.read() as reader:
        assert reader.owned([id], "card") == []


def test_each_reading_of_a_restricted_persons_documents_is_in_the_feed(opens: Opens) -> None:
    class Cards:
        name = "cards"

        @hookimpl
        def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
            register(DocumentKind("card", Card, OnClear.ERASE, dated=lambda card: card.day))

    rule = {"name": "house.card", "record_kind": "card", "minimum": "P9Y"}
    settings = {"retention": {"rules": [rule]}}
    engine = opens(plugins=[Cards()], settings=settings, clock=Clock(START))
    id = guest(engine)
    card = engine.store_document("card", Card(date(2026, 1, 1)), profile_id=id)
    engine.clear(id)
    seen = len(engine.changes().items)
    with engine.acting(Actor("auditor", purpose="house.card")):
        assert engine.document("card", card.id).value == card.value
        assert len(engine.documents("card", profile_id=id)) == 1
    assert engine.documents("card") == []
    told = [(e.type, e.profile_id, e.actor) for e in engine.changes().items[seen:]]
    assert told == [("restricted.read", id, "auditor")] * 2


def test_what_comes_between_two_looks_does_not_stay_longer_than_it_may(opens: Opens) -> None:
    rule = {"name": "house.scans", "record_kind": "file", "maximum": "P30D"}
    clock = Clock(START)
    engine = opens({}, settings={"retention": {"rules": [rule]}}, clock=clock)
    ids = [guest(engine) for _ in range(20)]
    engine.clear_due()
    clock.move(days=1)
    for id in ids:
        engine.attach(id, "scan.png", PNG)
    for _ in range(61):
        clock.move(days=1)
        engine.clear_due()
    assert all(engine.files(id) == [] for id in ids)


ABROAD = {"P3": {"country": "US", "timezone": "America/New_York"}}


@pytest.mark.parametrize(
    "rule", [{"maximum": "P30D"}, {"minimum": "P30D", "fields": ["profile.last_name"]}]
)
def test_a_day_is_over_where_the_guest_was(opens: Opens, rule: dict[str, Any]) -> None:
    clock = Clock(START)
    rules = {"rules": [{"name": "house.rule", "record_kind": "profile"} | rule]}
    settings = {"timezone": "Asia/Tokyo", "properties": ABROAD, "retention": rules}
    engine = opens({}, settings=settings, clock=clock)
    id = guest(engine)
    stayed(engine, id, "P3", arrival="2026-02-08", departure="2026-02-10")
    if "minimum" in rule:
        engine.clear(id)
    for hour, gone in ((3, 0), (5, 1)):
        clock.now = datetime(2026, 3, 13, hour, tzinfo=UTC)
        report = engine.clear_due(confirm=True)
        assert report.cleared + report.finished == gone


@pytest.mark.parametrize("day", ["2026-02-01", "soon", "2026-02-01T00:00:00+00:00"])
def test_a_day_on_which_nothing_was_lifted_promises_nothing(opens: Opens, day: str) -> None:
    class Bill:
        name = "bill"

        @hookimpl
        def profilecore_check_clear(self, plan: ClearPlan) -> list[Blocker]:
            return [Blocker("open-bill", "A bill is open.", expected_on=day)]

    engine = opens(plugins=[Bill()], clock=Clock(START))
    assert engine.explain(guest(engine)).complete_on is None
