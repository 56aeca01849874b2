"""What is put right, what is refused, and what is only doubted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from profilecore_scanner import Scan, Trust, Zone, ZoneUnwritable, write
from profilecore_scanner.layouts import Form

Read = Callable[..., Scan]
Lines = tuple[str, ...]


def test_a_letter_in_a_date_is_read_as_the_digit_it_looks_like(
    passport: Lines, reading: Read
) -> None:
    scan = reading(passport[0], passport[1].replace("7408122", "74O8I22"))
    assert scan.trust["birth"] is Trust.REPAIRED
    assert [(r.field, r.line, r.position, r.was, r.now) for r in scan.repairs] == [
        ("birth", 2, 16, "O", "0"),
        ("birth", 2, 18, "I", "1"),
    ]
    assert scan.birth_date == "1974-08-12"
    assert not scan.is_sound


def test_a_misread_number_is_doubted_and_not_made_another_ones(reading: Read) -> None:
    zone = Zone(Form.TD3, "P", "D", "QM5707049", "D", "640812", "F", "301001", "MUELLER")
    first, second = write(zone)
    # With S for the first 5 the digit would hold, over a number that is somebody else's.
    scan = reading(first, second.replace("QM5707049", "QM5707B49"))
    assert (scan.number, scan.trust["number"]) == (None, Trust.DOUBTFUL)
    assert [(f.line, f.position, f.code) for f in scan.faults] == [(2, 10, "check-digit")]
    assert scan.repairs == ()


def test_the_check_digit_of_a_number_is_read_as_the_digit_it_looks_like(
    passport: Lines, reading: Read
) -> None:
    scan = reading(passport[0], passport[1].replace("L898902C36", "L898902C3G"))
    assert (scan.number, scan.trust["number"]) == ("L898902C3", Trust.REPAIRED)


def test_a_repair_that_the_composite_digit_speaks_against_is_taken_back(
    passport: Lines, reading: Read
) -> None:
    scan = reading(passport[0], passport[1].replace("7408122", "74O8122")[:-1] + "1")
    assert scan.repairs == ()
    assert (scan.birth_date, scan.trust["birth"]) == (None, Trust.DOUBTFUL)
    assert "composite" in {fault.code for fault in scan.faults}


def test_a_wrong_digit_is_told_and_not_guessed(passport: Lines, reading: Read) -> None:
    scan = reading(passport[0], passport[1].replace("740812", "740813"))
    assert scan.birth_date is None
    assert [(f.line, f.position, f.code) for f in scan.faults] == [(2, 20, "check-digit")]
    assert (scan.number, scan.expires_on is None) == ("L898902C3", False)
    assert "740813" not in str(scan.faults)


def test_optional_data_of_a_card_is_under_the_composite_digit_alone(
    card: Lines, reading: Read
) -> None:
    assert reading(*card).trust["optional"] is Trust.CHECKED
    scan = reading(card[0][:20] + "7" + card[0][21:], *card[1:])
    assert {"optional", "further"} <= set(scan.doubtful)
    assert [(f.line, f.position, f.code) for f in scan.faults] == [(2, 30, "composite")]
    assert not scan.is_checked("number")


@pytest.mark.parametrize(
    ("field", "place", "old", "new"),
    [
        ("names", 6, "ERIKSSON", "3RIKSSON"),
        ("names", 6, "ERIKSSON", "<<IKSSON"),
        ("issuer", 3, "P<UTO", "P<UT0"),
        ("issuer", 3, "P<UTO", "P<UTQ"),
        ("code", 1, "P<UTO", "1<UTO"),
    ],
)
def test_what_no_check_digit_is_over_is_doubted_and_never_repaired(
    field: str, place: int, old: str, new: str, passport: Lines, reading: Read
) -> None:
    scan = reading(passport[0].replace(old, new), passport[1])
    assert scan.doubtful == (field,)
    assert [(f.line, f.position, f.code) for f in scan.faults] == [(1, place, field)]
    assert scan.repairs == ()
    assert (scan.last_name is None) == (field == "names")


def test_a_sex_that_is_none_is_doubted(passport: Lines, reading: Read) -> None:
    scan = reading(passport[0], passport[1].replace("F120415", "H120415"))
    assert (scan.sex, scan.doubtful) == (None, ("sex",))


def test_a_scan_does_not_show_what_it_holds(passport: Lines, reading: Read) -> None:
    scan = reading(passport[0], passport[1].replace("7408122", "74O8122"))
    shown = repr(scan).casefold()
    for value in ("eriksson", "anna", "l898902c3", "1974", "2012", "ze184226b", "female"):
        assert value not in shown


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "1234567890"),
        ("birth", "1980"),
        ("primary", "MÜLLER"),
        ("sex", "X"),
        ("optional", "A" * 15),
        ("issuer", "UT0"),
        ("further", "1"),
    ],
)
def test_a_value_that_does_not_fit_is_named_and_not_shown(field: str, value: str) -> None:
    values = {
        "form": Form.TD3, "code": "P", "issuer": "UTO", "number": "1", "nationality": "UTO",
        "birth": "800101", "sex": "F", "expiry": "300101", "primary": "ERIKSSON",
    }  # fmt: skip
    with pytest.raises(ZoneUnwritable) as refused:
        write(Zone(**values | {field: value}))  # type: ignore[arg-type]  # one is wrong on purpose
    assert refused.value.field == field
    assert value not in str(refused.value)
