"""Spain cancels whole communications: who stays goes anew, and nobody's report is lost."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from exports_kit import BOOKED, HANS, LUCIA, MIA, P, World

from profilecore import Profile, Stay
from profilecore_exports import Run, read_answer
from profilecore_exports.asking import write_queries

PV = "es.ses-hospedajes"
CODE = "00000000-0000-0000-0000-000000000001"
OTHER = "00000000-0000-0000-0000-000000000002"
LOT = "00000000-0000-0000-0000-00000000000a"
PAST = {"arrival": "2026-10-01", "departure": "2026-10-03"}
OCTOBER = {"start": date(2026, 10, 1), "end": date(2026, 10, 3)}


def take(world: World, run: Run, *codes: str) -> None:
    """Have the Ministry take the communications of a run's last file, under these numbers."""
    rows = "".join(
        f"<resultadoComunicacion><orden>{number}</orden><codigoComunicacion>{code}"
        "</codigoComunicacion></resultadoComunicacion>"
        for number, code in enumerate(codes, 1)
    )
    text = f"<r><resultado><codigoEstado>1</codigoEstado>{rows}</resultado></r>"
    read_answer(world.engine, world.format(PV), text.encode(), file=run.files[-1].name)


def party(world: World, *guests: Profile, **days: Any) -> Stay:
    """A party whom the Ministry has, as one communication."""
    stay = world.stay(*guests, details=BOOKED, **days)
    run = world.export(PV, **(OCTOBER if days else {}))
    assert len(run.files) == 1
    take(world, run, CODE)
    return stay


def three(world: World) -> list[Profile]:
    otto = {"documents": [{"type": "passport", "number": "C01X00T48", "country": "DE"}]}
    return [world.guest(LUCIA), world.guest(HANS), world.guest(HANS, first_name="Otto", **otto)]


def stages(world: World, *guests: Profile) -> list[tuple[str, str | None]]:
    return [(e.stage.value, e.reference) for guest in guests for e in world.entries(guest)]


def correct(world: World, stay: Stay, **values: Any) -> None:
    given = {"property_id": P, "reference": stay.reference}
    world.engine.record_stay(stay.profile_id, given | values)


def test_who_stays_goes_anew_when_one_of_the_party_is_taken_back(world: World) -> None:
    lucia, hans, otto = three(world)
    stay = party(world, lucia, hans, otto)
    correct(world, stay, companions=[hans.id])
    run = world.export(PV)
    assert run.counts == {"cancelled": 3, "reported": 2}
    assert [file.kind for file in run.files] == ["cancellation", "report"]
    assert world.contents(run)[1].count(b"<persona>") == 2
    assert stages(world, lucia, hans, otto) == [
        ("written", None),
        ("written", None),
        ("cancelled", CODE),
    ]
    assert world.export(PV).counts == {"already": 2}


def test_who_stays_goes_anew_when_two_of_the_party_turn_out_to_be_one(world: World) -> None:
    lucia, hans, otto = three(world)
    party(world, lucia, hans, otto)
    choices = {"first_name": hans.id}
    world.engine.merge(world.engine.plan_merge(hans.id, [otto.id], choices=choices))
    run = world.export(PV)
    assert run.counts == {"cancelled": 3, "reported": 2}
    assert world.contents(run)[1].count(b"<persona>") == 2
    assert world.export(PV).counts == {"already": 2}


def test_nothing_is_cancelled_while_somebody_cannot_be_sent_anew(world: World) -> None:
    lucia, hans, _ = three(world)
    stay = party(world, lucia, hans)
    world.engine.update(lucia.id, {"first_name": "Luisa"})
    world.engine.update(hans.id, {"sex": None})
    run = world.export(PV)
    assert run.files == ()
    assert [(c.guest_id, c.stay_id, c.why) for c in run.changed] == [(lucia.id, stay.id, "edited")]
    assert run.changed[0].do.startswith("Complete everybody of the stay")
    assert world.codes(run) == [["sex"]]
    assert stages(world, lucia, hans) == [("accepted", CODE)] * 2
    world.engine.update(hans.id, {"sex": "male"})
    assert world.export(PV).counts == {"cancelled": 2, "reported": 2}


