"""Undoing merges on values: exact where nothing changed, edits kept and reported where it did."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import given
from kit import START, examples, profiles

from profilecore import Email, Profile
from profilecore.model.parts import Provenance
from profilecore.rules.unmerging import take_out

BEFORE = Profile(id="A", version=1, first_name="Ana", emails=(Email("a@example.org"),))
AFTER = attrs.evolve(
    BEFORE,
    version=2,
    first_name="Anna",
    emails=(Email("a@example.org"), Email("b@example.org")),
    custom={"pet": "cat"},
)
FIELDS = ("first_name", "emails", "custom")


def test_what_nobody_touched_goes_back() -> None:
    undone = take_out(AFTER, BEFORE, AFTER, FIELDS)
    assert attrs.evolve(undone.profile, version=1) == BEFORE
    assert undone.kept == ()


def test_an_edited_value_stays_and_is_named() -> None:
    undone = take_out(attrs.evolve(AFTER, first_name="Anita"), BEFORE, AFTER, FIELDS)
    assert undone.profile.first_name == "Anita"
    assert undone.profile.emails == BEFORE.emails
    assert undone.kept == ("first_name",)


def test_an_added_item_stays_and_is_named() -> None:
    now = attrs.evolve(AFTER, emails=(*AFTER.emails, Email("c@example.org")))
    undone = take_out(now, BEFORE, AFTER, FIELDS)
    assert [e.value for e in undone.profile.emails] == ["a@example.org", "c@example.org"]
    assert undone.kept == ("emails",)


def test_a_removed_item_stays_away_and_is_named() -> None:
    now = attrs.evolve(AFTER, emails=(Email("b@example.org"),))
    undone = take_out(now, BEFORE, AFTER, FIELDS)
    assert undone.profile.emails == ()
    assert undone.kept == ("emails",)


def test_an_entry_added_to_a_mapping_stays_and_is_named() -> None:
    now = attrs.evolve(AFTER, custom={"pet": "cat", "car": "red"})
    undone = take_out(now, BEFORE, AFTER, FIELDS)
    assert undone.profile.custom == {"car": "red"}
    assert undone.kept == ("custom",)


def test_an_edited_entry_of_a_mapping_stays() -> None:
    undone = take_out(attrs.evolve(AFTER, custom={"pet": "dog"}), BEFORE, AFTER, FIELDS)
    assert undone.profile.custom == {"pet": "dog"}
    assert undone.kept == ("custom",)


def test_provenance_goes_back_with_the_value() -> None:
    from profilecore.model import Stamp

    base, other = Stamp(START, "pms"), Stamp(START, "web")
    before = attrs.evolve(BEFORE, provenance=Provenance(base))
    after = attrs.evolve(AFTER, provenance=Provenance(base, {"first_name": other}))
    undone = take_out(
        after,
        attrs.evolve(before, provenance=Provenance()),
        attrs.evolve(after, provenance=Provenance(None, {"first_name": other})),
        FIELDS,
    )
    assert undone.profile.provenance == before.provenance


@given(profiles("A"), profiles("B"))
@examples(30)
def test_taking_out_is_the_exact_inverse(before: Profile, other: Profile) -> None:
    names = [a.name for a in attrs.fields(Profile) if a.name not in ("id", "provenance")]
    values: dict[str, Any] = {name: getattr(other, name) for name in names}
    after = attrs.evolve(before, **values)
    assert take_out(after, before, after, names).profile == before
