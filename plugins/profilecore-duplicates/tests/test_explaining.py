"""``profilecore duplicates explain``: why two rows weigh what they weigh."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from profilecore.cli import Invocation
from profilecore_duplicates.command import duplicates
from profilecore_duplicates.drawing import span, standalone, steps, waterfall
from profilecore_duplicates.finding import find
from profilecore_duplicates.reading import read_records, table_of
from profilecore_duplicates.scoring import Explanation, Reason

SVG = "{http://www.w3.org/2000/svg}"
Run = Callable[..., Result]
bits = st.floats(-60, 60).map(lambda b: round(b, 3))


@pytest.fixture
def run() -> Run:
    def run(*args: object, as_json: bool = False) -> Result:
        words = ["explain", *map(str, args)]
        return CliRunner().invoke(duplicates, words, obj=Invocation(as_json=as_json))

    return run


def test_the_weight_is_the_one_that_find_gives(run: Run, file: Path) -> None:
    answer = json.loads(run(file, "a1", "a2", as_json=True).output)
    found = find(table_of(read_records(file)))
    at = [(int(found.pairs.left[0]), int(found.pairs.right[0]))] == [(0, 1)]
    assert at
    assert answer["weight"] == pytest.approx(float(found.pairs.weights[0]))
    assert answer["start"] + sum(r["bits"] for r in answer["reasons"]) == pytest.approx(
        answer["weight"]
    )
    assert answer["decision"] == ("match" if found.decided[0] else "review")


def test_any_pair_is_explained_though_no_rule_compares_it(run: Run, crowd: Path) -> None:
    answer = json.loads(run(crowd, "7", "9", as_json=True).output)
    assert answer["weight"] < 0
    assert answer["decision"] == "none"


def test_doubts_about_the_model_are_told_with_the_weight(run: Run, file: Path) -> None:
    assert any(
        "too few" in note
        for note in json.loads(run(file, "a1", "a2", as_json=True).output)["notes"]
    )
    assert "Note: " in run(file, "a1", "a2").output


def test_a_pair_has_no_direction(run: Run, file: Path) -> None:
    one = json.loads(run(file, "b1", "b2", as_json=True).output)
    other = json.loads(run(file, "b2", "b1", as_json=True).output)
    assert one["weight"] == other["weight"]
    assert one["reasons"][0]["left"] == other["reasons"][0]["right"]


def test_a_saved_model_is_used(run: Run, file: Path, tmp_path: Path) -> None:
    model = find(table_of(read_records(file))).model
    assert model is not None
    saved = tmp_path / "model.json"
    saved.write_text(model.as_json())
    fitted = json.loads(run(file, "a1", "a2", as_json=True).output)
    again = json.loads(run(file, "a1", "a2", "--model", saved, as_json=True).output)
    assert again["weight"] == pytest.approx(fitted["weight"], abs=1e-6)


def test_people_read_words_bits_and_values(run: Run, file: Path) -> None:
    done = run(file, "a1", "a2")
    assert done.exit_code == 0, done.output
    assert "a1 and a2 weigh +" in done.output
    for said in ("birth date", "before any field", "in all", "García", "1984-05-17"):
        assert said in done.output


def test_values_are_left_out_on_demand(run: Run, file: Path, people: pl.DataFrame) -> None:
    shown = run(file, "a1", "a2", "--no-values").output
    shown += run(file, "a1", "a2", "--no-values", as_json=True).output
    row = people.row(0, named=True)
    assert not [v for c, v in row.items() if c != "id" and v in shown]


def test_the_picture_is_an_svg_without_values(
    run: Run, file: Path, tmp_path: Path, people: pl.DataFrame
) -> None:
    path = tmp_path / "waterfall.svg"
    assert run(file, "a1", "a2", "--picture", path).exit_code == 0
    text = path.read_text(encoding="utf-8")
    assert ElementTree.fromstring(text).tag == f"{SVG}svg"  # our own file
    row = people.row(0, named=True)
    assert not [v for c, v in row.items() if c != "id" and v in text]


def test_of_linked_files_the_right_row_is_of_the_second(run: Run, tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("id,name,dob\n1,Ana Lopez,1984-05-17\n2,Eva Roth,1950-01-01\n")
    other.write_text("id,name,dob\n1,Kurt Weil,1950-01-01\n2,Ana Lopez,1984-05-17\n")
    answer = json.loads(run(one, "1", "2", "--link", other, as_json=True).output)
    name = next(r for r in answer["reasons"] if r["field"] == "name")
    assert (name["left"], name["right"]) == ("Ana Lopez", "Ana Lopez")
    assert run(one, "1", "3", "--link", other).exit_code == 2


@pytest.mark.parametrize(
    ("ends", "says"),
    [
        (("a1", "zz"), "has the id that was given as RIGHT"),
        (("zz", "a1"), "has the id that was given as LEFT"),
        (("a1", "a1"), "one row"),
    ],
)
def test_ids_that_name_no_pair_get_a_clear_word_and_2(
    run: Run, file: Path, ends: tuple[str, str], says: str
) -> None:
    done = run(file, *ends)
    assert done.exit_code == 2
    assert says in " ".join(done.output.split())


def test_without_pairs_a_model_must_be_given(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("id,name\n1,Ana Lopez\n2,Kurt Weil\n")
    done = run(path, "1", "2")
    assert done.exit_code == 2
    assert "--model" in done.output


@given(bits, st.lists(st.tuples(st.text(max_size=5), bits), max_size=6))
def test_a_waterfall_has_a_bar_a_step_and_ends_at_the_weight(
    start: float, told: list[tuple[str, float]]
) -> None:
    weight = start + sum(b for _, b in told)
    why = Explanation(weight, start, "relative", tuple(Reason("email", t, b) for t, b in told))
    assert steps(why)[-1][3] == pytest.approx(weight)
    low, high = span(why)
    assert low <= 0 <= high
    assert low < high
    drawn = ElementTree.fromstring(standalone(waterfall(why, "<a> & <b>")))  # our own
    bars = [r for r in drawn.iter(f"{SVG}rect") if r.get("class")]
    assert len(bars) == len(told) + 2
    width = float(drawn.get("viewBox", "").split()[2])
    for bar in bars:
        x, wide = float(bar.get("x", "")), float(bar.get("width", ""))
        assert 0 <= x <= x + wide <= width
