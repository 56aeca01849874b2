"""``profilecore duplicates find``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from profilecore.cli import Invocation
from profilecore_duplicates.command import duplicates

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(*args: object, as_json: bool = False) -> Result:
        words = ["find", *map(str, args)]
        if "--pairs" not in words:
            words += ["--pairs", str(tmp_path / "pairs.csv")]
        return CliRunner().invoke(duplicates, words, obj=Invocation(as_json=as_json))

    return run


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return tmp_path / "pairs.csv"


def read(path: Path) -> list[dict[str, str]]:
    return pl.read_csv(path, infer_schema=False).to_dicts()


def test_pairs_and_clusters_are_written(run: Run, file: Path, pairs: Path, tmp_path: Path) -> None:
    done = run(file, "--clusters", tmp_path / "clusters.csv")
    assert done.exit_code == 0, done.output
    rows = read(pairs)
    assert list(rows[0]) == ["left", "right", "weight", "probability", "decision"]
    assert {("a1", "a2"), ("b1", "b2")} <= {(row["left"], row["right"]) for row in rows}
    assert {row["decision"] for row in rows} <= {"match", "review"}
    weights = [float(row["weight"]) for row in rows]
    assert weights == sorted(weights, reverse=True)
    of = {row["id"]: row["cluster"] for row in read(tmp_path / "clusters.csv")}
    assert of["a1"] == of["a2"] != of["b1"] == of["b2"]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_other_formats_give_the_same_pairs(
    run: Run, file: Path, pairs: Path, tmp_path: Path, suffix: str
) -> None:
    run(file)
    wanted = pairs.read_bytes()
    other = tmp_path / f"people.{suffix}"
    frame = pl.read_csv(file, infer_schema=False)
    if suffix == "parquet":
        frame.write_parquet(other)
    else:
        frame.write_ndjson(other)
    assert run(other).exit_code == 0
    assert pairs.read_bytes() == wanted


def test_json_tells_the_run_in_numbers(run: Run, file: Path) -> None:
    answer = json.loads(run(file, as_json=True).output)
    assert answer["records"] == 7
    assert answer["columns"]["birth_date"] == "dob"
    assert 0 <= answer["estimate"]["precision"] <= 1
    assert answer["capped"] == []


def test_a_model_is_saved_and_used_again(run: Run, file: Path, pairs: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.json"
    assert run(file, "--save-model", model).exit_code == 0
    first = read(pairs)
    assert run(file, "--model", model).exit_code == 0
    assert [(r["left"], r["right"]) for r in read(pairs)] == [
        (r["left"], r["right"]) for r in first
    ]


def test_two_files_are_linked_across_only(run: Run, pairs: Path, tmp_path: Path) -> None:
    head = "id,name,dob,email\n"
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text(
        head + "1,Ana Lopez,1984-05-17,a@l.example\n2,Ana Lopez,1984-05-17,a@l.example\n"
    )
    other.write_text(
        head + "1,Ana Lopez,1984-05-17,a@l.example\n3,Kurt Weil,1950-01-01,k@w.example\n"
    )
    assert run(one, "--link", other, "--threshold", "-99").exit_code == 0
    assert {(r["left"], r["right"]) for r in read(pairs)} == {("1", "1"), ("2", "1")}
    refused = run(one, "--link", other, "--clusters", tmp_path / "c.csv")
    assert refused.exit_code == 2
    assert "share ids" in refused.output


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "empty"),
        (b"id,name\n1,Ana\n1,Bea\n", "an earlier row has"),
        (b"id,name\n1,Ana\n,Bea\n", "no id"),
        (b"id,hobby\n1,chess\n", "No column tells people apart"),
        ("id,name\n1,Jürgen\n".encode("latin-1"), "not UTF-8"),
        (b'id,name\n1,"Ana\n', "cannot be read"),
        (b"id,name\n1,Ana,x,y\n", "cannot be read"),
    ],
)  # fmt: skip
def test_a_bad_file_gets_a_clear_word_and_2(
    run: Run, tmp_path: Path, text: bytes, says: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(text)
    done = run(path)
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())


@pytest.mark.parametrize("name", ["bad.parquet", "bad.jsonl", "bad.xlsx"])
def test_a_file_of_another_format_gets_a_clear_word_and_2(
    run: Run, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x00\x01\x02 nothing")
    assert run(path).exit_code == 2


@pytest.mark.parametrize("text", ["id,name\n", "id,name\n1,Ana Lopez\n"])
def test_no_row_and_one_row_give_an_empty_list(
    run: Run, tmp_path: Path, pairs: Path, text: str
) -> None:
    path = tmp_path / "few.csv"
    path.write_text(text)
    assert run(path).exit_code == 0
    assert pairs.read_text() == "left,right,weight,probability,decision\n"


def test_a_map_says_what_a_column_holds(run: Run, tmp_path: Path, pairs: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("key,wer\n7,Ana Lopez\n8,Ana Lopez\n")
    assert run(path, "--id", "key", "--map", "wer=full_name", "--threshold", "-99").exit_code == 0
    assert [(r["left"], r["right"]) for r in read(pairs)] == [("7", "8")]
    assert run(path, "--map", "wer").exit_code == 2
    assert run(path, "--map", "wer=hobby").exit_code == 2


def test_a_report_and_weak_bridges_are_written(run: Run, file: Path, tmp_path: Path) -> None:
    page, weak = tmp_path / "report.html", tmp_path / "bridges.csv"
    done = run(file, "--report", page, "--bridges", weak)
    assert done.exit_code == 0, done.output
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "García" in page.read_text(encoding="utf-8")
    assert weak.read_text() == "left,right,weight,why\n"
    run(file, "--report", page, "--no-values")
    assert "García" not in page.read_text(encoding="utf-8")


def test_a_chain_of_two_persons_is_in_the_weak_bridges(run: Run, tmp_path: Path) -> None:
    path, weak, clusters = tmp_path / "c.csv", tmp_path / "b.csv", tmp_path / "clusters.csv"
    one = ["Ana,Gruber,1984-05-17,ana@gruber.example,600111222,AB1234567"] * 4
    other = ["Eva,Gruber,1955-11-30,eva@gruber.example,600999888,XY7654321"] * 4
    mixed = ["Ana,Gruber,,eva@gruber.example,,"]
    rows = enumerate([*one, *other, *mixed])
    path.write_text(
        "id,first_name,last_name,dob,email,phone,passport\n"
        + "".join(f"{n},{row}\n" for n, row in rows)
    )
    run(path, "--bridges", weak, "--clusters", clusters, "--threshold", "-8")
    of = {row["id"]: row["cluster"] for row in read(clusters)}
    assert of["0"] != of["4"]
    told = read(weak)
    assert told
    assert all(of[row["left"]] != of[row["right"]] for row in told)
    assert all(row["why"] for row in told)


def test_a_linked_run_has_a_report_of_both_files(run: Run, tmp_path: Path) -> None:
    head = "id,name,dob,email\n"
    one, other, page = tmp_path / "one.csv", tmp_path / "other.csv", tmp_path / "r.html"
    one.write_text(head + "1,Ana Lopez,1984-05-17,a@l.example\n")
    other.write_text(head + "9,Ana Lopes,1984-05-17,a@l.example\n")
    done = run(one, "--link", other, "--report", page, "--threshold", "-99")
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    assert "Ana Lopez" in text
    assert "Ana Lopes" in text
    assert "one.csv and other.csv" in text


def test_a_run_is_compared_with_the_truth(run: Run, file: Path, tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text("id_l,id_r\na1,a2\nb2,b1\nx1,x2\n")
    answer = json.loads(run(file, "--truth", truth, as_json=True).output)["truth"]
    assert (answer["true_pairs"], answer["left_out"]) == (2, 1)
    assert answer["clusters"]["f1"] == 1.0
    said = run(file, "--truth", truth).output
    assert "against the truth" in said
    assert "1 true pairs name rows that are not here" in said
    truth.write_text("one,other\na1,a2\n")
    assert run(file, "--truth", truth).exit_code == 2


def test_nothing_is_written_over_what_is_read_or_written_as_well(
    run: Run, file: Path, tmp_path: Path
) -> None:
    before, pairs = file.read_bytes(), tmp_path / "pairs.csv"
    for more in (("--pairs", file), ("--report", file), ("--clusters", pairs)):
        refused = run(file, *more)
        assert (refused.exit_code, "is named twice" in refused.output) == (2, True)
    refused = run(file, "--report", tmp_path / "nowhere" / "report.html")
    assert (refused.exit_code, "cannot be written" in refused.output) == (2, True)
    assert file.read_bytes() == before
    assert not pairs.exists()


def test_a_threshold_that_is_no_number_is_refused(run: Run, file: Path) -> None:
    assert run(file, "--threshold", "nan").exit_code == 2


def test_an_engine_with_the_plugin_starts_without_data_frames() -> None:
    program = (
        "import sys; from profilecore import Engine; from profilecore_duplicates import "
        "DuplicatesPlugin; engine = Engine.open('memory://', discover=False, strict=True, "
        "plugins=[DuplicatesPlugin]); engine.create({'last_name': 'A', 'first_name': 'B'}); "
        "engine.plugins.commands(); print([m for m in ('polars', 'numpy') if m in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout == "[]\n"
