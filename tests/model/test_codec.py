"""Bodies: what was stored is read again, also without the plugin that knew it."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit import START, examples, profiles

from profilecore import Hold, Merge, Profile, Receipt, Stay
from profilecore.codec import Codec
from profilecore.model import ReceiptStatus, Stamp, StayStatus
from profilecore.model.fields import Clear, Search, Sensitivity, field, record

CODEC = Codec()
_fact = {"clear": Clear.ERASE, "sensitivity": Sensitivity.PERSONAL, "search": Search.NONE}


@record
class Club:
    level: str | None = field(merge="best", **_fact)
    cards: tuple[str, ...] = field(merge="union", default=(), **_fact)
    since: date | None = field(merge="earliest", **_fact)


@given(profiles())
@examples(80)
def test_a_profile_is_read_as_it_was_stored(profile: Profile) -> None:
    body = CODEC.dump(profile)
    assert CODEC.load(Profile, body) == profile
    assert CODEC.plain(CODEC.load(Profile, body)) == msgspec.json.decode(body)
    assert CODEC.value(Profile, CODEC.plain(profile)) == profile


@given(st.dates(date(2020, 1, 1)), st.sampled_from(StayStatus), st.lists(st.text(max_size=3)))
@examples(40)
def test_a_stay_is_read_as_it_was_stored(day: date, status: StayStatus, names: list[str]) -> None:
    stay = Stay(id="S", arrival=day, status=status, companions=tuple(names), stamp=Stamp(START))
    try:
        body = CODEC.dump(stay)
    except TypeError:
        assert any("\ud800" <= c <= "\udfff" for name in names for c in name)
        return
    assert CODEC.load(Stay, body) == stay


@pytest.mark.parametrize(
    "value",
    [
        Hold(id="H", profile_id="A", kind="open-bill", expected_on=date(2026, 4, 1)),
        Hold(id="H", profile_id="A", kind="x", placed=Stamp(START, "pms", "desk", "P1", True)),
        Receipt("R", "A", ReceiptStatus.PENDING, START, erased={"hold": 2}, cleared_ids=("A", "B")),
        Merge("M", "A", ("B",), 2, ("emails",), {"x": 1}, {"x": [2]}, Stamp(START)),
    ],
)
def test_an_owned_document_is_read_as_it_was_stored(value: Any) -> None:
    assert CODEC.load(type(value), CODEC.dump(value)) == value


def test_fields_at_their_default_take_no_room() -> None:
    assert msgspec.json.decode(CODEC.dump(Profile(id="A", last_name="x"))) == {
        "id": "A",
        "last_name": "x",
    }


def test_a_key_of_a_newer_version_is_passed_over() -> None:
    body = msgspec.json.encode({"id": "A", "last_name": "x", "invented_later": [1], "_": 0})
    assert CODEC.load(Profile, body) == Profile(id="A", last_name="x")


def test_a_known_facet_is_of_its_class_and_an_unknown_one_plain() -> None:
    codec = Codec({"club": Club})
    facets = {"club": Club(level="gold", cards=("1",), since=date(2020, 1, 1)), "spa": {"x": [1]}}
    profile = Profile(id="A", facets=facets)
    body = codec.dump(profile)
    assert codec.load(Profile, body) == profile
    without = CODEC.load(Profile, body)
    assert without.facets["club"] == {"level": "gold", "cards": ["1"], "since": "2020-01-01"}
    assert codec.load(Profile, CODEC.dump(without)) == profile


def test_an_older_body_is_upgraded_step_by_step() -> None:
    def rename(tree: dict[str, Any]) -> dict[str, Any]:
        return {("last_name" if k == "surname" else k): v for k, v in tree.items()}

    def shout(tree: dict[str, Any]) -> dict[str, Any]:
        return tree | {"last_name": tree["last_name"].upper()}

    first = msgspec.json.encode({"id": "A", "surname": "x"})
    second = Codec(upgrades=[rename]).dump(Profile(id="A", last_name="x"))
    newest = Codec(upgrades=[rename, shout])
    assert newest.load(Profile, first).last_name == "X"
    assert newest.load(Profile, second).last_name == "X"
    assert newest.load(Profile, newest.dump(Profile(id="A", last_name="x"))).last_name == "x"


def test_columns_are_those_of_the_newest_format() -> None:
    upgrade = Codec(upgrades=[lambda tree: tree | {"occupation": tree["last_name"]}])
    bodies = [msgspec.json.encode({"id": id, "last_name": id.lower()}) for id in "AB"]
    names = ("last_name", "occupation")
    assert upgrade.columns(names)(bodies) == (("a", "b"), ("a", "b"))
    assert CODEC.columns(names)(bodies) == (("a", "b"), (None, None))
    for codec in (CODEC, upgrade):
        assert codec.columns(names)([]) == ((), ())


def test_a_value_with_slots_is_stored_in_any_format() -> None:
    @attrs.frozen
    class Visit:
        table: str | None = None

    for codec in (CODEC, Codec(upgrades=[lambda tree: tree])):
        assert codec.load(Visit, codec.dump(Visit("7"))) == Visit("7")
