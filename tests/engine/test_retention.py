"""What a clear must leave in place, who may read it, and how it goes by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from kit import PNG, START, Clock, Ids, open_engine

from profilecore import (
    Actor,
    Engine,
    InvalidProfile,
    NotFound,
    PluginError,
    ProfileCleared,
    StalePlan,
)
from profilecore.model import State
from profilecore.model.documents import ReceiptStatus
from profilecore.store import MemoryStore, Store

SPAIN = "es.traveller-register"
POLICE = Actor("police-desk", purpose=SPAIN)
ANA = {
    "first_name": "Ana",
    "last_name": "García",
    "emails": ["ana@example.com"],
    "dietary_requirements": "no nuts",
    "notes": [{"text": "likes the garden"}],
    "external_ids": [{"system": "crm", "value": "17"}],
    "documents": [{"type": "passport", "country": "ES", "number": "P123456"}],
}
PLACES = {
    "P1": {"country": "ES", "timezone": "Europe/Madrid"},
    "P2": {"country": "PT", "timezone": "Europe/Lisbon"},
    "P3": {"country": "ES", "timezone": "Atlantic/Canary"},
}
Opens = Callable[..., Engine]


@pytest.fixture(params=["memory", "sqlite"])
def opens(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Opens]:
    """Give what opens an engine on a fresh store of each kind, with the chain's settings."""
    engines: list[Engine] = []

    def open_one(**settings: Any) -> Engine:
        store: Store = MemoryStore()
        if request.param == "sqlite":
            sqlite = pytest.importorskip("profilecore_sqlite")
            store = sqlite.open_store(f"sqlite:///{tmp_path}/guests{len(engines)}.db")
        config = {"properties": PLACES, "timezone": "Europe/Madrid"} | settings
        options = {name: config.pop(name) for name in ("clock", "plugins") if name in config}
        engines.append(open_engine(store, config={"profilecore": config}, **options))
        return engines[-1]

    yield open_one
    for engine in engines:
        engine.close()


def stayed(engine: Engine, arrival: str, departure: str, property_id: str = "P1") -> str:
    guest = engine.create(ANA)
    engine.record_stay(
        guest.id,
        {
            "property_id": property_id, "arrival": arrival, "departure": departure,
            "status": "departed", "reference": f"B{arrival}", "unit": "12", "channel": "web",
        },
    )  # fmt: skip
    return guest.id


def test_a_clear_leaves_what_the_law_of_the_country_holds(opens: Opens) -> None:
    engine = opens()
    id = stayed(engine, "2026-02-10", "2026-02-12")
    receipt = engine.clear(id)
    assert {(h.kind, h.rule, h.until) for h in receipt.held} == {
        ("profile", SPAIN, date(2029, 2, 12)),
        ("stay", SPAIN, date(2029, 2, 12)),
    }
    assert receipt.status is ReceiptStatus.ERASED
    assert (receipt.erased, receipt.kept) == ({}, {"profile": 1, "stay": 1})
    shown = engine.get(id)
    assert shown.state is State.RESTRICTED
    assert (shown.last_name, shown.emails, shown.documents, shown.notes) == (None, (), (), ())
    assert shown.held == receipt.held


def test_the_law_of_a_stay_holds_without_the_settings_too(opens: Opens) -> None:
    engine = opens()
    id = stayed(engine, "2026-02-10", "2026-02-12")
    bare = open_engine(engine.store, clock=Clock(START + timedelta(days=9)), new_id=Ids("later"))
    assert bare.stays(id)[0].country == "ES"
    assert {h.rule for h in bare.clear(id).held} == {SPAIN}


def test_a_stay_without_dates_is_held_from_the_day_it_was_recorded(opens: Opens) -> None:
    engine = opens()
    guest = engine.create(ANA)
    engine.record_stay(guest.id, {"property_id": "P1", "status": "departed"})
    assert {(h.kind, h.rule) for h in engine.clear(guest.id).held} == {
        ("profile", SPAIN), ("stay", SPAIN),
    }  # fmt: skip


