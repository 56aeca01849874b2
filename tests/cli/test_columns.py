from __future__ import annotations

from multiprocessing.reduction import ForkingPickler
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore.cli import targets
from profilecore.cli.columns import CELLS, FAULT, ColumnMap, plan_columns, unmapped
from profilecore.cli.targets import Target, of_column
from profilecore.errors import InvalidProfile


def values(row: dict[str, Any], region: str | None = None, **maps: str) -> dict[str, Any]:
    given = {column: targets.parse(target) for column, target in maps.items()}
    return ColumnMap("pms", region, plan_columns(row, given))(row)


@pytest.mark.parametrize(
    ("column", "target"),
    [
        ("First Name", "first_name"),
        ("given_name", "first_name"),
        ("SURNAME", "last_name"),
        ("family-name", "last_name"),
        ("E-Mail", "email"),
        ("e_mail", "email"),
        ("Date of Birth", "birth_date"),
        ("Zip Code", "address.postal_code"),
        ("guest_id", "external_id"),
        ("fax", "phone.fax"),
        ("doc_no", "document"),
        ("address2.city", "address2.city"),
        ("address.line1", "address.line1"),
        ("Address.Line2", "address.line2"),
        ("document.number", "document.number"),
        ("Email.Address", "email.value"),
        ("First.Name", "first_name"),
        ("Doc. No.", "document"),
        ("Phone:", "phone"),
        ("external_id:wikidata", "external_id:wikidata"),
    ],
)
def test_a_column_goes_where_its_name_says(column: str, target: str) -> None:
    assert of_column(column) == targets.parse(target)


@pytest.mark.parametrize(
    "column",
    ["url", "term_start", "created", "", "x y z", "provenance", "address.line_1", "Custom.Party"],
)
def test_a_column_that_nobody_knows_goes_nowhere(column: str) -> None:
    assert of_column(column) is None


@pytest.mark.parametrize(
    "text",
    [
        "colour",
        "address.colour",
        "last_name.first",
        "last_name2",
        "id",
        "version",
        "external_id:a:b",
    ],
)
def test_a_target_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no field|no part|no parts|no colon"):
        targets.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_target_or_is_refused(text: str) -> None:
    try:
        assert isinstance(targets.parse(text), Target)
    except ValueError:
        pass
    assert of_column(text) is None or isinstance(of_column(text), Target)


def test_a_flat_row_becomes_a_nested_profile() -> None:
    row = {
        "guest_id": "17", "surname": "García", "given_name": "Ana", "title": "Sra.", "sex": "F",
        "dob": "17.5.1984", "nationality": "ES", "language": "es", "email": "ana@example.com",
        "email2": "a@example.org", "tel": "+34600111222", "fax": "+34911222333",
        "address": "Calle Mayor 1", "suite": "3 B", "city": "Madrid", "zip": "28001",
        "country": "ES", "passport": "X123456", "document_country": "ES",
        "document_expires": "2030-01-02", "tax_id": "ES:12345678Z", "tags": "vip; spa",
        "notes": "Quiet room; high floor", "nickname": "Anita", "company": "Acme",
    }  # fmt: skip
    made = values(row)
    note = made.pop("notes")[0]
    assert note["text"] == "Quiet room; high floor"
    assert len(note["id"]) == 32
    assert made == {
        "external_ids": [{"system": "pms", "value": "17"}],
        "last_name": "García",
        "first_name": "Ana",
        "title": "misses",
        "sex": "female",
        "birth_date": "1984-05-17",
        "nationalities": ["ES"],
        "languages": ["es"],
        "emails": ["ana@example.com", "a@example.org"],
        "phones": ["+34600111222", {"value": "+34911222333", "tech": "fax"}],
        "addresses": [
            {
                "line1": "Calle Mayor 1",
                "line2": "3 B",
                "city": "Madrid",
                "postal_code": "28001",
                "country": "ES",
            }
        ],
        "documents": [
            {"type": "passport", "number": "X123456", "country": "ES", "expires_on": "2030-01-02"}
        ],
        "tax_ids": [{"value": "12345678Z", "country": "ES"}],
        "tags": ["vip", "spa"],
        "alternate_names": [{"type": "nickname", "first_name": "Anita", "last_name": "García"}],
        "company_name": "Acme",
    }


def test_empty_cells_say_nothing() -> None:
    assert values({"surname": "A", "email": "", "city": " ", "document_type": ""}) == {
        "last_name": "A"
    }


