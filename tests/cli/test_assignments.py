"""``field=value`` on the command line, for new profiles and for changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from profilecore import Engine

Run = Callable[..., Any]


def created(run: Run, *fields: str) -> dict[str, Any]:
    answer = run("create", *fields, "--json")
    assert answer.code == 0, answer.out + answer.err
    value: dict[str, Any] = answer.json
    return value


def updated(run: Run, id: str, *fields: str) -> dict[str, Any]:
    answer = run("update", id, *fields, "--json")
    assert answer.code == 0, answer.out + answer.err
    value: dict[str, Any] = answer.json
    return value


def values(items: list[dict[str, Any]]) -> list[str]:
    return [item["value"] for item in items]


@pytest.fixture
def ana(run: Run) -> str:
    made = created(
        run,
        "first_name=Ana",
        "last_name=García",
        "email=ana@example.com;a@example.org",
        "phone=+34600111222",
        "phone.fax=+34911222333",
        "address.street=Calle Mayor 1",
        "address.city=Madrid",
        "address.country=ES",
        "nationality=ES",
        "tag=vip",
        "tag=spa",
        "document=passport:ES:X123456",
        "external_id:pms=G1",
        "custom.party=green",
        "birth_date=17.5.1984",
        "note=Quiet room; high floor",
    )
    id: str = made["id"]
    return id


def test_a_new_profile_has_what_was_assigned(run: Run, ana: str) -> None:
    made = run("show", ana, "--json").json
    assert (made["id"], made["version"], made["state"]) == (ana, 1, "active")
    assert values(made["emails"]) == ["ana@example.com", "a@example.org"]
    assert made["phones"][1] == {"value": "+34911222333", "tech": "fax"}
    assert made["addresses"] == [{"line1": "Calle Mayor 1", "city": "Madrid", "country": "ES"}]
    assert made["documents"] == [{"type": "passport", "number": "X123456", "country": "ES"}]
    assert made["external_ids"] == [{"system": "pms", "value": "G1"}]
    assert made["custom"] == {"party": "green"}
    assert made["birth_date"] == "1984-05-17"
    assert made["tags"] == ["vip", "spa"]
    assert made["notes"][0]["text"] == "Quiet room; high floor"


def test_a_whole_field_is_replaced_and_an_empty_one_removed(run: Run, ana: str) -> None:
    made = updated(run, ana, "last_name=López", "first_name=", "tag=family", "email=")
    assert made["last_name"] == "López"
    assert "first_name" not in made
    assert made["tags"] == ["family"]
    assert "emails" not in made


def test_items_are_added_and_removed_by_a_sign(run: Run, ana: str) -> None:
    made = updated(run, ana, "tag+=family", "tag-=VIP", "email-=A@example.org")
    assert made["tags"] == ["spa", "family"]
    assert values(made["emails"]) == ["ana@example.com"]
    made = updated(run, ana, "document-=X123456", "phone+=+34600111333", "note+=Came back")
    assert "documents" not in made
    assert values(made["phones"]) == ["+34600111222", "+34911222333", "+34600111333"]
    assert [n["text"] for n in made["notes"]] == ["Quiet room; high floor", "Came back"]


def test_a_part_changes_one_item_and_keeps_the_rest_of_it(run: Run, ana: str) -> None:
    made = updated(run, ana, "address.city=Toledo", "address.state=TO", "document.expires=2.1.2030")
    assert made["addresses"] == [
        {"line1": "Calle Mayor 1", "city": "Toledo", "country": "ES", "subdivision": "ES-TO"}
    ]
    assert made["documents"][0]["expires_on"] == "2030-01-02"
    assert made["documents"][0]["number"] == "X123456"
    made = updated(run, ana, "address.state=", "emails.1.type=business")
    assert "subdivision" not in made["addresses"][0]
    assert made["emails"][1]["type"] == "business"


def test_a_part_of_a_missing_item_makes_it(run: Run, ana: str) -> None:
    made = updated(run, ana, "address2.city=Bonn", "address2.country=DE")
    assert made["addresses"][1] == {"city": "Bonn", "country": "DE"}


def test_a_part_named_with_a_dot_changes_its_item_and_no_other(run: Run, ana: str) -> None:
    parts = ("document.number=X9", "address.line1=Gran Via 2", "email.address=new@example.com")
    made = updated(run, ana, *parts, "phone.number=+34600111333")
    assert made["documents"] == [{"type": "passport", "number": "X9", "country": "ES"}]
    assert made["addresses"] == [{"line1": "Gran Via 2", "city": "Madrid", "country": "ES"}]
    assert values(made["emails"]) == ["new@example.com", "a@example.org"]
    assert values(made["phones"]) == ["+34600111333", "+34911222333"]
    made = updated(run, ana, "address.line2=3 B", "emails.1.value=b@example.org")
    assert [a.get("line2") for a in made["addresses"]] == ["3 B"]
    assert values(made["emails"]) == ["new@example.com", "b@example.org"]


def test_parts_of_one_document_make_one(run: Run) -> None:
    parts = ("document.type=passport", "document.number=A1", "document.country=ES")
    made = created(run, "last_name=L", *parts)
    assert made["documents"] == [{"type": "passport", "number": "A1", "country": "ES"}]


def test_a_part_that_no_item_has_is_refused_where_a_column_of_like_name_is_none(
    run: Run, ana: str
) -> None:
    for field in ("address.line_1=X", "passport.number=X"):
        answer = run("update", ana, field, "--json")
        assert (answer.code, answer.json["error"]) == (1, "invalid-profile")


def test_a_nickname_replaces_nicknames_alone(run: Run, ana: str) -> None:
    other = '{"type": "former", "first_name": "Ana", "last_name": "Ruiz"}'
    updated(run, ana, f"alternate_names={other}", "--json-values")
    updated(run, ana, "nickname+=Anita")
    made = updated(run, ana, "nickname=Nita", "last_name=López")
    assert [(n["type"], n["first_name"], n["last_name"]) for n in made["alternate_names"]] == [
        ("former", "Ana", "Ruiz"),
        ("nickname", "Nita", "López"),
    ]
    made = updated(run, ana, "name=Ana María Gil", "first_name=Ana", "last_name=García")
    assert len(made["alternate_names"]) == 3
    made = updated(run, ana, "nickname=")
    assert [n["first_name"] for n in made["alternate_names"]] == ["Ana", "Ana María"]
    assert updated(run, ana, "nickname=")["version"] == made["version"]


def test_an_item_of_a_kind_is_replaced_alone(run: Run, ana: str) -> None:
    made = updated(run, ana, "phone.fax=+34911222444", "external_id:crm=C9")
    assert values(made["phones"]) == ["+34600111222", "+34911222444"]
    assert {(e["system"], e["value"]) for e in made["external_ids"]} == {
        ("pms", "G1"),
        ("crm", "C9"),
    }
    made = updated(run, ana, "external_id:pms=G2", "phone.fax=")
    assert {e["value"] for e in made["external_ids"]} == {"C9", "G2"}
    assert values(made["phones"]) == ["+34600111222"]


def test_custom_fields_are_set_and_removed_by_name(run: Run, ana: str) -> None:
    assert updated(run, ana, "custom.party=red")["custom"] == {"party": "red"}
    assert "custom" not in updated(run, ana, "custom.party=")


def test_json_is_taken_as_it_is(run: Run, ana: str) -> None:
    made = updated(run, ana, 'emails=[{"value": "z@example.com", "primary": true}]')
    assert made["emails"] == [{"value": "z@example.com", "primary": True}]
    made = updated(run, ana, "--json-values", 'last_name="López"', "birth_date=null")
    assert made["last_name"] == "López"
    assert "birth_date" not in made


def test_a_value_in_brackets_that_is_no_json_is_text(run: Run) -> None:
    made = created(run, "last_name=[/red]Rich", "note=[VIP] likes quiet", "first_name={Ana}")
    assert (made["last_name"], made["first_name"]) == ("[/red]Rich", "{Ana}")
    assert made["notes"][0]["text"] == "[VIP] likes quiet"
    assert created(run, "last_name=A", 'tag=["x", "y"]')["tags"] == ["x", "y"]
    for broken in ('tag=["x", "y"', 'email=[{"value": 1]', 'email={"value"'):
        assert run("create", "last_name=A", broken).code == 2
    assert run("create", "last_name=[/red]Rich", "--json-values").code == 2


def test_a_change_that_changes_nothing_writes_nothing(run: Run, ana: str) -> None:
    assert updated(run, ana, "last_name=García")["version"] == 1


def test_a_full_name_and_a_nickname_are_parted(run: Run) -> None:
    made = created(run, "name=García López, Ana", "nickname=Anita", "title=Sra.")
    assert (made["first_name"], made["last_name"]) == ("Ana", "García López")
    assert made["title"] == "misses"
    assert made["alternate_names"] == [
        {"type": "nickname", "first_name": "Anita", "last_name": "García López"}
    ]
    made = updated(run, made["id"], "nickname+=Nita")
    assert [n["first_name"] for n in made["alternate_names"]] == ["Anita", "Nita"]


@pytest.mark.parametrize(
    "fields",
    [
        ("García",),
        ("=García",),
        ("last_name=A", "emails=[{"),
        ("last_name=A", "tag-=vip"),
        (),
    ],
)
def test_what_is_no_assignment_is_wrong_usage(run: Run, fields: tuple[str, ...]) -> None:
    answer = run("create", *fields)
    assert answer.code == 2
    assert "García" not in answer.err


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("colour=red", "/colour"),
        ("address.colour=red", "/address/colour"),
        ("version=7", "/version"),
        ("custom.unheard=1", "/custom/unheard"),
        ("email=nonsense", "/emails/0/value"),
        ("birth_date=5/6/1984", "/birth_date"),
        ("external_id=G1", "/external_ids"),
    ],
)
def test_what_a_profile_cannot_hold_is_refused_with_its_path(
    run: Run, field: str, path: str
) -> None:
    answer = run("create", "last_name=A", field, "--json")
    assert answer.code == 1
    assert answer.json["error"] == "invalid-profile"
    assert [p["path"] for p in answer.json["problems"]] == [path]


def test_replacing_and_patching_one_collection_is_wrong_usage(run: Run, ana: str) -> None:
    assert run("update", ana, "tag=a", "tag+=b").code == 2
    assert run("update", ana, "last_name+=b").code == 2
    assert run("update", ana).code == 2


def test_an_unknown_item_to_remove_is_refused(run: Run, ana: str) -> None:
    answer = run("update", ana, "tag-=nothing", "--json")
    assert (answer.code, answer.json["problems"][0]["code"]) == (1, "unknown-item")


def test_an_update_of_an_older_version_is_refused(run: Run, ana: str) -> None:
    updated(run, ana, "last_name=López")
    answer = run("update", ana, "last_name=Pérez", "--if-version", "1", "--json")
    assert answer.code == 1
    assert (answer.json["error"], answer.json["actual"]) == ("version-conflict", 2)


def test_a_profile_is_read_from_a_json_file_or_stdin(run: Run, engine: Engine) -> None:
    answer = run("create", "--file", "-", "first_name=B", "--json", input='{"last_name": "A"}')
    assert (answer.json["last_name"], answer.json["first_name"]) == ("A", "B")
    assert run("create", "--file", "-", input="[1]").code == 2
    assert run("create", "--file", "-", input="{").code == 2
    assert run("create", "--file", "missing.json").code == 2


def test_the_same_key_creates_once(run: Run) -> None:
    one = created(run, "last_name=A", "--key", "k1")
    assert created(run, "last_name=A", "--key", "k1")["id"] == one["id"]
    answer = run("create", "last_name=B", "--key", "k1", "--json")
    assert (answer.code, answer.json["error"]) == (1, "idempotency-conflict")


@pytest.mark.parametrize("value", ["null", "1", "true"])
@pytest.mark.parametrize("field", ["email+=", "tag+=", "nickname+=", "email2=", "note+="])
def test_json_that_is_no_item_is_wrong_usage(run: Run, ana: str, field: str, value: str) -> None:
    updated(run, ana, "email=a@example.com;b@example.com")
    answer = run("update", ana, f"{field}{value}", "--json-values")
    if (field, value) == ("email2=", "null"):
        assert answer.code == 0
        return
    assert (answer.code, answer.err.count("Traceback")) == (2, 0)
    assert "text" in answer.err or "name" in answer.err


def test_json_that_names_no_item_removes_none(run: Run, ana: str) -> None:
    assert run("update", ana, "email-=null", "--json-values").code == 2
    assert run("update", ana, "email-={}").code == 2
