from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore.cli import words
from profilecore.cli.words import PersonName, part_beside, part_name, says_more


@pytest.mark.parametrize(
    ("text", "first", "last", "suffix"),
    [
        ("Ana García", "Ana", "García", None),
        ("García, Ana", "Ana", "García", None),
        ("García López, Ana María", "Ana María", "García López", None),
        ("Juan de la Cruz", "Juan", "de la Cruz", None),
        ("JUAN DE LA CRUZ", "JUAN", "DE LA CRUZ", None),
        ("Bas van der Berg", "Bas", "van der Berg", None),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven", None),
        ("José Ortega y Gasset", "José", "Ortega y Gasset", None),
        ("Donald Norcross Jr.", "Donald", "Norcross", "Jr."),
        ("Martin Luther King, Jr.", "Martin Luther", "King", "Jr."),
        ("King, Martin Luther, Jr.", "Martin Luther", "King", "Jr."),
        ("Henry Ford III", "Henry", "Ford", "III"),
        ("Madonna", None, "Madonna", None),
        ("Don Johnson", "Don", "Johnson", None),
        ("Ben Smith", "Ben", "Smith", None),
        ("Van Morrison", "Van", "Morrison", None),
    ],
)
def test_an_undivided_name_is_parted(
    text: str, first: str | None, last: str, suffix: str | None
) -> None:
    assert part_name(text) == PersonName(first, last, suffix)


def test_titles_before_a_name_are_taken_off() -> None:
    assert part_name("Herr Dr. Peter Müller") == PersonName(
        "Peter", "Müller", title="mister", prefix="Dr."
    )


def test_a_known_part_is_cut_out_of_the_undivided_name() -> None:
    name = part_beside("Ana María García López", None, "García López")
    assert (name.first, name.last) == ("Ana María", "García López")
    name = part_beside("Ana María García López", "Ana María", None)
    assert (name.first, name.last) == ("Ana María", "García López")


def test_a_column_called_name_beside_the_surname_is_the_first_name() -> None:
    assert part_beside("Anna", None, "Rossi").first == "Anna"
    assert part_beside("Rossi", None, "Rossi").first is None


@given(st.lists(st.from_regex(r"[A-Z][a-z]{2,8}", fullmatch=True), min_size=1, max_size=5))
def test_no_word_of_a_name_is_lost(parts: list[str]) -> None:
    name = part_name(" ".join(parts))
    kept = (name.title and "x", name.prefix, name.first, name.last, name.suffix)
    found = " ".join(filter(None, kept)).split()
    assert len(found) == len(parts)


def test_a_full_name_says_more_only_if_it_differs() -> None:
    parts = ("Charles", "Ellis", "Schumer", None)
    assert not says_more("Charles Schumer", parts, None)
    assert not says_more("CHARLES E. SCHUMER", parts, None)
    assert not says_more("Charles Ellis Schumer", parts, None)
    assert says_more("Chuck Schumer", parts, None)
    assert says_more("Charles Schumer Jr.", parts, None)
    assert not says_more("Charles Schumer Jr.", parts, "Jr")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1984-05-17", "1984-05-17"),
        ("1984-05", "1984-05"),
        ("1984", "1984"),
        ("19840517", "1984-05-17"),
        ("17.5.1984", "1984-05-17"),
        ("17.05.1984", "1984-05-17"),
        ("17. 5. 1984", "1984-05-17"),
    ],
)
def test_a_date_of_one_meaning_is_read(text: str, expected: str) -> None:
    assert words.day(text) == expected


@pytest.mark.parametrize("text", ["05/17/1984", "5-17-84", "17 May 1984", "", "31.02.1984"])
def test_any_other_date_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        words.day(text)
    assert not text or text not in str(caught.value)


@given(st.dates(min_value=__import__("datetime").date(1800, 1, 1)))
def test_every_day_is_read_in_its_three_forms(day: object) -> None:
    iso = str(day)
    year, month, number = iso.split("-")
    assert (
        words.day(iso) == words.day(f"{number}.{month}.{year}") == words.day(year + month + number)
    )
    assert words.day(iso) == iso


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mr.", ("mister", None)),
        ("Frau", ("misses", None)),
        ("Sra.", ("misses", None)),
        ("Ms", ("miss", None)),
        ("Dr.", (None, "Dr.")),
        ("Herr Prof. Dr.", ("mister", "Prof. Dr.")),
        ("mister", ("mister", None)),
    ],
)
def test_a_salutation_is_parted_from_the_prefix(
    text: str, expected: tuple[str | None, str | None]
) -> None:
    assert words.title(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("M", "male"), ("F", "female"), ("w", "female"), ("Female", "female"), ("Herr", "male"),
        ("divers", "diverse"), ("N/A", "not_stated"), ("not stated", "not_stated"),
        ("something", "something"),
    ],
)  # fmt: skip
def test_a_sex_is_read_as_people_write_it(text: str, expected: str) -> None:
    assert words.sex(text) == expected


def test_a_state_becomes_a_subdivision_where_its_country_is_known() -> None:
    assert words.subdivision("AL", "US") == ("US", "US-AL")
    assert words.subdivision("alabama", "United States") == ("US", "US-AL")
    assert words.subdivision("ES-MD", None) == ("ES", "ES-MD")
    assert words.subdivision("AL", None) is None
    assert words.subdivision("Nowhere", "US") is None