def test_what_is_held_is_read_for_its_purpose_only_and_leaves_a_trace(opens: Opens) -> None:
    engine = opens()
    id = stayed(engine, "2026-02-10", "2026-02-12")
    engine.clear(id)
    (reduced,) = engine.stays(id)
    assert (reduced.arrival, reduced.reference) == (date(2026, 2, 1), None)
    newest = engine.changes().next or 0
    with engine.acting(POLICE):
        shown = engine.get(id)
        (stay,) = engine.stays(id)
    assert (shown.first_name, shown.last_name) == ("Ana", "García")
    assert shown.documents[0].number == "P123456"
    assert (shown.dietary_requirements, shown.notes, shown.external_ids) == (None, (), ())
    assert (stay.arrival, stay.reference) == (date(2026, 2, 10), "B2026-02-10")
    traces = engine.changes(newest).items
    assert [(e.type, e.actor, e.subject) for e in traces] == [
        ("restricted.read", "police-desk", SPAIN)
    ] * 2
    with engine.acting(Actor("desk", purpose="curiosity")):
        assert engine.get(id).last_name is None


def test_a_page_of_hits_is_no_reading_for_a_purpose(opens: Opens) -> None:
    engine = opens()
    id = stayed(engine, "2026-02-10", "2026-02-12")
    engine.clear(id)
    newest = engine.changes().next or 0
    with engine.acting(POLICE):
        (shown,) = engine.search(state="restricted").items
    assert (shown.id, shown.last_name, shown.documents) == (id, None, ())
    assert engine.changes(newest).items == ()


def test_what_is_held_is_out_of_search_merge_and_change(opens: Opens) -> None:
    engine = opens()
    id = stayed(engine, "2026-02-10", "2026-02-12")
    other = engine.create({"last_name": "García"}).id
    engine.clear(id)
    assert [p.id for p in engine.search("garc").items] == [other]
    assert [p.id for p in engine.search(state="restricted").items] == [id]
    assert engine.search(state="restricted").items[0].last_name is None
    assert engine.plan_merge(other, [id]).blockers
    for change in (
        lambda: engine.update(id, {"last_name": "x"}),
        lambda: engine.record_stay(id, {"property_id": "P1"}),
        lambda: engine.attach(id, "a.png", PNG),
        lambda: engine.record_activity(id),
        lambda: engine.place_hold(id, kind="open-bill"),
    ):
        with pytest.raises(ProfileCleared):
            change()
    with pytest.raises(ProfileCleared):
        engine.create({"last_name": "x", "external_ids": [{"system": "crm", "value": "17"}]})


def test_passing_the_date_finishes_the_clear(opens: Opens) -> None:
    clock = Clock()
    engine = opens(clock=clock)
    id = stayed(engine, "2026-02-10", "2026-02-12")
    first = engine.clear(id, reason="asked")
    clock.now = clock.now.replace(year=2029, month=2, day=12, hour=22)
    assert engine.clear_due().finished == 0
    assert engine.clear(id) == first, "a second clear gives the same receipt while it is held"
    clock.move(hours=1)  # midnight in Madrid
    report = engine.clear_due()
    assert (report.finished, report.ids) == (1, (id,))
    last = engine.receipt(id)
    assert (last.follows, last.held, last.reason) == (first.id, (), "asked")
    assert engine.get(id).state is State.CLEARED
    assert engine.clear(id) == last
    assert engine.verify_receipts() == []
    with engine.acting(POLICE):
        assert engine.get(id).last_name is None
        assert engine.stays(id)[0].arrival == date(2026, 2, 1)
    with pytest.raises(ProfileCleared):
        engine.create({"last_name": "x", "external_ids": [{"system": "crm", "value": "17"}]})
    assert engine.clear_due().finished == 0


def test_nothing_is_held_where_no_country_is_known_or_nobody_came(opens: Opens) -> None:
    engine = opens(properties={"P1": {}})
    assert engine.clear(stayed(engine, "2026-02-10", "2026-02-12")).held == ()
    engine = opens()
    for status in ("cancelled", "no_show", "enquired"):
        guest = engine.create(ANA | {"external_ids": []}).id
        engine.record_stay(
            guest,
            {"property_id": "P1", "arrival": "2026-02-10", "departure": "2026-02-12",
             "status": status},
        )  # fmt: skip
        assert engine.clear(guest).held == ()


