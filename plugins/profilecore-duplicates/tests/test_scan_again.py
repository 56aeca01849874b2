"""Scans beside other work, and after other scans: what they merge, leave and never forget."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from profilecore import Engine, InvalidProfile, hookimpl
from profilecore_duplicates import DuplicatesPlugin, review
from profilecore_duplicates.frequencies import stable_hash
from profilecore_duplicates.knowledge import Library
from profilecore_duplicates.review import Pair
from profilecore_duplicates.scan import scan

if TYPE_CHECKING:
    from conftest import Hotel

ADA: dict[str, Any] = {
    "first_name": "Ada", "last_name": "Lovelace", "birth_date": "1975-12-10",
    "emails": ["ada@lovelace.example"],
}  # fmt: skip
NAMES = (
    "Ana", "Bert", "Cloe", "Dirk", "Eva", "Fritz", "Gil", "Hugo", "Ida", "Karl", "Lola", "Max",
)  # fmt: skip


def beside(engine: Engine) -> Engine:
    """Give another engine on the same store, as another process has it."""
    return Engine(engine.store, plugins=[DuplicatesPlugin], discover=False)


def twins(engine: Engine, **more: Any) -> tuple[str, str]:
    return engine.create(ADA | more).id, engine.create(ADA | more).id


def once(what: str, work: Callable[[], object]) -> Callable[[str, int, int | None], None]:
    """Give a watch that does some work the first time that something happens."""
    left = [work]

    def watch(now: str, done: int, of: int | None) -> None:
        if now == what and left:
            left.pop()()

    return watch


def test_a_scan_that_ends_behind_a_new_fit_leaves_that_in_force(hotel: Hotel) -> None:
    engine, other = hotel.engine, beside(hotel.engine)
    scan(engine)
    scan(engine, watch=once("standardising", lambda: scan(other, refit=True)))
    assert len(engine.documents("matching.learned")) == 1
    assert Library().knowledge(engine) is not None
    assert scan(beside(engine)).touched_ids is not None


def test_knowledge_that_is_gone_is_learned_anew(hotel: Hotel) -> None:
    engine = hotel.engine
    scan(engine)
    (learned,) = engine.documents("matching.learned")
    engine.delete_document("matching.learned", learned.id)
    again = beside(engine)
    pair = next(review.every(again))
    assert again.matches(pair.left)
    assert scan(again).touched_ids is None
    assert Library().knowledge(again) is not None


def test_a_run_that_merges_for_the_first_time_merges_what_waits(hotel: Hotel) -> None:
    engine = hotel.engine
    scan(engine)
    merged = scan(engine, auto_merge_above=10.0).merged
    assert len(merged) > 50
    assert scan(engine, auto_merge_above=10.0).touched_ids is not None
    assert scan(engine, auto_merge_above=5.0).touched_ids is None


def test_a_lower_threshold_queues_what_the_run_before_left_out(hotel: Hotel) -> None:
    engine = hotel.engine
    high = scan(engine, threshold=15.0).proposed
    all_of_them = scan(engine).proposed
    assert high < all_of_them
    scan(engine, whole=True)
    assert len(review.queue(engine)) == all_of_them


def test_pairs_that_teach_can_be_asked_for_later(hotel: Hotel) -> None:
    scan(hotel.engine)
    scan(hotel.engine, ask=20)
    assert len(review.queue(hotel.engine, asked=True)) == 20


def test_a_pair_decided_to_be_one_is_merged_by_the_next_run(hotel: Hotel) -> None:
    engine = hotel.engine
    scan(engine, auto_merge_above=1e6)
    pair = next(p for p in review.every(engine) if p.proposed == "review")
    review.decide(engine, pair.left, pair.right, "same")
    report = scan(engine, auto_merge_above=1e6)
    assert (len(report.merged), report.touched_ids is None) == (1, False)


def test_who_was_said_to_be_somebody_else_is_never_merged_unasked(hotel: Hotel) -> None:
    engine = hotel.engine
    a, b = twins(engine, addresses=[{"line1": "Calle Mayor 5", "city": "Sevilla"}])
    scan(engine)
    review.decide(engine, a, b, "different")
    for id in (a, b):
        engine.update(id, {"phones": ["+34600111222"]})
    report = scan(engine, auto_merge_above=0.0)
    assert engine.get(a).id != engine.get(b).id
    pair = review.find(engine, a, b)
    assert pair is not None
    assert pair.was_reopened
    assert report.merged


def test_a_merge_that_was_undone_is_not_made_again_until_somebody_says_so(hotel: Hotel) -> None:
    engine = hotel.engine
    a, b = twins(engine)
    scan(engine, auto_merge_above=10.0)
    engine.unmerge(engine.merges(a)[0].id)
    for whole in (False, True):
        scan(engine, auto_merge_above=10.0, whole=whole)
        assert engine.get(a).id != engine.get(b).id
    assert review.find(engine, a, b) in review.queue(engine)
    review.decide(engine, a, b, "same")
    scan(engine, auto_merge_above=10.0)
    assert engine.get(a).id == engine.get(b).id


def test_what_was_said_of_somebody_stands_after_a_merge(hotel: Hotel) -> None:
    engine = hotel.engine
    a, b = twins(engine)
    c = engine.create({"first_name": "Ada", "last_name": "Lovelace"}).id
    scan(engine)
    review.decide(engine, a, b, "different")
    engine.merge(engine.plan_merge(c, [b]))
    assert c not in {match.profile_id for match in engine.matches(a)}
    scan(engine)
    assert {a, c} not in [{p.left, p.right} for p in review.queue(engine)]


@pytest.mark.parametrize("side", [0, 1])
def test_who_is_cleared_during_a_scan_comes_into_no_pair(hotel: Hotel, side: int) -> None:
    engine = hotel.engine
    ids = sorted(twins(engine))
    scan(engine, watch=once("clustering", lambda: engine.clear(ids[side])))
    pairs = list(review.every(engine))
    assert len(pairs) > 50
    assert not any(ids[side] in (pair.left, pair.right) for pair in pairs)


def test_frequencies_forget_whoever_was_cleared(hotel: Hotel) -> None:
    engine = hotel.engine
    ids = [
        engine.create({"first_name": name, "last_name": "Xyzzyvics", "phones": ["+34600111222"]}).id
        for name in NAMES
    ]
    scan(engine)

    def known() -> list[bool]:
        knowledge = Library().knowledge(engine)
        assert knowledge is not None
        counts, crowded = knowledge.frequencies.counts, knowledge.frequencies.crowded
        return [
            stable_hash("xyzzyvics") in counts["last"].times,
            stable_hash("600111222") in crowded["phone"],
        ]

    assert known() == [True, True]
    for id in ids:
        engine.clear(id)
    scan(engine)
    assert known() == [False, False]


class Bookings:
    """A host's rows, of which some cannot be pointed elsewhere."""

    name = "bookings"

    def __init__(self) -> None:
        self.locked: set[str] = set()
        self.moved: dict[str, str] = {}

    @hookimpl
    def profilecore_register_references(self, register: Callable[[Any], None]) -> None:
        register(self)

    def count(self, profile_ids: Any) -> int:
        return 0

    def repoint(self, from_ids: Any, to_id: str) -> list[str]:
        if self.locked & {*from_ids, to_id}:
            raise OSError("locked")
        self.moved |= dict.fromkeys(from_ids, to_id)
        return list(from_ids)

    def undo(self, token: list[str]) -> None:
        for id in token:
            del self.moved[id]


