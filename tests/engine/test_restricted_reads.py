"""What a clear had to keep is read for its purpose only, by whoever may know of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from clears import (
    ANA,
    OTHER,
    REGISTER,
    Opens,
    laid_open,
    merge,
    opens_on,
    stayed,
)
from kit import P1, PNG, Clock

from profilecore import Actor, Engine, NotFound
from profilecore.store import Store


@pytest.fixture
def opens(store: Store, clock: Clock) -> Opens:
    """Give what opens an engine on each kind of store in turn."""
    return opens_on(store, clock)


def kept_person(engine: Engine) -> tuple[str, str, str]:
    """Make a person of whom the register keeps something, and a dispute of ``P2`` a file."""
    a = engine.create(ANA | {"property_id": "P1", "number": "G-1"}).id
    friend = engine.create(OTHER).id
    edge = {"relationships": [{"type": "friend", "profile_id": friend}], "birth_date": "1984-05-17"}
    engine.update(a, edge)
    merge(engine, a, engine.create({"last_name": "Garzia"}).id)
    stayed(engine, a)
    file = engine.attach(a, "zqscan.png", PNG).id
    with engine.acting(Actor("desk-2", "P2")):
        engine.place_hold(a, kind="dispute", keeps=["profile.occupation", "profile.last_name"])
        engine.place_hold(a, kind="dispute", keeps=["file"])
    engine.clear(a)
    return a, friend, file


def test_access_gives_a_property_nothing_that_the_hold_of_another_keeps(opens: Opens) -> None:
    engine = opens()
    id = engine.create(ANA | {"occupation": "cook"}).id
    stayed(engine, id)
    with engine.acting(Actor("desk-2", "P2")):
        engine.place_hold(id, kind="dispute", keeps=["profile.occupation"])
    engine.clear(id)
    with engine.acting(Actor("desk-2", "P2")):
        assert engine.access(id)["profile"]["occupation"]
    with engine.acting(P1):
        shown = engine.access(id)["profile"]
    assert shown["last_name"]
    assert "occupation" not in shown


READS: dict[str, Callable[[Engine, str, str, str], Any]] = {
    "get": lambda e, id, friend, file: e.get(id),
    "search": lambda e, id, friend, file: [
        e.search(text, state="restricted") for text in ("", "garc", "ana")
    ],
    "search by id": lambda e, id, friend, file: e.search(external_id=("pms", "17")),
    "stays": lambda e, id, friend, file: e.stays(id),
    "files": lambda e, id, friend, file: e.files(id),
    "relationships": lambda e, id, friend, file: e.relationships(id),
    "relationships of the other": lambda e, id, friend, file: e.relationships(friend),
    "merges": lambda e, id, friend, file: e.merges(id),
    "holds": lambda e, id, friend, file: e.holds(id),
    "check": lambda e, id, friend, file: e.check(id),
    "plan_merge": lambda e, id, friend, file: e.plan_merge(friend, [id]),
    "plan_clear": lambda e, id, friend, file: e.plan_clear(id),
    "explain": lambda e, id, friend, file: e.explain(id).words,
    "path": lambda e, id, friend, file: e.path(id),
    "receipt": lambda e, id, friend, file: e.receipt(id),
    "changes": lambda e, id, friend, file: e.changes().items,
}


@pytest.mark.parametrize("actor", [Actor("desk"), P1, Actor("x", purpose="curiosity")], ids=str)
def test_without_its_purpose_no_verb_shows_what_is_kept(opens: Opens, actor: Actor) -> None:
    engine = opens()
    id, friend, file = kept_person(engine)
    secrets = ("García", "Ana'", "1984", "ana@", f"R-{id}", "zqscan", "FRIEND")
    with engine.acting(actor):
        for verb, read in READS.items():
            shown = repr(laid_open(read(engine, id, friend, file)))
            assert not [secret for secret in secrets if secret in shown], verb
        with pytest.raises(NotFound):
            engine.read_file(file)


def test_for_its_purpose_each_reader_sees_what_that_keeps(opens: Opens) -> None:
    engine = opens()
    id, friend, file = kept_person(engine)
    with engine.acting(Actor("police-desk", purpose=REGISTER)):
        assert (engine.get(id).last_name, str(engine.get(id).birth_date)) == (
            "García", "1984-05-17",
        )  # fmt: skip
        assert [r.profile_id for r in engine.relationships(id)] == [friend]
        assert [s.reference for s in engine.stays(id)] == [f"R-{id}"]
        with pytest.raises(NotFound):
            engine.read_file(file)
    with engine.acting(Actor("lawyer", "P2", purpose="dispute")):
        assert (engine.get(id).last_name, engine.get(id).birth_date) == ("García", None)
        assert engine.read_file(file) == PNG
        assert engine.relationships(id) == []


def test_what_a_hold_of_one_property_keeps_is_not_for_another(opens: Opens) -> None:
    engine = opens()
    id, _, file = kept_person(engine)
    with engine.acting(Actor("lawyer", "P1", purpose="dispute")):
        assert engine.get(id).last_name is None
        assert "dispute" not in {h.rule for h in engine.get(id).held}
        assert engine.files(id) == engine.holds(id) == []
        with pytest.raises(NotFound):
            engine.read_file(file)


def test_an_access_request_at_one_property_tells_nothing_of_anothers_hold(opens: Opens) -> None:
    engine = opens()
    id, _, _ = kept_person(engine)
    with engine.acting(P1):
        assert "dispute" not in repr(engine.access(id))
    with engine.acting(Actor("desk", "P2")):
        assert "dispute" in repr(engine.access(id))