def test_the_latest_stay_holds_the_profile_and_each_stay_is_held_for_itself(opens: Opens) -> None:
    clock = Clock()
    engine = opens(clock=clock)
    id = stayed(engine, "2023-01-10", "2023-01-12")
    for number, day in enumerate(("2024-05-01", "2025-06-01")):
        engine.record_stay(
            id, {"property_id": "P3", "arrival": day, "departure": day, "status": "departed",
                 "reference": str(number)},
        )  # fmt: skip
    held = engine.clear(id).held
    assert sorted((h.kind, str(h.until)) for h in held) == [
        ("profile", "2028-06-01"), ("stay", "2027-05-01"), ("stay", "2028-06-01"),
    ]  # fmt: skip
    references = sorted(str(s.reference) for s in engine_as_police(engine, id))
    assert references == ["0", "1", "None"]
    clock.move(days=500)
    assert engine.clear_due().finished == 1
    assert [str(s.reference) for s in engine_as_police(engine, id)].count("None") == 2
    clock.move(days=400)
    assert engine.clear_due().finished == 1
    assert engine.get(id).state is State.CLEARED


def engine_as_police(engine: Engine, id: str) -> list[Any]:
    with engine.acting(POLICE):
        return engine.stays(id)


def test_nationals_are_spared_where_only_foreigners_are_registered(opens: Opens) -> None:
    engine = opens()
    for nationalities, kept in ((["PT"], 0), (["FR"], 2), ([], 2)):
        guest = engine.create({"last_name": "Silva", "nationalities": nationalities}).id
        engine.record_stay(
            guest, {"property_id": "P2", "arrival": "2026-02-10", "departure": "2026-02-12"}
        )
        assert len(engine.clear(guest).held) == kept


def test_a_legal_hold_keeps_what_it_names_and_its_release_finishes_the_clear(opens: Opens) -> None:
    engine = opens()
    guest = engine.create(ANA).id
    wanted, other = engine.attach(guest, "a.png", PNG), engine.attach(guest, "b.png", PNG)
    hold = engine.place_hold(
        guest, kind="dispute", keeps=["profile.last_name", f"file/{wanted.id}"]
    )
    assert engine.plan_clear(guest).blockers == ()
    receipt = engine.clear(guest)
    assert {(h.kind, h.rule, h.until) for h in receipt.held} == {
        ("profile", "dispute", None), ("file", "dispute", None),
    }  # fmt: skip
    assert receipt.erased["file"] == 1
    assert engine.files(guest) == []
    with pytest.raises(NotFound):
        engine.read_file(wanted.id)
    with engine.acting(Actor("lawyer", purpose="dispute")):
        assert engine.read_file(wanted.id) == PNG
        assert engine.get(guest).last_name == "García"
        assert engine.get(guest).first_name is None
        with pytest.raises(ProfileCleared):
            engine.detach(wanted.id)
        with pytest.raises(NotFound):
            engine.read_file(other.id)
    assert [h.id for h in engine.holds(guest)] == [hold.id]
    engine.release_hold(hold.id)
    assert engine.get(guest).state is State.CLEARED
    last = engine.receipt(guest)
    assert (last.follows, last.erased, last.status) == (
        receipt.id, {"profile": 1, "file": 1, "hold": 1}, ReceiptStatus.ERASED,
    )  # fmt: skip
    assert engine.store.check() == []


def test_a_hold_placed_later_keeps_what_is_still_there(opens: Opens) -> None:
    clock = Clock()
    engine = opens(clock=clock)
    id = stayed(engine, "2026-02-10", "2026-02-12")
    engine.clear(id)
    hold = engine.place_hold(id, kind="dispute", keeps=["profile.last_name", "profile.notes"])
    clock.move(days=4 * 365)
    assert engine.clear_due().finished == 1
    (held,) = engine.get(id).held
    assert (held.rule, held.fields) == ("dispute", ("last_name",))
    with engine.acting(Actor("lawyer", purpose="dispute")):
        assert engine.get(id).last_name == "García"
    engine.release_hold(hold.id)
    assert engine.get(id).state is State.CLEARED


