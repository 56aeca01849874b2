"""Rows as they come from a file: read where there is time, rejected where they cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from kit import open_engine

from profilecore import Reject

LINE = b'{"last_name": "Guest %d", "external_ids": [{"system": "pms", "value": "%d"}]}\n'


@pytest.mark.parametrize("workers", [0, 2])
def test_lines_of_a_file_are_read_by_the_workers(workers: int) -> None:
    engine = open_engine()
    lines = [LINE % (n, n) for n in range(3_000)]
    lines[1_500] = b'{"last_name": "Unclosed\n'
    lines[2_500] = b'["Listed"]\n'
    rejects: list[Reject] = []
    report = engine.load(
        iter(lines), source="pms", convert=json.loads, workers=workers, on_reject=rejects.append
    )
    assert (report.created, report.rejected) == (2_998, 2)
    assert [(reject.number, reject.row) for reject in rejects] == [
        (1_501, lines[1_500]), (2_501, lines[2_500]),
    ]  # fmt: skip
    assert [reject.problems[0].message for reject in rejects] == [
        "cannot be read (JSONDecodeError)", "is no mapping of fields to values",
    ]  # fmt: skip
    again = engine.load(iter(lines[:1_500]), source="pms", convert=json.loads, workers=workers)
    assert again.unchanged == 1_500


def convert_deep(row: object) -> Any:
    return convert_deep(row)


def convert_strangely(row: Any) -> Any:
    return row + 1


@pytest.mark.parametrize(
    ("convert", "message"),
    [
        (None, "is no mapping of fields to values"),
        (convert_deep, "cannot be read (RecursionError)"),
        (convert_strangely, "cannot be read (TypeError)"),
    ],
)
def test_a_row_that_is_none_is_rejected_and_the_others_are_not(
    convert: Callable[[Any], Any] | None, message: str
) -> None:
    rejects: list[Reject] = []
    rows = ["Moreau"] if convert else ["Moreau", {"last_name": "Moreau"}]
    report = open_engine().load(rows, source="crm", convert=convert, on_reject=rejects.append)
    assert (report.created, report.rejected) == (len(rows) - 1, 1)
    assert message in rejects[0].problems[0].message
    assert "Moreau" not in str(rejects[0].problems)


def test_what_a_row_tells_anew_of_a_known_item_is_taken_in() -> None:
    engine = open_engine()
    row = {"last_name": "Moreau", "external_ids": [{"system": "pms", "value": "1"}]}
    passport = {"type": "passport", "country": "FR", "number": "X1"}
    pillow = {"group": "room", "code": "pillow"}

    def tell(**said: Any) -> Any:
        report = engine.load([row | said], source="pms")
        return (report.created, report.updated, report.unchanged)

    first = {
        "documents": [passport | {"issuing_place": "Lyon"}],
        "preferences": [pillow | {"value": "hard"}],
        "emails": [{"value": "m@example.org", "primary": True}, "n@example.org"],
    }
    assert tell(**first) == (1, 0, 0)
    assert tell(documents=[passport]) == (0, 0, 1)
    then = {
        "documents": [passport | {"expires_on": "2030-01-01"}],
        "preferences": [pillow | {"value": "soft"}],
        "emails": [{"value": "n@example.org", "primary": True, "type": "business"}],
    }
    assert tell(**then) == (0, 1, 0)
    assert tell(**then) == (0, 0, 1)
    (one,) = engine.search("moreau").items
    (document,) = one.documents
    assert (document.issuing_place, str(document.expires_on)) == ("Lyon", "2030-01-01")
    assert one.preferences[0].value == "soft"
    assert [(e.value, e.primary) for e in one.emails] == [
        ("m@example.org", True), ("n@example.org", False),
    ]  # fmt: skip


def test_a_row_does_not_change_what_was_verified_only_adds_to_it() -> None:
    engine = open_engine()
    row = {"last_name": "Moreau", "external_ids": [{"system": "pms", "value": "1"}]}
    passport = {"type": "passport", "country": "FR", "number": "X1"}
    seen = passport | {"expires_on": "2030-01-01", "verified": True}
    told = passport | {"expires_on": "2035-01-01", "issuing_place": "Lyon"}
    for document in (seen, told):
        engine.load([row | {"documents": [document]}], source="pms")
    (document,) = engine.search("moreau").items[0].documents
    assert (str(document.expires_on), document.issuing_place, document.verified) == (
        "2030-01-01", "Lyon", True,
    )  # fmt: skip


def test_a_system_with_a_colon_is_refused_for_it_would_read_as_another_id() -> None:
    rejects: list[Reject] = []
    row = {"last_name": "Moreau", "external_ids": [{"system": "pms:P2", "value": "17"}]}
    assert open_engine().load([row], source="crm", on_reject=rejects.append).rejected == 1
    assert rejects[0].problems[0].path == "/external_ids/0/system"
