"""Documents of plugins' kinds: theirs to keep, under the engine's rules."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import attrs
import pytest
from kit import P1, P2, open_engine

from profilecore import (
    Engine,
    Entry,
    InvalidProfile,
    NotFound,
    ProfileCleared,
    ScopeDenied,
    VersionConflict,
    hookimpl,
)
from profilecore.model import DocumentKind, OnClear
from profilecore.model.enums import State
from profilecore.store import Store


@attrs.frozen
class Letter:
    text: str = attrs.field(repr=False)
    names: tuple[str, ...] = ()


class Letters:
    name = "letters"

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
        register(DocumentKind("letter", Letter, OnClear.ERASE, about=lambda letter: letter.names))


@pytest.fixture
def engine(store: Store) -> Engine:
    return open_engine(store, plugins=[Letters()])


def person(engine: Engine, name: str, **more: object) -> str:
    return engine.create({"last_name": name, **more}).id


def test_a_document_is_given_back_as_it_was_stored(engine: Engine) -> None:
    ana = person(engine, "García")
    made = engine.store_document("letter", Letter("Dear Ana"), profile_id=ana)
    assert engine.document("letter", made.id) == made
    assert (made.profile_id, made.version, made.value.text) == (ana, 1, "Dear Ana")
    assert "Dear" not in repr(made)


def test_it_is_found_by_its_owner_its_keys_and_its_kind(engine: Engine) -> None:
    ana, ben = person(engine, "García"), person(engine, "Ibsen")
    a = engine.store_document("letter", Letter("a"), profile_id=ana, keys=[("to", "x")])
    b = engine.store_document("letter", Letter("b"), profile_id=ben, keys=[("to", "x")])
    c = engine.store_document("letter", Letter("c"), profile_id=ben)
    assert engine.documents("letter", profile_id=ben) == [b, c]
    assert engine.documents("letter", key=("to", "x")) == [a, b]
    assert engine.documents("letter", limit=2) == [a, b]
    assert engine.documents("letter", after=b.id) == [c]
    assert engine.documents("letter", ids=[c.id, "none", a.id]) == [c, a]


def test_storing_over_it_replaces_the_value_and_the_keys(engine: Engine) -> None:
    ana = person(engine, "García")
    made = engine.store_document("letter", Letter("a"), profile_id=ana, keys=[("to", "x")])
    again = engine.store_document(
        "letter", Letter("b"), profile_id=ana, id=made.id, if_version=1, keys=[("to", "y")]
    )
    assert (again.version, engine.document("letter", made.id).value.text) == (2, "b")
    assert engine.documents("letter", key=("to", "x")) == []
    with pytest.raises(VersionConflict):
        engine.store_document("letter", Letter("c"), profile_id=ana, id=made.id, if_version=1)
    with pytest.raises(VersionConflict):
        engine.store_document("letter", Letter("c"), profile_id=ana, id="new", if_version=1)
    with pytest.raises(VersionConflict):
        engine.store_document("letter", Letter("c"), profile_id=ana, if_version=1)


def test_what_must_be_new_is_not_stored_over(engine: Engine) -> None:
    ana = person(engine, "García")
    made = engine.store_document("letter", Letter("a"), profile_id=ana)
    other = Entry(Letter("b"), ana, "other", if_version=0)
    with pytest.raises(VersionConflict):
        engine.store_documents("letter", [other, Entry(Letter("b"), ana, made.id, if_version=0)])
    assert engine.documents("letter") == [made]


def test_many_are_stored_together_or_none(engine: Engine) -> None:
    ana, ben = person(engine, "García"), person(engine, "Ibsen")
    entries = [Entry(Letter(name), whose) for name, whose in (("a", ana), ("b", ben), ("c", None))]
    made = engine.store_documents("letter", entries)
    assert engine.documents("letter") == made
    again = [Entry(Letter("b2"), ben, made[1].id), Entry(Letter("x"), "nobody")]
    with pytest.raises(NotFound):
        engine.store_documents("letter", again)
    assert engine.document("letter", made[1].id).value.text == "b"
    with pytest.raises(InvalidProfile):
        engine.store_documents("letter", [Entry(Letter("x"), ben, "one")] * 2)
    assert [e.subject for e in engine.changes().items[2:]] == [made[0].id, made[1].id]


def test_what_was_stored_in_the_transaction_is_stored_over(engine: Engine) -> None:
    ana = person(engine, "García")
    with engine.transaction():
        made = engine.store_document("letter", Letter("a"), profile_id=ana)
        engine.store_document("letter", Letter("b"), profile_id=ana, id=made.id)
    assert engine.document("letter", made.id).version == 2


def test_what_the_transaction_read_is_stored_over_as_it_was_read(engine: Engine) -> None:
    ana, ben = person(engine, "García"), person(engine, "Ibsen")
    made = engine.store_document("letter", Letter("a"), profile_id=ana, keys=[("to", "x")])
    chain = engine.store_document("letter", Letter("all"))
    with engine.transaction():
        read = engine.documents("letter", ids=[made.id, chain.id])
        entries = [Entry(Letter("b"), ana, made.id), Entry(Letter("c"), None, chain.id)]
        engine.store_documents("letter", entries, read=read)
        with pytest.raises(VersionConflict):
            engine.store_documents("letter", [Entry(Letter("d"), ana, made.id)], read=read)
        with pytest.raises(VersionConflict):
            engine.store_documents("letter", [Entry(Letter("d"), ana, made.id, 1)], read=read)
    assert [d.value.text for d in engine.documents("letter")] == ["b", "c"]
    assert [d.version for d in engine.documents("letter")] == [2, 2]
    assert engine.documents("letter", key=("to", "x")) == []
    now = engine.documents("letter")
    for id, whose in ((made.id, ben), (made.id, None), (chain.id, ana)):
        with pytest.raises(NotFound):
            engine.store_documents("letter", [Entry(Letter("x"), whose, id)], read=now)
    with engine.acting(P1), pytest.raises(ScopeDenied):
        engine.store_documents(
            "letter", [Entry(Letter("x"), None, chain.id, None, (), "P1")], read=now
        )


def test_nobody_stores_over_somebody_elses(engine: Engine) -> None:
    ana, ben = person(engine, "García"), person(engine, "Ibsen")
    made = engine.store_document("letter", Letter("a"), profile_id=ana)
    chain = engine.store_document("letter", Letter("all"))
    for id, whose in ((made.id, ben), (made.id, None), (chain.id, ana)):
        with pytest.raises(NotFound):
            engine.store_document("letter", Letter("b"), profile_id=whose, id=id)


def test_a_document_may_be_the_chains_own(engine: Engine) -> None:
    made = engine.store_document("letter", Letter("to all"), id="newest")
    assert engine.document("letter", "newest").value.text == "to all"
    assert made.profile_id is None
    with engine.acting(P1), pytest.raises(ScopeDenied):
        engine.store_document("letter", Letter("b"), id="newest")
    with engine.acting(P1), pytest.raises(ScopeDenied):
        engine.delete_document("letter", "newest")
    assert engine.delete_document("letter", "newest")
    assert not engine.delete_document("letter", "newest")


def test_a_document_may_be_a_propertys_own(engine: Engine) -> None:
    chain = engine.store_document("letter", Letter("to all"), id="newest")
    with engine.acting(P1):
        made = engine.store_document("letter", Letter("a"), id="ours", property_id="P1")
        assert (made.profile_id, made.property_id) == (None, "P1")
        assert (
            engine.store_document("letter", Letter("b"), id="ours", property_id="P1").version == 2
        )
        with pytest.raises(ScopeDenied):
            engine.store_document("letter", Letter("c"), id=chain.id, property_id="P1")
    with engine.acting(P2):
        assert engine.documents("letter", ids=["ours"]) == []
        with pytest.raises(NotFound):
            engine.store_document("letter", Letter("c"), id="ours", property_id="P2")
    with engine.acting(P1):
        assert engine.delete_document("letter", "ours")
    assert engine.documents("letter") == [chain]


def test_it_may_not_have_the_id_of_its_profile(engine: Engine) -> None:
    ana = person(engine, "García")
    with pytest.raises(InvalidProfile):
        engine.store_document("letter", Letter("a"), profile_id=ana, id=ana)


def test_only_kinds_of_plugins_and_their_classes_are_taken(engine: Engine) -> None:
    ana = person(engine, "García")
    for kind in ("hold", "postcard"):
        with pytest.raises(NotFound):
            engine.store_document(kind, Letter("a"), profile_id=ana)
        with pytest.raises(NotFound):
            engine.documents(kind)
    with pytest.raises(TypeError):
        engine.store_document("letter", "a", profile_id=ana)
    with pytest.raises(InvalidProfile):
        engine.documents("letter", limit=0)


def test_another_property_does_not_see_it(engine: Engine) -> None:
    ana = person(engine, "García")
    with engine.acting(P1):
        made = engine.store_document("letter", Letter("a"), profile_id=ana, property_id="P1")
    with engine.acting(P2):
        assert engine.documents("letter", profile_id=ana) == []
        assert not engine.delete_document("letter", made.id)
        with pytest.raises(NotFound):
            engine.document("letter", made.id)
        with pytest.raises(NotFound):
            engine.store_document("letter", Letter("b"), profile_id=ana, id=made.id)
        with pytest.raises(ScopeDenied):
            engine.store_document("letter", Letter("b"), profile_id=ana, property_id="P1")


def test_what_belongs_to_a_private_profile_is_hidden_with_it(engine: Engine) -> None:
    with engine.acting(P1):
        ana = person(engine, "García", shared_level="property")
        made = engine.store_document("letter", Letter("a"), profile_id=ana, keys=[("to", "x")])
    with engine.acting(P2):
        assert engine.documents("letter") == engine.documents("letter", key=("to", "x")) == []
        with pytest.raises(NotFound):
            engine.document("letter", made.id)


def test_a_page_is_full_behind_those_that_are_hidden(engine: Engine) -> None:
    with engine.acting(P1):
        hidden = person(engine, "García", shared_level="property")
        for _ in range(3):
            engine.store_document("letter", Letter("a"), profile_id=hidden, keys=[("to", "x")])
    seen = person(engine, "Ibsen")
    made = [
        engine.store_document("letter", Letter("b"), profile_id=seen, keys=[("to", "x")])
        for _ in range(3)
    ]
    with engine.acting(P2):
        assert engine.documents("letter", limit=2) == made[:2]
        assert engine.documents("letter", after=made[1].id, limit=2) == made[2:]
        assert engine.documents("letter", key=("to", "x"), limit=2) == made[:2]


def test_after_a_merge_it_is_the_survivors(engine: Engine) -> None:
    ana, anna = person(engine, "García"), person(engine, "Garcia")
    made = engine.store_document("letter", Letter("a"), profile_id=anna)
    engine.merge(engine.plan_merge(ana, [anna]))
    assert engine.documents("letter", profile_id=ana) == [made]
    engine.store_document("letter", Letter("b"), profile_id=ana, id=made.id)
    assert engine.document("letter", made.id).profile_id == anna


def test_a_clear_takes_it_with_all_that_others_documents_tell(engine: Engine) -> None:
    ana, anna, ben = (person(engine, name) for name in ("García", "Garcia", "Ibsen"))
    engine.merge(engine.plan_merge(ana, [anna]))
    own = engine.store_document("letter", Letter("mine"), profile_id=ana)
    told = engine.store_document("letter", Letter("Ana was here", (anna,)), profile_id=ben)
    both = engine.store_document("letter", Letter("Ana left", (ana, anna)), profile_id=ben)
    free = engine.store_document("letter", Letter("rain"), profile_id=ben)
    engine.clear(ana)
    for gone in (own, told, both):
        with pytest.raises(NotFound):
            engine.document("letter", gone.id)
    assert engine.documents("letter") == [free]
    deleted = [e for e in engine.changes().items if e.type == "document.deleted"]
    assert sorted((e.profile_id, e.subject) for e in deleted) == sorted(
        (ben, each.id) for each in (told, both)
    )
    with pytest.raises(ProfileCleared):
        engine.store_document("letter", Letter("again"), profile_id=ana)


def test_a_transaction_sees_whom_it_cleared_merged_or_did_not_make(engine: Engine) -> None:
    ana, anna, ben = (person(engine, name) for name in ("García", "Garcia", "Ibsen"))
    with engine.transaction():
        for id in (ana, anna, ben):
            engine.store_document("letter", Letter("a"), profile_id=id)
        engine.clear(ben)
        engine.merge(engine.plan_merge(ana, [anna]))
        assert engine.store_document("letter", Letter("b"), profile_id=anna).profile_id == ana
        with pytest.raises(ProfileCleared):
            engine.store_document("letter", Letter("b"), profile_id=ben)
        with suppress(RuntimeError), engine.transaction():
            eve = person(engine, "Eve")
            engine.store_document("letter", Letter("a"), profile_id=eve)
            raise RuntimeError
        with pytest.raises(NotFound):
            engine.store_document("letter", Letter("b"), profile_id=eve)


def test_whom_a_batch_changes_is_asked_for_anew_when_it_is_stored(engine: Engine) -> None:
    ana = person(engine, "García")
    made = engine.store_document("letter", Letter("a"), profile_id=ana)
    kernel = engine._kernel
    with kernel.writing() as unit:
        with unit.batch():
            profile = kernel.load(unit.writer, ana)
            gone = attrs.evolve(profile, state=State.CLEARED, version=profile.version + 1)
            unit.put_profile(gone, expect=profile.version)
            assert engine.documents("letter", ids=[made.id]) == [made]  # asks for the owner
        with pytest.raises(ProfileCleared):
            engine.store_document("letter", Letter("b"), profile_id=ana)


def test_a_transaction_asks_for_each_actor_who_may_be_seen(engine: Engine) -> None:
    with engine.transaction():
        with engine.acting(P1):
            ana = person(engine, "García", shared_level="property")
            engine.store_document("letter", Letter("a"), profile_id=ana)
        with engine.acting(P2), pytest.raises(NotFound):
            engine.store_document("letter", Letter("b"), profile_id=ana)


def test_what_a_host_undoes_inside_its_transaction_is_not_remembered(tmp_path: Path) -> None:
    url, host = f"sqlite:///{tmp_path / 'a.db'}", sqlite3.connect(tmp_path / "a.db")
    with Engine.open(url, discover=False, plugins=[Letters()]) as engine, closing(host):
        with engine.transaction(connection=host):
            host.execute("SAVEPOINT theirs")
            ana = person(engine, "García")
            engine.store_document("letter", Letter("a"), profile_id=ana)
            host.execute("ROLLBACK TO theirs")
            with pytest.raises(NotFound):
                engine.store_document("letter", Letter("b"), profile_id=ana)
        host.commit()
        assert engine.documents("letter") == []


def test_events_tell_of_it_without_its_value(engine: Engine) -> None:
    ana = person(engine, "García")
    made = engine.store_document("letter", Letter("a"), profile_id=ana)
    engine.delete_document("letter", made.id)
    told = [(e.type, e.profile_id, e.subject) for e in engine.changes().items[1:]]
    assert told == [("document.stored", ana, made.id), ("document.deleted", ana, made.id)]
