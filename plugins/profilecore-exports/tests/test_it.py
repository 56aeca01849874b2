"""Italy: the police's fixed records, against the worked sample and by their own rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from exports_kit import EVENING, HANS, MARIA, MIA, P, World

from profilecore_exports import ExportRefused, TableMissing, read_answer
from profilecore_exports.it import state
from profilecore_exports.tables import Tables

FORMAT = "it.alloggiati"
CUTS = {
    "type": (0, 2), "arrival": (2, 12), "days": (12, 14), "surname": (14, 64), "name": (64, 94),
    "sex": (94, 95), "born": (95, 105), "town": (105, 114), "province": (114, 116),
    "state": (116, 125), "citizen": (125, 134), "document": (134, 139), "number": (139, 159),
    "issued": (159, 168),
}  # fmt: skip


def parse(content: bytes) -> list[dict[str, str]]:
    lines = content.decode("ascii").split("\r\n")
    assert all(len(line) in (168, 174) for line in lines)
    return [{name: line[a:b].rstrip() for name, (a, b) in CUTS.items()} for line in lines]


def sample_guests(world: World) -> None:
    world.stay(*world.family())
    world.stay(world.guest(MARIA), departure="2026-11-21")


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("worked-alloggiati-168.txt", {}),
        (
            "worked-alloggiati-fileunico-174.txt",
            {"exports-it": {"properties": {P: {"apartment": "42"}}}},
        ),
    ],
)
def test_the_worked_sample_is_written_byte_for_byte(
    make_world: Callable[..., World], shared: Callable[[str], Path], name: str, config: Any
) -> None:
    world = make_world(**config)
    for table in ("stati", "comuni"):
        path = shared(f"schemas/IT/{table}_2014.csv")
        world.load(f"it.{table}", path.read_text(encoding="utf-8"))
    sample_guests(world)
    run = world.export(FORMAT)
    assert not run.incomplete
    lines = world.contents(run)[0].split(b"\r\n")
    assert sorted(lines) == sorted(shared(f"samples/IT/{name}").read_bytes().split(b"\r\n"))
    heads = [line[:2] for line in lines]
    assert heads[heads.index(b"17") + 1] == b"19"


def test_a_record_has_every_field_in_its_place(world: World) -> None:
    sample_guests(world)
    rows = {row["name"]: row for row in parse(world.contents(world.export(FORMAT))[0])}
    assert rows["HANS"] == {
        "type": "17", "arrival": "20/11/2026", "days": "03", "surname": "MUSTER", "name": "HANS",
        "sex": "1", "born": "02/07/1985", "town": "", "province": "", "state": "100000216",
        "citizen": "100000216", "document": "PASOR", "number": "C01X00T47",
        "issued": "100000216",
    }  # fmt: skip
    assert (rows["MIA"]["type"], rows["MIA"]["document"], rows["MIA"]["issued"]) == ("19", "", "")
    assert (rows["MARIA PIA"]["town"], rows["MARIA PIA"]["province"]) == ("412058091", "RM")
    assert rows["MARIA PIA"]["document"] == "IDELE"


def test_a_file_ends_without_a_line_end_and_its_name_tells_nobody(world: World) -> None:
    sample_guests(world)
    (file,) = world.export(FORMAT).files
    assert not world.folder.joinpath(file.name).read_bytes().endswith(b"\n")
    assert file.name == f"{FORMAT}_{P}_20261120_0001.txt"
    assert world.folder.joinpath(file.name).stat().st_mode & 0o077 == 0


def test_a_group_has_a_leader_and_members(world: World) -> None:
    world.stay(world.guest(HANS), world.guest(HANS, first_name="Jan"), details={"group": "group"})
    assert [row["type"] for row in parse(world.contents(world.export(FORMAT))[0])] == ["18", "20"]


def test_a_long_stay_is_due_again_after_each_thirty_days(world: World) -> None:
    world.stay(*world.family(), departure="2027-01-25", status="in_house")
    first = world.export(FORMAT, end=date(2027, 2, 1))
    assert [row["days"] for row in parse(world.contents(first)[0])] == ["30", "30"]
    assert first.counts == {"not_yet": 4, "reported": 2}
    later = world.export(FORMAT, end=date(2027, 2, 1), now=datetime(2027, 1, 20, 12, tzinfo=UTC))
    rows = parse(world.contents(later)[0])
    assert [(row["type"], row["arrival"], row["days"]) for row in rows] == [
        ("17", "20/12/2026", "30"),
        ("19", "20/12/2026", "30"),
        ("17", "19/01/2027", "06"),
        ("19", "19/01/2027", "06"),
    ]
    again = world.export(FORMAT, end=date(2027, 2, 1), now=datetime(2027, 1, 20, 12, tzinfo=UTC))
    assert again.counts == {"already": 6}


def test_a_run_of_later_days_finds_what_is_left_of_a_long_stay(world: World) -> None:
    world.stay(world.guest(HANS), departure="2027-01-25")
    days = {"start": date(2027, 1, 19), "end": date(2027, 1, 19)}
    run = world.export(FORMAT, now=datetime(2027, 1, 19, 12, tzinfo=UTC), **days)
    assert [row["days"] for row in parse(world.contents(run)[0])] == ["06"]


@pytest.mark.parametrize(
    ("departure", "days"), [("2026-12-20", ["30"]), ("2026-12-21", ["30", "01"])]
)
def test_thirty_days_are_one_record_and_one_more_is_another(
    world: World, departure: str, days: list[str]
) -> None:
    world.stay(world.guest(HANS), departure=departure)
    run = world.export(FORMAT, end=date(2027, 2, 1), now=datetime(2027, 2, 1, 12, tzinfo=UTC))
    assert [row["days"] for row in parse(world.contents(run)[0])] == days


def test_an_adult_takes_the_place_of_an_incomplete_head(world: World) -> None:
    world.stay(world.guest(HANS, birth_date="1985"), world.guest(HANS, first_name="Eva"))
    run = world.export(FORMAT)
    assert [row["type"] for row in parse(world.contents(run)[0])] == ["16"]
    assert world.codes(run) == [["birth-date"]]


def test_members_without_a_possible_head_are_held_and_told(world: World) -> None:
    world.stay(world.guest(HANS, birth_date="1985"), world.guest(MIA))
    run = world.export(FORMAT)
    assert run.files == ()
    assert world.codes(run) == [["birth-date"], ["head"]]


def test_an_incomplete_guest_holds_nobody_back(world: World) -> None:
    world.stay(world.guest(HANS, sex="diverse", documents=[]))
    world.stay(world.guest(MARIA))
    run = world.export(FORMAT)
    assert [row["surname"] for row in parse(world.contents(run)[0])] == ["ROSSI"]
    assert world.codes(run) == [["sex", "document"]]
    assert not run.is_clean


def test_strict_writes_nothing_while_anybody_is_incomplete(world: World) -> None:
    world.stay(world.guest(HANS, sex="diverse"))
    world.stay(world.guest(MARIA))
    run = world.export(FORMAT, strict=True)
    assert run.stopped
    assert list(world.folder.iterdir()) == []


def test_names_come_in_the_letters_of_the_portal(world: World) -> None:
    world.stay(world.guest(HANS, first_name="Jürgen-Ömer", last_name="Łukasiewicz O’Brien"))
    (row,) = parse(world.contents(world.export(FORMAT))[0])
    assert (row["surname"], row["name"]) == ("LUKASIEWICZ O'BRIEN", "JUERGEN OEMER")


def test_a_name_of_another_script_is_written_as_in_the_passport_where_that_is_known(
    world: World,
) -> None:
    chinese = {"first_name": "小龙", "last_name": "李"}
    latin = [
        {"type": "former", "first_name": "Bruce", "last_name": "Ng"},
        {"first_name": "Xiaolong", "last_name": "Lee"},
    ]
    world.stay(world.guest(HANS, **chinese, alternate_names=latin))
    world.stay(world.guest(HANS, alternate_names=latin))
    rows = parse(world.contents(world.export(FORMAT))[0])
    assert {(r["surname"], r["name"]) for r in rows} == {("LEE", "XIAOLONG"), ("MUSTER", "HANS")}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"birth_place": "Nowhere"}, "town"),
        ({"birth_place": "Abbadia", "birth_subdivision": None}, "town"),
        ({"birth_place": "Ceased Town", "birth_date": "1990-01-01"}, "town"),
        ({"birth_place": None}, "birth-place"),
        ({"nationalities": ["KI"]}, "state"),
        ({"documents": [{"type": "residence_permit", "number": "1", "country": "DE"}]},
         "document-type"),
        ({"last_name": "☃"}, "letters"),
    ],
)  # fmt: skip
def test_what_has_no_code_is_told_and_not_guessed(
    world: World, changes: dict[str, Any], code: str
) -> None:
    world.stay(world.guest(MARIA, **({"birth_subdivision": None} | changes)))
    run = world.export(FORMAT)
    assert run.files == ()
    assert world.codes(run) == [[code]]


def test_a_ceased_town_is_good_for_a_birth_before_its_end(world: World) -> None:
    world.stay(world.guest(MARIA, birth_place="Ceased Town", birth_subdivision=None))
    (row,) = parse(world.contents(world.export(FORMAT))[0])
    assert row["town"] == "405028002"


def test_a_code_in_the_facet_decides_between_towns_of_one_name(world: World) -> None:
    facet = {"registration": {"birth_code": "403097002"}}
    world.stay(world.guest(MARIA, birth_place="Abbadia", birth_subdivision=None, facets=facet))
    assert parse(world.contents(world.export(FORMAT))[0])[0]["province"] == "SI"


def test_a_missing_table_is_named_with_where_to_get_it(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.stay(world.guest(HANS))
    with pytest.raises(TableMissing, match=r"it\.stati.*Alloggiati Web"):
        world.export(FORMAT)


def test_readiness_tells_what_a_profile_lacks_long_before(world: World) -> None:
    ana = world.guest({"last_name": "García", "nationalities": ["ES"]})
    missing = {m.code for m in world.engine.check(ana.id, FORMAT)}
    assert missing == {"first-name", "sex", "birth-date", "birth-country", "document"}
    assert world.engine.check(world.guest(HANS).id, FORMAT) == []


ANSWER = """<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">
<s:Body><SendResponse xmlns="AlloggiatiService"><SendResult><esito>true</esito></SendResult>
<result><SchedineValide>1</SchedineValide><Dettaglio>
<EsitoOperazioneServizio><esito>true</esito></EsitoOperazioneServizio>
<EsitoOperazioneServizio><esito>false</esito><ErroreCod>222</ErroreCod>
<ErroreDes>CITTADINANZA</ErroreDes><ErroreDettaglio>Errata</ErroreDettaglio>
</EsitoOperazioneServizio></Dettaglio></result></SendResponse></s:Body></s:Envelope>"""


def test_an_answer_accepts_and_refuses_row_by_row_and_the_refused_go_again(world: World) -> None:
    hans, mia = world.family()
    world.stay(hans, mia)
    world.export(FORMAT)
    answered = read_answer(world.engine, world.format(FORMAT), ANSWER.encode(), now=EVENING)
    assert [(j.guest_id, j.accepted, j.code) for j in answered.judged] == [
        (hans.id, True, ""),
        (mia.id, False, "222"),
    ]
    assert [e.stage.value for e in world.entries(mia)] == ["refused"]
    assert world.entries(mia)[0].answer_text == "CITTADINANZA Errata"
    again = world.export(FORMAT)
    # The head was accepted, and a child has no document to go alone.
    assert world.codes(again) == [["head"]]


OK = "<EsitoOperazioneServizio><esito>true</esito></EsitoOperazioneServizio>"
BAD = (
    "<EsitoOperazioneServizio><esito>false</esito><ErroreCod>222</ErroreCod>"
    "</EsitoOperazioneServizio>"
)


def answered(world: World, text: str) -> list[tuple[bool, str]]:
    world.stay(*world.family())
    world.export(FORMAT)
    judged = read_answer(world.engine, world.format(FORMAT), text.encode()).judged
    return [(j.accepted, j.code) for j in judged]


@pytest.mark.parametrize("verb", ["Test", "GestioneAppartamenti_FileUnico_Test"])
def test_the_answer_to_a_test_is_shown_and_marks_nobody(world: World, verb: str) -> None:
    text = (
        f"<e><{verb}Response><{verb}Result><esito>true</esito></{verb}Result><result>"
        f"<Dettaglio>{OK}{BAD}</Dettaglio></result></{verb}Response></e>"
    )
    with pytest.raises(ExportRefused, match=r"card 2 \(222\) would be refused") as refused:
        answered(world, text)
    assert refused.value.reason == "only-a-test"
    assert world.export(FORMAT).counts == {"already": 2}


@pytest.mark.parametrize("detail", ["<Dettaglio/>", ""])
def test_an_answer_that_tells_of_no_card_accepts_none(world: World, detail: str) -> None:
    text = (
        "<e><SendResponse><SendResult><esito>true</esito></SendResult>"
        f"<result><SchedineValide>0</SchedineValide>{detail}</result></SendResponse></e>"
    )
    with pytest.raises(ExportRefused) as refused:
        answered(world, text)
    assert refused.value.reason == "no-verdict"


@pytest.mark.parametrize("verb", ["Send", "GestioneAppartamenti_FileUnico_Send"])
def test_a_refusal_of_all_cards_keeps_its_code(world: World, verb: str) -> None:
    text = (
        f"<e><{verb}Response><{verb}Result><esito>false</esito><ErroreCod>100</ErroreCod>"
        f"</{verb}Result><result><SchedineValide>0</SchedineValide></result></{verb}Response></e>"
    )
    assert answered(world, text) == [(False, "100"), (False, "100")]


# Places that no table of the police has: they are parts of other countries, or empty.
NOWHERE = frozenset(
    {
        "AQ", "AW", "AX", "BL", "BQ", "BV", "CK", "CW", "GS", "HM", "IO", "MF", "SJ", "SX", "TF",
        "UM",
    }
)  # fmt: skip


def test_every_country_has_a_code_in_the_table_of_the_police(
    world: World, shared: Callable[[str], Path]
) -> None:
    import pycountry

    path = shared("schemas/IT/stati_2014.csv")
    world.load("it.stati", path.read_text(encoding="utf-8"))
    tables = Tables(world.engine.store)
    for entry in pycountry.countries:
        if entry.alpha_2 not in NOWHERE:
            assert len(state(entry.alpha_2, tables, "/")) == 9