def test_nobody_is_taken_back_while_somebody_else_cannot_be_sent_anew(world: World) -> None:
    lucia, hans, otto = three(world)
    stay = party(world, lucia, hans, otto)
    correct(world, stay, companions=[hans.id])
    world.engine.update(hans.id, {"sex": None})
    run = world.export(PV)
    assert run.files == ()
    assert [(c.guest_id, c.why) for c in run.changed] == [(otto.id, "left-the-stay")]
    assert stages(world, lucia, hans, otto) == [("accepted", CODE)] * 3


def test_a_child_is_not_left_alone_when_its_adult_left_the_stay(world: World) -> None:
    lucia = world.guest(LUCIA)
    mia = world.guest(MIA, relationships=[{"type": "parent", "profile_id": lucia.id}])
    details = BOOKED | {"values": {f"{mia.id}/{PV}.parentesco": "HJ"}}
    stay = world.stay(mia, lucia, details=details)
    take(world, world.export(PV), CODE)
    correct(world, stay, companions=[])
    world.engine.update(mia.id, {"emails": ["mia@example.com"]})
    run = world.export(PV)
    assert run.files == ()
    assert {change.why for change in run.changed} == {"edited", "left-the-stay"}
    assert stages(world, mia, lucia) == [("accepted", CODE)] * 2


def test_what_a_cleared_guest_was_reported_in_is_cancelled_by_hand_alone(world: World) -> None:
    lucia, hans, otto = three(world)
    stay = party(world, lucia, hans, otto, **PAST)
    world.engine.clear(hans.id)
    world.engine.update(lucia.id, {"first_name": "Luz"})
    correct(world, stay, companions=[])
    run = world.export(PV, **OCTOBER)
    assert run.files == ()
    assert [(c.guest_id, c.why) for c in run.changed] == [
        (otto.id, "left-the-stay"),
        (lucia.id, "edited"),
    ]
    assert {change.do.partition(":")[0] for change in run.changed} == {"Tell the authority by hand"}
    assert stages(world, lucia, hans, otto) == [("accepted", CODE)] * 3


def test_a_communication_with_nothing_wrong_is_left_alone(world: World) -> None:
    lucia, hans, otto = three(world)
    stay = party(world, lucia, hans)
    correct(world, stay, companions=[hans.id, otto.id])
    run = world.export(PV)
    assert run.counts == {"already": 2, "reported": 1}
    take(world, run, OTHER)
    world.engine.update(otto.id, {"first_name": "Oskar"})
    run = world.export(PV)
    assert run.counts == {"already": 2, "cancelled": 1, "reported": 1}
    assert world.contents(run)[0].count(OTHER.encode()) == 1


@pytest.mark.parametrize("is_incomplete", [False, True])
def test_writing_again_cancels_what_stands_or_waits(world: World, is_incomplete: bool) -> None:
    lucia, hans, _ = three(world)
    party(world, lucia, hans)
    if is_incomplete:
        world.engine.update(hans.id, {"sex": None})
    run = world.export(PV, again=True)
    if is_incomplete:
        assert run.files == ()
        assert [(c.guest_id, c.why) for c in run.changed] == [(lucia.id, "again")]
    else:
        assert run.counts == {"cancelled": 2, "reported": 2}
        assert [file.kind for file in run.files] == ["cancellation", "report"]


def test_what_nobody_has_taken_yet_is_written_again_as_it_is(world: World) -> None:
    lucia, hans, _ = three(world)
    world.stay(lucia, hans, details=BOOKED)
    world.export(PV)
    run = world.export(PV, again=True)
    assert [file.kind for file in run.files] == ["report"]
    assert run.counts == {"reported": 2}


def test_a_child_that_comes_later_goes_with_all_of_its_party(world: World) -> None:
    lucia, mia = world.guest(LUCIA), world.guest(MIA)
    world.stay(lucia, mia, details=BOOKED)
    run = world.export(PV)
    kin = {"relationships": {"add": [{"type": "parent", "profile_id": lucia.id}]}}
    world.engine.update(mia.id, kin)
    assert world.codes(world.export(PV)) == [["adult"]]
    take(world, run, CODE)
    run = world.export(PV)
    assert run.counts == {"cancelled": 1, "reported": 2}
    cancel, report = world.contents(run)
    assert CODE.encode() in cancel
    assert report.count(b"<persona>") == 2
    assert run.incomplete == ()


