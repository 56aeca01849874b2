"""Reading tables: what a quote that stands wrong may take with it, and what it may not."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profilecore import Engine
from profilecore.cli.columns import CELLS, FAULT
from profilecore.cli.rows import open_table

Run = Callable[..., Any]
Write = Callable[[str, str], str]
HEAD = "id,surname,note\n"


def read(path: str) -> list[Any]:
    """Give the rows: the cells of those that can be read, the text of those that cannot."""
    return [
        "".join(row[CELLS]) if FAULT in row else tuple(row.values())
        for row in open_table(Path(path)).rows()
    ]


def test_a_quote_that_is_not_closed_takes_one_row_with_it(write: Write) -> None:
    rows = [f"{n},García,x" for n in range(4_000)]
    rows[9] = '9,"García,x'
    made = read(write("a.csv", HEAD + "\n".join(rows) + "\n"))
    assert made[9] == rows[9]
    assert made[:9] + made[10:] == [tuple(row.split(",")) for row in rows[:9] + rows[10:]]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        # Each next quote would close the cell that the one before it opened.
        ('1,A,"x\n2,B,"y\n3,C,z\n', ['1,A,"x', '2,B,"y', ("3", "C", "z")]),
        ('1,A,"x" y\n2,B,z\n', ['1,A,"x" y', ("2", "B", "z")]),
        ('1,A,"x\n2,B,y\n3,C,"z" z\n', ['1,A,"x', ("2", "B", "y"), '3,C,"z" z']),
        # It is closed, and one row has the cells of several.
        ('1,"A,x\n2,B,y\n3,",C",z\n', ['1,"A,x', ("2", "B", "y"), ("3", ",C", "z")]),
        # The end of a cell is no row, although it has as many cells as one.
        ('1,A,"x\nLate" B,C,y\n2,B,z\n', ['1,A,"x', 'Late" B,C,y', ("2", "B", "z")]),
        # An inch is no quote where no cell was open.
        ('1,A,5"\n2,"B,x\n3,C,z\n', [("1", "A", '5"'), '2,"B,x', ("3", "C", "z")]),
        ('1,A,"x\r\n2,B,y\r\n', ['1,A,"x', ("2", "B", "y")]),
        ('1,A,"x', ['1,A,"x']),
    ],
)
def test_what_stands_behind_a_broken_row_is_read_for_itself(
    write: Write, text: str, rows: list[Any]
) -> None:
    assert read(write("a.csv", HEAD + text)) == rows


def test_a_row_of_several_lines_with_a_cell_too_many_is_one_reject(write: Write) -> None:
    (row,) = open_table(Path(write("a.csv", HEAD + '1,"A\nB",x,y\n'))).rows()
    assert row[CELLS] == ["1", "A\nB", "x", "y"]


def test_broken_rows_are_numbered_kept_and_told(run: Run, engine: Engine, write: Write) -> None:
    text = HEAD + '1,A,x\n2,B,"y\n3,C,"two\nlines"\n4,D,"z\n'
    answer = run("import", write("a.csv", text), "--source", "pms", "--json").json
    assert (answer["created"], answer["rejected"]) == (2, 2)
    with Path(answer["rejects"]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert [(row[0], row[2]) for row in rows] == [("2", '2,B,"y'), ("4", '4,D,"z')]
    assert all("a quote in a cell is not doubled or not closed" in row[1] for row in rows)
    assert engine.search("c").items[0].notes[0].text == "two\nlines"


def test_a_broken_row_of_a_rejects_file_is_not_lost(run: Run, write: Write) -> None:
    text = "_row,_problems,id,surname\n" + '7,/: is no CSV,8,"García\n'
    answer = run("import", write("a.csv", text), "--json").json
    assert '8,""García' in Path(answer["rejects"]).read_text(encoding="utf-8")


def test_a_line_that_is_too_long_for_a_cell_is_kept_in_several(run: Run, write: Write) -> None:
    line = "1,A," + "x" * 300_000
    answer = run("import", write("a.csv", HEAD + line + "\n2,B,y\n"), "--json").json
    assert (answer["created"], answer["rejected"]) == (1, 1)
    with Path(answer["rejects"]).open(encoding="utf-8", newline="") as file:
        assert "".join(list(csv.reader(file))[1][2:]) == line


@pytest.mark.parametrize("line", ["{},García,x\n", '{}","x\n'])
def test_a_quote_that_is_not_closed_reads_ahead_only_so_far(write: Write, line: str) -> None:
    text = '0,"García,x\n' + "".join(line.format(n) for n in range(3_000))
    text += "".join(f"{n},{'x' * 1_000},y\n" for n in range(2_000))
    table = open_table(Path(write("a.csv", HEAD + text)))
    tracemalloc.start()
    rows = sum(1 for _ in table.rows())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == 5_001
    assert peak < len(text) / 2


CELL = st.text(st.sampled_from('ab,;"\n\r '), max_size=8)


@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_writer_of_csv_wrote_is_read_as_it_was(
    write: Write, rows: list[tuple[str, str, str]]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    assert read(write("a.csv", HEAD + text.getvalue())) == rows


@given(st.text(st.sampled_from('ab,"\n'), max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_takes_the_rows_behind_it_along(write: Write, text: str) -> None:
    good = [(str(n), "García", "x") for n in range(5)]
    made = read(write("a.csv", HEAD + text + "\n" + "".join(",".join(r) + "\n" for r in good)))
    assert made[-5:] == good


def test_a_column_is_never_taken_for_a_mark_of_the_reader(run: Run, write: Write) -> None:
    answer = run("import", write("a.csv", "surname,\0fault\nGarcía,x\n"), "--json").json
    assert (answer["created"], answer["unmapped"]) == (1, ["fault"])
    lines = '{"surname": "García", "\\u0000fault": 1}\n{"surname": "López"}\n'
    answer = run("import", write("a.jsonl", lines), "--json").json
    assert (answer["created"], answer["rejected"]) == (1, 1)
