"""A host that outgrows its store moves to PostgreSQL, and could move back."""

from __future__ import annotations

from profilecore import Engine
from profilecore.store import MemoryStore
from profilecore.store.copying import copy
from profilecore_postgres import PostgresStore


def test_nothing_is_lost_on_the_way_to_postgresql_and_back(store: PostgresStore) -> None:
    before = MemoryStore()
    engine = Engine(before, discover=False)
    one, other, third = (
        engine.create({"last_name": name, "emails": [f"{name}@example.org"]})
        for name in ("Garcia", "Gärtner", "García")
    )
    merge = engine.merge(engine.plan_merge(one.id, [third.id]))
    engine.attach(other.id, "passport.pdf", b"%PDF-1.7")
    engine.record_stay(one.id, {"property_id": "P1", "reference": "17"})
    there = copy(before, store)
    moved = Engine(store, discover=False)
    assert [p.id for p in moved.search("gar").items] == [p.id for p in engine.search("gar").items]
    assert moved.changes().items == engine.changes().items
    assert moved.verify_audit() == []
    back = MemoryStore()
    assert copy(store, back) == there
    again = Engine(back, discover=False)
    again.unmerge(merge.id)
    assert again.get(third.id).last_name == "García"
