"""Bring scanned documents into profiles, on each kind of store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from profilecore import (
    Actor,
    AsyncEngine,
    Engine,
    InvalidProfile,
    NotFound,
    Profile,
    ProfileCleared,
    hookimpl,
)
from profilecore.model.documents import ReceiptStatus
from profilecore.model.enums import DocumentType
from profilecore.model.fields import Clear, Search, Sensitivity, field, record
from profilecore_scanner import (
    DocumentElsewhere,
    Form,
    Proposal,
    ScanDoubtful,
    ScannerPlugin,
    Zone,
    ZoneUnreadable,
    scan,
    write,
)

Lines = tuple[str, ...]
MUELLER = {
    "form": Form.TD3, "code": "P", "issuer": "D", "number": "C01X00T47", "nationality": "D",
    "birth": "640812", "sex": "F", "expiry": "301001", "primary": "MUELLER", "secondary": "ERIKA",
}  # fmt: skip


def zone(**other: Any) -> Lines:
    return write(Zone(**MUELLER | other))


@pytest.fixture
def passport() -> Lines:
    return zone()


def fields(proposal: Proposal) -> list[str]:
    return [change.field for change in proposal.changes]


def conflicts(proposal: Proposal) -> dict[str, str]:
    return {conflict.field: conflict.why for conflict in proposal.conflicts}


def stored(engine: Engine, proposal: Proposal) -> Profile:
    assert proposal.profile_id is not None
    return engine.get(proposal.profile_id)


def count(engine: Engine) -> int:
    return sum(len(page) for page in engine.extract(["id"]))


def test_without_applying_nothing_is_written(engine: Engine, passport: Lines) -> None:
    proposal = scan(engine, passport, apply=False)
    assert (proposal.profile_id, proposal.applied) == (None, False)
    assert fields(proposal) == [
        "last_name", "first_name", "birth_date", "sex", "nationalities", "documents",
    ]  # fmt: skip
    assert proposal.conflicts == ()
    assert count(engine) == 0


def test_a_new_guest_is_created(engine: Engine, passport: Lines) -> None:
    made = scan(engine, passport)
    profile = stored(engine, made)
    assert made.created
    assert (profile.first_name, profile.last_name) == ("Erika", "Mueller")
    assert (profile.birth_date, profile.nationalities) == ("1964-08-12", ("DE",))
    (document,) = profile.documents
    assert (document.type, document.number, document.country) == (
        DocumentType.PASSPORT,
        "C01X00T47",
        "DE",
    )
    assert (document.expires_on, document.verified) == (date(2030, 10, 1), True)
    assert (document.issued_on, document.issuing_place) == (None, None)


def test_the_provenance_tells_what_a_check_digit_holds_over(
    engine: Engine, passport: Lines
) -> None:
    profile = stored(engine, scan(engine, passport))
    stamps = {name: profile.provenance.of(name) for name in ("birth_date", "documents")}
    stamps |= {name: profile.provenance.of(name) for name in ("last_name", "sex", "nationalities")}
    assert {stamp and stamp.source for stamp in stamps.values()} == {"scanner"}
    verified = {name for name, stamp in stamps.items() if stamp and stamp.verified}
    assert verified == {"birth_date", "documents"}


def test_the_same_document_again_changes_nothing(engine: Engine, passport: Lines) -> None:
    first = scan(engine, passport)
    again = scan(engine, passport)
    assert (again.profile_id, again.version) == (first.profile_id, first.version)
    assert (again.created, again.changes, again.conflicts) == (False, (), ())
    assert count(engine) == 1


def test_a_guest_is_found_by_the_number_however_it_was_typed(
    engine: Engine, passport: Lines
) -> None:
    known = engine.create(
        {"last_name": "Müller", "documents": [{"type": "passport", "number": "c01 x00-t47"}]}
    )
    made = scan(engine, passport)
    assert made.profile_id == known.id
    (document,) = stored(engine, made).documents
    assert (document.country, document.expires_on, document.verified) == (
        "DE",
        date(2030, 10, 1),
        True,
    )


def test_the_legal_spelling_stays_and_the_other_is_found(engine: Engine, passport: Lines) -> None:
    known = engine.create({"first_name": "Erika", "last_name": "Müller"})
    made = scan(engine, passport, known.id)
    assert made.kept == ("last_name", "first_name")
    assert made.conflicts == ()
    assert stored(engine, made).last_name == "Müller"
    assert [p.id for p in engine.search("mueller erika").items] == [known.id]
    assert scan(engine, passport, known.id, apply=False).changes == ()


def test_two_surnames_and_two_given_names_are_compared_whole(engine: Engine) -> None:
    known = engine.create(
        {
            "first_name": "María",
            "middle_name": "José",
            "last_name": "García",
            "second_last_name": "Núñez",
        }
    )
    lines = zone(primary="GARCIA NUNEZ", secondary="MARIA JOSE")
    assert scan(engine, lines, known.id, apply=False).kept == ("last_name", "first_name")


def test_a_cut_name_is_no_conflict(engine: Engine) -> None:
    known = engine.create({"first_name": "Chayapa", "last_name": "Nilavadhanananda" * 3})
    made = scan(
        engine, zone(primary="NILAVADHANANANDA" * 3, secondary="CHAYAPA"), known.id, apply=False
    )
    assert "last_name" in made.kept
    assert "alternate_names" not in fields(made)


def test_another_spelling_is_asked_and_written_on_demand(engine: Engine, passport: Lines) -> None:
    known = engine.create({"first_name": "Erika", "last_name": "Möller", "second_last_name": "Ek"})
    made = scan(engine, passport, known.id)
    assert conflicts(made) == {"last_name": "different"}
    assert stored(engine, made).last_name == "Möller"
    made = scan(engine, passport, known.id, overwrite={"last_name"})
    profile = stored(engine, made)
    assert (profile.last_name, profile.second_last_name) == ("Mueller", None)
    assert made.conflicts == ()


def test_a_name_in_a_script_without_rules_is_asked(engine: Engine, passport: Lines) -> None:
    known = engine.create({"first_name": "Erika", "last_name": "Παπαδόπουλος"})
    assert conflicts(scan(engine, passport, known.id, apply=False)) == {
        "last_name": "unknown script"
    }


def test_what_differs_stays_until_it_is_overwritten(engine: Engine, passport: Lines) -> None:
    known = engine.create(
        {
            "first_name": "Erika",
            "last_name": "Müller",
            "birth_date": "1964-08-13",
            "sex": "male",
            "documents": [
                {"type": "passport", "number": "C01X00T47", "country": "DE",
                 "expires_on": date(2029, 1, 1)}
            ],
        }
    )  # fmt: skip
    made = scan(engine, passport)
    assert conflicts(made) == dict.fromkeys(("birth_date", "sex", "documents"), "different")
    assert stored(engine, made).birth_date == "1964-08-13"
    made = scan(engine, passport, overwrite={"birth_date", "sex", "documents"})
    profile = stored(engine, made)
    assert (profile.id, profile.birth_date) == (known.id, "1964-08-12")
    assert [d.expires_on for d in profile.documents] == [date(2030, 10, 1)]
    assert scan(engine, passport, apply=False).conflicts == ()


@pytest.mark.parametrize(
    ("known", "kept"), [("1964", False), ("1964-08", False), ("1964-08-12", True)]
)
def test_a_birth_date_known_in_part_is_completed(
    engine: Engine, passport: Lines, known: str, kept: bool
) -> None:
    profile = engine.create({"last_name": "Müller", "birth_date": known})
    made = scan(engine, passport, profile.id)
    assert ("birth_date" not in fields(made)) is kept
    assert stored(engine, made).birth_date == "1964-08-12"


def test_a_birth_known_in_part_says_no_more(engine: Engine) -> None:
    lines = zone(birth="64<<<<")
    made = scan(engine, lines)
    assert stored(engine, made).birth_date == "1964"
    known = engine.create({"last_name": "Müller", "birth_date": "1964-08-12"})
    assert "birth_date" not in fields(scan(engine, lines, known.id, apply=False))


def test_a_second_nationality_and_document_are_added(engine: Engine, passport: Lines) -> None:
    known = engine.create(
        {
            "last_name": "Müller",
            "nationalities": ["ES"],
            "documents": [{"type": "passport", "number": "X1", "country": "ES"}],
        }
    )
    profile = stored(engine, scan(engine, passport, known.id))
    assert profile.nationalities == ("ES", "DE")
    assert [d.number for d in profile.documents] == ["X1", "C01X00T47"]


def test_a_document_of_somebody_else_is_told_and_not_taken(engine: Engine, passport: Lines) -> None:
    erika = scan(engine, passport).profile_id
    other = engine.create({"last_name": "Schmidt"})
    told = scan(engine, passport, other.id, apply=False)
    assert told.holders == (erika,)
    assert conflicts(told)["documents"] == "another profile"
    with pytest.raises(DocumentElsewhere) as refused:
        scan(engine, passport, other.id)
    assert refused.value.profile_ids == (erika,)
    assert engine.get(other.id) == other
    taken = scan(engine, passport, other.id, overwrite={"documents"})
    assert [d.number for d in stored(engine, taken).documents] == ["C01X00T47"]


def test_a_document_of_two_is_nobodys_to_choose(engine: Engine, passport: Lines) -> None:
    paper = {"documents": [{"type": "passport", "number": "C01X00T47"}]}
    ids = [engine.create({"last_name": name, **paper}).id for name in ("Müller", "Mueller")]
    told = scan(engine, passport, apply=False)
    assert (told.profile_id, sorted(told.holders)) == (None, sorted(ids))
    with pytest.raises(DocumentElsewhere):
        scan(engine, passport)
    assert count(engine) == 2


def test_a_number_is_not_enough_where_name_and_birth_are_others(
    engine: Engine, passport: Lines
) -> None:
    paper = {"documents": [{"type": "passport", "number": "C01X00T47"}]}
    other = engine.create({"last_name": "Schmidt", "birth_date": "1990-01-01", **paper})
    told = scan(engine, passport, apply=False)
    assert (told.profile_id, told.holders) == (None, (other.id,))


@pytest.mark.parametrize(
    "document",
    [
        {"type": "passport", "number": "C01X00T47", "country": "FR"},
        {"type": "drivers_license", "number": "C01X00T47", "country": "DE"},
    ],
)
def test_the_number_of_another_kind_of_document_finds_nobody(
    engine: Engine, passport: Lines, document: dict[str, str]
) -> None:
    engine.create({"last_name": "Müller", "documents": [document]})
    told = scan(engine, passport, apply=False)
    assert (told.profile_id, told.holders) == (None, ())


def test_a_profile_that_the_property_may_not_see_is_not_told(
    engine: Engine, passport: Lines
) -> None:
    with engine.acting(Actor("desk-1", property_id="P1")):
        engine.create({"last_name": "Müller", "shared_level": "property",
                       "documents": [{"type": "passport", "number": "C01X00T47"}]})  # fmt: skip
    with engine.acting(Actor("desk-2", property_id="P2")):
        told = scan(engine, passport, apply=False)
    assert (told.profile_id, told.holders) == (None, ())


def spoilt(lines: Lines, line: int, position: int, char: str) -> Lines:
    row = lines[line - 1]
    changed = row[: position - 1] + char + row[position:]
    return (*lines[: line - 1], changed, *lines[line:])


def test_a_doubtful_number_makes_no_profile(engine: Engine, passport: Lines) -> None:
    lines = spoilt(passport, 2, 10, "9" if passport[1][9] != "9" else "7")
    with pytest.raises(ScanDoubtful) as refused:
        scan(engine, lines)
    assert refused.value.fields == ("number",)
    assert count(engine) == 0


def test_what_is_doubtful_is_left_out_of_a_named_profile(engine: Engine, passport: Lines) -> None:
    known = engine.create({"last_name": "Müller"})
    made = scan(engine, spoilt(passport, 2, 10, "3"), known.id)
    profile = stored(engine, made)
    assert profile.documents == ()
    assert (profile.first_name, profile.birth_date) == ("Erika", "1964-08-12")


def test_a_number_under_a_repaired_digit_is_taken_and_not_verified(
    engine: Engine, passport: Lines
) -> None:
    made = scan(engine, spoilt(passport, 2, 10, "B"))
    (document,) = stored(engine, made).documents
    assert (document.number, document.verified) == ("C01X00T47", False)
    stamp = stored(engine, made).provenance.of("documents")
    assert stamp is not None
    assert not stamp.verified
    again = scan(engine, passport)
    assert [d.verified for d in stored(engine, again).documents] == [True]


def test_a_document_without_a_state_of_iso_has_no_country(
    engine: Engine, specimens: dict[str, Lines]
) -> None:
    profile = stored(engine, scan(engine, specimens["TD1"]))
    (document,) = profile.documents
    assert (document.type, document.country) == (DocumentType.IDENTITY_CARD, None)
    assert profile.nationalities == ()


def test_the_host_may_know_the_kind_of_document(engine: Engine, passport: Lines) -> None:
    kind = DocumentType.RESIDENCE_PERMIT
    made = scan(engine, passport, document_type=kind)
    assert [d.type for d in stored(engine, made).documents] == [kind]


def test_only_what_can_be_in_conflict_is_overwritten(engine: Engine, passport: Lines) -> None:
    with pytest.raises(InvalidProfile, match="must be one of"):
        scan(engine, passport, overwrite={"nationalities"})
    assert count(engine) == 0
    made = scan(engine, passport, overwrite={"last_name"})
    again = scan(engine, passport, overwrite={"last_name"})
    assert (again.version, again.changes) == (made.version, ())


def test_a_cleared_or_unknown_person_is_refused(engine: Engine, passport: Lines) -> None:
    gone = engine.create({"last_name": "Müller"})
    engine.clear(gone.id)
    with pytest.raises(ProfileCleared):
        scan(engine, passport, gone.id, apply=False)
    with pytest.raises(NotFound):
        scan(engine, passport, "nobody", apply=False)
    with pytest.raises(ZoneUnreadable):
        scan(engine, "nothing", apply=False)


def test_a_clear_removes_all_that_was_scanned(engine: Engine, passport: Lines) -> None:
    known = engine.create({"last_name": "Müller", "first_name": "Erika"})
    scan(engine, passport, known.id)
    receipt = engine.clear(known.id)
    assert receipt.status is ReceiptStatus.ERASED
    assert engine.look_up([("document", "c01x00t47")]) == {}
    assert engine.search("mueller").items == ()
    assert scan(engine, passport, apply=False).profile_id is None
    held = b"".join(path.read_bytes() for path in engine.store.files()).lower()
    for value in (b"c01x00t47", b"mueller", b"erika", b"1964-08-12", b"2030-10-01"):
        assert value not in held


def test_a_proposal_does_not_show_what_it_holds(engine: Engine, passport: Lines) -> None:
    known = engine.create({"last_name": "Möller", "birth_date": "1964-08-13"})
    shown = repr(scan(engine, passport, known.id, apply=False)).casefold()
    for value in ("mueller", "möller", "erika", "c01x00t47", "1964", "2030"):
        assert value not in shown


def test_what_was_read_once_need_not_be_read_again(
    engine: Engine, passport: Lines, reading: Callable[..., Any]
) -> None:
    assert scan(engine, reading(*passport), apply=False) == scan(engine, passport, apply=False)


def test_a_host_scans_with_its_engine(engine: Any, passport: Lines) -> None:
    made = engine.scan(passport)
    assert (made.applied, made.created) == (True, True)
    found = engine.get(made.profile_id)
    assert (found.last_name, found.first_name) == ("Mueller", "Erika")
    assert found.provenance.of("last_name").source == "scanner"
    again = engine.scan(passport, found.id)
    assert (again.created, again.changes) == (False, ())


@pytest.mark.anyio
async def test_an_asynchronous_host_awaits_the_scan(engine: Engine, passport: Lines) -> None:
    made = await AsyncEngine(engine).scan(passport)  # type: ignore[attr-defined]  # a plugin's verb
    assert engine.get(made.profile_id).birth_date == "1964-08-12"


@record
class Registration:
    """As much of the facet of guest registration as counts here."""

    birth_code: str | None = field(
        merge="best", clear=Clear.ERASE, sensitivity=Sensitivity.PERSONAL, search=Search.NONE
    )
    without_nationality: str | None = field(
        merge="best", clear=Clear.ERASE, sensitivity=Sensitivity.PERSONAL, search=Search.NONE
    )


class RegistrationPlugin:
    name = "registration"

    @hookimpl
    def profilecore_register_facets(self, register: Callable[[str, type], None]) -> None:
        register("registration", Registration)


def test_who_has_no_nationality_is_noted_where_registration_has_a_place_for_it() -> None:
    lines = zone(nationality="XXB")
    facet = {"registration": {"birth_code": "403097002"}}
    plugins = [ScannerPlugin, RegistrationPlugin]
    with Engine.open("memory://", discover=False, plugins=plugins, strict=True) as engine:
        known = engine.create({"last_name": "Mueller", "facets": facet})
        for profile_id in (known.id, None):
            scan(engine, lines, profile_id)
        held = engine.get(known.id).facets["registration"]
        assert (held.birth_code, held.without_nationality) == ("403097002", "refugee")
        other = scan(engine, zone(nationality="XXA", number="X1"))
        assert stored(engine, other).facets["registration"].without_nationality == "stateless"


def test_who_has_no_nationality_is_read_where_no_facet_takes_it(engine: Engine) -> None:
    made = scan(engine, zone(nationality="XXA"))
    assert stored(engine, made).facets == {}
