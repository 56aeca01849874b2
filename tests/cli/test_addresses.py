"""An address changed in one part, from the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore import Engine
from profilecore.cli import addresses
from profilecore.model.parts import Address

Run = Callable[..., Any]


def changed(run: Run, engine: Engine, before: dict[str, str], *fields: str) -> dict[str, Any]:
    id = engine.create({"last_name": "A", "addresses": [before]}).id
    answer = run("update", id, *fields, "--json")
    assert answer.code == 0, answer.out + answer.err
    after = answer.json.get("addresses", [{}])
    assert len(after) == 1
    made: dict[str, Any] = after[0]
    return made


@pytest.mark.parametrize(
    ("line", "field", "after"),
    [
        ("12 Gran Via", "number=14", "14 Gran Via"),
        ("12 Gran Via", "number=", "Gran Via"),
        ("12 Gran Via", "street=Calle Mayor", "12 Calle Mayor"),
        ("12 Gran Via", "street=5th Avenue", "12 5th Avenue"),
        ("12 Gran Via", "street=14 Calle Mayor", "14 Calle Mayor"),
        ("12 Gran Via", "street=", None),
        ("12 Gran Via", "line1=Gran Via", "Gran Via"),
        ("Calle Mayor, 1-3", "number=5b", "Calle Mayor, 5b"),
        ("Hauptstraße 7", "street=Am Ring", "Am Ring 7"),
        ("Hauptstraße 7", "number=", "Hauptstraße"),
        ("Gran Via", "number=14", "14 Gran Via"),
        ("14", "number=15", "15"),
        ("14", "street=Gran Via", "14 Gran Via"),
        ("14", "number=", None),
    ],
)
def test_a_number_and_a_street_keep_each_other(
    run: Run, engine: Engine, line: str, field: str, after: str | None
) -> None:
    made = changed(run, engine, {"line1": line, "city": "Madrid"}, f"address.{field}")
    assert made == ({"line1": after} if after else {}) | {"city": "Madrid"}


def test_a_number_and_a_street_replace_a_line_that_has_numbers(run: Run, engine: Engine) -> None:
    fields = ("address.street=Gran Via", "address.number=14")
    assert changed(run, engine, {"line1": "12 Calle 5"}, *fields) == {"line1": "14 Gran Via"}
    assert changed(run, engine, {"city": "Bonn"}, *fields)["line1"] == "14 Gran Via"
    fields = ("address.line1=Gran Via", "address.number=14")
    assert changed(run, engine, {"line1": "12 Calle 5"}, *fields) == {"line1": "14 Gran Via"}


@pytest.mark.parametrize(
    ("before", "field", "way"),
    [
        ({"line1": "12 Calle 5"}, "number=14", "address.line1="),
        ({"line1": "Calle Mayor 1, 3 B"}, "number=14", "address.line1="),
        ({"line1": "5th Avenue"}, "street=Broadway", "address.line1="),
        ({"text": "12 Gran Via, Madrid"}, "number=14", "address.text="),
    ],
)
def test_where_nobody_can_tell_the_part_it_is_refused_with_what_to_do(
    run: Run, engine: Engine, before: dict[str, str], field: str, way: str
) -> None:
    id = engine.create({"last_name": "A", "addresses": [before]}).id
    answer = run("update", id, f"address.{field}")
    assert answer.code == 1
    assert way in answer.err
    assert not {"Calle", "Gran", "Avenue", "14"} & set(answer.err.split())
    assert engine.get(id).version == 1


def test_a_state_that_nobody_knows_joins_the_second_line(run: Run, engine: Engine) -> None:
    before = {"line1": "1 Main St", "line2": "3 B", "country": "ES", "subdivision": "ES-MD"}
    made = changed(run, engine, before, "address.state=Nowhere")
    assert made == {"line1": "1 Main St", "line2": "3 B, Nowhere", "country": "ES"}
    assert changed(run, engine, made, "address.state=Nowhere") == made
    text = {"text": "1 Main St, Bonn"}
    assert changed(run, engine, text, "address.state=Nowhere") == {
        "text": "1 Main St, Bonn, Nowhere"
    }


def test_a_state_that_is_known_becomes_the_subdivision(run: Run, engine: Engine) -> None:
    before = {"line1": "1 Main St", "line2": "3 B", "country": "ES", "subdivision": "ES-MD"}
    assert changed(run, engine, before, "address.state=TO") == before | {"subdivision": "ES-TO"}
    made = changed(run, engine, before, "address.state=AL", "address.country=US")
    assert made == before | {"subdivision": "US-AL", "country": "US"}
    assert changed(run, engine, {"line1": "1 Main St"}, "address.state=US-AL")["country"] == "US"


def test_a_second_address_keeps_its_form(run: Run, engine: Engine) -> None:
    two = [{"text": "1 Main St, Bonn"}, {"text": "2 Side St, Ulm"}]
    id = engine.create({"last_name": "A", "addresses": two}).id
    made = run("update", id, "address2=3 New St, Ulm", "--json").json
    assert made["addresses"] == [two[0], {"text": "3 New St, Ulm"}]


def test_parts_may_be_json(run: Run, engine: Engine) -> None:
    before = {"line1": "12 Gran Via", "city": "Madrid"}
    fields = ("address.number=14", "address.city=null", "--json-values")
    assert changed(run, engine, before, *fields) == {"line1": "14 Gran Via"}
    id = engine.create({"last_name": "A", "addresses": [before]}).id
    for field in ("address.number={}", "address.state=[]", "address.street=[1]"):
        assert run("update", id, field).code == 1


TEXT = st.text(st.sampled_from("12 Gab,-"), max_size=12)
PARTS = st.sampled_from(["street", "number", "line1", "line2", "state", "city", "text", "whole"])


@given(st.dictionaries(st.sampled_from(["line1", "line2", "text"]), TEXT), st.data())
def test_any_parts_change_attributes_or_are_refused(before: dict[str, str], data: Any) -> None:
    parts = data.draw(st.dictionaries(PARTS, TEXT))
    try:
        made = addresses.changed(Address(**before), parts, None)
    except ValueError:
        return
    assert made.keys() <= {"line1", "line2", "city", "text", "subdivision", "country"}
    assert "" not in made.values()
