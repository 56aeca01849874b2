"""A scan of a whole store: what is found, kept, merged, and found again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest

from profilecore import Actor, Engine, ScopeDenied
from profilecore_duplicates import DuplicatesPlugin, review
from profilecore_duplicates.scan import ScanReport, end_of_feed, scan

if TYPE_CHECKING:
    from conftest import Hotel


def queued(engine: Engine) -> dict[frozenset[str], float]:
    return {frozenset((p.left, p.right)): p.weight for p in review.every(engine)}


def test_pairs_of_one_person_go_to_the_queue(hotel: Hotel) -> None:
    report = scan(hotel.engine)
    found = set(queued(hotel.engine))
    assert len(found & hotel.same) >= 0.9 * len(hotel.same)
    assert len(found & hotel.same) >= 0.95 * len(found)
    sure = {frozenset((p.left, p.right)) for p in review.every(hotel.engine)
            if p.proposed == "match"}  # fmt: skip
    assert sure <= hotel.same
    assert report.summary()["queued"] == len(found)


def test_an_empty_store_gives_an_empty_answer(engine: Engine) -> None:
    report = scan(engine)
    assert (report.summary()["records"], report.summary()["queued"]) == (0, 0)
    engine.create({"last_name": "García"})
    assert scan(engine).summary()["records"] == 1


def test_the_next_run_looks_only_at_what_changed(hotel: Hotel) -> None:
    scan(hotel.engine)
    again = scan(hotel.engine)
    assert (again.touched_ids, again.found.compared) == ((), 0)
    pair = next(review.every(hotel.engine))
    hotel.engine.update(pair.left, {"title": "miss"})
    again = scan(hotel.engine)
    assert {pair.left} <= set(again.touched_ids or ()) <= {pair.left, pair.right}
    assert again.found.compared < 20


def test_it_finds_what_a_whole_run_finds(hotel: Hotel) -> None:
    engine = hotel.engine
    scan(engine)
    pairs = list(review.every(engine))
    engine.update(pairs[0].left, {"last_name": "Zamenhof", "first_name": "Ludwik"})
    engine.merge(engine.plan_merge(pairs[1].left, [pairs[1].right]))
    engine.clear(pairs[2].left)
    twin = engine.get(pairs[3].left)
    engine.create({"first_name": twin.first_name, "last_name": twin.last_name,
                   "birth_date": twin.birth_date, "emails": list(twin.emails)})  # fmt: skip
    scan(engine)
    after_changes = queued(engine)
    scan(engine, whole=True)
    assert queued(engine) == after_changes
    assert frozenset((pairs[2].left, pairs[2].right)) not in after_changes


def test_a_new_fit_counts_the_base_anew(hotel: Hotel) -> None:
    scan(hotel.engine)
    before = [d.id for d in hotel.engine.documents("matching.learned")]
    scan(hotel.engine, refit=True)
    after = [d.id for d in hotel.engine.documents("matching.learned")]
    assert len(before) == len(after) == 1
    assert before != after


def test_a_model_of_another_format_is_fitted_anew(hotel: Hotel) -> None:
    engine = hotel.engine
    scan(engine)
    (stored,) = engine.documents("matching.learned")
    old = attrs.evolve(stored.value, model='{"format": 0}')
    engine.store_document("matching.learned", old, id=stored.id)
    again = Engine(engine.store, plugins=[DuplicatesPlugin], discover=False)
    pair = next(review.every(again))
    assert {m.decision for m in again.matches(pair.left)} == {"review"}
    assert scan(again).touched_ids is None
    assert "match" in {m.decision for p in review.every(again) for m in again.matches(p.left)}


def test_matches_are_merged_where_that_is_wanted(hotel: Hotel) -> None:
    engine = hotel.engine
    report = scan(engine, auto_merge_above=5.0)
    assert report.merged
    for merge_id in report.merged:
        engine.unmerge(merge_id)
    assert len(next(engine.extract(["id"]))) == report.summary()["records"]


def test_what_was_decided_to_be_different_is_never_merged(hotel: Hotel) -> None:
    engine = hotel.engine
    scan(engine)
    sure = [p for p in review.every(engine) if p.proposed == "match"]
    for pair in sure:
        review.decide(engine, pair.left, pair.right, "different")
    report = scan(engine, whole=True, auto_merge_above=0.0)
    assert report.merged == ()


def test_a_third_profile_does_not_join_what_was_kept_apart(hotel: Hotel) -> None:
    engine = hotel.engine
    who = {"first_name": "Ada", "last_name": "Lovelace", "birth_date": "1975-12-10",
           "emails": ["ada@lovelace.example"]}  # fmt: skip
    one, other = engine.create(who), engine.create(who)
    scan(engine)
    review.decide(engine, one.id, other.id, "different")
    engine.create(who)
    scan(engine, auto_merge_above=0.0)
    assert engine.get(one.id).id != engine.get(other.id).id


def test_a_pair_that_is_found_no_more_leaves_the_queue(hotel: Hotel) -> None:
    engine = hotel.engine
    scan(engine)
    pair = next(review.every(engine))
    engine.update(pair.left, {"first_name": "Ludwik", "last_name": "Zamenhof",
                              "birth_date": None, "emails": [], "addresses": [],
                              "documents": []})  # fmt: skip
    scan(engine)
    assert review.find(engine, pair.left, pair.right) is None


def test_a_property_may_not_scan_the_chain(engine: Engine) -> None:
    with engine.acting(Actor("desk", property_id="P1")), pytest.raises(ScopeDenied):
        scan(engine)


def test_the_end_of_the_feed_is_behind_its_newest_event(engine: Engine) -> None:
    assert engine.changes(end_of_feed(engine)).items == ()
    for number in range(5):
        engine.create({"last_name": f"N{number}"})
        end = end_of_feed(engine)
        assert engine.changes(end).items == ()
        assert len(engine.changes(int(end) - 1).items) == 1


def test_an_interrupted_run_goes_on_the_next_time(hotel: Hotel) -> None:
    engine = hotel.engine

    def stop(what: str, done: int, of: int | None) -> None:
        if what == "storing pairs":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(engine, watch=stop)
    stored = queued(engine)
    report: ScanReport = scan(engine)
    assert report.touched_ids is None
    assert stored.keys() <= queued(engine).keys()


def test_decisions_go_before_weights(hotel: Hotel) -> None:
    engine = hotel.engine
    scan(engine)
    sure = next(p for p in review.every(engine) if p.proposed == "match")
    unsure = next(p for p in review.every(engine) if p.proposed == "review")
    review.decide(engine, sure.left, sure.right, "unsure")
    review.decide(engine, unsure.left, unsure.right, "same")
    report = scan(engine, whole=True, auto_merge_above=1e6)
    assert len(report.merged) == 1
    assert engine.get(unsure.left).id == engine.get(unsure.right).id
    assert engine.get(sure.left).id != engine.get(sure.right).id


def test_a_decision_is_asked_again_once_the_profiles_say_something_else(hotel: Hotel) -> None:
    engine = hotel.engine
    scan(engine)
    pair = next(p for p in review.every(engine) if "birth_date" in p.evidence)
    review.decide(engine, pair.left, pair.right, "different")
    scan(engine, whole=True)
    assert all((p.left, p.right) != (pair.left, pair.right) for p in review.queue(engine))
    engine.update(pair.left, {"phones": ["+34600111222"]})
    engine.update(pair.right, {"phones": ["+34600111222"]})
    scan(engine)
    again = review.find(engine, pair.left, pair.right)
    assert again is not None
    assert again.was_reopened


def test_pairs_that_teach_most_wait_until_they_are_decided(hotel: Hotel) -> None:
    engine = hotel.engine
    scan(engine, ask=20)
    asked = review.queue(engine, asked=True)
    assert len(asked) == 20
    assert min(pair.weight for pair in asked) < 0 < max(pair.weight for pair in asked)
    for pair in asked[:5]:
        review.decide(engine, pair.left, pair.right, "different")
    scan(engine, whole=True)
    assert len(review.queue(engine, asked=True)) == 15


def test_a_new_fit_learns_from_the_decisions(hotel: Hotel) -> None:
    engine = hotel.engine
    scan(engine, ask=60)
    for pair in review.queue(engine, asked=True):
        same = frozenset((pair.left, pair.right)) in hotel.same
        review.decide(engine, pair.left, pair.right, "same" if same else "different")
    assert scan(engine, whole=True).found.learned is None
    learned = scan(engine, refit=True).found.learned
    assert learned is not None
    assert learned.decisions == 60
