"""A host that outgrows its store moves to PostgreSQL, and could move back."""

from __future__ import annotations

from pathlib import Path

import psycopg
from click.testing import CliRunner

from profilecore import Engine
from profilecore.cli import main
from profilecore.store import MemoryStore
from profilecore.store.copying import copy
from profilecore_postgres import PostgresStore
from profilecore_postgres.testing import a_schema, url_of


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


def test_a_schema_that_is_not_there_is_no_source(dsn: str, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    with a_schema(dsn) as name:
        done = CliRunner().invoke(main, ["copy", url_of(dsn, name), f"sqlite:///{target}"])
        with psycopg.connect(dsn) as connection:
            query = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
            assert connection.execute(query, (name,)).fetchall() == []
    assert done.exit_code == 1
    assert "has no store" in done.output
    assert not target.exists()
