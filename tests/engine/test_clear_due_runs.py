"""Runs of clear_due: blocked, limited, interrupted, several at once, and dry."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from away import YEAR, Opens, guest, opens, states
from kit import Clock, run_threads

from profilecore import Blocker, Engine, hookimpl
from profilecore.engine import due
from profilecore.model import State

__all__ = ["opens"]


def test_who_is_blocked_is_tried_again_the_day_after(opens: Opens) -> None:
    clock = Clock()
    engine = opens(clock=clock)
    id = guest(engine, "2020-01-01")
    clock.move(days=-1000)
    hold = engine.place_hold(id, kind="open-bill", property_id="P2")
    clock.move(days=1000)
    report = engine.clear_due()
    assert (report.cleared, report.blocked) == (0, {"open-bill": 1})
    clock.move(days=-900)
    engine.release_hold(hold.id)
    clock.move(days=900)
    assert engine.clear_due().done == 0, "not twice a day"
    clock.move(days=1, hours=1)
    assert engine.clear_due().ids == (id,)


class Billing:
    """A billing system that is asked for each person, and may fail."""

    name = "billing"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[str], Any] = lambda id: None

    @hookimpl
    def profilecore_check_clear(self, plan: Any) -> Any:
        self.asked.append(plan.profile_id)
        return self.answer(plan.profile_id)


def test_one_person_that_fails_does_not_stop_the_others(opens: Opens) -> None:
    billing = Billing()
    engine = opens(plugins=[billing])
    ids = [guest(engine, "2020-01-01") for _ in range(5)]

    def answer(id: str) -> Any:
        if id == ids[1]:
            raise TimeoutError("no answer")
        return [Blocker("open-bill", "A bill is open.")] if id == ids[3] else None

    billing.answer = answer
    report = engine.clear_due()
    assert set(report.ids) == {ids[0], ids[2], ids[4]}
    assert sum(report.blocked.values()) == 2
    assert states(engine, ids[1], ids[3]) == [State.ACTIVE] * 2


def test_the_limit_ends_a_run_and_the_next_goes_on(opens: Opens) -> None:
    engine = opens()
    ids = {guest(engine, "2020-01-01") for _ in range(7)}
    seen: set[str] = set()
    for expected, more in ((3, True), (3, True), (1, False), (0, False)):
        report = engine.clear_due(limit=3)
        assert (report.cleared, report.more) == (expected, more)
        seen |= set(report.ids)
    assert seen == ids


def test_an_interrupted_run_goes_on_where_it_stopped(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due.agenda, "PAGE_SIZE", 2)
    monkeypatch.setattr(due, "READ", 3)
    monkeypatch.setattr(due, "FLUSH", 3)
    monkeypatch.setattr(due, "SECONDS", 0)
    engine = opens()
    ids = {guest(engine, "2020-01-01") for _ in range(10)}
    done: set[str] = set()
    for stop in range(1, 40):
        told = iter(range(stop))

        def watch(report: Any, seen: int, told: Iterator[int] = told) -> None:
            if next(told, None) is None:
                raise KeyboardInterrupt

        try:
            report = engine.clear_due(watch=watch)
        except KeyboardInterrupt:
            continue
        done |= {i for i in ids if engine.get(i).state is State.CLEARED}
        assert report.more is False
        break
    assert done == ids
    engine.scrub()
    assert {engine.receipt(id).status.value for id in ids} == {"erased"}
    assert engine.verify_receipts() == []


@pytest.mark.parametrize(("seconds", "commits"), [(0, 5), (60, 1)])
def test_pages_are_worked_off_in_one_transaction_as_long_as_there_is_time(
    opens: Opens, monkeypatch: pytest.MonkeyPatch, seconds: float, commits: int
) -> None:
    monkeypatch.setattr(due.agenda, "PAGE_SIZE", 2)
    monkeypatch.setattr(due, "SECONDS", seconds)
    engine = opens()
    ids = [guest(engine, "2020-01-01") for _ in range(10)]
    told: list[int] = []
    report = engine.clear_due(watch=lambda report, seen: told.append(report.cleared))
    assert (report.cleared, set(report.ids)) == (10, set(ids))
    assert len({cleared for cleared in told if cleared}) == commits
    assert engine.clear_due().done == 0


def test_an_edge_to_whom_the_same_batch_clears_goes_from_whoever_stays(opens: Opens) -> None:
    engine = opens()
    old = [guest(engine, "2020-01-01") for _ in range(3)]
    edges = [{"type": "friend", "profile_id": id} for id in old]
    friend = engine.create({"last_name": "Friend", "relationships": edges}).id
    engine.record_stay(
        friend, {"property_id": "P1", "arrival": "2026-02-01", "departure": "2026-02-02"}
    )
    assert engine.clear_due().cleared == 3
    assert engine.get(friend).relationships == ()
    assert engine.verify() == []


def test_new_profiles_are_found_without_going_through_all_again(opens: Opens) -> None:
    engine = opens()
    for _ in range(5):
        guest(engine, "2026-01-01")
    engine.clear_due()
    seen: list[int] = []
    late = guest(engine, "2020-01-01")
    assert engine.clear_due(watch=lambda report, count: seen.append(count)).ids == (late,)
    assert max(seen) <= 2, "the new one, as it was found and as it was due"


def test_whoever_is_unmerged_is_looked_at_again(opens: Opens) -> None:
    clock = Clock()
    engine = opens(clock=clock)
    a, b = guest(engine, "2026-01-01"), guest(engine, "2025-12-01")
    engine.clear_due()
    merge = engine.merge(engine.plan_merge(a, [b]))
    clock.move(days=300)
    engine.clear_due()
    engine.unmerge(merge.id)
    clock.move(days=150)
    assert set(engine.clear_due().ids) == {a, b}


def test_a_dry_run_writes_nothing_and_says_what_a_run_would_do(opens: Opens) -> None:
    engine = opens()
    ids = [guest(engine, f"2020-01-{day:02}") for day in range(1, 6)]
    guest(engine, "2026-01-01")
    before = engine.changes().next
    for _ in range(2):
        report = engine.clear_due(dry_run=True)
        assert (set(report.ids), report.dry_run, report.active) == (set(ids), True, 6)
        assert engine.changes().next == before
    assert engine.clear_due(dry_run=True, limit=2).more
    assert set(engine.clear_due().ids) == set(ids)
    assert engine.clear_due(dry_run=True).cleared == 0


def test_two_threads_at_once_clear_each_person_once(opens: Opens) -> None:
    billing = Billing()
    engine = opens(plugins=[billing])
    ids = {guest(engine, "2020-01-01") for _ in range(40)}
    reports: list[Any] = []
    assert run_threads(2, lambda _: reports.append(engine.clear_due())) == []
    assert sum(report.cleared for report in reports) == 40
    assert {id for report in reports for id in report.ids} == ids
    assert engine.verify_receipts() == []


def _clear_due(path: str, answers: Any) -> None:
    with Engine.open(path, config={"profilecore": {"inactivity": YEAR}}) as engine:
        report = engine.clear_due(limit=10_000)
        answers.put((report.cleared, report.ids))


def test_two_processes_at_once_clear_each_person_once(tmp_path: Path) -> None:
    pytest.importorskip("profilecore_sqlite")
    url = f"sqlite:///{tmp_path}/guests.db"
    with Engine.open(url, config={"profilecore": {"inactivity": YEAR}}) as engine:
        ids = {guest(engine, "2020-01-01") for _ in range(300)}
        context = multiprocessing.get_context("spawn")
        answers = context.Queue()
        workers = [context.Process(target=_clear_due, args=(url, answers)) for _ in range(2)]
        for worker in workers:
            worker.start()
        told = [answers.get(timeout=120) for _ in workers]
        for worker in workers:
            worker.join()
        assert sum(count for count, _ in told) == 300
        assert {id for _, cleared in told for id in cleared} == ids
        assert engine.verify_receipts() == []
        assert set(states(engine, *ids)) == {State.CLEARED}


def test_a_family_that_is_due_together_is_cleared_together(opens: Opens) -> None:
    engine = opens()
    aunt = guest(engine, "2026-01-01")
    ids = [guest(engine, "2020-01-01") for _ in range(6)]
    for id, other in zip(ids, (*ids[1:], aunt), strict=True):
        engine.update(id, {"relationships": [{"type": "other_family", "profile_id": other}]})
    edges = [{"type": "child", "profile_id": id} for id in ids]
    engine.update(aunt, {"relationships": edges})
    report = engine.clear_due()
    assert (set(report.ids), report.blocked) == (set(ids), {})
    assert engine.get(aunt).relationships == ()
    assert engine.verify() == []
    assert engine.store.check() == []


class Letters:
    """Letters to guests, kept elsewhere."""

    name = "letters"

    @hookimpl
    def profilecore_register_elsewhere(self, register: Any) -> None:
        register(self)

    def export(self, profile_ids: Any) -> Any:
        return []


def test_one_that_fails_takes_nothing_of_the_others_back(opens: Opens) -> None:
    class Newsletter(Letters):
        fails_for = ""

        def erase(self, profile_ids: Any) -> int:
            if self.fails_for in profile_ids:
                raise RuntimeError
            return 1

    plugin = Newsletter()
    engine = opens(plugins=[plugin])
    ids = [guest(engine, "2020-01-01") for _ in range(5)]
    for id in ids[1:]:
        engine.update(id, {"relationships": [{"type": "friend", "profile_id": ids[0]}]})
    plugin.fails_for = ids[2]
    report = engine.clear_due()
    assert (set(report.ids), report.blocked) == ({*ids} - {ids[2]}, {"plugin-error": 1})
    assert engine.get(ids[2]).last_name == "García"
    assert engine.get(ids[2]).relationships == ()
    assert engine.verify() == []
    assert engine.store.check() == []


def test_what_a_plugin_wrote_to_the_store_before_it_failed_is_undone(opens: Opens) -> None:
    class Failing(Letters):
        def erase(self, profile_ids: Any) -> int:
            with engine.store.write() as writer:
                for document in writer.owned(profile_ids, "stay"):
                    assert writer.delete("stay", document.id)
            raise RuntimeError

    engine = opens(plugins=[Failing()])
    ids = [guest(engine, "2020-01-01") for _ in range(3)]
    before = {id: engine.stays(id) for id in ids}
    assert all(before.values())
    assert engine.clear_due().blocked == {"plugin-error": 3}
    assert {id: engine.stays(id) for id in ids} == before
