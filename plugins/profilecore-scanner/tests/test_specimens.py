"""The specimens that ICAO Doc 9303 prints, and what scanners make of such lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from profilecore.model.enums import DocumentType, Sex
from profilecore_scanner import Form, Scan, Trust, ZoneUnreadable, documents, locating, read, write

Read = Callable[..., Scan]
Lines = tuple[str, ...]
NAMES = ("TD3", "TD1", "TD2", "MRV-A", "MRV-B", "long")


@pytest.mark.parametrize("name", NAMES)
def test_a_specimen_is_read_and_written_as_it_is_printed(
    name: str, specimens: dict[str, Lines], reading: Read
) -> None:
    scan = reading(*specimens[name])
    assert scan.is_sound, scan.faults
    assert write(scan.zone) == specimens[name]
    assert scan.zone.form is (Form.TD1 if name == "long" else Form(name))


def test_the_passport_says_what_stands_in_it(passport: Lines, reading: Read) -> None:
    scan = reading(*passport)
    assert (scan.type, scan.issuer.code, scan.number) == (
        DocumentType.PASSPORT,
        "UTO",
        "L898902C3",
    )
    assert (scan.last_name, scan.first_name) == ("Eriksson", "Anna Maria")
    assert (scan.birth_date, scan.sex) == ("1974-08-12", Sex.FEMALE)
    assert (scan.expires_on, scan.is_expired) == (date(2012, 4, 15), True)
    assert scan.zone.optional == "ZE184226B"
    assert {name for name, trust in scan.trust.items() if trust is Trust.CHECKED} == {
        "number",
        "birth",
        "expiry",
        "optional",
    }
    assert "issued_on" in scan.lacks
    assert "birth_place" in scan.lacks


def test_a_long_number_goes_on_in_the_optional_data(
    specimens: dict[str, Lines], reading: Read
) -> None:
    scan = reading(*specimens["long"])
    assert scan.number == "D23145890734"
    assert scan.trust["number"] is Trust.CHECKED
    assert scan.zone.optional == ""
    spoilt = specimens["long"][0].replace("7349", "7348")
    assert "number" in reading(spoilt, *specimens["long"][1:]).doubtful


def test_a_visa_does_not_say_whose_number_it_has(
    specimens: dict[str, Lines], reading: Read
) -> None:
    scan = reading(*specimens["MRV-A"])
    assert scan.type is DocumentType.VISA
    assert scan.nationality is not None
    assert scan.nationality.alpha_2 is None
    assert scan.nationality.meaning == "unspecified nationality"
    assert "whether the number is the visa's or the passport's" in scan.lacks


def delivered(lines: Lines) -> dict[str, object]:
    return {
        "lines": list(lines),
        "blanks": [f"  {' '.join(line[at : at + 7] for at in range(0, 44, 7))} " for line in lines],
        "carriage returns": "\r".join(lines) + "\r",
        "CR and LF": "\r\n".join(lines) + "\r\n",
        "STX and ETX": "\x02" + "\r".join(lines) + "\x03",
        "STX and ETX around each": [f"\x02{line}\x03" for line in lines],
        "small letters": [line.lower() for line in lines],
        "joined": "".join(lines),
        "joined by a bar": "|".join(lines),
        "a prefix": "]L0" + "\r".join(lines),
        "a suffix": "\r".join(lines) + "#7",
        "a prefix and a suffix, joined": "M1" + "".join(lines) + "Z",
        "a prefix before each": [f"Q7{line}" for line in lines],
        "a prefix and a suffix around each": [f"A{line}B" for line in lines],
        "numbered": [f"{number}: {line}" for number, line in enumerate(lines, 1)],
        "guillemets": [line.replace("<<", "«") for line in lines],
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", list(delivered(())))
def test_it_does_not_matter_how_the_lines_are_delivered(
    how: str, name: str, specimens: dict[str, Lines], reading: Read
) -> None:
    lines = specimens[name]
    text = delivered(lines)[how]
    given = (text,) if isinstance(text, str) else text
    assert reading(*given) == reading(*lines)  # type: ignore[misc]  # lists of lines


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("missing", [0, 1])
def test_a_line_of_the_wrong_length_is_named(
    missing: int, name: str, specimens: dict[str, Lines]
) -> None:
    lines = list(specimens[name])
    lines[missing] = lines[missing][:-1]
    with pytest.raises(ZoneUnreadable) as refused:
        read(lines)
    assert [(fault.line, fault.code) for fault in refused.value.faults] == [(missing + 1, "length")]
    assert not any(line in str(refused.value) for line in specimens[name])


def test_a_character_of_no_zone_is_named_by_its_place(passport: Lines) -> None:
    with pytest.raises(ZoneUnreadable) as refused:
        read([passport[0], passport[1][:20] + "?" + passport[1][21:]])
    (fault,) = refused.value.faults
    assert (fault.line, fault.position, fault.code) == (2, 21, "character")
    assert "line 2, position 21" in str(refused.value)


@pytest.mark.parametrize("text", ["", "nothing", "\x02\x03", "A" * 44])
def test_what_is_no_zone_is_refused(text: str) -> None:
    with pytest.raises(ZoneUnreadable):
        read(text)


def test_no_zone_is_chosen_among_several(passport: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locating, "_is_plausible", lambda *_: True)
    with pytest.raises(ZoneUnreadable) as refused:
        read(f"P{''.join(passport)}")
    assert [fault.code for fault in refused.value.faults] == ["ambiguous"]


def test_one_line_alone_is_no_zone(passport: Lines) -> None:
    with pytest.raises(ZoneUnreadable):
        read(passport[1])


def test_a_text_with_several_documents_is_parted(specimens: dict[str, Lines]) -> None:
    text = "# from the desk\n" + "".join("\r\n".join(z) + "\r\n" for z in specimens.values())
    assert [tuple(lines) for lines in documents(text)] == list(specimens.values())
    torn = "\n\n".join(
        [specimens["TD3"][0], "\n".join(specimens["TD1"]), "".join(specimens["TD2"])]
    )
    assert [len(lines) for lines in documents(torn)] == [1, 3, 1]
    assert list(documents("\n \n")) == []
