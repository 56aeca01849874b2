"""What holds for every document: reading, writing, errors and repairs."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from profilecore_scanner import Form, Scan, Zone, ZoneUnreadable, read, write
from profilecore_scanner.digits import DIGIT_LIKE, PAIRS, check_digit
from profilecore_scanner.layouts import LAYOUTS, Cell

TODAY = date(2026, 3, 1)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MIXED = "0123456789" + LETTERS
ROOM = {Form.TD1: (15, 11), Form.TD2: (7, 0), Form.TD3: (14, 0), Form.MRV_A: (16, 0)}
CODES = {Form.TD1: "I", Form.TD2: "A", Form.TD3: "P", Form.MRV_A: "V", Form.MRV_B: "V"}

names = st.lists(st.text(LETTERS, min_size=1, max_size=14), max_size=5).map(" ".join)
states = st.sampled_from(("UTO", "D", "ESP", "XXA", "GBO", "RKS"))
days = st.dates(date(1930, 1, 1), date(2025, 12, 31)).map("{:%y%m%d}".format)
parts_of_days = st.builds(
    lambda day, known: day[:known].ljust(6, "<"), days, st.sampled_from((0, 2, 4, 6))
)


def mixed(most: int) -> st.SearchStrategy[str]:
    """Give texts of letters, digits and inner blanks."""
    words = st.text(MIXED + " ", max_size=most)
    return words.map(lambda text: " ".join(text.split()))


@st.composite
def zones(draw: st.DrawFn) -> Zone:
    form = draw(st.sampled_from(list(Form)))
    room, further = ROOM.get(form, (8, 0))
    number, optional = draw(mixed(9)), draw(mixed(room))
    if LAYOUTS[form].long_numbers and draw(st.booleans()):
        number = draw(st.text(MIXED, min_size=10, max_size=9 + room - 1))
        optional = draw(mixed(max(room - (len(number) - 9) - 2, 0)))
    return Zone(
        form=form,
        code=CODES[form] + draw(st.sampled_from(("", "D", "R", "2"))),
        issuer=draw(states),
        number=number,
        nationality=draw(states),
        birth=draw(parts_of_days),
        sex=draw(st.sampled_from("MF<")),
        expiry=draw(days),
        primary=draw(names.filter(bool)),
        secondary=draw(names),
        optional=optional,
        further=draw(mixed(further)),
    )


def digit_cells(form: Form) -> set[Cell]:
    """Give the places where only digits can stand."""
    layout = LAYOUTS[form]
    slots = [layout.fields["birth"], layout.fields["expiry"], *layout.digits.values()]
    return {cell for slot in slots for cell in slot}


def checked_cells(form: Form) -> list[Cell]:
    """Give the places that a check digit is over, and those of the digits."""
    layout = LAYOUTS[form]
    slots = [layout.fields["number"], *layout.composite]
    return sorted(digit_cells(form) | {cell for slot in slots for cell in slot})


def counted(char: str) -> int:
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".find(char) if char != "<" else 0


def changed(lines: tuple[str, ...], cell: Cell, char: str) -> tuple[str, ...]:
    row = lines[cell[0]]
    row = row[: cell[1]] + char + row[cell[1] + 1 :]
    return (*lines[: cell[0]], row, *lines[cell[0] + 1 :])


def noticed(lines: tuple[str, ...]) -> bool:
    try:
        return not read(lines, today=TODAY).is_sound
    except ZoneUnreadable:
        return True


def read_now(lines: tuple[str, ...]) -> Scan:
    return read(lines, today=TODAY)


@given(zones())
def test_what_is_written_is_read_and_written_the_same(zone: Zone) -> None:
    lines = write(zone)
    scan = read_now(lines)
    assert scan.is_sound, scan.faults
    assert write(scan.zone) == lines
    assert read_now(write(scan.zone)) == scan
    kept = ("form", "code", "issuer", "number", "nationality", "birth", "sex", "expiry", "optional")
    assert [getattr(scan.zone, name) for name in kept] == [getattr(zone, name) for name in kept]


# A cut that would fall between two initials takes a letter off the surname.
INITIALS = Zone(
    Form.TD3,
    "P",
    "UTO",
    "",
    "UTO",
    "000101",
    "M",
    "000101",
    "A AAAA " + "A" * 13 + " " + "A" * 14,
    "A A",
)


@given(zones())
@example(INITIALS)
def test_a_name_is_cut_only_where_the_zone_says_that_it_may_be(zone: Zone) -> None:
    scan = read_now(write(zone))
    given_name = (zone.primary, zone.secondary)
    assert scan.may_be_cut or (scan.zone.primary, scan.zone.secondary) == given_name
    assert bool(scan.zone.secondary) == bool(zone.secondary)


@given(st.text(MIXED + "<", max_size=40))
def test_check_digits_agree_with_the_other_way_to_sum(text: str) -> None:
    seven, three, one = (sum(map(counted, text[start::3])) for start in range(3))
    assert check_digit(text) == str(7 * seven + 3 * three + one)[-1]


@given(zones(), st.data())
def test_every_wrong_character_that_a_digit_can_tell_is_noticed(zone: Zone, data: Any) -> None:
    lines = write(zone)
    cell = data.draw(st.sampled_from(checked_cells(zone.form)))
    was = lines[cell[0]][cell[1]]
    char = data.draw(st.sampled_from(MIXED + "<").filter(lambda char: char != was))
    # Letters that count as much as the right character, modulo 10, are what no check digit tells.
    assume(cell in digit_cells(zone.form) or (counted(char) - counted(was)) % 10)
    if cell in LAYOUTS[zone.form].digits.get("optional", ()):
        assume({was, char} != {"0", "<"})  # with no optional data both are allowed
    if cell in LAYOUTS[zone.form].digits["number"] and not zone.number:
        assume({was, char} != {"0", "<"})
    assert noticed(changed(lines, cell, char))


@given(zones(), st.data())
def test_a_digit_misread_as_a_letter_in_a_date_is_put_right(zone: Zone, data: Any) -> None:
    lines = write(zone)
    cells = [cell for cell in sorted(digit_cells(zone.form)) if lines[cell[0]][cell[1]] in "012568"]
    cell = data.draw(st.sampled_from(cells))
    digit = lines[cell[0]][cell[1]]
    char = data.draw(st.sampled_from([c for c, like in DIGIT_LIKE.items() if like == digit]))
    scan = read_now(changed(lines, cell, char))
    assert [(r.line, r.position, r.was) for r in scan.repairs] == [(cell[0] + 1, cell[1] + 1, char)]
    assert write(scan.zone) == lines


@given(zones(), st.data())
def test_every_repaired_text_verifies(zone: Zone, data: Any) -> None:
    lines = write(zone)
    alike = [cell for cell in checked_cells(zone.form) if lines[cell[0]][cell[1]] in PAIRS]
    for cell in data.draw(st.lists(st.sampled_from(alike), min_size=1, max_size=3, unique=True)):
        lines = changed(lines, cell, PAIRS[lines[cell[0]][cell[1]]])
    scan = read_now(lines)
    if scan.repairs and not scan.faults:
        again = read_now(write(scan.zone))
        assert again.is_sound
        assert again.zone == scan.zone


@given(zones(), st.sampled_from(("number", "optional")), st.data())
def test_one_misread_character_of_letters_and_digits_is_never_put_right(
    zone: Zone, field: str, data: Any
) -> None:
    lines = write(zone)
    cell = data.draw(st.sampled_from(list(LAYOUTS[zone.form].fields[field])))
    was = lines[cell[0]][cell[1]]
    char = data.draw(st.sampled_from(MIXED + "<"))
    assume((counted(char) - counted(was)) % 10)
    scan = read_now(changed(lines, cell, char))
    assert {repair.field for repair in scan.repairs}.isdisjoint({"number", "optional"})
    if field == "number":
        assert scan.number is None


@given(st.lists(st.text(MIXED + "<? ", min_size=20, max_size=50), max_size=4))
def test_any_text_is_read_or_refused_without_repeating_it(lines: list[str]) -> None:
    said = ""
    try:
        read(lines, today=TODAY)
    except ZoneUnreadable as refused:
        said = str(refused)
    assert not any(line.strip() and line in said for line in lines)


@pytest.mark.parametrize("form", list(Form))
def test_a_name_that_fills_its_field_ends_in_a_letter(form: Form) -> None:
    zone = Zone(form, CODES[form], "UTO", "1", "UTO", "800101", "F", "300101", "A" * 60, "B C D")
    scan = read_now(write(zone))
    assert scan.may_be_cut
    assert scan.zone.primary.strip("A") == ""
    assert scan.zone.secondary == "B"
    assert "whether the name goes on" in scan.lacks
