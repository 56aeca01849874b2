"""What a search makes of signs, digits, addresses and very long texts, and of hidden profiles."""

from __future__ import annotations

from typing import Any

import pytest
from kit import P1, P2, pages

from profilecore import Engine
from profilecore.engine import searching

COMPANIES = (
    "7-Eleven", "H10-Hotels", "O2-World", "A-12", "24/7 Gym", "1-2-3 Taxi", "No.1", "Smith(2)",
    "Me@Home GmbH", "007", "007 Travel", "7 11 Store", "Me＠Work", "N-O1 N-O2", "Área 51-B",
)  # fmt: skip
GUEST = {
    "first_name": "Ana",
    "last_name": "García",
    "emails": ["ana@münchen.de", f"{'a' * 62}@x.com"],
    "phones": ["+34600111222"],
    "documents": [{"type": "nie", "number": "X1234567L", "country": "ES"}],
}


def found(engine: Engine, text: str) -> list[str]:
    return sorted(p.company_name or p.last_name or "" for p in pages(engine, text, limit=2))


@pytest.mark.parametrize("name", COMPANIES)
@pytest.mark.parametrize("field", ["company_name", "last_name"])
def test_a_name_with_digits_and_signs_is_found_as_it_is_written(
    engine: Engine, name: str, field: str
) -> None:
    for other in COMPANIES:
        engine.create({"first_name": "Bo", "last_name": "Bo", field: other})
    # Numbers that begin alike hide nobody.
    for number in ("A12345", "247999", "123456", "No1X", "7111"):
        document = {"type": "passport", "number": number}
        engine.create({"last_name": "Other", "documents": [document]})
    assert found(engine, name).count(name) == 1
    assert found(engine, name.upper()).count(name) == 1
    assert found(engine, f"bo {name}").count(name) == 1


def test_a_name_is_found_by_other_signs_than_its_own(engine: Engine) -> None:
    engine.create({"company_name": "Studio 54", "last_name": "Bo"})
    for text in ("studio-54", "54-studio", "Studio.54"):
        assert found(engine, text) == ["Studio 54"]


@pytest.mark.parametrize(
    "text",
    [
        "٦٠٠١١١٢٢٢", "６００１１１２２２", "६०० १११", "X １２３4567 L",
        "X 1234567 L", "x 1234567-l", "x-1234567", "600 111 222", "0600111222", "0034 600111222",
        "ana@xn--mnchen-3ya.de", "ANA@XN--MNCHEN-3YA.DE", "ana＠münchen.de", "ana@mu\u0308nchen",
        "Gar\u200bcia", f"{'a' * 62}@x.com", f"{'A' * 62}@x.c",
    ],
)  # fmt: skip
def test_a_guest_is_found_however_it_is_typed(each_engine: Engine, text: str) -> None:
    each_engine.create(GUEST)
    each_engine.create({"last_name": "Nobody", "emails": ["bob@example.org"]})
    assert found(each_engine, text) == ["García"]


@pytest.mark.parametrize("text", [f"{'a' * 62}@y.com", "ana@lopez.de", "ana@garcia", "ana@gar"])
def test_an_address_that_nobody_has_finds_nobody(engine: Engine, text: str) -> None:
    engine.create(GUEST)
    assert found(engine, text) == []


def test_an_address_stored_as_it_once_was_is_found(engine: Engine) -> None:
    engine.create({"last_name": "Old", "emails": ["ana@strasse.de"]})
    assert found(engine, "ana@straße.de") == ["Old"]
    engine.create({"last_name": "New", "emails": ["ana@straße.de"]})
    assert found(engine, "ana@straße.de") == ["New"]


def test_vowel_signs_tell_names_and_tags_apart(each_engine: Engine) -> None:
    for name in ("नूतन", "समीर", "สมชาย", "สุดา"):
        each_engine.create({"last_name": name, "tags": ["नीला"]})
    assert found(each_engine, "नीता") == []
    assert found(each_engine, "नू") == ["नूतन"]
    assert found(each_engine, "สุ") == ["สุดา"]
    assert each_engine.search(tags=["नाला"]).items == ()
    assert len(each_engine.search(tags=["नीला"]).items) == 4


def test_a_very_long_query_is_answered_by_its_longest_words(each_engine: Engine) -> None:
    each_engine.create(GUEST)
    assert each_engine.search("ana " + " ".join(f"w{'x' * n}" for n in range(3_000))).items == ()
    letters = "abcdefghijklmnopqrst"
    words = [a + b + c for a in letters for b in letters for c in letters][:3_000]
    assert each_engine.search(" ".join(words)).items == ()
    assert each_engine.search(" ".join(f"{n}x{n}" for n in range(3_000))).items == ()
    twenty = " ".join(f"García{n * ' '}" for n in range(3_000))
    assert found(each_engine, twenty) == ["García"]


@pytest.fixture
def hidden(each_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Give an engine in which forty of P2's private people stand before one of P1."""
    monkeypatch.setattr(searching, "MAX_HITS", 10)
    with each_engine.acting(P2), each_engine.transaction():
        for n in range(40):
            private: Any = {"last_name": "Garcia", "first_name": f"A{n:02}"}
            each_engine.create(private | {"shared_level": "property", "property_id": "P2"})
    with each_engine.acting(P1):
        each_engine.create({"last_name": "Garcia", "first_name": "Zoe"})
    return each_engine


@pytest.mark.parametrize("text", ["garcia", "gar zo", "garcia zoe"])
def test_a_page_looks_behind_many_hidden_profiles(hidden: Engine, text: str) -> None:
    with hidden.acting(P1):
        assert [p.first_name for p in hidden.search(text).items] == ["Zoe"]


@pytest.mark.parametrize("text", ["garcia", "gar", "7-garcia", "g@example.org"])
def test_an_empty_page_leads_on(hidden: Engine, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(searching, "MAX_HIDDEN", 15)
    if text[0] == "7":
        with hidden.acting(P1):
            hidden.create({"last_name": "Seven", "company_name": "7 Garcia"})
    with hidden.acting(P1):
        if "@" in text:
            hidden.create({"last_name": "Mail", "emails": ["g@example.org"]})
        page = hidden.search(text)
        names = [p.last_name for p in page.items]
        for _ in range(10):
            if page.next is None:
                break
            page = hidden.search(text, cursor=page.next)
            names += [p.last_name for p in page.items]
        expected = {"7-garcia": "Seven", "g@example.org": "Mail"}.get(text, "Garcia")
        assert (names, page.next) == ([expected], None)


def test_what_else_is_meant_comes_behind_hidden_profiles(
    hidden: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MAX_HIDDEN", 15)
    with hidden.acting(P1):
        hidden.create({"last_name": "Mail", "emails": ["a1@example.org", "a1b@example.org"]})
        assert [p.last_name for p in pages(hidden, "a")] == ["Mail"]
        assert [p.last_name for p in pages(hidden, "a", limit=1)] == ["Mail"]
