"""``engine.matches``: from the index, with the weights of the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from profilecore import Actor, Engine, MatchFound
from profilecore_duplicates import review
from profilecore_duplicates.keys import row_of
from profilecore_duplicates.records import FIELDS, MAX_VIEWS, views
from profilecore_duplicates.scan import scan

if TYPE_CHECKING:
    from conftest import Hotel

ANA: dict[str, Any] = {
    "first_name": "Ana", "last_name": "García", "birth_date": "1984-05-17",
    "emails": ["ana@garcia.example", "work@garcia.example"], "phones": ["+34600111222"],
    "addresses": [{"line1": "Calle Mayor 5", "city": "Sevilla", "postal_code": "41001"}],
    "documents": [{"type": "passport", "number": "AB123456", "country": "ES"}],
}  # fmt: skip
# The same person in other words, and what finds her.
AGAIN: dict[str, dict[str, Any]] = {
    "the second address of an e-mail": {
        "first_name": "A.", "last_name": "Garcia", "emails": ["work@garcia.example"],
    },
    "the telephone": {"first_name": "Anna", "last_name": "Garzia", "phones": ["+34600111222"]},
    "the document": {
        "first_name": "Ana Maria", "last_name": "Garcia",
        "documents": [{"type": "passport", "number": "ab 123 456", "country": "ES"}],
    },
    "swapped names": {"first_name": "Garcia", "last_name": "Ana", "birth_date": "1984-05-17"},
    "the name and the month and day": {
        "first_name": "Ana", "last_name": "Garcia", "birth_date": "1985-05-17",
    },
    "an initial and the city": {
        "first_name": "A", "last_name": "Garcia", "addresses": [{"city": "SEVILLA"}],
    },
}  # fmt: skip


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN.keys())
def test_the_same_person_is_found(engine: Engine, again: dict[str, Any]) -> None:
    ana = engine.create(ANA)
    engine.create({"first_name": "Olga", "last_name": "Petrova", "birth_date": "1984-05-17"})
    assert [match.profile_id for match in engine.matches(again)] == [ana.id]


def test_before_any_scan_nothing_is_sure(engine: Engine) -> None:
    engine.create(ANA)
    (match,) = engine.matches(ANA)
    assert (match.decision, match.probability > 0.99) == ("review", True)
    assert {reason.field for reason in match.reasons} >= {"name", "email", "document"}


def test_others_are_not_found(engine: Engine) -> None:
    engine.create(ANA)
    assert engine.matches({"first_name": "Olga", "last_name": "Petrova"}) == []


def test_a_profile_does_not_match_itself(engine: Engine) -> None:
    ana = engine.create(ANA)
    assert engine.matches(ana) == engine.matches(ana.id) == []


def test_a_number_under_which_a_crowd_stands_says_nothing(engine: Engine) -> None:
    for number in range(60):
        engine.create({"last_name": f"Agent{number}", "phones": ["+34911222333"]})
    assert engine.matches({"last_name": "García", "phones": ["+34911222333"]}) == []


def test_a_crowd_that_is_alike_is_found_by_its_first(engine: Engine) -> None:
    for _ in range(27):
        engine.create(ANA)
    assert len(engine.matches(ANA, limit=10)) == 10
    with pytest.raises(MatchFound):
        engine.create(ANA, on_match="refuse")


def test_who_is_hidden_or_known_to_be_another_takes_nobodys_place(engine: Engine) -> None:
    for number in range(16):
        with engine.acting(Actor("desk", property_id="P2")):
            engine.create(ANA | {"shared_level": "property"})
        if number < 3:
            engine.create(ANA)
    with engine.acting(Actor("desk", property_id="P1")):
        assert len(engine.matches(ANA)) == 3


def test_a_property_finds_what_it_may_see(engine: Engine) -> None:
    with engine.acting(Actor("desk", property_id="P1")):
        engine.create(ANA | {"shared_level": "property"})
    with engine.acting(Actor("desk", property_id="P2")):
        assert engine.matches(ANA) == []


def test_who_was_cleared_or_merged_is_not_found(engine: Engine) -> None:
    ana, again = engine.create(ANA), engine.create(ANA)
    engine.merge(engine.plan_merge(ana.id, [again.id]))
    assert [match.profile_id for match in engine.matches(ANA)] == [ana.id]
    engine.clear(ana.id)
    assert engine.matches(ANA) == []


def test_the_weights_are_those_of_the_batch(hotel: Hotel) -> None:
    scan(hotel.engine)
    pairs = list(review.every(hotel.engine))
    missed = 0
    for pair in pairs:
        for one, other in ((pair.left, pair.right), (pair.right, pair.left)):
            found = {m.profile_id: m for m in hotel.engine.matches(one, limit=100)}
            if other not in found:
                missed += 1
                continue
            assert found[other].weight == pytest.approx(pair.weight, abs=1e-3)
            assert found[other].decision == pair.proposed
    assert len(pairs) > 80
    assert missed <= 0.05 * 2 * len(pairs)


def test_a_pair_decided_to_be_different_is_not_offered_again(engine: Engine) -> None:
    ana = engine.create(ANA)
    twin = engine.create(ANA | {"first_name": "Alba"})
    scan(engine)
    review.decide(engine, ana.id, twin.id, "different")
    assert engine.matches(ana.id) == []
    engine.update(twin.id, {"first_name": "Ana"})
    assert [match.profile_id for match in engine.matches(ana.id)] == [twin.id]


def test_a_create_can_refuse_a_second_one(engine: Engine) -> None:
    ana = engine.create(ANA, on_match="refuse")
    with pytest.raises(MatchFound) as refused:
        engine.create(AGAIN["swapped names"], on_match="refuse")
    assert [match.profile_id for match in refused.value.matches] == [ana.id]


def test_a_create_uses_who_is_there_only_where_that_is_safe(hotel: Hotel) -> None:
    engine = hotel.engine
    before = engine.create(ANA)
    assert engine.create(ANA, on_match="use").id != before.id
    engine.clear(before.id)
    scan(engine)
    (known,) = [match.profile_id for match in engine.matches(ANA)]
    assert engine.create(ANA, on_match="use").id == known


def test_a_profile_has_the_views_of_its_plain_fields(engine: Engine) -> None:
    ana = engine.create(ANA | {"alternate_names": [{"last_name": "López"}]})
    (row,) = next(engine.extract(FIELDS, profile_ids=[ana.id]))
    assert views(row_of(ana)) == views(row)
    first, second = views(row)
    assert (first["last_name"], first["email"]) == ("García", "ana@garcia.example")
    assert (second["last_name"], second["email"]) == ("López", "work@garcia.example")
    assert first["phone"] == second["phone"] == "+34600111222"


def test_a_profile_of_many_values_has_a_few_views(engine: Engine) -> None:
    emails = [f"ana{number}@garcia.example" for number in range(30)]
    ana = engine.create(ANA | {"emails": emails})
    assert len(views(row_of(ana))) == MAX_VIEWS
