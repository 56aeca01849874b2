"""Clearing whom time is up for: the inactive by policy, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from away import YEAR, Opens, guest, opens, states
from kit import P1, PNG, Clock, open_engine

from profilecore import (
    Engine,
    InvalidProfile,
    PluginError,
    ProfilecoreError,
    ScopeDenied,
    hookimpl,
)
from profilecore.model import State, Stay

__all__ = ["opens"]


def test_who_was_away_longer_than_the_policy_allows_is_cleared(opens: Opens) -> None:
    engine = opens()
    old, fresh = guest(engine, "2025-02-01"), guest(engine, "2025-04-01")
    report = engine.clear_due()
    assert (report.cleared, report.ids, report.more) == (1, (old,), False)
    assert states(engine, old, fresh) == [State.CLEARED, State.ACTIVE]
    assert engine.receipt(old).reason == "inactivity"
    assert engine.receipt(old).status.value == "erased"
    assert engine.clear_due().cleared == 0


def test_it_is_off_until_it_is_switched_on(opens: Opens) -> None:
    engine = opens({})
    guest(engine, "1999-01-01")
    report = engine.clear_due()
    assert (report.cleared, report.done, report.active) == (0, 0, 0)
    assert engine.clear_due(dry_run=True).cleared == 0


@pytest.mark.parametrize(
    "policy",
    [
        {"after_days": 0}, {"after_days": -1}, {"by_residence": {"FR": 0}},
        {"by_residence": {"FR": -1}}, {"after_days": 365, "grace_days": -1},
        {"after_days": 365, "first_share": 1.5}, {"after_days": 365, "first_share": -0.1},
    ],
)  # fmt: skip
def test_no_setting_means_everybody(policy: dict[str, Any]) -> None:
    with pytest.raises(PluginError, match="inactivity"):
        open_engine(config={"profilecore": {"inactivity": policy}})


@pytest.mark.parametrize("limit", [0, -1, None, True, "all", 10**9])
def test_no_limit_means_everybody(opens: Opens, limit: Any) -> None:
    engine = opens()
    id = guest(engine, "2020-01-01")
    for dry_run in (False, True):
        with pytest.raises(InvalidProfile, match="/limit"):
            engine.clear_due(limit=limit, dry_run=dry_run)
    assert states(engine, id) == [State.ACTIVE]


def test_time_cannot_be_run_ahead_but_in_a_dry_run(opens: Opens) -> None:
    engine = opens()
    id = guest(engine, "2026-02-01")
    for ahead in (date(2030, 1, 1), datetime(2030, 1, 1, tzinfo=UTC)):
        with pytest.raises(InvalidProfile, match="/as_of"):
            engine.clear_due(ahead)
        assert engine.clear_due(ahead, dry_run=True).ids == (id,)
    with pytest.raises(InvalidProfile, match="time zone"):
        engine.clear_due(datetime(2020, 1, 1))  # noqa: DTZ001
    assert engine.clear_due(date(2026, 1, 1)).cleared == 0


def test_it_is_the_chains_to_do_and_commits_as_it_goes(opens: Opens) -> None:
    engine = opens()
    with engine.acting(P1), pytest.raises(ScopeDenied):
        engine.clear_due()
    with engine.transaction(), pytest.raises(ProfilecoreError, match="outside of a transaction"):
        engine.clear_due()


# ---- what is a sign of the guest


def test_an_edit_a_merge_or_an_import_is_no_activity(opens: Opens) -> None:
    clock = Clock(datetime(2024, 1, 1, tzinfo=UTC))
    engine = opens(clock=clock)
    a, b = guest(engine, "2023-12-01"), guest(engine, "2023-11-01")
    row = {
        "last_name": "Old", "consents": [{"purpose": "news", "status": "granted"}],
        "external_ids": [{"system": "crm", "value": "1"}],
    }  # fmt: skip
    engine.load([row], source="crm", workers=0)
    clock.now = datetime(2024, 11, 20, tzinfo=UTC)
    engine.update(a, {"first_name": "Ana"})
    engine.load([row | {"first_name": "Eva"}], source="crm", workers=0)
    engine.merge(engine.plan_merge(a, [b]))
    assert engine.clear_due().cleared == 0
    clock.now = datetime(2025, 1, 10, tzinfo=UTC)
    assert engine.clear_due().cleared == 2
    assert states(engine, a, b) == [State.CLEARED, State.CLEARED]


@pytest.mark.parametrize(
    "act",
    [
        lambda e, id: e.record_stay(id, {"property_id": "P1", "arrival": "2026-02-20"}),
        lambda e, id: e.record_stay(
            id, {"property_id": "P1", "booked_at": "2026-02-20T10:00:00Z", "status": "cancelled"}
        ),
        lambda e, id: e.record_stay(
            id, {"property_id": "P9", "arrival": "2027-02-20", "departure": "2027-02-21"}
        ),
        lambda e, id: e.record_activity(id),
        lambda e, id: e.record_activity(id, date(2026, 1, 1)),
        lambda e, id: e.release_hold(e.place_hold(id, kind="open-bill").id),
        lambda e, id: e.update(id, {"consents": {"add": [{"purpose": "n", "status": "granted"}]}}),
    ],
    ids=["stay", "booking", "future", "login", "earlier", "bill", "consent"],
)
def test_a_sign_of_the_guest_counts(opens: Opens, act: Callable[[Engine, str], Any]) -> None:
    engine = opens(clock=Clock(datetime(2026, 3, 1, tzinfo=UTC)))
    id = guest(engine, "2020-01-01")
    act(engine, id)
    assert engine.clear_due().cleared == 0


@pytest.mark.parametrize("status", ["cancelled", "no_show"])
def test_a_stay_that_never_was_counts_for_nothing(opens: Opens, status: str) -> None:
    engine = opens()
    id = guest(engine, "2020-01-01")
    engine.record_stay(id, {"property_id": "P1", "arrival": "2026-02-20", "status": status})
    assert engine.clear_due().ids == (id,)


def test_without_any_sign_the_day_it_was_made_counts(opens: Opens) -> None:
    clock = Clock()
    engine = opens(clock=clock)
    guest(engine)
    clock.move(days=365)
    assert engine.clear_due().cleared == 0
    clock.move(days=1)
    assert engine.clear_due().cleared == 1


def test_the_hosts_own_stays_count_and_if_they_fail_nobody_is_cleared(opens: Opens) -> None:
    class Stays:
        name = "stays"
        answer: Any = ()

        @hookimpl
        def profilecore_register_stays(self, register: Any) -> None:
            register(lambda ids: list(self.answer()))

    plugin = Stays()
    clock = Clock()
    engine = opens(plugins=[plugin], clock=clock)
    plugin.answer = lambda: [Stay(property_id="P1", arrival=date(2026, 2, 20))]
    id = guest(engine, "2020-01-01")
    assert engine.clear_due().cleared == 0
    clock.move(days=400)
    plugin.answer = lambda: 1 / 0
    report = engine.clear_due()
    assert (report.cleared, dict(report.blocked)) == (0, {"plugin-error": 1})
    plugin.answer = list
    clock.move(days=2)
    assert engine.clear_due().ids == (id,)


@pytest.mark.parametrize(
    "values",
    [
        {"classifications": ["paymaster_account"]}, {"profile_type": "company"},
        {"profile_type": "employee"}, {"profile_type": "contact"},
    ],
)  # fmt: skip
def test_accounts_companies_and_staff_are_never_cleared_by_it(
    opens: Opens, values: dict[str, Any]
) -> None:
    engine = opens()
    id = guest(engine, "2010-01-01", **values)
    assert engine.clear_due().cleared == 0
    assert engine.explain(id).due_on is None


def test_each_country_of_residence_may_have_days_of_its_own(opens: Opens) -> None:
    engine = opens(YEAR | {"by_residence": {"FR": 1000, "DE": 30}})
    french = guest(engine, "2025-01-01", country_of_residence="FR")
    german = guest(engine, "2026-01-01", addresses=[{"country": "DE", "city": "Ulm"}])
    other = guest(engine, "2025-01-01", country_of_residence="PT")
    assert set(engine.clear_due().ids) == {german, other}
    assert states(engine, french) == [State.ACTIVE]


def test_a_policy_for_one_country_clears_nobody_else(opens: Opens) -> None:
    engine = opens({"by_residence": {"FR": 100}, "grace_days": 0, "first_share": 1.0})
    guest(engine, "2001-01-01")
    french = guest(engine, "2001-01-01", country_of_residence="FR")
    assert engine.clear_due().ids == (french,)


# ---- days, zones, clocks


def test_the_day_ends_at_midnight_of_the_property(opens: Opens) -> None:
    places = {"P1": {"timezone": "Pacific/Auckland"}, "P2": {"timezone": "America/Los_Angeles"}}
    clock = Clock(datetime(2026, 2, 1, 10, 59, tzinfo=UTC))
    engine = opens(clock=clock, settings={"properties": places})
    ids = []
    for property_id in places:
        ids.append(engine.create({"last_name": "x"}).id)
        stay = {"property_id": property_id, "arrival": "2025-02-01", "departure": "2025-02-01"}
        engine.record_stay(ids[-1], stay)
    assert engine.clear_due().cleared == 0
    clock.now = datetime(2026, 2, 1, 11, tzinfo=UTC)  # midnight in Auckland
    assert engine.clear_due().ids == (ids[0],)
    clock.now = datetime(2026, 2, 2, 7, 59, tzinfo=UTC)
    assert engine.clear_due().cleared == 0
    clock.now = datetime(2026, 2, 2, 8, tzinfo=UTC)  # midnight in Los Angeles
    assert engine.clear_due().ids == (ids[1],)


def test_a_leap_day_is_a_day(opens: Opens) -> None:
    clock = Clock(datetime(2024, 2, 29, 12, tzinfo=UTC))
    engine = opens(clock=clock)
    guest(engine, "2024-02-29")
    clock.now = datetime(2025, 2, 28, 23, 59, tzinfo=UTC)  # 365 days later, not yet over
    assert engine.clear_due().cleared == 0
    clock.now = datetime(2025, 3, 1, tzinfo=UTC)
    assert engine.clear_due().cleared == 1


def test_a_clock_that_goes_back_clears_nobody(opens: Opens) -> None:
    clock = Clock()
    engine = opens(clock=clock)
    id = guest(engine, "2025-06-01")
    assert engine.clear_due().cleared == 0
    clock.move(days=-2000)
    assert engine.clear_due().cleared == 0
    clock.now = datetime(2026, 6, 3, tzinfo=UTC)
    assert engine.clear_due().ids == (id,)


# ---- grace, and the first time


def test_a_clear_is_announced_and_waits_for_the_days_of_grace(opens: Opens) -> None:
    clock = Clock()
    engine = opens(YEAR | {"grace_days": 14}, clock=clock)
    id = guest(engine, "2025-01-01")
    report = engine.clear_due()
    assert (report.announced, report.cleared) == (1, 0)
    (event,) = [e for e in engine.changes().items if e.type == "clear.announced"]
    assert event.profile_id == id
    assert engine.explain(id).announced == date(2026, 3, 15)
    clock.move(days=14)
    assert engine.clear_due().done == 0
    clock.move(days=1)
    assert engine.clear_due().cleared == 1
    assert engine.receipt(id).erased["notice"] == 1


def test_a_sign_of_the_guest_withdraws_the_warning(opens: Opens) -> None:
    clock = Clock()
    engine = opens(YEAR | {"grace_days": 14}, clock=clock)
    id = guest(engine, "2025-01-01")
    engine.clear_due()
    engine.record_activity(id)
    clock.move(days=20)
    report = engine.clear_due()
    assert (report.withdrawn, report.cleared) == (1, 0)
    assert engine.explain(id).announced is None
    assert engine.changes().items[-1].type == "clear.withdrawn"
    clock.move(days=400)
    assert engine.clear_due().announced == 1


def test_a_warning_from_before_the_last_sign_is_given_anew(opens: Opens) -> None:
    clock = Clock()
    engine = opens(YEAR | {"grace_days": 14}, clock=clock)
    id = guest(engine, "2025-01-01")
    engine.clear_due()
    clock.move(days=5)
    engine.record_activity(id)
    clock.move(days=400)  # nobody ran it for more than a year
    report = engine.clear_due()
    assert (report.withdrawn, report.cleared) == (1, 0)
    clock.move(hours=1)
    assert engine.clear_due().announced == 1
    clock.move(days=15)
    assert engine.clear_due().cleared == 1


def test_switching_it_on_clears_no_more_than_a_share_unless_confirmed(opens: Opens) -> None:
    engine = opens(YEAR | {"first_share": 0.2})
    old = [guest(engine, "2020-01-01") for _ in range(3)]
    fresh = [guest(engine, "2026-01-01") for _ in range(7)]
    for _ in range(2):
        report = engine.clear_due()
        assert (report.cleared, report.needs_confirmation) == (0, True)
        assert (report.due, report.active) == (3, 10)
        assert report.blocked == {"not-confirmed": 3}
    assert engine.clear_due(dry_run=True, confirm=True).needs_confirmation
    report = engine.clear_due(confirm=True)
    assert (set(report.ids), report.needs_confirmation) == (set(old), False)
    assert states(engine, *fresh) == [State.ACTIVE] * 7


def test_a_changed_policy_is_a_new_switching_on(opens: Opens) -> None:
    engine = opens(YEAR | {"first_share": 0.5})
    old, fresh = guest(engine, "2020-01-01"), [guest(engine, "2026-01-01") for _ in range(9)]
    assert engine.clear_due().ids == (old,)
    engine = opens(YEAR | {"first_share": 0.5, "after_days": 10})
    report = engine.clear_due()
    assert (report.cleared, report.needs_confirmation, report.due) == (0, True, 9)
    assert engine.clear_due(confirm=True).cleared == len(fresh)


def test_what_the_law_kept_ends_without_confirmation(opens: Opens) -> None:
    clock = Clock()
    places = {"P1": {"country": "ES"}}
    engine = opens(YEAR | {"first_share": 0.0}, settings={"properties": places}, clock=clock)
    asked, quiet = guest(engine, "2026-02-01"), guest(engine, "2026-02-01")
    engine.clear(asked)
    clock.move(days=4 * 365)
    report = engine.clear_due()
    assert (report.finished, report.ids, report.needs_confirmation) == (1, (asked,), True)
    assert states(engine, quiet) == [State.ACTIVE]


# ---- the longest time


def test_a_rule_with_a_maximum_clears_a_person_without_any_policy(opens: Opens) -> None:
    clock = Clock()
    rule = {"name": "prospects", "record_kind": "profile", "clock": "last_activity",
            "maximum": "P3Y", "country": "FR"}  # fmt: skip
    engine = opens({}, settings={"retention": {"rules": [rule]}}, clock=clock)
    french = guest(engine, "2026-02-01", country_of_residence="FR")
    guest(engine, "2026-02-01", country_of_residence="PT")
    assert engine.explain(french).due_by == "prospects"
    clock.move(days=3 * 365)
    report = engine.clear_due(confirm=True)
    assert report.ids == (french,)
    assert engine.receipt(french).reason == "prospects"


def test_a_minimum_outlasts_a_maximum(opens: Opens) -> None:
    clock = Clock()
    rules = [
        {"name": "short", "record_kind": "profile", "maximum": "P1Y"},
        {"name": "long", "minimum": "P2Y", "fields": ["profile.last_name"]},
    ]
    engine = opens({}, settings={"retention": {"rules": rules}}, clock=clock)
    id = guest(engine, "2026-02-01")
    clock.move(days=370)
    engine.clear_due(confirm=True)
    assert states(engine, id) == [State.RESTRICTED]
    assert [h.rule for h in engine.get(id).held if h.kind == "profile"] == ["long"]
    clock.move(days=370)
    assert engine.clear_due().finished == 1


def test_documents_past_their_longest_time_go_while_their_person_stays(opens: Opens) -> None:
    clock = Clock()
    rule = {"name": "scans", "record_kind": "file", "maximum": "P30D"}
    engine = opens({}, settings={"retention": {"rules": [rule]}}, clock=clock)
    id = guest(engine, "2026-02-01")
    old = engine.attach(id, "a.png", PNG)
    clock.move(days=20)
    fresh = engine.attach(id, "b.png", PNG)
    engine.clear_due(confirm=True)
    clock.move(days=12)
    report = engine.clear_due()
    assert (report.expired, report.cleared) == (1, 0)
    assert [f.id for f in engine.files(id)] == [fresh.id]
    assert old.id in {e.subject for e in engine.changes().items if e.type == "document.expired"}
    clock.move(days=40)
    assert engine.clear_due().expired == 1


def test_a_document_goes_when_its_day_ends_at_its_property(opens: Opens) -> None:
    clock = Clock(datetime(2026, 3, 1, 20, tzinfo=UTC))
    rule = {"name": "scans", "record_kind": "file", "maximum": "P30D"}
    settings = {
        "retention": {"rules": [rule]}, "timezone": "Europe/Madrid",
        "properties": {"P1": {"timezone": "America/Los_Angeles"}},
    }  # fmt: skip
    engine = opens({}, settings=settings, clock=clock)
    id = guest(engine, "2026-02-01")
    with engine.acting(P1):
        engine.attach(id, "a.png", PNG)
    engine.clear_due()
    clock.now = datetime(2026, 3, 31, 22, tzinfo=UTC)  # over in Madrid, not in Los Angeles
    assert engine.clear_due().expired == 0
    clock.move(hours=9)
    assert engine.clear_due().expired == 1


def test_a_document_that_is_held_past_its_longest_time_goes_right_after(opens: Opens) -> None:
    clock = Clock()
    rules = [
        {"name": "short", "record_kind": "file", "maximum": "P30D"},
        {"name": "long", "record_kind": "file", "minimum": "P40D"},
    ]
    engine = opens({}, settings={"retention": {"rules": rules}}, clock=clock)
    engine.attach(guest(engine, "2026-02-01"), "a.png", PNG)
    for days, expired in ((0, 0), (35, 0), (6, 1)):
        clock.move(days=days)
        assert engine.clear_due().expired == expired


def test_the_first_import_after_a_run_on_nobody_has_to_be_confirmed(opens: Opens) -> None:
    engine = opens({"after_days": 365, "grace_days": 0})
    assert engine.clear_due().needs_confirmation is False
    ids = [guest(engine, "2020-01-01") for _ in range(3)]
    assert engine.clear_due(dry_run=True).needs_confirmation
    report = engine.clear_due()
    assert (report.needs_confirmation, report.active, report.due) == (True, 3, 3)
    assert states(engine, *ids) == [State.ACTIVE] * 3
    assert engine.clear_due(confirm=True).cleared == 3


def test_what_a_legal_hold_kept_beyond_its_longest_time_goes_after_its_release(
    opens: Opens,
) -> None:
    clock = Clock()
    rule = {"name": "scans", "record_kind": "file", "maximum": "P30D"}
    engine = opens({}, settings={"retention": {"rules": [rule]}}, clock=clock)
    id = guest(engine, "2026-02-01")
    engine.attach(id, "a.png", PNG)
    engine.clear_due(confirm=True)
    hold = engine.place_hold(id, kind="dispute", keeps=["file"])
    clock.move(days=40)
    assert engine.clear_due().expired == 0
    engine.release_hold(hold.id)
    clock.move(hours=1)
    assert engine.clear_due().expired == 1


def test_a_sign_of_the_guest_has_the_day_of_its_property(opens: Opens) -> None:
    places = {"P1": {"timezone": "Pacific/Auckland"}}
    clock = Clock(datetime(2025, 3, 1, 20, tzinfo=UTC))  # the 2nd of March in Auckland
    engine = opens(clock=clock, settings={"properties": places})
    id = engine.create({"last_name": "x"}).id
    engine.release_hold(engine.place_hold(id, kind="open-bill", property_id="P1").id)
    assert engine.explain(id).last_sign == date(2025, 3, 2)