def test_a_hold_that_keeps_must_name_what_there_is(opens: Opens) -> None:
    engine = opens()
    guest = engine.create(ANA).id
    with pytest.raises(ValueError, match="/keeps/0"):
        engine.place_hold(guest, kind="dispute", keeps=["profile.shoe_size"])


def test_a_rule_that_is_switched_off_holds_no_more(opens: Opens) -> None:
    engine = opens(retention={"off": [SPAIN]})
    assert engine.clear(stayed(engine, "2026-02-10", "2026-02-12")).held == ()


def test_a_rule_of_the_chains_own_takes_the_place_of_the_built_in_one(opens: Opens) -> None:
    own = {"name": SPAIN, "country": "ES", "minimum": "P10D", "fields": ["profile.last_name"]}
    engine = opens(retention={"rules": [own]})
    (held,) = engine.clear(stayed(engine, "2026-02-20", "2026-02-25")).held
    assert (held.fields, held.until) == (("last_name",), date(2026, 3, 7))


def test_what_a_rule_wants_deleted_is_deleted_whole_when_its_time_is_over(opens: Opens) -> None:
    clock = Clock()
    own = {"name": "book", "minimum": "P10D", "fields": ["stay.unit"], "on_expiry": "delete"}
    engine = opens(retention={"off": [SPAIN], "rules": [own]}, clock=clock)
    id = stayed(engine, "2026-02-20", "2026-02-25")
    engine.clear(id)
    assert len(engine.stays(id)) == 1
    clock.move(days=10)
    assert engine.clear_due().finished == 1
    assert engine.stays(id) == []


def test_what_a_rule_wants_deleted_goes_also_where_its_time_was_over_before(opens: Opens) -> None:
    own = {"name": "book", "minimum": "P10D", "fields": ["stay.unit"], "on_expiry": "delete"}
    engine = opens(retention={"off": [SPAIN], "rules": [own]})
    id = stayed(engine, "2026-01-20", "2026-01-25")
    receipt = engine.clear(id)
    assert (receipt.held, receipt.erased["stay"]) == ((), 1)
    assert engine.stays(id) == []


def test_a_property_sees_in_a_plan_that_its_documents_past_their_time_go(opens: Opens) -> None:
    own = {"name": "book", "minimum": "P10D", "fields": ["stay.unit"], "on_expiry": "delete"}
    engine = opens(retention={"off": [SPAIN], "rules": [own]})
    over = stayed(engine, "2026-01-20", "2026-01-25")
    held = stayed(engine, "2026-02-20", "2026-02-25")
    with engine.acting(Actor("desk", "P1")):
        plans = [engine.plan_clear(id) for id in (over, held)]
    assert [fate.on_clear.value for plan in plans for fate in plan.documents] == ["erase", "fields"]


