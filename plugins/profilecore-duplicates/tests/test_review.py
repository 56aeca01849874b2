"""The queue for review: what waits, what was decided, and when it is asked again."""

from __future__ import annotations

import pytest

from profilecore import Actor, Engine, InvalidProfile, NotFound
from profilecore_duplicates import review
from profilecore_duplicates.review import Decision, Pair

NAME = {"name": "first name same; last name same"}


def two(engine: Engine) -> tuple[str, str]:
    return engine.create({"last_name": "García"}).id, engine.create({"last_name": "Garcia"}).id


def propose(engine: Engine, one: str, other: str, weight: float = 3.0) -> Pair:
    (pair,) = review.propose(engine, [review.pair_of(one, other, weight, "review", NAME)])
    assert pair is not None
    return pair


def test_a_pair_is_one_whichever_is_named_first(engine: Engine) -> None:
    a, b = two(engine)
    assert propose(engine, a, b) == propose(engine, b, a)
    assert review.find(engine, b, a) == review.find(engine, a, b)
    assert len(list(review.every(engine))) == 1


def test_a_decision_is_kept_with_who_and_when(engine: Engine) -> None:
    a, b = two(engine)
    propose(engine, a, b)
    with engine.acting(Actor("steward")):
        review.decide(engine, a, b, "unsure")
        pair = review.decide(engine, a, b, "different")
    assert [(d.decision, d.by) for d in pair.history] == [
        (Decision.UNSURE, "steward"),
        (Decision.DIFFERENT, "steward"),
    ]
    assert pair.history[1].at >= pair.history[0].at
    assert review.queue(engine) == []
    assert review.find(engine, a, b) == pair


def test_the_heaviest_comes_first_and_the_unsure_last(engine: Engine) -> None:
    a, b = two(engine)
    c, d = two(engine)
    propose(engine, a, b, 1.0)
    propose(engine, a, c, 5.0)
    propose(engine, a, d, 3.0)
    review.decide(engine, a, c, "unsure")
    assert [pair.weight for pair in review.queue(engine)] == [3.0, 1.0, 5.0]


def test_it_is_asked_again_only_when_the_evidence_changes(engine: Engine) -> None:
    a, b = two(engine)
    propose(engine, a, b)
    review.decide(engine, a, b, "different")
    propose(engine, a, b, weight=4.0)
    assert review.queue(engine) == []
    changed = review.pair_of(a, b, 9.0, "review", NAME | {"email": "same"})
    (pair,) = review.propose(engine, [changed])
    assert pair is not None
    assert pair.was_reopened
    assert review.queue(engine) == [pair]


def test_merged_and_cleared_profiles_leave_the_queue(engine: Engine) -> None:
    a, b = two(engine)
    c, d = two(engine)
    propose(engine, a, b)
    propose(engine, a, c)
    propose(engine, a, d)
    engine.merge(engine.plan_merge(a, [b]))
    engine.clear(c)
    assert [{pair.left, pair.right} for pair in review.queue(engine)] == [{a, d}]
    assert review.find(engine, a, c) is None


def test_apart_are_two_people_by_any_of_their_ids(engine: Engine) -> None:
    a, b = two(engine)
    c, d = two(engine)
    propose(engine, a, b)
    review.decide(engine, a, b, "different")
    assert review.are_apart(engine, [c, a], [d, b])
    assert review.are_apart(engine, [b], [a])
    assert not review.are_apart(engine, [a], [c, d])


def test_what_was_said_of_people_who_were_merged_since_is_said_of_their_survivors(
    engine: Engine,
) -> None:
    a, b = two(engine)
    c, _ = two(engine)
    propose(engine, a, b)
    review.decide(engine, a, b, "different")
    engine.merge(engine.plan_merge(c, [b]))
    known = review.as_of_now(review.every(engine), {a: a, b: c, c: c})
    (pair,) = review.propose(engine, [review.pair_of(a, c, 3.0, "review", NAME)], known)
    assert pair is not None
    assert pair.decision is Decision.DIFFERENT
    assert review.queue(engine) == []


def test_who_was_cleared_comes_into_no_pair(engine: Engine) -> None:
    a, b = two(engine)
    engine.clear(b)
    assert review.propose(engine, [review.pair_of(a, b, 3.0, "review", NAME)]) == [None]
    assert list(review.every(engine)) == []


def test_a_property_has_no_pairs_with_what_it_may_not_see(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "PAGE", 2)
    a, b = two(engine)
    with engine.acting(Actor("desk", property_id="P2")):
        hidden = [
            engine.create({"last_name": "García", "shared_level": "property"}).id for _ in range(3)
        ]
    for other in hidden:
        propose(engine, a, other)
    seen = propose(engine, a, b)
    with engine.acting(Actor("desk", property_id="P1")):
        assert list(review.every(engine)) == review.queue(engine) == [seen]
        assert review.find(engine, a, hidden[0]) is None
        with pytest.raises(NotFound):
            review.decide(engine, a, hidden[0], "different")


def test_wrong_requests_are_named(engine: Engine) -> None:
    a, b = two(engine)
    with pytest.raises(NotFound):
        review.decide(engine, a, b, "same")
    propose(engine, a, b)
    with pytest.raises(InvalidProfile):
        review.decide(engine, a, b, "perhaps")


def test_no_value_shows_in_a_pair(engine: Engine) -> None:
    a, b = two(engine)
    assert "same" not in repr(propose(engine, a, b))
