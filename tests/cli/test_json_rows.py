"""Rows of JSON Lines: several names of one thing, and values of a type that nobody expects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from profilecore import Engine
from profilecore.cli import targets
from profilecore.cli.columns import ColumnMap
from profilecore.errors import InvalidProfile, Problem

Run = Callable[..., Any]
Write = Callable[[str, str], str]


def values(row: dict[str, Any], **maps: str) -> dict[str, Any]:
    given = {column: targets.parse(target) for column, target in maps.items()}
    return ColumnMap("pms", None, given)(row)


def problems(row: dict[str, Any], **maps: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidProfile) as caught:
        values(row, **maps)
    return caught.value.problems


PMS_5 = {"system": "pms", "value": "5"}


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({"guest_id": 5, "id": 7}, "guest_id and id"),
        ({"id": 7, "external_id:pms": "5"}, "id and external_id:pms"),
        ({"id": 7, "external_ids": [PMS_5]}, "id and external_ids"),
        ({"external_id": {"system": "pms", "value": "7"}, "id": 5}, "id and external_id"),
    ],
)
def test_a_row_with_two_ids_of_its_own_is_refused(row: dict[str, Any], columns: str) -> None:
    (problem,) = problems({"last_name": "A"} | row)
    assert (problem.path, problem.code) == ("/external_ids", "invalid-value")
    assert f"by {columns};" in problem.message


@pytest.mark.parametrize(
    "row",
    [
        {"guest_id": 5, "id": " 5"},
        {"guest_id": 5, "id": None},
        {"guest_id": 5, "id": ""},
        {"id": "5", "external_id:crm": "9"},
        {"id": "5", "external_ids": [PMS_5, {"system": "pms", "value": "7"}]},
        {"external_ids": [PMS_5, {"system": "pms", "value": "7"}]},
    ],
)
def test_two_names_of_one_id_and_ids_of_other_systems_are_fine(row: dict[str, Any]) -> None:
    assert PMS_5 in values({"last_name": "A"} | row)["external_ids"]


def test_a_mapped_column_takes_the_place_of_those_named_alike() -> None:
    column_map = ColumnMap("pms", None, {"ref": targets.parse("external_id")})
    row = {"id": 7, "ref": 5, "last_name": "A", "external_ids": [{"system": "crm", "value": "9"}]}
    assert column_map(row)["external_ids"] == [PMS_5, {"system": "crm", "value": "9"}]
    assert list(column_map.unmapped(row)) == ["id"]
    assert "external_ids" not in values({"id": 7, "last_name": "A"}, ref="external_id")
    assert values({"surname": "A", "name2": "B"}, name2="last_name") == {"last_name": "B"}


def test_a_later_row_does_not_overwrite_another_person(
    run: Run, engine: Engine, write: Write
) -> None:
    first = '{"guest_id": 5, "id": 7, "last_name": "Ana"}\n{"guest_id": 5, "last_name": "Ana"}\n'
    run("import", write("a.jsonl", first), "--source", "pms")
    later = '{"guest_id": 7, "last_name": "Cy"}\n'
    assert run("import", write("b.jsonl", later), "--source", "pms", "--json").json["created"] == 1
    assert engine.search(external_id=("pms", "5")).items[0].last_name == "Ana"


@pytest.mark.parametrize(
    ("row", "paths"),
    [
        ({"custom": ["x"], "custom.party": "green"}, ["/custom"]),
        ({"custom.party": "green", "custom": ["x"]}, ["/custom"]),
        ({"facets": 5, "facets.loyalty": "x"}, ["/facets"]),
        (
            {"first_name": ["Ana"], "last_name": ["X"], "name": "Ana X"},
            ["/last_name", "/first_name"],
        ),
        ({"last_name": {"a": 1}, "name": "Ana X"}, ["/last_name"]),
        ({"first_name": "Ana", "name": "Anna B", "middle_name": ["x"]}, ["/middle_name"]),
        ({"first_name": "Ana", "name": "Anna B", "name_suffix": {}}, ["/name_suffix"]),
        ({"last_name": ["A"], "nickname": "x"}, ["/last_name"]),
        ({"id": "1", "version": 1, "state": "active", "external_ids": 5}, ["/external_ids"]),
        ({"address": "Main 1", "state": {"a": 1}}, ["/addresses/state"]),
        ({"mobile": {"a": 1}}, ["/phones/mobile"]),
        ({"mobile": ["+34600111222", {"a": 1}]}, ["/phones/mobile"]),
        ({"external_id:crm": ["9"]}, ["/external_ids/crm"]),
        ({"full_name": {"a": 1}}, ["/full_name"]),
    ],
)
def test_a_value_of_a_wrong_type_is_a_reject_that_names_the_field(
    run: Run, write: Write, row: dict[str, Any], paths: list[str]
) -> None:
    lines = [{"last_name": "A"} | row, {"last_name": "Fine"}]
    file = write("a.jsonl", "".join(msgspec.json.encode(r).decode() + "\n" for r in lines))
    answer = run("import", file, "--json").json
    assert (answer["created"], answer["rejected"]) == (1, 1)
    with open(answer["rejects"], "rb") as rejects:
        told = msgspec.json.decode(rejects.readline())["_problems"]
    assert [problem["path"] for problem in told] == paths


def test_a_list_goes_where_several_columns_may_go() -> None:
    row = {
        "last_name": "A", "mobile": ["+34600111222", None, "+34600111333"],
        "nickname": ["Bo", "Bob"], "custom.langs": ["es", "ca"],
    }  # fmt: skip
    made = values(row)
    assert made["phones"] == [
        {"value": "+34600111222", "tech": "mobile"}, {"value": "+34600111333", "tech": "mobile"},
    ]  # fmt: skip
    assert [name["first_name"] for name in made["alternate_names"]] == ["Bo", "Bob"]
    assert made["custom"] == {"langs": ["es", "ca"]}


def test_one_note_for_two_properties_is_two_notes() -> None:
    notes = [{"text": "Late"}, *({"text": "Late", "property_id": p} for p in ("P1", "P2"))]
    ids = [n["id"] for n in values({"last_name": "A", "notes": notes})["notes"]]
    assert len(set(ids)) == 3
    assert ids == [n["id"] for n in values({"last_name": "A", "notes": notes})["notes"]]
    # An import of old still finds its notes.
    assert ids[0] == "1442241491297fac8adfd208ea4471de"


@pytest.mark.parametrize("command", [("create", "last_name=A"), ("update", "x", "last_name=A")])
def test_a_source_with_a_colon_is_wrong_usage(
    run: Run, write: Write, command: tuple[str, ...]
) -> None:
    csv, stays = write("a.csv", "id,surname\n1,A\n"), write("s.csv", "id,property,reference\n")
    for args in (command, ("import", csv), ("import", stays, "--stays")):
        answer = run(*args, "--source", "pms:P2", "--json")
        assert (answer.code, answer.json["error"]) == (2, "usage")
        assert "colon" in answer.json["message"]
    named = write("pms:P2.csv", "id,surname\n1,A\n")
    assert "--source NAME" in run("import", named, "--json").json["message"]
    assert run("import", named, "--source", "pms").code == 0
    mapped = run("import", csv, "--map", "id=external_id:pms:P2", "--json")
    assert (mapped.code, mapped.json["error"]) == (2, "usage")
