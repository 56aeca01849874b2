"""Whoever objected is not brought back by an import, and nothing of them is kept for that."""

from __future__ import annotations

from typing import Any

import pytest
from kit import Ids, all_text, open_engine

from profilecore import Engine, InvalidProfile
from profilecore.store import MemoryStore, Store

KEY = {"profilecore": {"suppression_key": "a secret kept apart"}}
ANA = {
    "last_name": "García",
    "emails": ["ana@example.com"],
    "phones": ["+34600000001"],
    "documents": [{"type": "passport", "country": "ES", "number": "P-12 34"}],
    "tax_ids": [{"value": "12345678Z", "country": "ES"}],
}


def loaded(engine: Engine, *rows: dict[str, Any], workers: int = 0) -> tuple[Any, list[Any]]:
    rejects: list[Any] = []
    report = engine.load(rows, source="crm", workers=workers, on_reject=rejects.append)
    return report, rejects


@pytest.fixture
def engine(store: Store) -> Engine:
    return open_engine(store, config=KEY)


@pytest.mark.parametrize(
    "row",
    [
        {"emails": ["ANA@example.com"]}, {"phones": ["+34 600 000 001"]},
        {"documents": [{"type": "passport", "country": "ES", "number": "p1234"}]},
        {"tax_ids": [{"value": "12345678-Z", "country": "ES"}]},
    ],
    ids=["email", "phone", "document", "tax"],
)  # fmt: skip
def test_an_import_does_not_bring_back_who_objected(engine: Engine, row: dict[str, Any]) -> None:
    engine.clear(engine.create(ANA).id, objected=True)
    other = {"last_name": "Other", "emails": ["other@example.com"]}
    report, (reject,) = loaded(engine, {"last_name": "Garcia"} | row, other)
    assert (report.created, report.rejected, reject.number) == (1, 1, 1)
    assert [p.code for p in reject.problems] == ["objected"]
    assert loaded(engine, {"last_name": "Garcia"} | row)[0].rejected == 1


def test_an_import_without_the_key_is_refused_where_somebody_objected(engine: Engine) -> None:
    bare = open_engine(engine.store, new_id=Ids("bare"))
    assert loaded(bare, {"last_name": "Other"})[0].created == 1
    engine.clear(engine.create(ANA).id, objected=True)
    with pytest.raises(InvalidProfile, match="suppression_key"):
        loaded(bare, ANA)
    with pytest.raises(InvalidProfile, match="suppression_key"):
        bare.objected({})
    assert not bare.search("garcia").items


def test_whoever_did_not_object_may_come_again(engine: Engine) -> None:
    engine.clear(engine.create(ANA).id)
    assert loaded(engine, ANA)[0].created == 1
    assert not engine.objected(ANA)


def test_a_guest_may_come_back_in_person_and_lift_it(engine: Engine) -> None:
    engine.clear(engine.create(ANA).id, objected=True)
    assert engine.objected({"phones": ["+34600000001"]})
    assert not engine.objected({"phones": ["+34600000002"]})
    back = engine.create({"last_name": "García", "emails": ["ana@example.com"]})
    assert back.last_name == "García"
    assert engine.lift_objection({"emails": ["ana@example.com"]}) == 1
    assert engine.lift_objection({"emails": ["ana@example.com"]}) == 0
    assert loaded(engine, ANA)[0].created == 1


def test_who_is_known_by_now_is_updated(engine: Engine) -> None:
    engine.clear(engine.create(ANA).id, objected=True)
    engine.create(ANA | {"external_ids": [{"system": "crm", "value": "17"}]})
    row = ANA | {"first_name": "Ana", "external_ids": [{"system": "crm", "value": "17"}]}
    assert loaded(engine, row)[0].updated == 1


def test_a_booking_sites_alias_is_nobodys_own(engine: Engine) -> None:
    alias = {"last_name": "x", "emails": ["abc123@guest.booking.com"]}
    engine.clear(engine.create(alias).id, objected=True)
    assert loaded(engine, alias | {"last_name": "y"})[0].created == 1


def test_nothing_readable_is_kept_for_it_and_nothing_links_it() -> None:
    store = MemoryStore()
    engine = open_engine(store, config=KEY)
    id = engine.create(ANA).id
    engine.clear(id, objected=True)
    text = all_text(store)
    for value in ("ana@", "600000001", "p1234", "12345678"):
        assert value not in text.casefold()
    with store.read() as reader:
        (document,) = reader.listing("objection", None, 10)
    assert id not in (document.owner, document.body.decode())
    assert b"2026-03" in document.body


def test_the_key_decides_who_can_recognise_anybody(store: Store) -> None:
    open_engine(store, config=KEY).clear(open_engine(store).create(ANA).id, objected=True)
    other = {"profilecore": {"suppression_key": "another"}}
    assert not open_engine(store, config=other).objected(ANA)
    assert "secret" not in repr(open_engine(store, config=KEY)._kernel.settings)


def test_without_a_key_it_is_off_and_says_so(store: Store) -> None:
    engine = open_engine(store)
    id = engine.create(ANA).id
    for ask in (
        lambda: engine.clear(id, objected=True),
        lambda: engine.lift_objection(ANA),
    ):
        with pytest.raises(InvalidProfile, match="suppression_key"):
            ask()
    assert engine.get(id).last_name == "García", "refused as a whole"
    assert not engine.objected(ANA), "nobody ever did"


def test_worker_processes_know_it_too(tmp_path: Any) -> None:
    pytest.importorskip("profilecore_sqlite")
    with Engine.open(f"sqlite:///{tmp_path}/g.db", config=KEY) as engine:
        engine.clear(engine.create(ANA).id, objected=True)
        rows = [ANA | {"first_name": str(n)} for n in range(3)]
        assert loaded(engine, *rows, workers=2)[0].rejected == 3


def test_a_restored_backup_remembers_the_objection(tmp_path: Any) -> None:
    ledger = tmp_path / "ledger"
    with open_engine(config=KEY, ledger=ledger) as engine:
        ana = engine.create(ANA).id
        engine.clear(ana, objected=True)
        salt = engine.store.salt
    ids = iter([ana, *(f"new{n}" for n in range(1000))])
    store = MemoryStore()
    store._salt = salt  # a backup has that of its store
    open_engine(store, new_id=lambda: next(ids)).create(ANA)
    with open_engine(store, config=KEY, ledger=ledger) as engine:
        assert engine.get(ana).state.is_cleared
        assert engine.objected(ANA)


def test_whoever_was_cleared_but_for_a_hold_may_still_object(engine: Engine) -> None:
    id = engine.create(ANA).id
    engine.place_hold(id, kind="court-order", keeps=("profile.emails",))
    first = engine.clear(id)
    receipt = engine.clear(id, objected=True)
    assert (receipt.objected, receipt.follows) == (True, first.id)
    assert engine.objected({"emails": ["ana@example.com"]})
    assert engine.clear(id, objected=True) == receipt
    assert engine.verify() == []
