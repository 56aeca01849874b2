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


@pytest.mark.parametrize(
    ("convert", "message"),
    [(None, "is no mapping of fields to values"), (convert_deep, "cannot be read")],
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