@pytest.mark.parametrize("day", ["soon", date(2999, 1, 1), START, 7])
def test_what_is_no_day_of_an_activity_is_refused(opens: Opens, day: Any) -> None:
    engine = opens()
    id = engine.create(ANA).id
    with pytest.raises(InvalidProfile, match="/day"):
        engine.record_activity(id, day)
    engine.record_activity(id, START.date() + timedelta(days=1))
    assert engine.explain(id).last_sign == START.date() + timedelta(days=1)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"retention": {"off": ["es.nothing"]}}, "es.nothing"),
        ({"retention": {"rules": [{"name": "x", "minimum": "3 years"}]}}, "minimum"),
        ({"retention": {"rules": [{"name": "x"}]}}, "minimum or a maximum"),
        ({"retention": {"rules": [{"name": "x", "record_kind": "stay", "maximum": "P1Y"}]}},
         "a stay goes with its person"),
        ({"retention": {"rules": [{"name": "x", "minimum": "P1Y", "fields": ["profile.x"]}]}},
         "profile.x"),
        ({"retention": {"rules": [{"name": "x", "minimum": "P1Y", "valid_from": START}]}},
         "without a time"),
        ({"properties": {"P1": {"country": "Spain"}}}, "country"),
        ({"properties": {"P1": {"timezone": "Madrid"}}}, "timezone"),
        ({"properties": {"P1": {"fiscal_year_end": "31.12."}}}, "fiscal_year_end"),
        ({"timezone": "Mars"}, "timezone"),
    ],
)  # fmt: skip
def test_wrong_settings_are_named(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(PluginError, match=named):
        open_engine(config={"profilecore": settings})


def test_an_unverified_rule_is_off_until_it_is_named(opens: Opens) -> None:
    places = {"P1": {"country": "SI"}}
    engine = opens(properties=places)
    assert engine.clear(stayed(engine, "2026-02-10", "2026-02-12")).held == ()
    engine = opens(properties=places, retention={"on": ["si.guest-book"]})
    assert engine.clear(stayed(engine, "2026-02-10", "2026-02-12")).held


def test_a_plan_whose_holding_changed_is_stale(opens: Opens) -> None:
    clock = Clock()
    engine = opens(clock=clock)
    id = stayed(engine, "2026-02-10", "2026-02-12")
    plan = engine.plan_clear(id)
    assert "last_name" not in plan.fields
    assert "dietary_requirements" in plan.fields
    clock.move(days=4 * 365)
    with pytest.raises(StalePlan):
        engine.clear(plan)


def test_a_property_sees_no_more_of_what_is_held_than_its_own(opens: Opens) -> None:
    engine = opens()
    id = stayed(engine, "2026-02-10", "2026-02-12")
    engine.clear(id)
    with engine.acting(Actor("desk", "P3", purpose=SPAIN)):
        assert {h.kind for h in engine.get(id).held} == {"profile"}
        assert {h.kind for h in engine.receipt(id).held} == {"profile"}


def test_a_stay_under_way_or_to_come_blocks(opens: Opens) -> None:
    engine = opens()
    for status, arrival, departure, code in (
        ("in_house", "2026-02-27", "2026-03-02", "in-house"),
        ("in_house", None, None, "in-house"),
        ("confirmed", "2026-04-01", "2026-04-03", "future-stay"),
        ("in_house", "2026-02-01", "2026-02-03", "in-house"),  # stays on, or was not checked out
        ("in_house", "2026-02-01", None, "in-house"),
        ("confirmed", "2026-02-01", "2026-02-03", None),
        ("cancelled", "2026-04-01", "2026-04-03", None),
    ):
        guest = engine.create(ANA | {"external_ids": []}).id
        engine.record_stay(
            guest, {"property_id": "P1", "arrival": arrival, "departure": departure,
                    "status": status},
        )  # fmt: skip
        blockers = engine.plan_clear(guest).blockers
        assert [b.code for b in blockers] == ([] if code is None else [code])
        with engine.acting(Actor("desk", "P2")):
            others = engine.plan_clear(guest).blockers
        assert [b.code for b in others] == ([] if code is None else ["other-property"])


def test_the_explanation_says_it_in_words_and_as_data(opens: Opens) -> None:
    engine = opens(inactivity={"after_days": 1000})
    id = stayed(engine, "2026-02-10", "2026-02-12")
    bill = engine.place_hold(id, kind="open-bill", property_id="P1", expected_on=date(2026, 3, 5))
    told = engine.explain(id)
    assert (told.complete_on, told.due_by) == (date(2029, 2, 13), "inactivity")
    assert told.due_on == date(2026, 3, 1) + timedelta(days=1001)
    words = "\n".join(told.words)
    for text in ("refused now", "open-bill", "2026-03-05", SPAIN, "933/2021", "2029-02-12",
                 "leaves nothing", "for inactivity"):  # fmt: skip
        assert text in words
    assert "García" not in words
    engine.release_hold(bill.id)
    assert "A clear is possible now." in engine.explain(id).words
    engine.clear(id)
    assert "cleared but for" in engine.explain(id).words[0]
    assert engine.explain(id).due_on is None
