"""Spain: travellers and bookings, by the official schemas, the worked samples and our own rules."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from exports_kit import BOOKED, EVENING, HANS, LUCIA, MIA, POSTCODES, P, World, plain

from profilecore import Stay
from profilecore_exports import ExportRefused, Run, read_answer
from profilecore_exports.es_answers import envelope, query

PV, RH, MOSSOS = "es.ses-hospedajes", "es.ses-hospedajes-rh", "es.mossos"
Validate = Callable[[bytes, str], list[str]]
LOT = "00000000-0000-0000-0000-00000000000a"
CODE = "00000000-0000-0000-0000-000000000001"


def sample_stay(world: World, **more: Any) -> Stay:
    lucia, (hans, mia) = world.guest(LUCIA), world.family()
    reference = {"reference": "RES-2026-000123"}
    return world.stay(lucia, hans, mia, details=BOOKED, **(reference | more))


def answered(world: World, run: Run, text: str, name: str = PV) -> None:
    read_answer(world.engine, world.format(name), text.encode(), file=run.files[-1].name)


def of_lot(*rows: str, state: int = 1) -> str:
    return (
        f"<r><respuesta><codigo>0</codigo></respuesta><resultado><lote>{LOT}</lote>"
        f"<codigoEstado>{state}</codigoEstado><resultadoComunicaciones>"
        + "".join(f"<resultadoComunicacion>{row}</resultadoComunicacion>" for row in rows)
        + "</resultadoComunicaciones></resultado></r>"
    )


def accepted(order: int, code: str = CODE) -> str:
    return f"<orden>{order}</orden><codigoComunicacion>{code}</codigoComunicacion>"


def test_travellers_are_those_of_the_worked_sample(
    world: World, shared: Callable[[str], Path], validate: Validate
) -> None:
    sample_stay(world)
    run = world.export(PV)
    (content,) = world.contents(run)
    assert plain(content) == plain(shared("samples/ES/worked-PV.xml").read_bytes())
    assert validate(content, "schemas/ES/altaParteHospedaje.xsd") == []


def test_a_booking_validates_and_knows_no_time(world: World, validate: Validate) -> None:
    details = {"contracted_on": "2026-11-20", "payment": "on_site"}
    booked = {"booked_at": "2026-11-20T09:00:00+00:00", "adults": 2, "children": 1}
    world.stay(world.guest(LUCIA), details=details, **booked)
    (content,) = world.contents(world.export(RH))
    assert validate(content, "schemas/ES/altaReservaHospedaje.xsd") == []
    tree = ElementTree.fromstring(content)
    assert tree.findtext(".//fechaEntrada") == "2026-11-20T00:00:00"
    assert tree.findtext(".//numPersonas") == "3"
    assert [tree.findtext(f".//{name}") for name in ("rol", "correo")] == [
        "TI",
        "lucia@example.com",
    ]


def test_the_sample_booking_comes_out_the_same(world: World, shared: Callable[[str], Path]) -> None:
    guest = world.guest(
        {"first_name": "Lucía", "last_name": "Prueba", "emails": ["lucia@example.com"]}
    )
    world.stay(
        guest,
        details={"contracted_on": "2026-11-01", "payment": "on_site"},
        reference="RES-2026-000123",
        booked_at="2026-11-20T09:00:00+00:00",
        adults=3,
    )
    (content,) = world.contents(world.export(RH))
    assert plain(content) == plain(shared("samples/ES/worked-RH.xml").read_bytes())


def test_the_envelope_holds_the_file_zipped(
    world: World, shared: Callable[[str], Path], validate: Validate
) -> None:
    sample_stay(world)
    (content,) = world.contents(world.export(PV))
    made = envelope(
        content, landlord="0000000001", application="profilecore", operation="A", kind="PV"
    )
    worked = shared("samples/ES/worked-soap-alta-PV.xml").read_bytes()

    def parts(text: bytes) -> tuple[str, bytes]:
        tree = ElementTree.fromstring(text)
        (packed,) = tree.iter("solicitud")
        archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(packed.text or "")))
        packed.text = ""
        return plain(ElementTree.tostring(tree)), archive.read(archive.namelist()[0])

    (head, inner), (worked_head, worked_inner) = parts(made), parts(worked)
    assert head == worked_head
    assert plain(inner) == plain(worked_inner)
    body = ElementTree.fromstring(made).find(".//{*}comunicacionRequest")
    assert body is not None
    assert validate(ElementTree.tostring(body), "schemas/ES/comunicacion.xsd") == []


def test_a_question_about_lots_validates(shared: Callable[[str], Path], validate: Validate) -> None:
    asked = query(["00000000-0000-0000-0000-000000000002"])
    assert plain(asked) == plain(shared("samples/ES/worked-consultar.xml").read_bytes())
    assert validate(asked, "schemas/ES/consultarComunicacion.xsd") == []
    with pytest.raises(ExportRefused):
        query([LOT] * 11)


@pytest.mark.parametrize("name", ["pvilas-parte.xml", "pvilas-reserva.xml"])
def test_the_schemas_refuse_files_of_an_older_version(
    shared: Callable[[str], Path], validate: Validate, name: str
) -> None:
    kind = "altaParteHospedaje" if "parte" in name else "altaReservaHospedaje"
    content = shared(f"samples/ES/{name}").read_bytes()
    assert validate(content, f"schemas/ES/{kind}.xsd") != []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"second_last_name": None}, "second-last-name"),
        ({"documents": []}, "document"),
        ({"documents": [LUCIA["documents"][0] | {"number": "12345678A"}]}, "document-number"),
        ({"documents": [LUCIA["documents"][0] | {"support_number": None}]}, "document-support"),
        ({"birth_date": "1988"}, "birth-date"),
        ({"sex": "not_stated"}, "sex"),
        ({"nationalities": []}, "nationality"),
        ({"phones": [], "emails": []}, "contact"),
        ({"addresses": [{"line1": "x", "city": "Nada", "postal_code": "99999", "country": "ES"}]},
         "municipality"),
        ({"addresses": [{"line1": "x", "city": "Madrid", "country": "ES"}]}, "postcode"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_reported_and_not_written(
    world: World, changes: dict[str, Any], code: str
) -> None:
    world.stay(world.guest(LUCIA, **changes), details=BOOKED)
    run = world.export(PV)
    assert run.files == ()
    assert world.codes(run) == [[code]]


@pytest.mark.parametrize(
    ("details", "code"),
    [(BOOKED | {"payment": None}, "payment"), (BOOKED | {"contracted_on": None}, "contract-date")],
)
def test_what_a_stay_lacks_is_reported(world: World, details: dict[str, Any], code: str) -> None:
    world.stay(world.guest(LUCIA), details=details)
    assert world.codes(world.export(PV)) == [[code]]


def test_a_third_sex_is_written(world: World) -> None:
    world.stay(world.guest(HANS, sex="diverse"), details=BOOKED)
    assert b"<sexo>O</sexo>" in world.contents(world.export(PV))[0]


def test_a_child_is_written_with_a_kinship_and_an_adults_contact(world: World) -> None:
    hans = world.guest(HANS)
    mia = world.guest(MIA, emails=[], relationships=[{"type": "guardian", "profile_id": hans.id}])
    world.stay(hans, mia, details=BOOKED)
    child = ElementTree.fromstring(world.contents(world.export(PV))[0]).findall(".//persona")[1]
    assert [child.findtext(name) for name in ("parentesco", "correo")] == [
        "TU",
        "hans@example.com",
    ]


def test_an_unrelated_child_is_reported_until_the_desk_tells(world: World) -> None:
    hans, mia = world.guest(HANS), world.guest(MIA)
    details = BOOKED | {"values": {f"{mia.id}/{PV}.parentesco": "SB"}}
    world.stay(hans, mia, details=BOOKED)
    world.stay(world.guest(HANS), world.guest(MIA), details=details)
    assert world.codes(world.export(PV)) == [["kinship"], ["kinship"]]


def test_the_desk_can_tell_how_a_child_is_related(world: World) -> None:
    hans, mia = world.guest(HANS), world.guest(MIA)
    details = BOOKED | {"values": {f"{mia.id}/{PV}.parentesco": "SB"}}
    world.stay(hans, mia, details=details)
    assert b"<parentesco>SB</parentesco>" in world.contents(world.export(PV))[0]


def test_a_child_does_not_go_without_an_adult(world: World) -> None:
    hans = world.guest(HANS, birth_date=None)
    mia = world.guest(MIA, relationships=[{"type": "parent", "profile_id": hans.id}])
    world.stay(hans, mia, details=BOOKED)
    run = world.export(PV)
    assert run.files == ()
    assert world.codes(run) == [["birth-date"], ["adult"]]


def test_the_number_of_persons_is_that_of_those_written(world: World) -> None:
    world.stay(world.guest(LUCIA), world.guest(HANS, documents=[]), details=BOOKED)
    content = world.contents(world.export(PV))[0]
    assert b"<numPersonas>1</numPersonas>" in content


def test_a_file_has_at_most_a_hundred_communications(world: World, validate: Validate) -> None:
    for number in range(101):
        world.stay(world.guest(HANS, first_name=f"Hans {chr(65 + number % 26)}"), details=BOOKED)
    run = world.export(PV)
    assert [file.guests for file in run.files] == [100, 1]
    for content in world.contents(run):
        assert validate(content, "schemas/ES/altaParteHospedaje.xsd") == []


def test_a_received_lot_is_not_yet_accepted(world: World) -> None:
    sample_stay(world)
    run = world.export(PV)
    answered(
        world,
        run,
        f"<r><respuesta><codigoRetorno>0</codigoRetorno><lote>{LOT}</lote></respuesta></r>",
    )
    lucia = world.engine.search("lucía").items[0]
    assert [entry.stage.value for entry in world.entries(lucia)] == ["written"]
    judged = read_answer(world.engine, world.format(PV), of_lot(accepted(1)).encode())
    assert judged.files == (run.files[0].name,)
    assert [entry.reference for entry in world.entries(lucia)] == [CODE]


def test_an_answer_about_several_lots_marks_the_guests_of_each(world: World) -> None:
    guests, lots = [world.guest(LUCIA), world.guest(HANS)], (LOT, LOT[:-1] + "b")
    runs = []
    for guest, lot in zip(guests, lots, strict=True):
        world.stay(guest, details=BOOKED)
        runs.append(world.export(PV))
        answered(world, runs[-1], f"<respuesta><codigo>0</codigo><lote>{lot}</lote></respuesta>")
    results = "".join(
        f"<resultado><lote>{lot}</lote><codigoEstado>1</codigoEstado><resultadoComunicacion>"
        f"{accepted(1, CODE[:-1] + str(number))}</resultadoComunicacion></resultado>"
        for number, lot in enumerate(lots)
    )
    told = read_answer(world.engine, world.format(PV), f"<r>{results}</r>".encode())
    assert told.files == tuple(run.files[0].name for run in runs)
    assert told.lots == lots
    references = [entry.reference for guest in guests for entry in world.entries(guest)]
    assert references == [CODE[:-1] + "0", CODE[:-1] + "1"]


def test_a_whole_lot_can_be_refused(world: World) -> None:
    sample_stay(world)
    run = world.export(PV)
    answered(
        world,
        run,
        "<r><respuesta><codigo>10111</codigo><descripcion>F</descripcion></respuesta></r>",
    )
    assert world.export(PV).counts["reported"] == 3


def test_a_refused_communication_goes_again_and_the_others_do_not(world: World) -> None:
    first, second = world.guest(LUCIA), world.guest(HANS)
    for guest in (first, second):
        world.stay(guest, details=BOOKED)
    run = world.export(PV)
    order = [entry.guest_id for g in (first, second) for entry in world.entries(g)]
    text = of_lot(
        accepted(1),
        "<orden>2</orden><tipoError>10121</tipoError><error>Error de validación</error>",
        state=6,
    )
    answered(world, run, text)
    again = world.export(PV)
    assert (again.counts["already"], again.counts["reported"]) == (1, 1)
    assert sorted(order) == sorted([first.id, second.id])


def test_an_edit_cancels_the_communication_and_sends_all_of_it_anew(
    world: World, validate: Validate
) -> None:
    stay = sample_stay(world)
    answered(world, world.export(PV), of_lot(accepted(1)))
    world.engine.update(stay.companions[0], {"sex": "female"})
    run = world.export(PV)
    assert [file.kind for file in run.files] == ["cancellation", "report"]
    cancel, report = world.contents(run)
    assert validate(cancel, "schemas/ES/anularComunicacion.xsd") == []
    assert cancel.count(CODE.encode()) == 1
    assert report.count(b"<persona>") == 3
    assert run.counts == {"cancelled": 3, "reported": 3}
    assert world.export(PV).files == ()


def test_a_cancelled_stay_is_taken_back(world: World) -> None:
    stay = sample_stay(world)
    answered(world, world.export(PV), of_lot(accepted(1)))
    world.engine.record_stay(
        stay.profile_id, {"property_id": P, "reference": stay.reference, "status": "cancelled"}
    )
    run = world.export(PV)
    assert [file.kind for file in run.files] == ["cancellation"]
    assert run.counts["cancelled"] == 3


def test_an_edit_before_the_answer_is_left_to_a_person(world: World) -> None:
    stay = sample_stay(world)
    world.export(PV)
    world.engine.update(stay.companions[0], {"sex": "female"})
    run = world.export(PV)
    assert run.files == ()
    assert [change.why for change in run.changed] == ["edited"]


def test_the_file_for_catalonia_is_that_of_the_worked_sample(
    make_world: Callable[..., World], shared: Callable[[str], Path]
) -> None:
    house = {"code": "0123456789", "name": "Casa Inventada"}
    world = make_world(**{"exports-es": {"properties": {P: house}}})
    world.load("es.codigos-postales", "cp,codigo,nombre\n28001,28079,Madrid\n")
    address = {
        "line1": "Calle Inventada 1",
        "city": "Madrid",
        "postal_code": "28001",
        "country": "ES",
    }
    lucia = world.guest(LUCIA, addresses=[address])
    world.stay(lucia, world.guest(HANS), details=BOOKED, reference="RES-2026-000123")
    run = world.export(MOSSOS)
    assert run.files[0].name == "0123456789.001.txt"
    made = world.contents(run)[0].decode().split("\r\n")
    worked = shared("samples/ES/worked-mossos-V24-UNVERIFIED.txt").read_text().split("\n")
    assert made[1].split("|")[4] == f"{EVENING:%H%M}"
    assert [made[0], *made[2:]] == [worked[0], *worked[2:]]


def test_an_address_that_would_part_a_record_of_catalonia_is_refused(
    make_world: Callable[..., World],
) -> None:
    house = {"code": "0000000001", "mossos_code": "000000M", "name": "HOTEL"}
    world = make_world(**{"exports-es": {"properties": {P: house}}})
    world.load("es.codigos-postales", POSTCODES)
    world.stay(world.guest(LUCIA, emails=["a|b@example.com"]), details=BOOKED)
    assert world.codes(world.export(MOSSOS)) == [["email"]]
