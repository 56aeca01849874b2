"""The register of what was sent: what it says, and how it follows merges, clears and the law."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from exports_kit import ARRIVAL, BOOKED, EVENING, HANS, LUCIA, P, World

from profilecore import Actor, ProfileCleared
from profilecore_exports import read_answer, record_details
from profilecore_exports.register import sent_files

FORMAT = "pt.siba"  # sends again under its number
BY_HAND = "it.alloggiati"


def test_the_register_says_what_went_when_by_whom_and_in_which_file(world: World) -> None:
    hans = world.guest(HANS)
    stay = world.stay(hans)
    with world.engine.acting(Actor("desk-7", property_id=P)):
        run = world.export(FORMAT)
    (entry,) = world.entries(hans)
    assert (entry.format, entry.stay_id, entry.guest_id) == (FORMAT, stay.id, hans.id)
    assert (entry.by, entry.written_at, entry.file) == ("desk-7", EVENING, run.files[0].name)
    (file,) = sent_files(world.engine.store)
    assert (file.checksum, file.by) == (run.files[0].checksum, "desk-7")
    import hashlib

    assert file.checksum == hashlib.sha256(world.contents(run)[0]).hexdigest()


def test_what_is_registered_answered_and_noted_shows_in_the_feed(world: World) -> None:
    hans = world.guest(HANS)
    stay = world.stay(hans)
    start = world.engine.changes().items[-1].seq
    world.export(FORMAT)
    read_answer(
        world.engine,
        world.format(FORMAT),
        b"<EntregaBoletinsAlojamentoResult>0</EntregaBoletinsAlojamentoResult>",
    )
    record_details(world.engine, stay.id, {"rooms": 1})
    (entry,) = world.entries(hans)
    told = [(e.type, e.profile_id, e.subject) for e in world.engine.changes(start).items]
    assert told == [("document.stored", hans.id, id) for id in (entry.id, entry.id, stay.id)]


def test_no_name_stands_in_the_file_register_or_in_a_repr(world: World) -> None:
    world.stay(world.guest(HANS))
    run = world.export(FORMAT)
    shown = repr(run) + repr(list(sent_files(world.engine.store))) + run.files[0].name
    assert "muster" not in shown.casefold()
    with world.engine.store.read() as reader:
        for kind in ("registration-file", "registration-number"):
            for document in reader.listing(kind, None, 10):
                assert b"MUSTER" not in document.body.upper()


def test_a_merge_sends_nobody_twice_and_tells_what_it_changed(world: World) -> None:
    first, second = world.guest(HANS), world.guest(HANS, first_name="Johann")
    world.stay(second)
    world.export(BY_HAND)
    choices = {"first_name": first.id}
    world.engine.merge(world.engine.plan_merge(first.id, [second.id], choices=choices))
    run = world.export(BY_HAND)
    assert run.files == ()
    assert [(c.guest_id, c.why) for c in run.changed] == [(first.id, "edited")]


def test_a_merge_that_changes_nothing_of_the_record_is_no_change(world: World) -> None:
    first, second = world.guest(HANS), world.guest(HANS)
    world.stay(second)
    world.export(FORMAT)
    world.engine.merge(world.engine.plan_merge(first.id, [second.id]))
    assert world.export(FORMAT).counts == {"already": 1}


def test_two_guests_of_a_stay_who_are_one_are_told_or_taken_back(world: World) -> None:
    first, second = world.guest(HANS), world.guest(HANS)
    world.stay(first, second)
    for name in (BY_HAND, "si.eturizem"):
        world.export(name)
    world.engine.merge(world.engine.plan_merge(first.id, [second.id]))
    assert [c.why for c in world.export(BY_HAND).changed] == ["merged"]
    (file,) = world.export("si.eturizem").files
    assert (file.kind, file.guests) == ("cancellation", 1)
    assert world.export("si.eturizem").files == ()


def test_nothing_personal_is_written_of_a_cleared_guest_any_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from profilecore_exports import running

    hans = world.guest(HANS)
    days = {"arrival": "2026-11-10", "departure": "2026-11-12", "status": "departed"}
    stay = world.stay(hans, **days)
    entries = running.entries_of

    def clearing(*args: Any) -> Any:
        world.engine.clear(hans.id)
        return entries(*args)

    # The clear comes between the reading of the guests and the writing of the files.
    monkeypatch.setattr(running, "entries_of", clearing)
    with pytest.raises(ProfileCleared):
        world.export(FORMAT, start=date(2026, 11, 1))
    assert list(world.folder.iterdir()) == []
    with pytest.raises(ProfileCleared):
        record_details(world.engine, stay.id, {"payment_holder": "Hans Muster"})


def test_an_answer_after_a_clear_leaves_no_text(world: World) -> None:
    hans = world.guest(HANS)
    world.stay(hans, arrival="2026-11-10", departure="2026-11-12", status="departed")
    world.export(FORMAT, start=date(2026, 11, 1))
    world.engine.clear(hans.id)
    fault = b"<r><RetornoBA><Linha>1</Linha><Codigo_Retorno>7</Codigo_Retorno>"
    text = fault + b"<Descricao>HANS MUSTER</Descricao></RetornoBA></r>"
    read_answer(world.engine, world.format(FORMAT), text)
    (entry,) = world.entries(hans)
    assert (entry.answer_code, entry.answer_text) == ("7", None)


def test_a_clear_takes_the_copy_out_of_the_register_and_nothing_goes_again(world: World) -> None:
    hans = world.guest(HANS)
    world.stay(hans, arrival="2026-11-10", departure="2026-11-12", status="departed")
    days = {"start": date(2026, 11, 1), "end": date(2026, 11, 30)}
    world.export(FORMAT, **days)
    assert world.entries(hans)[0].copy
    world.engine.clear(hans.id)
    (entry,) = world.entries(hans)
    assert (entry.copy, entry.digest, entry.by) == (None, None, None)
    assert (entry.format, entry.stay_id) == (FORMAT, entry.stay_id)
    with world.engine.store.read() as reader:
        assert b"MUSTER" not in b"".join(d.body for d in reader.owned([hans.id])).upper()
    assert world.export(FORMAT, **days).counts == {}


def test_the_law_keeps_the_copy_through_a_clear_where_it_says_so(
    make_world: Callable[..., World],
) -> None:
    world = make_world(profilecore={"properties": {P: {"country": "PT"}}})
    hans = world.guest(HANS)
    world.stay(hans, arrival="2026-11-10", departure="2026-11-12", status="departed")
    world.export(FORMAT, start=date(2026, 11, 1))
    receipt = world.engine.clear(hans.id)
    held = {(h.kind, h.rule) for h in receipt.held}
    assert ("registration", "pt.registrations") in held
    assert world.entries(hans)[0].copy


def test_what_spain_wants_kept_goes_when_its_time_is_over(
    make_world: Callable[..., World],
) -> None:
    world = make_world(profilecore={"properties": {P: {"country": "ES"}}})
    hans = world.guest(HANS)
    details = {"payment": "card", "contracted_on": "2026-11-01"}
    world.stay(
        hans, arrival="2026-11-10", departure="2026-11-12", status="departed", details=details
    )
    world.export("es.ses-hospedajes", start=date(2026, 11, 1))
    held = {(h.kind, h.rule) for h in world.engine.clear(hans.id).held}
    assert {
        ("registration", "es.registrations"),
        ("registration-details", "es.registrations"),
    } <= held
    with world.engine.store.read() as reader:
        kept = b"".join(d.body for d in reader.owned([hans.id], "registration"))
    assert b"<apellido1>Muster</apellido1>" in kept


def test_the_police_of_italy_keep_the_copy_themselves(world: World) -> None:
    hans = world.guest(HANS)
    world.stay(hans)
    world.export(BY_HAND)
    assert world.entries(hans)[0].copy is None


def test_an_access_request_shows_what_was_reported(world: World) -> None:
    hans = world.guest(HANS)
    world.stay(hans, details={"arrived_at": "16:05"})
    world.export(FORMAT)
    documents = world.engine.access(hans.id)["documents"]
    assert documents["registration"][0]["format"] == FORMAT
    assert documents["registration-details"][0]["arrived_at"] == "16:05"


@pytest.mark.parametrize("name", ["es.ses-hospedajes", "hr.evisitor", "it.ross1000"])
def test_a_stay_that_was_called_off_is_taken_back_after_a_clear_too(
    world: World, name: str
) -> None:
    lucia, hans = world.guest(HANS, first_name="Lucia"), world.guest(HANS)
    stay = world.stay(lucia, hans, details=BOOKED)
    run = world.export(name, end=ARRIVAL)
    if name == "es.ses-hospedajes":
        code = "00000000-0000-0000-0000-000000000001"
        taken = (
            "<r><resultado><codigoEstado>1</codigoEstado><resultadoComunicacion><orden>1</orden>"
            f"<codigoComunicacion>{code}</codigoComunicacion></resultadoComunicacion>"
            "</resultado></r>"
        )
        read_answer(world.engine, world.format(name), taken.encode(), file=run.files[0].name)
    off = {"property_id": P, "reference": stay.reference, "status": "no_show"}
    world.engine.record_stay(lucia.id, off)
    world.engine.clear(hans.id)
    run = world.export(name, end=ARRIVAL)
    assert {file.kind for file in run.files} == {"cancellation"}
    assert run.counts == {"cancelled": 2, "cleared": 1}
    (entry,) = world.entries(hans)
    assert (entry.stage.value, entry.by, entry.answer_text) == ("cancelled", None, None)
    assert world.export(name, end=ARRIVAL).counts == {"cleared": 1}


def test_a_stay_that_is_called_off_after_a_clear_is_taken_back_too(world: World) -> None:
    lucia, hans = world.guest(HANS, first_name="Lucia"), world.guest(HANS)
    days = {"arrival": "2026-11-10", "departure": "2026-11-12", "status": "departed"}
    stay = world.stay(lucia, hans, details=BOOKED, **days)
    since = {"start": date(2026, 11, 1), "end": date(2026, 11, 10)}
    world.export("hr.evisitor", **since)
    world.engine.clear(hans.id)
    assert world.engine.stays(lucia.id)[0].companions == ()
    assert world.export("hr.evisitor", **since).counts == {"already": 1}
    off = {"property_id": P, "reference": stay.reference, "status": "no_show"}
    world.engine.record_stay(lucia.id, off)
    assert world.export("hr.evisitor", **since).counts == {"cancelled": 2, "cleared": 1}


def test_who_was_reported_and_is_no_guest_of_the_stay_after_all_is_taken_back(
    world: World,
) -> None:
    lucia, hans, anna = world.guest(LUCIA), world.guest(HANS), world.guest(HANS, first_name="Anna")
    stay = world.stay(lucia, hans)
    for name in (BY_HAND, "si.eturizem"):
        world.export(name)
    right = {"property_id": P, "reference": stay.reference, "companions": [anna.id]}
    world.engine.record_stay(lucia.id, right)
    run = world.export(BY_HAND)
    assert [(c.guest_id, c.why) for c in run.changed] == [(hans.id, "left-the-stay")]
    run = world.export("si.eturizem")
    assert {file.kind: file.guests for file in run.files} == {"report": 1, "cancellation": 1}
    assert [e.stage.value for e in world.entries(hans) if e.format == "si.eturizem"] == [
        "cancelled"
    ]
    assert world.export("si.eturizem").counts == {"already": 2}


def test_who_left_a_stay_is_taken_back_though_the_others_were_cleared(world: World) -> None:
    lucia, hans = world.guest(LUCIA), world.guest(HANS)
    days = {"arrival": "2026-11-10", "departure": "2026-11-12", "status": "departed"}
    stay = world.stay(lucia, hans, **days)
    world.export("si.eturizem", start=date(2026, 11, 1))
    right = {"property_id": P, "reference": stay.reference, "companions": []}
    world.engine.record_stay(lucia.id, right)
    world.engine.clear(lucia.id)
    run = world.export("si.eturizem", start=date(2026, 11, 1))
    assert [(file.kind, file.guests) for file in run.files] == [("cancellation", 1)]
    assert world.export("si.eturizem", start=date(2026, 11, 1)).files == ()


def test_what_needs_the_values_of_a_cleared_guest_is_left_to_a_person(world: World) -> None:
    lucia, hans = world.guest(LUCIA), world.guest(HANS)
    stay = world.stay(lucia, hans)
    world.export("si.eturizem")
    off = {"property_id": P, "reference": stay.reference, "status": "no_show"}
    world.engine.record_stay(lucia.id, off)
    world.engine.clear(hans.id)
    run = world.export("si.eturizem")
    assert [(c.guest_id, c.why) for c in run.changed] == [(hans.id, "stay-cancelled")]
    assert run.counts == {"cancelled": 1, "cleared": 1}