def test_a_merge_that_fails_stops_none_of_the_others(hotel: Hotel) -> None:
    bookings = Bookings()
    engine = Engine(hotel.engine.store, plugins=[DuplicatesPlugin, bookings], discover=False)
    a, b = twins(engine)
    bookings.locked = {a}
    report = scan(engine, auto_merge_above=10.0)
    assert (len(report.merged) > 50, report.refused) == (True, 1)
    assert review.find(engine, a, b) in review.queue(engine)
    assert all(engine.get(old).id == engine.get(new).id for old, new in bookings.moved.items())


def test_an_interrupt_leaves_the_merges_that_were_made(hotel: Hotel) -> None:
    engine = hotel.engine
    merged = 0

    def stop(_: Any) -> None:
        nonlocal merged
        merged += 1
        if merged == 30:
            raise KeyboardInterrupt

    scan(engine)
    with pytest.MonkeyPatch.context() as patch:
        made = engine.merge
        patch.setattr(engine, "merge", lambda plan: (stop(plan), made(plan))[1])
        with pytest.raises(KeyboardInterrupt):
            scan(engine, auto_merge_above=10.0)
    undone = sum(event.type == "merge.undone" for event in engine.changes(limit=10_000).items)
    assert undone == 0
    assert len(scan(engine, auto_merge_above=10.0).merged) > 20


def test_three_of_one_person_leave_nothing_to_wait_for(hotel: Hotel) -> None:
    engine = hotel.engine
    scan(engine, auto_merge_above=10.0)
    for _ in range(3):
        engine.create(ADA)
    report = scan(engine, auto_merge_above=10.0, whole=True)
    assert len(report.merged) >= 2
    assert (report.refused, report.proposed) == (0, len(review.queue(engine)))


def test_a_decision_rests_on_what_the_two_say_now(hotel: Hotel) -> None:
    engine = hotel.engine
    a, b = twins(engine)
    scan(engine)
    engine.update(b, {"birth_date": "1975-12-11"})
    review.decide(engine, a, b, "different")
    assert b not in {match.profile_id for match in engine.matches(a)}
    scan(engine)
    pair: Pair | None = review.find(engine, a, b)
    assert pair is not None
    assert not pair.was_reopened


@pytest.mark.parametrize("bits", [float("nan"), float("inf"), float("-inf")])
def test_a_threshold_is_a_number(hotel: Hotel, bits: float) -> None:
    scan(hotel.engine)
    before = len(review.queue(hotel.engine))
    for wrong in ({"threshold": bits}, {"auto_merge_above": bits}):
        with pytest.raises(InvalidProfile, match="must be a number of bits"):
            scan(hotel.engine, whole=True, **wrong)  # type: ignore[arg-type]  # one of the two
    assert len(review.queue(hotel.engine)) == before
