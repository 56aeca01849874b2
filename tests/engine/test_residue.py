"""Cleared means gone: nothing a person gave is left anywhere in the store."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from kit import PNG, all_text, open_engine

from profilecore import Actor, Engine, Profile
from profilecore.model.fields import Clear, fields_of, rules_of
from profilecore.store import Store, open_store

M = "zqmarker"
CONFIG = {"profilecore": {"custom_fields": {"pet": "personal"}}}
# Every field with a value that can be looked for; what cannot hold free text is listed below.
MARKED: dict[str, Any] = {
    "first_name": f"{M}a",
    "middle_name": f"{M}b",
    "last_name": f"{M}c",
    "second_last_name": f"{M}d",
    "name_prefix": f"{M}e",
    "name_suffix": f"{M}f",
    "alternate_names": [{"first_name": f"{M}g", "last_name": f"{M}h"}],
    "birth_place": f"{M}i",
    "emails": [f"{M}j@example.org", {"value": f"{M.upper()}k@Example.ORG"}],
    "phones": [{"value": "+34699887766", "raw": f"{M}l"}],
    "addresses": [{"line1": f"{M}m", "city": f"{M}n", "text": f"{M}o", "postal_code": f"{M}p"}],
    "documents": [{"type": "passport", "number": f"{M}q", "issuing_place": f"{M}r"}],
    "tax_ids": [{"value": f"{M}s", "type": f"{M}t"}],
    "occupation": f"{M}u",
    "car_registration": f"{M}v",
    "company_id": f"{M}w",
    "company_name": f"{M}x",
    "accounting_code": f"{M}y",
    "billing_code": f"{M}z",
    "dietary_requirements": f"{M}1",
    "accessibility": f"{M}2",
    "preferences": [{"group": f"{M}3", "code": f"{M}4", "value": f"{M}5", "property_id": "P1"}],
    "category": f"{M}6",
    "tags": [f"{M}7"],
    "marketing_source": f"{M}8",
    "restrictions": [{"kind": "blocklist", "text": f"{M}9", "reason_code": f"{M}10"}],
    "notes": [{"text": f"{M}11\n{M}12", "property_id": "P1"}],
    "consents": [{"purpose": f"{M}13", "status": "granted", "evidence": f"{M}14"}],
    "external_ids": [{"system": f"{M}15", "value": f"{M}16"}],
    "custom": {"pet": {f"{M}17": [f"{M}18"]}},
    "facets": {"club": {f"{M}19": f"{M}20"}},
}
FIXED_VOCABULARY = {
    "title", "sex", "birth_date", "birth_country", "birth_subdivision", "nationalities",
    "languages", "country_of_residence", "classifications", "relationships", "provenance",
}  # fmt: skip


def test_every_field_that_clearing_touches_is_marked() -> None:
    touched = {n for n, rule in rules_of(Profile).items() if rule.clear is not Clear.KEEP}
    assert touched == MARKED.keys() | FIXED_VOCABULARY


def live(engine: Engine) -> list[str]:
    """Go through everything that leaves traces; give the ids of the family."""
    with engine.acting(Actor("desk-1", source="desk")):
        a = engine.create(MARKED, key=f"{M}-key")
        b = engine.create(
            {"last_name": f"{M}other", "emails": [f"{M}b@example.org"]}, source=f"{M}source"
        )
    engine.update(a.id, {"first_name": f"{M}changed", "notes": [f"{M}note"]})
    engine.attach(b.id, f"/scans/{M}/{M}.png", PNG + M.encode())
    hold = engine.place_hold(a.id, kind="open-bill", ref=f"bill of {M}")
    engine.release_hold(hold.id)
    stay = {"property_id": "P1", "reference": f"{M}ref", "unit": f"{M}u", "references": [f"{M}r"]}
    engine.record_stay(b.id, stay)
    engine.search(f"{M}a")
    engine.unmerge(engine.merge(engine.plan_merge(b.id, [a.id])).id)
    engine.merge(engine.plan_merge(a.id, [b.id], choices={"last_name": b.id}))
    engine.update(b.id, {"occupation": f"{M}again"})
    rows = [{"last_name": f"{M}row", "occupation": f"{M}job"}]
    engine.load(rows, source="import", workers=0)
    (loaded,) = engine.search(f"{M}row").items
    engine.merge(engine.plan_merge(a.id, [loaded.id]))
    return [a.id, b.id, loaded.id]


def test_nothing_is_left_in_any_body_term_or_event(engine: Engine) -> None:
    engine = open_engine(config=CONFIG)
    ids = live(engine)
    assert M in all_text(engine.store)
    engine.clear(ids[1], reason="asked")
    text = all_text(engine.store)
    assert M not in text
    assert "34699887766" not in text


def test_nothing_is_left_in_the_files_of_a_store(store: Store) -> None:
    engine = open_engine(store, config=CONFIG)
    ids = live(engine)
    engine.clear(ids[0])
    engine.search(f"{M}a")
    for path in store.files():
        content = path.read_bytes().lower()
        assert M.encode() not in content, path.suffix
        assert b"34699887766" not in content
    assert engine.search(f"{M}a").items == ()
    assert engine.search(f"{M}j@example.org").items == ()


def test_a_person_who_was_not_cleared_keeps_everything(engine: Engine) -> None:
    engine = open_engine(config=CONFIG)
    other = engine.create({"last_name": "Stays", "emails": ["stays@example.org"]})
    engine.clear(live(engine)[0])
    assert engine.get(other.id) == other
    assert [p.id for p in engine.search("stays@example.org").items] == [other.id]


def test_no_log_line_and_no_event_ever_holds_a_value(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        name = "broken"

        from profilecore import hookimpl

        @hookimpl
        def profilecore_on_event(self, event: Any) -> None:
            raise ValueError(f"{M} in a foreign message")

    caplog.set_level(logging.DEBUG)
    engine = open_engine(config=CONFIG, plugins=[Broken()])
    engine.clear(live(engine)[0])
    for event in engine.changes().items:
        assert M not in repr(attrs.asdict(event)).casefold()
        assert set(event.fields) <= {f.name for f in fields_of(Profile)}
    messages = [record.getMessage() for record in caplog.records]
    assert messages
    assert not [m for m in messages if M in m.casefold()]


def test_the_search_finds_all_of_a_person_before_a_clear_and_nothing_after(
    tmp_path: Path, part: Callable[[str], Any]
) -> None:
    part("profilecore_sqlite")
    sqlite = open_engine(open_store(f"sqlite:///{tmp_path / 'a.db'}"), config=CONFIG)
    ids = live(sqlite)
    asked = sqlite.fingerprints(ids[1])
    before = sqlite.residue(asked)
    assert before.shared == ()
    kinds = {place.what for place in before.found}
    # What a merge journal holds of the past is found, too.
    fields = {
        "emails", "phones", "addresses", "documents", "tax_ids", "notes", "restrictions",
        "external_ids", "custom", "facets", "dietary_requirements", "accessibility",
    }  # fmt: skip
    assert kinds >= fields & MARKED.keys()
    assert kinds >= {"search term", "name", "file.name", "file content"}
    assert kinds >= {"stay.reference", "outcome.digest"}
    assert before.searched == len(asked) >= len(before.found) > 40
    sqlite.clear(ids[0])
    after = sqlite.residue(asked)
    assert (after.found, after.shared, after.searched) == ((), (), len(asked))
    assert after.bytes == sum(path.stat().st_size for path in sqlite.store.files())
    sqlite.close()
