"""What people wrote, in forms that can be compared."""

from __future__ import annotations

import polars as pl
import pytest
from anyascii import anyascii
from hypothesis import given
from hypothesis import strategies as st

from profilecore_duplicates.columns import STANDARD
from profilecore_duplicates.faults import InputRefused
from profilecore_duplicates.fields import COLUMNS, map_columns
from profilecore_duplicates.folding import to_ascii
from profilecore_duplicates.standardise import standardise


@given(st.lists(st.one_of(st.none(), st.text(max_size=6)), max_size=6))
def test_letters_of_every_alphabet_are_written_in_latin_ones(texts: list[str | None]) -> None:
    written = [None if text is None else "".join(map(anyascii, text)).lower() for text in texts]
    assert to_ascii(pl.Series(texts, dtype=pl.String)).to_list() == written


def one(field: str, value: str | None, wanted: str) -> object:
    return standardise(pl.DataFrame({"c": [value]}), {field: "c"})[wanted][0]


@pytest.mark.parametrize(
    ("one_way", "other_way"),
    [
        ("Müller", "MUELLER"), ("Müller", "Muller"), ("O'Brien", "OBrien"), ("Łukasz", "Lukasz"),
        ("Jürgen", "Juergen"), ("van der Berg", "Berg"), ("Dr. Weiß", "Weiss"),
    ],
)  # fmt: skip
def test_the_ways_to_write_a_surname_are_one(one_way: str, other_way: str) -> None:
    assert one("last_name", one_way, "last") == one("last_name", other_way, "last")


@pytest.mark.parametrize(
    ("one_way", "other_way"),
    [("Шевченко", "Shevchenko"), ("Хрущёв", "Khrushchev"), ("Παπαδόπουλος", "Papadopoulos")],
)
def test_the_ways_to_transliterate_a_surname_sound_alike(one_way: str, other_way: str) -> None:
    assert one("last_name", one_way, "last_sound") == one("last_name", other_way, "last_sound")


@pytest.mark.parametrize(
    ("short", "formal"),
    [("Bob", "Robert"), ("Pepe", "José"), ("Катя", "Екатерина"), ("Gosia", "Małgorzata")],
)
def test_a_nickname_stands_for_its_name(short: str, formal: str) -> None:
    roots = {one("first_name", short, "root"), one("first_name", short, "root2")}
    assert one("first_name", formal, "root") in roots


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1984-05-17", 19840517), ("19840517", 19840517), ("17/05/1984", 19840517),
        ("17.5.1984", 19840517), ("1984", 19840000), ("1984-05", 19840500), ("", None),
        ("soon", None), ("1984-05-17 00:00:00", 19840517),
    ],
)  # fmt: skip
def test_a_date_is_read_in_the_forms_that_people_use(written: str, read: int | None) -> None:
    assert one("birth_date", written, "born") == read


def test_the_month_stands_first_where_the_column_shows_it() -> None:
    frame = pl.DataFrame({"dob": ["05/06/1984", "05/17/1984 00:00"]})
    assert standardise(frame, {"birth_date": "dob"})["born"].to_list() == [19840506, 19840517]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Ana.B+hotel@GoogleMail.com", "anab@gmail.com"), ("ana@x.example", "ana@x.example"),
        ("info@hotel.example", None), ("x7@guest.booking.com", None), ("nonsense", None),
    ],
)  # fmt: skip
def test_an_address_is_a_persons_or_nothing(written: str, read: str | None) -> None:
    assert one("email", written, "email") == read


@pytest.mark.parametrize(
    "written",
    ["+49 (151) 234-5678 90", "0049 15123456 7890", "0151234567890", "٠١٥١ ٢٣٤ ٥٦٧ ٨٩٠"],
)
def test_a_telephone_number_is_its_last_nine_digits(written: str) -> None:
    assert one("phone", written, "phone") == "234567890"


@pytest.mark.parametrize("written", ["000000000", "12", "-", "none"])
def test_a_number_that_says_nothing_is_null(written: str) -> None:
    assert one("phone", written, "phone") is None
    assert one("document", written, "document") is None


@pytest.mark.parametrize("written", ["12 Main Street", "Main St. 12", "12, Main St"])
def test_a_street_is_its_name_and_its_number(written: str) -> None:
    assert one("address", written, "street") == "main"
    assert one("address", written, "house") == "12"


@pytest.mark.parametrize("written", ["García, Ana", "Ana García", "Mrs Ana García"])
def test_a_full_name_is_parted(written: str) -> None:
    assert one("full_name", written, "first1") == "ana"
    assert one("full_name", written, "last") == "garcia"


def test_columns_find_their_fields_by_their_names() -> None:
    mapped = map_columns(["Given Name", "SURNAME", "date-of-birth", "soc_sec_id", "Zip"], {})
    assert mapped == {
        "first_name": "Given Name", "last_name": "SURNAME", "birth_date": "date-of-birth",
        "document": "soc_sec_id", "postcode": "Zip",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "given_", "reason"),
    [
        (["x"], {}, "no-usable-column"), (["id"], {}, "no-usable-column"),
        (["name"], {"nome": "full_name"}, "no-such-column"),
        (["name"], {"name": "hobby"}, "no-such-field"),
        (["a", "b"], {"a": "email", "b": "email"}, "field-given-twice"),
        (["email"], {"email": None}, "no-usable-column"),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_is_refused(
    columns: list[str], given_: dict[str, str | None], reason: str
) -> None:
    with pytest.raises(InputRefused) as refused:
        map_columns(columns, given_)
    assert refused.value.details() == {"reason": reason}


@given(
    st.lists(st.one_of(st.none(), st.text()), min_size=1, max_size=5),
    st.sampled_from(sorted(COLUMNS)),
)
def test_any_text_gives_one_row_each(values: list[str | None], field: str) -> None:
    frame = pl.DataFrame({"c": pl.Series(values, dtype=pl.String)})
    made = standardise(frame, {field: "c"})
    assert made.columns == list(STANDARD)
    assert made.height == len(values)
