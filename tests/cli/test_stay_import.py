"""Imports of stays of guests who are known already."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit import open_engine

from profilecore import Engine
from profilecore.cli import stay_rows
from profilecore.errors import StoreUnavailable
from profilecore.store import MemoryStore
from profilecore.testing import FaultyStore

Run = Callable[..., Any]

Write = Callable[[str, str], str]
HEAD = "guest_id,property,reference,check_in,departure,status,channel,adults,weather\n"


@pytest.fixture
def ana(engine: Engine) -> str:
    given = {"last_name": "García", "external_ids": [{"system": "pms", "value": "G1"}]}
    return engine.create(given).id


def imported(run: Run, *args: str, code: int = 0) -> dict[str, Any]:
    answer = run("import", *args, "--stays", "--json")
    assert answer.code == code, answer.out + answer.err
    value: dict[str, Any] = answer.json
    return value


def counts(answer: dict[str, Any]) -> tuple[int, ...]:
    return tuple(answer[n] for n in ("created", "updated", "unchanged", "rejected"))


def test_stays_find_their_guest_by_the_id_of_the_source(
    run: Run, engine: Engine, write: Write, ana: str
) -> None:
    file = write("s.csv", HEAD + "G1,P1,R1,2025-05-01,3.5.2025,departed,web,2,sunny\n")
    answer = imported(run, file, "--source", "pms")
    assert counts(answer) == (1, 0, 0, 0)
    assert answer["unmapped"] == ["weather"]
    (stay,) = engine.stays(ana)
    assert (stay.property_id, stay.reference, stay.nights, stay.adults) == ("P1", "R1", 2, 2)
    assert counts(imported(run, file, "--source", "pms")) == (0, 0, 1, 0)
    changed = write("t.csv", HEAD + "G1,P1,R1,2025-05-01,2025-05-05,departed,web,2,\n")
    assert counts(imported(run, changed, "--source", "pms")) == (0, 1, 0, 0)


def test_bad_stays_go_to_the_rejects_file(run: Run, write: Write, ana: str) -> None:
    text = HEAD + (
        "G9,P1,R1,2025-05-01,2025-05-03,departed,,,\n"
        "G1,P1,R2,2025-05-09,2025-05-03,departed,,,\n"
        "G1,P1,,2025-05-01,2025-05-03,departed,,,\n"
        "G1,P1,R3,1/5/2025,2025-05-03,asleep,,,\n"
        "G1,P1,R4,2025-05-01,2025-05-03,departed,,,\n"
        "G1,P1\n"
    )
    answer = imported(run, write("s.csv", text), "--source", "pms", code=1)
    assert counts(answer) == (1, 0, 0, 5)
    with Path(answer["rejects"]).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["_row"] for row in rows] == ["1", "2", "3", "4", "6"]
    assert "is no guest of this source" in rows[0]["_problems"]
    assert "/departure" in rows[1]["_problems"]
    assert "/reference: is required" in rows[2]["_problems"]
    assert "/arrival: must be a date" in rows[3]["_problems"]


def test_companions_are_named_by_their_ids_of_the_source(
    run: Run, engine: Engine, write: Write, ana: str
) -> None:
    others = [
        engine.create({"last_name": n, "external_ids": [{"system": "pms", "value": id}]}).id
        for n, id in (("Ibsen", "G2"), ("Olsen", "G3"))
    ]
    head = "external_id,property,reference,companions\n"
    rows = 'G1,P1,R1,G2; G3;G2;G1\nG1,P1,R2,"G3,G2"\nG1,P1,R3,\nG1,P1,R4,G2;nobody\n'
    file = write("s.csv", head + rows)
    answer = imported(run, file, "--source", "pms", code=1)
    assert counts(answer) == (3, 0, 0, 1)
    found = {stay.reference: list(stay.companions) for stay in engine.stays(ana)}
    assert found == {"R1": others, "R2": others[::-1], "R3": []}
    text = Path(answer["rejects"]).read_text()
    assert "/companions: has no guest of this source" in text
    again = write("t.csv", head + "G1,P1,R1,\nG1,P1,R2,G2\n")
    assert counts(imported(run, again, "--source", "pms")) == (0, 1, 1, 0)
    found = {stay.reference: list(stay.companions) for stay in engine.stays(ana)}
    assert found == {"R1": others, "R2": others[:1], "R3": []}


def test_companions_may_be_a_list_in_json(run: Run, engine: Engine, write: Write, ana: str) -> None:
    ben = engine.create({"last_name": "B", "external_ids": [{"system": "pms", "value": "7"}]}).id
    row = '{"external_id": "G1", "property": "P1", "reference": "R%d", "companions": %s}\n'
    file = write("s.jsonl", row % (1, "[7]") + row % (2, "{}"))
    assert counts(imported(run, file, "--source", "pms", code=1)) == (1, 0, 0, 1)
    assert engine.stays(ana)[0].companions == (ben,)


def test_a_row_may_name_its_own_source(run: Run, engine: Engine, write: Write, ana: str) -> None:
    file = write("s.csv", "source,external_id,property,reference\npms,G1,P1,R1\ncrm,G1,P1,R2\n")
    assert counts(imported(run, file, code=1)) == (1, 0, 0, 1)
    assert engine.stays(ana)[0].source == "pms"


def test_stays_of_a_merged_guest_go_to_the_survivor(
    run: Run, engine: Engine, write: Write, ana: str
) -> None:
    survivor = engine.create({"last_name": "García"}).id
    engine.merge(engine.plan_merge(survivor, [ana]))
    imported(run, write("s.csv", "id,hotel,ref\nG1,P1,R1\n"), "--source", "pms")
    assert len(engine.stays(survivor)) == 1


@pytest.mark.parametrize(
    ("head", "options"),
    [
        ("property,reference", ("--source", "pms")),
        ("id,reference", ("--source", "pms")),
        ("id,property", ("--source", "pms")),
        ("id,property,reference", ()),
        ("id,property,reference", ("--source", "pms", "--map", "x=status")),
        ("id,property,reference", ("--source", "pms", "--map", "id=colour")),
    ],
)
def test_columns_that_do_not_tell_enough_are_wrong_usage(
    run: Run, write: Write, head: str, options: tuple[str, ...]
) -> None:
    assert run("import", write("s.csv", head + "\n"), "--stays", *options).code == 2


def test_stays_come_as_json_lines_too(run: Run, engine: Engine, write: Write, ana: str) -> None:
    line = '{"external_id": "G1", "property_id": "P1", "reference": "R1", "adults": 2}\n'
    assert counts(imported(run, write("s.jsonl", line), "--source", "pms")) == (1, 0, 0, 0)
    assert engine.stays(ana)[0].adults == 2


@pytest.mark.parametrize(
    ("head", "row", "options", "unmapped"),
    [
        ("guest_id,{},arrival,id", "G1,2025-05-01,G2", (), ["id"]),
        ("id,{},arrival,guest_id", "G2,2025-05-01,G1", (), ["id"]),
        ("guest_id,{},arrival,from", "G1,2025-05-01,2026-06-06", (), ["from"]),
        ("guest_id,{},from,who", "G2,2025-05-01,G1", ("--map", "who=external_id"), ["guest_id"]),
        ("guest_id,{},arrival,id", "G1,2025-05-01,G2", ("--map", "id="), []),
    ],
)
def test_of_two_columns_for_one_field_the_second_is_reported(
    run: Run, engine: Engine, write: Write, ana: str,
    head: str, row: str, options: tuple[str, ...], unmapped: list[str],
) -> None:  # fmt: skip
    other = {"last_name": "B", "external_ids": [{"system": "pms", "value": "G2"}]}
    ben = engine.create(other).id
    guest, rest = row.split(",", 1)
    text = f"{head.format('property,reference')}\n{guest},P1,R1,{rest}\n"
    answer = imported(run, write("s.csv", text), "--source", "pms", *options)
    assert answer["unmapped"] == unmapped
    assert [str(stay.arrival) for stay in engine.stays(ana)] == ["2025-05-01"]
    assert list(engine.stays(ben)) == []


def test_a_row_of_json_that_gives_one_field_twice_differently_is_a_reject(
    run: Run, engine: Engine, write: Write, ana: str
) -> None:
    row = '{"guest_id": "G1", "property": "P1", "reference": "R%d", %s}\n'
    text = (
        row % (1, '"id": 7')
        + row % (2, '"arrival": "2025-05-01", "from": "2025-05-02"')
        + row % (3, '"arrival": "2025-05-01", "from": "1.5.2025", "id": "G1", "weather": "sunny"')
        + row % (4, '"unit": ["12"]')
    )
    file = write("s.jsonl", text)
    answer = imported(run, file, "--source", "pms", code=1)
    assert counts(answer) == (1, 0, 0, 3)
    assert answer["unmapped"] == ["weather"]
    told = Path(answer["rejects"]).read_text()
    assert "/external_id" in told
    assert "by guest_id and id; --map COLUMN= leaves one out" in told
    assert "by arrival and from;" in told
    assert "/unit" in told
    assert [stay.reference for stay in engine.stays(ana)] == ["R3"]
    again = imported(run, file, "--source", "pms", "--map", "guest_id=external_id", code=1)
    assert counts(again) == (1, 0, 1, 2)
    assert again["unmapped"] == ["id", "weather"]


def test_a_source_of_a_row_has_no_colon(run: Run, engine: Engine, write: Write) -> None:
    file = write("s.csv", "source,external_id,property,reference\npms:P2,17,P1,R1\n")
    answer = imported(run, file, code=1)
    assert "/source: must have no colon" in Path(answer["rejects"]).read_text()


def test_a_store_that_fails_is_no_bad_row() -> None:
    store = FaultyStore(MemoryStore())
    engine = open_engine(store)
    engine.create({"last_name": "García", "external_ids": [{"system": "pms", "value": "G1"}]})
    row = {"external_id": "G1", "property_id": "P1", "arrival": "2025-05-01"}
    rejects: list[object] = []

    def record(reference: str) -> None:
        rows = [row | {"reference": reference}]
        stay_rows.load(engine, rows, stay_rows.StayMap({}, "pms"), rejects.append, lambda _: None)

    store.reset()
    record("R0")
    for number in range(1, store.calls + 1):
        store.reset(fail_at=number)
        with pytest.raises(StoreUnavailable):
            record(f"R{number}")
    assert rejects == []


def test_a_stay_is_taken_in_without_the_companion_who_was_cleared(
    run: Run, engine: Engine, write: Write, ana: str
) -> None:
    for number in ("G2", "G3"):
        ids = [{"system": "pms", "value": number}]
        engine.create({"last_name": "Moreau", "external_ids": ids})
    head = "guest_id,property,reference,check_in,departure,status,companions\n"
    told = head + "G1,P1,R1,2025-05-01,2025-05-03,{},G2;G3\n"
    file = write("s.csv", told.format("departed"))
    assert counts(imported(run, file, "--source", "pms")) == (1, 0, 0, 0)
    (gone,) = engine.search(external_id=("pms", "G2")).items
    engine.clear(gone.id)
    file = write("t.csv", told.format("no_show"))
    assert counts(imported(run, file, "--source", "pms")) == (0, 1, 0, 0)
    (stay,) = engine.stays(ana)
    assert (stay.status.value, len(stay.companions)) == ("no_show", 1)
    file = write("u.csv", told.format("no_show").replace("G2", "G9"))
    assert counts(imported(run, file, "--source", "pms", code=1)) == (0, 0, 0, 1)
