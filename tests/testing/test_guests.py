from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

import phonenumbers
import pytest

from profilecore.testing import guests
from profilecore.testing._people import dni, nie
from profilecore.testing.guests import SourceRow

COUNT = 4_000
RESERVED = re.compile(r"[a-z0-9.]+@(?:[a-z]+\.)?example\.(?:com|org|net)")


@pytest.fixture(scope="module")
def rows() -> list[SourceRow]:
    return list(guests.generate_guests(COUNT, seed=3))


def by_person(rows: list[SourceRow]) -> list[list[SourceRow]]:
    found: dict[int, list[SourceRow]] = defaultdict(list)
    for row in rows:
        found[row.person].append(row)
    return list(found.values())


def phones_of(rows: list[SourceRow]) -> Iterator[tuple[str, str]]:
    for row in rows:
        phone = row.values["phone" if row.source == "pms" else "telephone"]
        if phone:
            yield phone, row.values["country"]


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    one = guests.write_csv(tmp_path / "one", 300, seed=5)
    two = guests.write_csv(tmp_path / "two", 300, seed=5)
    other = guests.write_csv(tmp_path / "other", 300, seed=6)
    assert list(one) == ["pms", "booking", "stays", "truth"]
    for name, path in one.items():
        assert path.read_bytes() == two[name].read_bytes()
        assert path.read_bytes() != other[name].read_bytes()


def test_fewer_guests_are_the_first_of_more(rows: list[SourceRow]) -> None:
    fewer = list(guests.generate_guests(100, seed=3))
    assert fewer == rows[: len(fewer)]


def test_guests_come_lazily() -> None:
    assert len(list(islice(guests.generate_guests(10**12), 5))) == 5
    assert len(list(islice(guests.generate_stays(10**12), 5))) == 5
    assert len(list(islice(guests.truth(10**12), 5))) == 5
    assert len(list(islice(guests.profile_rows(10**12), 5))) == 5


def test_every_row_has_the_columns_of_its_source_and_its_own_id(rows: list[SourceRow]) -> None:
    columns = {"pms": guests.PMS_COLUMNS, "booking": guests.BOOKING_COLUMNS}
    assert all(tuple(row.values) == columns[row.source] for row in rows)
    assert len({row.key for row in rows}) == len(rows)


