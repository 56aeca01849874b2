"""Dates and their centuries, codes of states, kinds of documents, spellings."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore.model.enums import DocumentType
from profilecore_scanner import Likeness, compare
from profilecore_scanner.letters import WAYS
from profilecore_scanner.moments import birth_date, expiry_date
from profilecore_scanner.reading import document_type
from profilecore_scanner.states import state

TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("740812", "1974-08-12"),
        ("260301", "2026-03-01"),
        ("260302", "1926-03-02"),
        ("7408<<", "1974-08"),
        ("74<<<<", "1974"),
        ("26<<<<", "2026"),
        ("2604<<", "1926-04"),
        ("27<<<<", "1927"),
        ("740000", "1974"),
        ("74<<12", "1974"),
        ("<<<<<<", None),
        ("<<0812", None),
        ("000229", "2000-02-29"),
    ],
)
def test_a_birth_is_the_latest_that_is_not_to_come(text: str, meant: str | None) -> None:
    assert birth_date(text, TODAY) == meant


@pytest.mark.parametrize("text", ["741301", "740230", "010229", "7<0812", "74081A"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be") as refused:
        birth_date(text, TODAY)
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("120415", date(2012, 4, 15)),
        ("961210", date(1996, 12, 10)),
        ("760101", date(2076, 1, 1)),
        ("770101", date(1977, 1, 1)),
        ("<<<<<<", None),
    ],
)
def test_an_expiry_is_within_half_a_century(text: str, meant: date | None) -> None:
    assert expiry_date(text, TODAY) == meant


@given(st.dates(date(1977, 1, 1), date(2076, 12, 31)))
def test_every_expiry_of_a_hundred_years_has_its_own_century(day: date) -> None:
    assert expiry_date(f"{day:%y%m%d}", TODAY) == day


@given(st.dates(date(1930, 1, 1), date(2099, 12, 31)), st.integers(0, 36_000))
def test_a_birth_of_less_than_a_century_ago_is_found(today: date, age: int) -> None:
    day = date.fromordinal(today.toordinal() - age)
    assert birth_date(f"{day:%y%m%d}", today) == day.isoformat()


@pytest.mark.parametrize("text", ["1204<<", "120231", "12<<15"])
def test_an_expiry_is_a_whole_day(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        expiry_date(text, TODAY)


@pytest.mark.parametrize(
    ("code", "alpha_2"),
    [
        ("D<<", "DE"), ("ESP", "ES"), ("USA", "US"), ("RKS", "XK"), ("GBR", "GB"),
        ("GBD", "GB"), ("GBN", "GB"), ("GBO", "GB"), ("GBP", "GB"), ("GBS", "GB"),
    ],
)  # fmt: skip
def test_a_code_that_iso_has_is_brought_to_it(code: str, alpha_2: str) -> None:
    assert state(code).alpha_2 == alpha_2


@pytest.mark.parametrize(
    "code",
    ["UTO", "XXA", "XXB", "XXC", "XXX", "XOM", "EUE", "UNO", "UNA", "UNK", "XPO", "XBA", "XIM",
     "XCC", "XCE", "XCO", "XEC", "XES", "XMP", "XDC"],
)  # fmt: skip
def test_a_code_that_iso_lacks_is_kept_and_explained(code: str) -> None:
    found = state(code)
    assert (found.code, found.alpha_2) == (code, None)
    assert found.meaning
    assert found.is_known


@pytest.mark.parametrize("code", ["QQQ", "DE<", "<<<", "1SP"])
def test_a_code_that_nobody_knows_is_kept_and_not_explained(code: str) -> None:
    found = state(code)
    assert found.code == code.rstrip("<")
    assert not found.is_known


@pytest.mark.parametrize(
    ("code", "kind"),
    [("P", "passport"), ("PD", "passport"), ("VB", "visa"), ("ID", "identity_card"),
     ("AR", "other"), ("C1", "other")],
)  # fmt: skip
def test_the_kind_of_document_is_what_the_standard_says_and_no_more(code: str, kind: str) -> None:
    assert document_type(code) is DocumentType(kind)


@pytest.mark.parametrize(
    ("stored", "scanned"),
    [
        ("Müller", "MUELLER"), ("Müller", "MULLER"), ("Müller", "MUXXLLER"), ("Mueller", "MUELLER"),
        ("Núñez", "NUNEZ"), ("Núñez", "NUNXXEZ"), ("Groß", "GROSS"), ("Ångström", "AANGSTROEM"),
        ("O'Connor", "OCONNOR"), ("García-Márquez", "GARCIA MARQUEZ"), ("Þór", "THOR"),
        ("Łukasiewicz", "LUKASIEWICZ"), ("Çelik", "CELIK"), ("Işık", "ISIK"), ("İnönü", "INOENUE"),
        ("Nguyễn", "NGUYEN"), ("Mu\u0308ller", "MUELLER"), ("Щербаков", "SHCHERBAKOV"),
        ("Горбачёв", "GORBACHEV"), ("Юлия", "IULIIA"), ("Ђоковић", "DJOKOVIC"),
        ("محمد", "MXHMD"), ("فاطمة", "FAXTTMXAH"), ("van der Berg", "VAN DER BERG"),
    ],
)  # fmt: skip
def test_two_ways_to_spell_one_name_are_the_same(stored: str, scanned: str) -> None:
    assert compare(stored, scanned) is Likeness.SAME


@pytest.mark.parametrize(
    ("stored", "scanned"),
    [("Müller", "MOELLER"), ("Müller", "MUELLERS"), ("Muller", "MUELLER"), ("Anna", "ANNA MARIA"),
     ("Anna Maria", "ANNA"), ("Щербаков", "SCHERBAKOW")],
)  # fmt: skip
def test_two_names_are_different(stored: str, scanned: str) -> None:
    assert compare(stored, scanned) is Likeness.DIFFERENT


def test_letters_without_a_rule_are_not_compared() -> None:
    assert compare("Παπαδόπουλος", "PAPADOPOULOS") is Likeness.UNKNOWN
    assert compare("王", "WANG") is Likeness.UNKNOWN


def test_a_name_that_may_be_cut_is_compared_as_far_as_it_goes() -> None:
    assert compare("Nilavadhanananda", "NILAVADHANA", may_be_cut=True) is Likeness.CUT
    assert compare("Nilavadhanananda", "NILAVADHANA") is Likeness.DIFFERENT
    assert compare("Grüße", "GRU", may_be_cut=True) is Likeness.CUT
    assert compare("Grüße", "GRUES", may_be_cut=True) is Likeness.CUT
    assert compare("Nilavad", "NILAVADHANA", may_be_cut=True) is Likeness.DIFFERENT


@given(st.lists(st.sampled_from(sorted(WAYS)), min_size=1, max_size=8), st.data())
def test_every_way_to_write_a_name_is_the_same_name(
    letters: list[str], data: st.DataObject
) -> None:
    written = "".join(data.draw(st.sampled_from(WAYS[letter])) for letter in letters)
    if written:
        assert compare("".join(letters), written) is Likeness.SAME
