"""Rules live on fields: a field without rules cannot be defined."""

from __future__ import annotations

import attrs
import pytest

from profilecore import Profile, Stay
from profilecore.errors import FieldRuleMissing
from profilecore.model import parts
from profilecore.model.documents import Outcome
from profilecore.model.fields import (
    Clear,
    Search,
    Sensitivity,
    field,
    fields_of,
    part,
    record,
    rule_of,
    rule_table,
    rules_of,
)
from profilecore.rules.survivorship import RULES

RECORDS = [Profile, Stay, Outcome]
OWN_MERGE = {"facets", "provenance"}


def test_a_field_without_rules_cannot_be_defined() -> None:
    with pytest.raises(FieldRuleMissing) as refused:

        @record
        class Loyalty:
            points: int = 0
            level: str | None = attrs.field(default=None)
            tier: str | None = field(
                merge="best",
                clear=Clear.ERASE,
                sensitivity=Sensitivity.NONE,
                search=Search.NONE,
            )

    assert (refused.value.owner, refused.value.fields) == ("Loyalty", ("points", "level"))
    for word in ("Loyalty", "points", "level", "merge", "clear"):
        assert word in str(refused.value)
    assert isinstance(refused.value, TypeError)


@pytest.mark.parametrize("left_out", ["merge", "clear", "sensitivity", "search"])
def test_each_of_the_four_rules_is_required(left_out: str) -> None:
    rules = {
        "merge": "best",
        "clear": Clear.ERASE,
        "sensitivity": Sensitivity.NONE,
        "search": Search.NONE,
    }
    del rules[left_out]
    with pytest.raises(TypeError, match=left_out):
        field(**rules)  # type: ignore[arg-type]


def test_a_generalised_field_says_how() -> None:
    with pytest.raises(TypeError, match="generalise"):
        field(
            merge="best",
            clear=Clear.GENERALISE,
            sensitivity=Sensitivity.NONE,
            search=Search.NONE,
        )


def test_a_part_may_have_bare_attributes_and_hides_them() -> None:
    @part
    class Card:
        number: str = "4111"

    assert repr(Card()) == "<Card>"


@pytest.mark.parametrize("cls", RECORDS)
def test_the_rule_table_has_one_row_a_field(cls: type) -> None:
    rows = list(rule_table(cls))
    assert [row["field"] for row in rows] == [f.name for f in fields_of(cls)]
    for row in rows:
        assert row.keys() == {"field", "merge", "clear", "sensitivity", "search"}
        assert all(row.values())
        rule = rule_of(cls, row["field"])
        assert (row["merge"], row["clear"]) == (rule.merge, rule.clear.value)


@pytest.mark.parametrize("cls", RECORDS)
def test_every_merge_rule_named_exists(cls: type) -> None:
    for name, rule in rules_of(cls).items():
        assert rule.merge in RULES or name in OWN_MERGE, name


@pytest.mark.parametrize("cls", RECORDS)
def test_what_is_kept_by_a_clear_is_not_personal(cls: type) -> None:
    for name, rule in rules_of(cls).items():
        if rule.clear is Clear.KEEP:
            assert rule.sensitivity is Sensitivity.NONE, name


def test_a_searchable_field_is_cleared() -> None:
    for name, rule in rules_of(Profile).items():
        if rule.search is not Search.NONE:
            assert rule.clear is Clear.ERASE, name


@pytest.mark.parametrize(
    "name", [a.name for a in fields_of(Profile) if a.name not in ("absorbed", "nationalities")]
)
def test_every_collection_of_parts_has_keys(name: str) -> None:
    import typing

    hint = typing.get_type_hints(Profile)[name]
    if typing.get_origin(hint) is not tuple:
        return
    item = typing.get_args(hint)[0]
    if attrs.has(item):
        assert isinstance(vars(item).get("key"), property), item


def test_values_cannot_be_changed_in_place() -> None:
    for value, name in ((Profile(), "last_name"), (parts.Email("a@example.org"), "value")):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, name, "x")