def test_the_truth_names_rows_of_one_person(rows: list[SourceRow]) -> None:
    person = {row.key: row.person for row in rows}
    pairs = list(guests.truth(COUNT, seed=3))
    assert pairs
    assert all(one != two and person[one] == person[two] for one, two in pairs)
    twice = sum(len(group) * (len(group) - 1) // 2 for group in by_person(rows))
    assert len(pairs) == twice


def test_a_fifth_of_the_persons_are_in_both_systems(rows: list[SourceRow]) -> None:
    groups = by_person(rows)
    assert len(groups) == COUNT
    kinds = Counter(frozenset(row.source for row in group) for group in groups)
    assert kinds[frozenset({"pms"})] / COUNT == pytest.approx(0.6, abs=0.03)
    assert kinds[frozenset({"booking"})] / COUNT == pytest.approx(0.2, abs=0.03)
    assert kinds[frozenset({"pms", "booking"})] / COUNT == pytest.approx(0.2, abs=0.03)


def test_one_in_twenty_is_twice_in_the_pms(rows: list[SourceRow]) -> None:
    times = Counter(sum(row.source == "pms" for row in group) for group in by_person(rows))
    assert set(times) == {0, 1, 2}
    assert times[2] / (times[1] + times[2]) == pytest.approx(0.05, abs=0.015)


def test_the_second_appearance_is_told_differently(rows: list[SourceRow]) -> None:
    names = ("first_name", "last_name", "second_last_name", "birth_date", "email", "phone")
    pairs = [
        group[:2]
        for group in by_person(rows)
        if len(group) > 1 and group[0].source == group[1].source
    ]
    told = [any(one.values[n] != two.values[n] for n in names) for one, two in pairs]
    assert sum(told) > 0.95 * len(told)


def test_members_of_a_household_are_different_persons(rows: list[SourceRow]) -> None:
    homes: dict[tuple[str, ...], set[int]] = defaultdict(set)
    births: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for row in rows:
        if row.source == "pms":
            where = tuple(row.values[name] for name in ("last_name", "address", "postal_code"))
            homes[where].add(row.person)
            if row.values["birth_date"]:
                births[*where, row.values["birth_date"]].add(row.person)
    assert sum(len(persons) > 1 for persons in homes.values()) > COUNT / 50
    assert any(len(persons) > 1 for persons in births.values())


def test_children_have_no_contacts(rows: list[SourceRow]) -> None:
    children = [row for row in rows if row.values.get("birth_date", "") > "2007-07-01"]
    assert children
    assert not any(row.values["email"] or row.values["phone"] for row in children)


def test_every_phone_is_possible_in_its_country_and_nearly_all_are_valid(
    rows: list[SourceRow],
) -> None:
    numbers = [phonenumbers.parse(phone, country) for phone, country in phones_of(rows)]
    assert all(phonenumbers.is_possible_number(number) for number in numbers)
    assert sum(map(phonenumbers.is_valid_number, numbers)) > 0.99 * len(numbers)


def test_both_national_and_international_phones_occur(rows: list[SourceRow]) -> None:
    kinds = {
        (row.source, row.values["telephone"][:1] == "+") for row in rows if "dob" in row.values
    }
    assert kinds == {("booking", True), ("booking", False)}
    assert all(
        phone.startswith("+") for phone, _ in phones_of([r for r in rows if r.source == "pms"])
    )


def test_emails_are_of_reserved_domains(rows: list[SourceRow]) -> None:
    emails = [row.values.get("email", row.values.get("e_mail", "")) for row in rows]
    assert all(RESERVED.fullmatch(email) for email in emails if email)


def test_spanish_identity_numbers_have_their_check_letter(rows: list[SourceRow]) -> None:
    numbers = [
        row.values["document_number"]
        for row in rows
        if row.values.get("document_country") == "ES"
        and row.values["document_type"] == "identity_card"
    ]
    foreign = [number for number in numbers if number[0] in "XYZ"]
    assert 0 < len(foreign) < len(numbers)
    for number in numbers:
        digits = number[:-1].translate(str.maketrans("XYZ", "012"))
        assert number[-1] == "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23]


def test_known_check_letters() -> None:
    assert dni(12345678) == "12345678Z"
    assert nie(1234567) == "X1234567L"


def test_many_nations_and_scripts_occur(rows: list[SourceRow]) -> None:
    nations = {row.values["nationality"] for row in rows if row.source == "pms"}
    assert len(nations) >= 14
    names = " ".join(row.values.get("last_name", "") for row in rows)
    assert re.search("[а-я]", names)
    for piece in ("ová", "van de", "O'", "ü", "ç", "-"):
        assert piece in names


def test_stays_belong_to_rows_and_do_not_overlap(rows: list[SourceRow]) -> None:
    person = {row.key: row.person for row in rows}
    last: dict[int, str] = {}
    references = set()
    for stay in guests.generate_stays(COUNT, seed=3):
        assert tuple(stay) == guests.STAY_COLUMNS
        assert stay["property"] in guests.PROPERTIES
        whose = person[f"{stay['source']}:{stay['external_id']}"]
        assert last.get(whose, "") < stay["arrival"] < stay["departure"]
        last[whose] = stay["departure"]
        references.add(stay["reference"])
    assert len(last) == COUNT
    assert "R-000123" in references


def test_a_guest_set_can_be_read_again() -> None:
    found = guests.GuestSet(50, seed=9)
    assert list(found.rows) == list(found.rows)
    assert list(found.truth) == list(guests.truth(50, seed=9))
    assert list(found.stays) == list(guests.generate_stays(50, seed=9))


def test_profile_rows_have_two_addresses_one_document_and_two_contacts() -> None:
    profiles = list(guests.profile_rows(500, seed=2))
    assert profiles == list(guests.profile_rows(500, seed=2))
    for number, profile in enumerate(cast("list[dict[str, Any]]", profiles), 1):
        assert profile["external_ids"] == [{"system": "pms", "value": f"G{number:07d}"}]
        assert [a["type"] for a in profile["addresses"]] == ["home", "business"]
        (document,) = profile["documents"]
        (email,), (phone,) = profile["emails"], profile["phones"]
        assert set(document) == {"type", "number", "country", "expires_on"}
        assert RESERVED.fullmatch(email["value"])
        assert phonenumbers.is_possible_number(phonenumbers.parse(phone["value"]))
        assert len(profile["tags"]) in {0, 1, 2}


def test_surnames_of_profile_rows_have_a_long_tail() -> None:
    names = Counter(row["last_name"] for row in guests.profile_rows(20_000, seed=2))
    assert len(names) > 5_000
    assert names.most_common(1)[0][1] > 100
