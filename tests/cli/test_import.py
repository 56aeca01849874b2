"""Imports of guests: counts, rejects, interruption, files of every kind."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from profilecore import Engine, LoadReport
from profilecore.cli import main
from profilecore.engine import loading

Run = Callable[..., Any]

Write = Callable[[str, str], str]
HEAD = "guest_id,surname,given_name,e_mail,dob,note,created\n"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "BATCH", 4_000)


def imported(run: Run, *args: str, code: int = 0, **more: Any) -> dict[str, Any]:
    answer = run("import", *args, "--json", **more)
    assert answer.code == code, answer.out + answer.err
    value: dict[str, Any] = answer.json
    return value


def counts(answer: dict[str, Any]) -> tuple[int, ...]:
    return tuple(answer[n] for n in ("created", "updated", "unchanged", "rejected", "skipped"))


def many(number: int) -> str:
    return HEAD + "".join(f"{n},García{n},Ana,a{n}@example.com,,,\n" for n in range(number))


def test_importing_twice_changes_nothing(run: Run, engine: Engine, write: Write) -> None:
    file = write(
        "pms.csv",
        HEAD + "1,García,Ana,ana@example.com,1984-05-17,Quiet,x\n2,López,Eva,,,Low floor,x\n",
    )
    first = imported(run, file)
    assert counts(first) == (2, 0, 0, 0, 0)
    assert first["unmapped"] == ["created"]
    assert first["rejects"] is None
    events = len(engine.changes().items)
    assert counts(imported(run, file)) == (0, 0, 2, 0, 0)
    assert len(engine.changes().items) == events


def test_a_known_external_id_updates_its_profile(run: Run, engine: Engine, write: Write) -> None:
    imported(run, write("a.csv", HEAD + "1,García,Ana,ana@example.com,,,\n"), "--source", "pms")
    later = imported(run, write("b.csv", HEAD + "1,López,,b@example.com,,,\n"), "--source", "pms")
    assert counts(later) == (0, 1, 0, 0, 0)
    found = engine.search(external_id=("pms", "1")).items[0]
    assert (found.first_name, found.last_name) == ("Ana", "López")
    assert [e.value for e in found.emails] == ["ana@example.com", "b@example.com"]
    other = imported(run, write("c.csv", HEAD + "1,Pérez,,,,,\n"), "--source", "crm")
    assert counts(other) == (1, 0, 0, 0, 0)


def test_bad_rows_go_to_the_rejects_file_with_the_reason(
    run: Run, engine: Engine, write: Write, tmp_path: Path
) -> None:
    text = HEAD + (
        "1,García,Ana,nonsense,05/06/1984,,\n"
        "2,López,Eva,,,,\n"
        "3,,Eva,,,,\n"
        "4,too,few\n"
        '5,"two\nlines",Eva,not@@mail,,,,one too many\n'
    )
    answer = imported(run, write("pms.csv", text), code=1)
    assert counts(answer) == (1, 0, 0, 4, 0)
    assert answer["rejects"] == str(tmp_path / "pms.rejects.csv")
    with Path(answer["rejects"]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["_row"] for row in rows] == ["1", "3", "4", "5"]
    assert list(rows[0])[2:] == HEAD.strip().split(",")
    assert "/birth_date: must be a date" in rows[0]["_problems"]
    assert rows[0]["e_mail"] == "nonsense"
    assert "/last_name: is required" in rows[1]["_problems"]
    assert "has 3 cells where the header has 7" in rows[2]["_problems"]
    assert rows[3]["surname"] == "two\nlines"
    assert "rejected" in run("import", str(tmp_path / "pms.csv")).out


def test_a_corrected_rejects_file_is_imported_as_it_is(
    run: Run, write: Write, tmp_path: Path
) -> None:
    file = write("pms.csv", HEAD + "1,García,Ana,nonsense,,,\n")
    rejects = Path(imported(run, file, "--rejects", "bad.csv", code=1)["rejects"])
    assert rejects.name == "bad.csv"
    corrected = write("good.csv", rejects.read_text().replace("nonsense", "ana@example.com"))
    answer = imported(run, corrected, "--source", "pms")
    assert counts(answer) == (1, 0, 0, 0, 0)
    assert answer["unmapped"] == ["created"]


@pytest.mark.parametrize("name", ["pms.csv", "pms.jsonl"])
def test_a_corrected_rejects_file_is_of_the_source_of_the_file(
    run: Run, engine: Engine, write: Write, name: str
) -> None:
    text = HEAD + "1,García,Ana,nonsense,,,\n2,López,Eva,,,,\n"
    if name.endswith("l"):
        text = '{"id": 1, "surname": "García", "email": "nonsense"}\n{"id": 2, "surname": "L"}\n'
    rejects = Path(imported(run, write(name, text), code=1)["rejects"])
    again = Path(imported(run, str(rejects), code=1)["rejects"])
    again.write_text(again.read_text().replace("nonsense", "ana@example.com"))
    assert counts(imported(run, str(again))) == (1, 0, 0, 0, 0)
    assert engine.search(external_id=("pms", "1")).items
    imported(run, write("own.rejects.csv", HEAD + "3,Own,,,,,\n"))
    assert engine.search(external_id=("own.rejects", "3")).items


def test_a_name_that_is_too_long_for_a_source_is_told_before_the_import(
    run: Run, engine: Engine, write: Write
) -> None:
    file = write(f"{'x' * 51}.csv", HEAD + "1,García,,,,,\n")
    answer = run("import", file)
    assert (answer.code, "--source NAME" in answer.err) == (2, True)
    assert run("import", file, "--source", "x" * 51).code == 2
    assert counts(imported(run, file, "--source", "x" * 50)) == (1, 0, 0, 0, 0)


@pytest.mark.parametrize(
    "encoding", ["rot13", "hex", "base64", "zlib", "uu", "quopri", "bz2", "nonsense", "a\0b"]
)
def test_an_encoding_that_is_none_of_text_is_wrong_usage(
    run: Run, write: Write, encoding: str
) -> None:
    answer = run("import", write("a.csv", HEAD), "--encoding", encoding)
    assert (answer.code, "--encoding" in answer.err) == (2, True)


def test_help_names_every_column_of_stays(run: Run) -> None:
    told = run("import", "--help").out.partition("--stays the file holds")[2].split("Options:")[0]
    named = {"external_id", "property", "arrival", "unit", "companions", "revenue", "currency"}
    assert set(re.findall("[a-z_]+", told)) >= named


def test_a_rejects_file_of_an_earlier_import_goes_when_nothing_is_rejected(
    run: Run, write: Write, tmp_path: Path
) -> None:
    imported(run, write("pms.csv", HEAD + "1,García,Ana,nonsense,,,\n"), code=1)
    assert (tmp_path / "pms.rejects.csv").exists()
    imported(run, write("pms.csv", HEAD + "1,García,Ana,a@example.com,,,\n"))
    assert not (tmp_path / "pms.rejects.csv").exists()
    write("pms.rejects.csv", "somebody else's file\n")
    imported(run, str(tmp_path / "pms.csv"))
    assert (tmp_path / "pms.rejects.csv").exists()


def stop_after(batches: int) -> Callable[[LoadReport], None]:
    left = [batches]

    def watch(_report: LoadReport) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt

    return watch


def test_an_interrupted_import_goes_on_where_it_stopped(
    run: Run, engine: Engine, write: Write, tmp_path: Path
) -> None:
    rows = many(4_300).splitlines(keepends=True)
    rows[11] = "x,Bad,,nonsense,,,\n"
    rows[4_200] = "y,Bad,,nonsense,,,\n"
    file = write("pms.csv", "".join(rows))
    stopped = run("import", file, "--json", watch=stop_after(1))
    assert stopped.code == 130
    assert (stopped.json["error"], stopped.json["done"]) == ("interrupted", 4_000)
    assert not (tmp_path / "pms.rejects.csv").exists()
    rest = imported(run, file, code=1)
    assert counts(rest) == (299, 0, 0, 1, 4_000)
    with Path(rest["rejects"]).open(newline="") as rejects:
        assert [row["_row"] for row in csv.DictReader(rejects)] == ["11", "4200"]
    assert list(tmp_path.glob(".*part*")) == []
    assert counts(imported(run, file, code=1)) == (0, 0, 4_298, 2, 0)


def test_an_interrupted_import_says_so_to_people(run: Run, write: Write) -> None:
    answer = run("import", write("pms.csv", many(4_001)), watch=stop_after(1))
    assert answer.code == 130
    assert "4000 rows" in answer.err
    assert "Traceback" not in answer.err


def test_a_row_rejected_twice_is_written_once(run: Run, write: Write, tmp_path: Path) -> None:
    rows = many(4_100).splitlines(keepends=True)
    rows[4_050] = "y,Bad,,nonsense,,,\n"
    file = write("pms.csv", "".join(rows))
    run("import", file, watch=stop_after(1))
    run("import", file, watch=stop_after(1))
    (part,) = tmp_path.glob(".*part")
    part.write_bytes(part.read_bytes() + b'4060,"/emails: torn')
    rest = imported(run, file, code=1)
    assert counts(rest) == (0, 0, 0, 0, 4_100)
    with Path(rest["rejects"]).open(newline="") as rejects:
        assert [row["_row"] for row in csv.DictReader(rejects)] == ["4050"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(run: Run, engine: Engine, write: Write, delimiter: str) -> None:
    text = HEAD.replace(",", delimiter) + delimiter.join(("1", '"García, A"', "Ana", *[""] * 4))
    assert counts(imported(run, write("a.csv", text))) == (1, 0, 0, 0, 0)
    assert engine.search("ana").items[0].last_name == "García, A"


def test_a_byte_order_mark_is_no_part_of_the_first_column(run: Run, write: Write) -> None:
    answer = imported(run, write("a.csv", "\ufeffsurname\nGarcía\n"))
    assert counts(answer) == (1, 0, 0, 0, 0)
    assert answer["unmapped"] == []


def test_another_encoding_is_named_before_anything_is_written(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(("surname\n" + "Lopez\n" * 5_000 + "García\n").encode("cp1252"))
    answer = run("import", str(file), "--json")
    assert (answer.code, answer.json["error"]) == (1, "unreadable-file")
    assert "--encoding cp1252" in answer.json["message"]
    assert engine.search().items == ()
    assert counts(imported(run, str(file), "--encoding", "cp1252"))[0] == 2
    file.write_bytes("surname\nGarcía\n".encode("utf-16"))
    assert "--encoding utf-16" in run("import", str(file)).err
    assert run("import", str(file), "--encoding", "utf-99").code == 2
    assert counts(imported(run, str(file), "--encoding", "utf-16"))[3] == 0


@pytest.mark.parametrize(
    ("text", "code"), [("", 1), ("\n", 1), ("surname,surname\nA,B\n", 1), ("colour\nred\n", 2)]
)
def test_a_file_without_a_usable_header_is_refused(
    run: Run, write: Write, text: str, code: int
) -> None:
    answer = run("import", write("a.csv", text))
    assert answer.code == code
    assert "Traceback" not in answer.err


def test_blank_lines_are_no_rows(run: Run, write: Write) -> None:
    assert counts(imported(run, write("a.csv", "surname\n\nA\n\n"))) == (1, 0, 0, 0, 0)


def test_a_quote_that_is_not_closed_is_a_reject(run: Run, write: Write) -> None:
    text = 'id,surname\n1,A\n2,"B' + "x" * 200_000 + "\n"
    assert counts(imported(run, write("a.csv", text), code=1))[3] >= 1


@pytest.mark.parametrize(
    "options",
    [
        ("--map", "nonsense"),
        ("--map", "surname=colour"),
        ("--map", "unheard=note"),
        ("--region", "Nowhere"),
        ("--rejects", "pms.csv"),
    ],
)
def test_a_wrong_option_is_wrong_usage(run: Run, write: Write, options: tuple[str, ...]) -> None:
    answer = run("import", write("pms.csv", many(1)), *options, "--json")
    assert (answer.code, answer.json["error"]) == (2, "usage")


def test_a_missing_file_is_wrong_usage(run: Run) -> None:
    assert run("import", "missing.csv").code == 2
    assert run("import").code == 2


def test_maps_send_columns_elsewhere_or_nowhere(run: Run, engine: Engine, write: Write) -> None:
    text = "key,surname,party,q,url,state\n7,García,green,Q22,https://x,AL\n"
    answer = imported(
        run, write("a.csv", text), "--source", "s", "--map", "key=external_id",
        "--map", "party=custom.party", "--map", "q=external_id:wikidata",
        "--map", "url=", "--map", "state=-",
    )  # fmt: skip
    assert answer["unmapped"] == []
    made = engine.search("garc").items[0]
    assert made.custom == {"party": "green"}
    assert {e.key for e in made.external_ids} == {"s:7", "wikidata:Q22"}
    assert made.addresses == ()
    listed = run("import", write("b.csv", text), "--map", "key=external_id").out
    assert "not imported: party, q, url" in listed


def test_json_lines_may_be_flat_nested_or_our_own(
    run: Run, engine: Engine, write: Write, tmp_path: Path
) -> None:
    engine.create({"last_name": "Own", "emails": ["own@example.com"], "tags": ["vip"]})
    own = run("search", "own", "--json").json["items"][0]
    lines = [
        msgspec.json.encode({"id": 1, "surname": "Flat", "email": "f@example.com", "url": "x"}),
        msgspec.json.encode(
            {"last_name": "Nested", "emails": [{"value": "n@example.com"}], "id": "2"}
        ),
        msgspec.json.encode(own),
        b"{not json",
        b"[1]",
        msgspec.json.encode({"id": 3, "surname": "Bad", "email": "nonsense"}),
    ]
    file = write("a.jsonl", b"\n".join(lines).decode())
    answer = imported(run, file, code=1)
    assert counts(answer) == (3, 0, 0, 3, 0)
    assert set(answer["unmapped"]) >= {"url", "version"}
    assert len(engine.search("own@example.com").items) == 2
    refused = Path(answer["rejects"]).read_bytes().splitlines()
    rejects = [msgspec.json.decode(line) for line in refused]
    assert [r["_row"] for r in rejects] == [4, 5, 6]
    assert rejects[0]["_line"] == "{not json"
    assert rejects[2]["_problems"][0]["path"] == "/emails/0/value"
    assert rejects[2]["surname"] == "Bad"
    assert counts(imported(run, file, code=1)) == (0, 0, 3, 3, 0)


def test_no_cell_is_shown_on_the_way(run: Run, write: Write) -> None:
    text = HEAD + "1,Canary1,Canary2,canary3,canary4,canary5,canary6\n"
    answer = run("import", write("a.csv", text))
    assert "anary" not in answer.out.replace(str(write), "") + answer.err


def test_a_line_that_nests_without_end_is_a_bad_row(run: Run, write: Write) -> None:
    file = write("a.jsonl", '{"a":' * 100_000 + '\n{"last_name": "García"}\n')
    assert counts(imported(run, file, code=1)) == (1, 0, 0, 1, 0)


def test_settings_that_nest_without_end_are_no_settings(run: Run, write: Write) -> None:
    config = write("deep.toml", "a = " + "[" * 100_000)
    result = CliRunner().invoke(main, ["--config", config, "--store", "memory://", "search", "x"])
    assert (result.exit_code, "nests too deep" in result.output) == (2, True)


def test_a_value_that_nests_without_end_is_no_json(run: Run) -> None:
    done = run("create", "last_name=García", "custom.a=" + "[" * 100_000)
    assert done.code == 2
    assert "is no JSON" in done.err
