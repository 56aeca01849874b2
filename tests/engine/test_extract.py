"""Plain fields of many profiles, and ids by their keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from kit import P1, P2, examples, open_engine, profiles

from profilecore import Engine, InvalidProfile, Profile


def all_rows(engine: Engine, fields: list[str], **options: object) -> list[dict[str, object]]:
    """Give the rows, and see on the way that the columns have the same."""
    found = [row for page in engine.extract(fields, **options) for row in page]  # type: ignore[arg-type]  # options of a test
    if not options:
        told = [row for page in engine.columns(fields) for row in zip(*page, strict=True)]
        assert told == [tuple(row.values()) for row in found]
    return found


def test_fields_come_as_plain_json_in_the_order_of_insertion(each_engine: Engine) -> None:
    ana = each_engine.create({"last_name": "García", "emails": ["Ana@Example.org"]})
    ben = each_engine.create({"last_name": "Ibsen"})
    rows = all_rows(each_engine, ["id", "last_name", "emails"])
    assert [row["id"] for row in rows] == [ana.id, ben.id]
    assert rows[0]["emails"][0]["value"] == "ana@example.org"  # type: ignore[index]  # plain JSON
    assert rows[1] == {"id": ben.id, "last_name": "Ibsen", "emails": None}


def test_those_named_come_in_the_order_asked_for(each_engine: Engine) -> None:
    ids = [each_engine.create({"last_name": name}).id for name in "abc"]
    wanted = [ids[2], "nobody", ids[0]]
    rows = all_rows(each_engine, ["last_name"], profile_ids=wanted)
    assert [row["last_name"] for row in rows] == ["c", "a"]


def test_merged_and_cleared_profiles_are_left_out(each_engine: Engine) -> None:
    a, b, c = (each_engine.create({"last_name": name}).id for name in "abc")
    each_engine.merge(each_engine.plan_merge(a, [b]))
    each_engine.clear(c)
    assert [row["id"] for row in all_rows(each_engine, ["id"])] == [a]


def test_a_property_sees_its_own(each_engine: Engine) -> None:
    with each_engine.acting(P1):
        each_engine.create({"last_name": "private", "shared_level": "property"})
        notes = [{"text": "of P1", "property_id": "P1"}, {"text": "of all"}]
        each_engine.create({"last_name": "open", "notes": notes})
    with each_engine.acting(P2):
        rows = all_rows(each_engine, ["last_name", "notes"])
    assert [row["last_name"] for row in rows] == ["open"]
    assert [note["text"] for note in rows[0]["notes"]] == ["of all"]  # type: ignore[attr-defined]  # plain JSON


def test_an_unknown_field_is_named(each_engine: Engine) -> None:
    with pytest.raises(InvalidProfile) as refused:
        each_engine.extract(["last_name", "shoe_size"])
    assert [p.path for p in refused.value.problems] == ["/fields/1"]


def test_columns_may_name_what_tells_the_living_from_others(each_engine: Engine) -> None:
    a, b = (each_engine.create({"last_name": name}).id for name in "ab")
    each_engine.merge(each_engine.plan_merge(a, [b]))
    assert list(each_engine.columns(["state", "id"])) == [([None], [a])]
    with pytest.raises(InvalidProfile):
        each_engine.columns(["shoe_size"])


@examples(30)
@given(profiles())
def test_it_gives_what_the_whole_profile_has(made: Profile) -> None:
    engine = open_engine()
    with engine._kernel.writing() as unit:
        unit.put_profile(made, expect=0)
    plain = engine._kernel.codec.plain(made)
    names = sorted(plain)
    (row,) = all_rows(engine, names)
    assert row == {name: plain[name] for name in names}


def test_ids_are_looked_up_by_their_keys(each_engine: Engine) -> None:
    ids = [
        each_engine.create({"last_name": name, "emails": ["a@example.org"]}).id for name in "abc"
    ]
    key = ("email", "a@example.org")
    assert each_engine.look_up([key, ("email", "b@example.org")]) == {key: ids}
    assert each_engine.look_up([key], at_most=2) == {key: ids[:2]}
    assert each_engine.look_up([key], at_most=2, or_none=True) == {}
    assert each_engine.look_up([key], at_most=3, or_none=True) == {key: ids}