def test_an_address_without_a_city_column_is_free_text() -> None:
    made = values({"surname": "A", "address": "1 Main St, Springfield"})
    assert made["addresses"] == [{"text": "1 Main St, Springfield"}]


def test_parts_of_an_address_are_one_also_without_a_city() -> None:
    row = {"address.line1": "1 Main St", "address.line2": "Apt 4", "address.country": "US"}
    made = values({"surname": "A", **row})
    assert made["addresses"] == [{"line1": "1 Main St", "line2": "Apt 4", "country": "US"}]


def test_a_second_address_is_the_second_line_of_a_divided_one() -> None:
    made = values({"surname": "A", "address": "1 Main St", "address2": "Apt 4", "city": "Bonn"})
    assert made["addresses"] == [{"line1": "1 Main St", "line2": "Apt 4", "city": "Bonn"}]


def test_a_second_address_is_one_of_its_own_beside_free_text() -> None:
    made = values({"surname": "A", "address": "1 Main St, Bonn", "address2": "2 Side St, Ulm"})
    assert made["addresses"] == [{"text": "1 Main St, Bonn"}, {"text": "2 Side St, Ulm"}]


def test_suite_and_building_share_the_second_line() -> None:
    row = {"surname": "A", "street": "1 Main St", "suite": "S 4", "building": "B", "city": "X"}
    assert values(row)["addresses"][0]["line2"] == "S 4, B"


def test_a_house_number_joins_its_street() -> None:
    row = {"surname": "A", "street_number": "6", "address_1": "tullaroop street", "suburb": "x"}
    assert values(row)["addresses"][0]["line1"] == "6 tullaroop street"


def test_a_state_is_a_subdivision_of_a_known_country_and_is_kept_otherwise() -> None:
    row = {"surname": "A", "street": "1 Main St", "city": "Cullman", "state": "AL"}
    assert values(row | {"country": "US"})["addresses"][0]["subdivision"] == "US-AL"
    assert values(row, "US")["addresses"][0]["subdivision"] == "US-AL"
    assert values(row)["addresses"][0]["line2"] == "AL"


def test_a_country_alone_is_the_country_of_residence() -> None:
    assert values({"surname": "A", "country": "FR"}) == {
        "last_name": "A",
        "country_of_residence": "FR",
    }


def test_a_document_needs_a_number_or_a_kind() -> None:
    assert "documents" not in values({"surname": "A", "doc_no": "", "document_country": "ES"})
    assert values({"surname": "A", "doc_no": "7"})["documents"] == [
        {"type": "other", "number": "7"}
    ]


def test_a_type_that_is_said_goes_before_the_name_of_the_column() -> None:
    row = {"surname": "A", "passport": "X1", "document_type": "ID card"}
    (document,) = values(row)["documents"]
    assert document == {"type": "identity_card", "number": "X1"}


def test_a_full_name_is_used_only_where_parts_are_missing() -> None:
    assert values({"name": "Ana García"}) == {"first_name": "Ana", "last_name": "García"}
    made = values({"first_name": "Ana", "last_name": "García", "full_name": "Anita García"})
    assert made["first_name"] == "Ana"
    assert made["alternate_names"] == [{"first_name": "Anita", "last_name": "García"}]
    same = values({"first_name": "Ana", "last_name": "García", "full_name": "ANA GARCIA"})
    assert "alternate_names" not in same


def test_of_two_undivided_names_the_fuller_gives_the_parts() -> None:
    made = values({"name": "García", "official_full": "Ana García"})
    assert made == {"first_name": "Ana", "last_name": "García"}
    assert made == values({"official_full": "Ana García", "name": "García"})


def test_what_a_salutation_says_besides_joins_the_prefix() -> None:
    row = {"surname": "A", "prefix": "Prof.", "title": "Frau Dr."}
    made = values(row)
    assert made == values(dict(reversed(row.items())))
    assert (made["title"], made["name_prefix"]) == ("misses", "Prof. Dr.")


def test_a_bad_date_is_a_problem_that_does_not_repeat_it() -> None:
    with pytest.raises(InvalidProfile) as caught:
        values({"surname": "A", "dob": "05/06/1984", "document_expires": "soon"})
    assert [p.path for p in caught.value.problems] == ["/birth_date", "/documents/expires_on"]
    assert "1984" not in str(caught.value)


def test_maps_go_before_names() -> None:
    made = values(
        {"a": "García", "id": "7", "q": "Q22", "party": "green", "email": "x@example.com"},
        a="last_name", q="external_id:wikidata", party="custom.party", email="note",
    )  # fmt: skip
    assert made["external_ids"] == [
        {"system": "pms", "value": "7"},
        {"system": "wikidata", "value": "Q22"},
    ]
    assert made["custom"] == {"party": "green"}
    assert made["notes"][0]["text"] == "x@example.com"


