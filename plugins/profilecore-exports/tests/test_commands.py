"""The commands, as a front desk uses them: on a store in a file, with settings in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from exports_kit import CONFIG, HANS, ITALIAN_STATES, LUCIA, PLUGINS, P

from profilecore import Engine
from profilecore.cli import Invocation
from profilecore.cli.commands import main

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
Desk = Callable[..., Result]


@pytest.fixture
def engine() -> Any:
    with Engine.open(
        "memory://", plugins=PLUGINS, discover=False, strict=True, config=CONFIG
    ) as made:
        yield made


@pytest.fixture
def desk(engine: Engine) -> Desk:
    def desk(*words: object, as_json: bool = False) -> Result:
        args = ["--json"] * as_json + [str(word) for word in words]
        return CliRunner().invoke(main, args, obj=Invocation(given=engine))

    return desk


def told(result: Result) -> str:
    return " ".join(result.output.split())


def stay(engine: Engine, values: dict[str, Any], **more: Any) -> str:
    guest = engine.create(values)
    given = {"property_id": P, "arrival": YESTERDAY, "departure": TODAY, "reference": guest.id}
    return engine.record_stay(guest.id, given | more).id


def days() -> tuple[str, ...]:
    return ("--property", P, "--from", str(YESTERDAY), "--to", str(TODAY))


def test_every_format_is_listed_and_unverified_ones_say_so(desk: Desk) -> None:
    listed = json.loads(desk("exports", "list", as_json=True).stdout)["items"]
    verified = {row["name"]: row["verified"] for row in listed}
    assert verified["it.alloggiati"]
    assert verified["es.ses-hospedajes"]
    assert not verified["es.mossos"]
    assert not verified["pt.siba-dat"]
    assert "(unverified)" in told(desk("exports", "list"))
    help_ = told(desk("export", "pt.siba", "--help"))
    assert "unverified" in help_


def test_an_export_writes_files_and_ends_with_0(desk: Desk, engine: Engine, tmp_path: Path) -> None:
    stay(engine, HANS)
    done = desk("export", "pt.siba", *days(), "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    (file,) = (tmp_path / "out").iterdir()
    assert file.name in told(done).replace(" ", "")
    sent = json.loads(desk("exports", "sent", as_json=True).stdout)["items"]
    assert [row["name"] for row in sent] == [file.name]


def test_an_incomplete_guest_is_told_field_by_field_and_ends_with_1(
    desk: Desk, engine: Engine, tmp_path: Path
) -> None:
    stay(engine, HANS | {"documents": [], "nationalities": []})
    stay(engine, LUCIA)
    done = desk("export", "pt.siba", *days(), "--out", tmp_path, as_json=True)
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert [m["code"] for m in answer["incomplete"][0]["missing"]] == ["nationality", "document"]
    assert [m["path"] for m in answer["incomplete"][0]["missing"]] == [
        "/nationalities",
        "/documents",
    ]
    assert answer["counts"]["reported"] == 1
    shown = desk("export", "pt.siba", *days(), "--dry-run")
    assert shown.exit_code == 1
    assert "/nationalities" in told(shown)


def test_strict_and_choices_stop_the_run(desk: Desk, engine: Engine, tmp_path: Path) -> None:
    stay(engine, HANS | {"documents": []})
    stay(engine, LUCIA)
    for option in (["--strict"], ["--on", "document=cancel"]):
        done = desk("export", "pt.siba", *days(), "--out", tmp_path, *option)
        assert done.exit_code == 1
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ("export", "pt.siba", "--property", P, "--from", "2026-01-01", "--to", "2026-01-02"),
        ("export", "pt.siba", *days(), "--out", "x", "--on", "document=maybe"),
        ("export", "xx.nothing", *days(), "--out", "x"),
        ("export", "answer", "xx.nothing", __file__),
        ("exports", "tables", "add", "xx.nothing", __file__),
        ("exports", "details", "S", "rooms"),
    ],
)
def test_a_wrong_call_ends_with_2(desk: Desk, words: tuple[str, ...]) -> None:
    assert desk(*words).exit_code == 2


def test_a_refusal_ends_with_1_and_says_what_to_do(
    desk: Desk, engine: Engine, tmp_path: Path
) -> None:
    stay(engine, HANS)
    done = desk("export", "it.alloggiati", *days(), "--out", tmp_path, as_json=True)
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert answer["error"] == "table-missing"
    assert "profilecore exports tables add it.stati" in answer["message"]


def test_a_table_is_loaded_and_listed(desk: Desk, engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "stati.csv"
    path.write_text(ITALIAN_STATES + ",Nowhere,,\n", encoding="utf-8")
    done = desk("exports", "tables", "add", "it.stati", path)
    assert done.exit_code == 1
    assert "Row 6 has no code or no name" in told(done)
    listed = json.loads(desk("exports", "tables", "list", as_json=True).stdout)["items"]
    rows = {row["name"]: len(row["versions"]) for row in listed if "versions" in row}
    assert (rows["it.stati"], rows["it.comuni"]) == (1, 0)
    assert "missing; get it from" in told(desk("exports", "tables", "list"))
    stay(engine, HANS)
    assert desk("export", "it.alloggiati", *days(), "--out", tmp_path).exit_code == 0


def test_short_lists_are_shown_with_their_source_and_date(desk: Desk) -> None:
    listed = json.loads(desk("exports", "tables", "list", as_json=True).stdout)["items"]
    short = {row["name"]: row for row in listed if "codes" in row}
    assert short["es.parentescos"]["codes"]["HJ"] == "child"
    assert all(row["source"] and row["as_of"] for row in short.values())
    shown = told(desk("exports", "tables", "show", "cz.ucely"))
    assert "tourism" in shown
    assert "As of 2018" in shown
    assert desk("exports", "tables", "show", "it.comuni").exit_code == 2


def test_details_complete_a_stay(desk: Desk, engine: Engine, tmp_path: Path) -> None:
    id = stay(engine, HANS)
    missing = desk("export", "es.ses-hospedajes", *days(), "--dry-run")
    assert "payment" in told(missing) or "contract-date" in told(missing)
    noted = desk(
        "exports", "details", id, "payment=card", "contracted_on=2026-01-01", "rooms=1",
        "internet=yes", "es.ses-hospedajes.note=x",
    )  # fmt: skip
    assert noted.exit_code == 0, noted.output
    done = desk("export", "es.ses-hospedajes", *days(), "--out", tmp_path)
    assert done.exit_code == 0, done.output


def test_companions_are_told_by_their_ids(desk: Desk, engine: Engine, tmp_path: Path) -> None:
    id = stay(engine, HANS)
    lucia = engine.create(LUCIA)
    assert desk("exports", "details", id, f"companions={lucia.id}").exit_code == 0
    done = desk("export", "pt.siba", *days(), "--out", tmp_path, as_json=True)
    assert json.loads(done.stdout)["counts"]["reported"] == 2
    assert desk("exports", "details", "nothing", "companions=x").exit_code == 1


def test_an_answer_is_read_and_refusals_end_with_1(
    desk: Desk, engine: Engine, tmp_path: Path
) -> None:
    stay(engine, HANS)
    desk("export", "pt.siba", *days(), "--out", tmp_path / "out")
    answer = tmp_path / "answer.xml"
    answer.write_text(
        "<r><RetornoBA><Linha>1</Linha><Codigo_Retorno>75</Codigo_Retorno>"
        "<Descricao>Erro</Descricao></RetornoBA></r>"
    )
    done = desk("export", "answer", "pt.siba", answer)
    assert done.exit_code == 1
    assert "75 Erro" in told(done)
    answer.write_text("<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>")
    refused = desk("export", "answer", "pt.siba", answer, "--sent", "none", as_json=True)
    assert json.loads(refused.stdout)["error"] == "export-refused"


def test_what_was_not_cancelled_is_told_with_its_number(
    desk: Desk, engine: Engine, tmp_path: Path
) -> None:
    guest = engine.create(LUCIA | {"addresses": HANS["addresses"]})
    agreed = {"property_id": P, "arrival": YESTERDAY, "departure": TODAY, "reference": "R-1"}
    made = engine.record_stay(guest.id, agreed)
    desk("exports", "details", made.id, "payment=card", f"contracted_on={YESTERDAY}")
    name, out, number = "es.ses-hospedajes", tmp_path / "out", "0000-1"
    desk("export", name, *days(), "--out", out)
    answer = tmp_path / "answer.xml"
    answer.write_text(
        "<r><resultado><codigoEstado>1</codigoEstado><resultadoComunicacion><orden>1</orden>"
        f"<codigoComunicacion>{number}</codigoComunicacion></resultadoComunicacion></resultado></r>"
    )
    assert desk("export", "answer", name, answer).exit_code == 0
    engine.update(guest.id, {"first_name": "Luz"})
    desk("export", name, *days(), "--out", out)
    (cancelling,) = (file.name for file in out.iterdir() if "anular" in file.name)
    answer.write_text("<respuesta><codigo>10120</codigo></respuesta>")
    refused = desk("export", "answer", name, answer, "--sent", cancelling)
    assert refused.exit_code == 1
    shown = told(refused)
    assert "this stands still" in shown
    assert number in shown


def test_open_lots_are_asked_about_until_they_are_decided(
    desk: Desk, engine: Engine, tmp_path: Path
) -> None:
    id = stay(engine, HANS)
    desk("exports", "details", id, "payment=card", "contracted_on=2026-01-01")
    desk("export", "es.ses-hospedajes", *days(), "--out", tmp_path / "out")
    answer = tmp_path / "answer.xml"
    answer.write_text("<r><respuesta><codigo>0</codigo><lote>L-1</lote></respuesta></r>")
    assert desk("export", "answer", "es.ses-hospedajes", answer).exit_code == 0
    desk("export", "query", "es.ses-hospedajes", "--out", tmp_path / "ask")
    (asked,) = (tmp_path / "ask").iterdir()
    assert b"<con:lote>L-1</con:lote>" in asked.read_bytes()
    answer.write_text(
        "<r><resultado><lote>L-1</lote><codigoEstado>1</codigoEstado><resultadoComunicacion>"
        "<orden>1</orden><codigoComunicacion>C-1</codigoComunicacion></resultadoComunicacion>"
        "</resultado></r>"
    )
    assert desk("export", "answer", "es.ses-hospedajes", answer).exit_code == 0
    done = desk("export", "query", "es.ses-hospedajes", "--out", tmp_path / "more")
    assert "nothing to ask" in told(done)


def test_readiness_is_asked_with_check(desk: Desk, engine: Engine) -> None:
    guest = engine.create(HANS | {"birth_date": None})
    done = desk("check", guest.id, "it.alloggiati")
    assert done.exit_code == 1
    assert "The whole date of birth is missing" in told(done)