# ---- what the Ministry says of a cancellation


def refusal(position: int | None = None) -> bytes:
    if position is None:
        return b"<r><respuesta><codigo>10120</codigo><descripcion>no</descripcion></respuesta></r>"
    rows = "".join(
        f"<resultadoComunicacion><orden>{number}</orden>"
        + ("<tipoError>10120</tipoError><error>no</error>" if number == position else
           f"<codigoComunicacion>{code}</codigoComunicacion>")
        + "</resultadoComunicacion>"
        for number, code in ((1, CODE), (2, OTHER))
    )  # fmt: skip
    return (
        f"<r><resultado><lote>{LOT}</lote><codigoEstado>6</codigoEstado>{rows}</resultado></r>"
    ).encode()


def test_a_cancellation_that_is_refused_is_told_though_all_went_out_anew(world: World) -> None:
    lucia, hans, _ = three(world)
    party(world, lucia, hans)
    world.engine.update(lucia.id, {"first_name": "Luz"})
    run = world.export(PV)
    made = read_answer(world.engine, world.format(PV), refusal(), file=run.files[0].name)
    told = [(j.guest_id, j.kind, j.reference, j.accepted) for j in made.judged]
    assert sorted(told) == sorted((g.id, "cancellation", CODE, False) for g in (lucia, hans))
    assert made.refused == 2
    assert stages(world, lucia, hans) == [("written", None)] * 2


def test_the_question_about_a_cancellation_is_asked_until_it_is_answered(world: World) -> None:
    lucia, *_ = three(world)
    party(world, lucia)
    world.engine.update(lucia.id, {"first_name": "Luz"})
    run = world.export(PV)
    form = world.format(PV)
    received = f"<respuesta><codigo>0</codigo><lote>{LOT}</lote></respuesta>".encode()
    read_answer(world.engine, form, received, file=run.files[0].name)
    assert len(write_queries(world.engine, form, world.folder)) == 1
    done = f"<r><resultado><lote>{LOT}</lote><codigoEstado>1</codigoEstado></resultado></r>"
    made = read_answer(world.engine, form, done.encode())
    assert [(j.kind, j.accepted) for j in made.judged] == [("cancellation", True)]
    assert write_queries(world.engine, form, world.folder) == []


def test_each_number_of_a_stay_is_cancelled_or_refused_for_itself(world: World) -> None:
    lucia, hans, otto = three(world)
    stay = party(world, lucia, hans)
    correct(world, stay, companions=[hans.id, otto.id])
    take(world, world.export(PV), OTHER)
    correct(world, stay, status="cancelled")
    run = world.export(PV)
    assert world.contents(run)[0].count(b"codigoComunicacion>") == 4
    made = read_answer(world.engine, world.format(PV), refusal(2), file=run.files[0].name)
    assert [j.guest_id for j in made.judged if not j.accepted] == [otto.id]
    assert stages(world, lucia, hans, otto) == [
        ("cancelled", CODE),
        ("cancelled", CODE),
        ("accepted", OTHER),
    ]
    assert world.export(PV).counts == {"cancelled": 1}


def test_a_row_without_a_number_shifts_no_verdict(world: World) -> None:
    lucia, hans, _ = three(world)
    for guest in (lucia, hans):
        world.stay(guest, details=BOOKED)
    world.export(PV)
    rows = (
        "<tipoError>1</tipoError><error>of the head</error>",
        f"<orden>1</orden><codigoComunicacion>{CODE}</codigoComunicacion>",
        "<orden>2</orden><tipoError>5</tipoError><error>wrong</error>",
    )
    listed = "".join(f"<resultadoComunicacion>{row}</resultadoComunicacion>" for row in rows)
    text = f"<r><resultado><codigoEstado>6</codigoEstado>{listed}</resultado></r>"
    judged = read_answer(world.engine, world.format(PV), text.encode()).judged
    assert [(j.accepted, j.code) for j in judged] == [(True, ""), (False, "5")]