def test_of_two_columns_for_one_value_the_second_is_reported() -> None:
    planned = plan_columns(["surname", "last_name", "url", "phone", "tel"], {})
    assert planned["surname"] == targets.parse("last_name")
    assert planned["last_name"] is None
    assert planned["phone"] == planned["tel"]
    assert unmapped(planned, {}) == ["last_name", "url"]
    assert unmapped(planned, {"url": None}) == ["last_name"]


def test_two_columns_mapped_to_the_own_id_must_agree() -> None:
    maps = {"a": "external_id", "b": "external_id"}
    assert len(values({"surname": "A", "a": "7", "b": "7"}, **maps)["external_ids"]) == 1
    with pytest.raises(InvalidProfile, match="by a and b"):
        values({"surname": "A", "a": "7", "b": "8"}, **maps)


def test_a_map_of_an_unknown_column_is_refused() -> None:
    with pytest.raises(ValueError, match="the columns are surname"):
        plan_columns(["surname"], {"url": None})


def test_a_row_that_could_not_be_taken_apart_is_refused() -> None:
    with pytest.raises(InvalidProfile, match="has 2 cells"):
        ColumnMap("pms")({FAULT: "has 2 cells where the header has 3", CELLS: ["a", "b"]})


def test_json_rows_may_be_nested_flat_or_both() -> None:
    made = ColumnMap("pms")(
        {
            "id": 17,
            "last_name": "A",
            "emails": [{"value": "a@example.com"}],
            "phone": "+34600111222",
            "address": {"city": "Bonn"},
            "custom": {"party": "green"},
            "birth_date": None,
        }
    )
    assert made == {
        "external_ids": [{"system": "pms", "value": "17"}],
        "last_name": "A",
        "emails": [{"value": "a@example.com"}],
        "phones": ["+34600111222"],
        "addresses": [{"city": "Bonn"}],
        "custom": {"party": "green"},
    }


def test_a_profile_written_as_json_is_read_without_what_the_engine_keeps() -> None:
    row = {
        "id": "abc", "version": 3, "state": "active", "created_at": "2025-01-01T00:00:00Z",
        "last_name": "A", "external_ids": [{"system": "pms", "value": "G1"}], "provenance": {},
    }  # fmt: skip
    column_map = ColumnMap("pms")
    assert column_map(row) == {
        "last_name": "A",
        "external_ids": [{"system": "pms", "value": "G1"}],
    }
    assert set(column_map.unmapped(row)) == {
        "id", "version", "state", "created_at", "provenance",
    }  # fmt: skip
    other = ColumnMap("other")(row)
    assert {"system": "other", "value": "abc"} in other["external_ids"]


def test_the_same_note_has_the_same_id_each_time() -> None:
    row = {"surname": "A", "note": "Quiet"}
    assert values(row) == values(row)
    assert values(row)["notes"][0]["id"] != values(row | {"note": "Loud"})["notes"][0]["id"]


def test_a_column_map_travels_to_worker_processes() -> None:
    column_map = ColumnMap("pms", "US", plan_columns(["surname", "url"], {}))
    copy = ForkingPickler.loads(ForkingPickler.dumps(column_map))
    assert copy == column_map


CELL = st.text(max_size=30)
COLUMNS = sorted(name for names in targets.known_columns().values() for name in names)


@given(st.dictionaries(st.sampled_from(COLUMNS), CELL, max_size=12))
def test_any_cells_give_values_or_problems_without_the_cells(row: dict[str, str]) -> None:
    try:
        made = values(row)
    except InvalidProfile as refusal:
        made = {"problems": refusal.problems}
    assert all(made.values())


@given(st.dictionaries(st.sampled_from(COLUMNS), CELL, max_size=12))
def test_the_order_of_columns_that_hold_one_value_does_not_matter(row: dict[str, str]) -> None:
    # Of two undivided names of equal length the first is the main one.
    for column in targets.known_columns()["full_name"][1:]:
        row.pop(column, None)
    backwards = dict(reversed(row.items()))
    one, two = outcome(row), outcome(backwards)
    assert one.keys() == two.keys()


def outcome(row: dict[str, str]) -> dict[str, Any]:
    try:
        # By itself each column goes where its name says; conflicts are then problems.
        return ColumnMap("pms")(row)
    except InvalidProfile as refusal:
        return dict.fromkeys(sorted(p.code for p in refusal.problems))
