"""Terms and typed queries agree: whatever a person types of a profile finds it."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit import emails, examples, phones

from profilecore import Email, ExternalId, IdentityDocument, Phone, Profile
from profilecore.model import Classification, DocumentType, Name, State, TaxId
from profilecore.normalise.text import fold
from profilecore.rules.terms import MAX_WORD, TermMaker, lines_of, parse, readings

MAKER = TermMaker(b"salt")
words = st.text(
    st.characters(categories=("Ll", "Lu"), max_codepoint=0x24F), min_size=1, max_size=8
).filter(lambda word: fold(word).isalpha() and " " not in fold(word))


def found(profile: Profile, typed: str) -> bool:
    lines = lines_of(profile)
    query = parse(typed)
    return query.first_row(lines) is not None and query.accepts(lines)


@given(st.data())
@examples(150)
def test_any_prefixes_of_the_words_of_a_profile_in_any_order_find_it(data: Any) -> None:
    draw = data.draw
    profile = Profile(
        first_name=draw(words),
        last_name=draw(words),
        second_last_name=draw(st.none() | words),
        company_name=draw(st.none() | words),
        emails=tuple(Email(v) for v in draw(st.lists(emails, max_size=2))),
        phones=tuple(Phone(v) for v in draw(st.lists(phones, max_size=2))),
    )
    names = [n for n in (profile.first_name, profile.last_name, profile.company_name) if n]
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    typed = [word[: draw(st.integers(1, len(word)))] for word in chosen]
    if profile.emails and draw(st.booleans()):
        address = profile.emails[0].value
        typed.append(address[: draw(st.integers(address.index("@") + 1, len(address)))])
    if profile.phones and draw(st.booleans()):
        number = profile.phones[-1].value
        typed.append(number[: draw(st.integers(4, len(number)))])
    if all(fold(word) for word in typed):
        assert found(profile, " ".join(draw(st.permutations(typed))))


@pytest.mark.parametrize(
    "typed",
    [
        "garcia", "GARCÍA", "núñez garcía", "ana nun", "a g n", "garcia-nunez", "hotel gar",
        "ana@example.org", "ANA@EX", "ana@", "garcia ana@exa",
        "+34600111222", "0034600111222", "600111222", "600 111 222", "0600111222",
        "+34 600-111-222", "(34) 600.111", "60011", "ana 600 111",
        "x1234567", "X-1234567", "x123", "00123", "123", "b9", "x1234567 garcia",
    ],
)  # fmt: skip
def test_a_guest_is_found_as_people_type(typed: str) -> None:
    guest = Profile(
        first_name="Ana",
        last_name="García-Núñez",
        company_name="Hotel Sol",
        emails=(Email("ana@example.org"),),
        phones=(Phone("+34600111222"),),
        documents=(
            IdentityDocument(DocumentType.NIE, number="X1234567"),
            IdentityDocument(DocumentType.OTHER, number="00123"),
        ),
        tax_ids=(TaxId("B987"),),
    )
    assert found(guest, typed)


@pytest.mark.parametrize("typed", ["garcia bo", "xana", "601", "bob@example.org", "ana 999"])
def test_a_word_that_nothing_begins_with_finds_nobody(typed: str) -> None:
    guest = Profile(first_name="Ana", last_name="García", phones=(Phone("+34600111222"),))
    assert not found(guest, typed)


@pytest.mark.parametrize(
    ("typed", "lead", "names", "others"),
    [
        ("", None, (), ()),
        ("ana", "ana", (), ()),
        ("ana garcía", "garcia", ("garcia", "ana"), ()),
        ("600 111 222", "600111222", (), ()),
        ("ana 600 111", "600111", ("ana",), ()),
        ("A@B.example", "@a@b.example", (), ()),
        ("x-12 ana@e", "@ana@e", (), ("x12",)),
        ("O'Brien", "obrien", (), ()),
    ],
)
def test_a_query_is_taken_apart(
    typed: str, lead: str | None, names: tuple[str, ...], others: tuple[str, ...]
) -> None:
    query = parse(typed)
    assert (query.word, query.names, query.others) == (lead, names, others)


@given(st.lists(st.sampled_from(("Ana", "Anaya", "Maria", "Mar", "B")), min_size=1), st.data())
@examples(150)
def test_whichever_name_leads_the_same_profiles_are_found(names: list[str], data: Any) -> None:
    guest = Profile(
        first_name=" ".join(names),
        emails=(Email("ana.maria@example.org"), Email("box@example.org")),
        alternate_names=(Name(last_name="Bo Marx"),),
    )
    lines = lines_of(guest)
    typed = data.draw(
        st.lists(st.sampled_from(("a", "an", "anay", "m", "b", "bo", "c")), min_size=1)
    )
    query = parse(" ".join(typed))
    shows = {query.led_by(rival).first_row(lines) is not None for rival in query.rivals}
    assert len(shows) == bool(query.rivals)


@given(st.text("ab .@", max_size=12), st.text("ab", min_size=1, max_size=2))
@examples(150)
def test_the_row_that_shows_a_profile_looks_like_the_first(name: str, typed: str) -> None:
    guest = Profile(first_name=name, alternate_names=(Name(last_name="ab ba"),))
    query = parse(typed)
    first = query.first_row(lines_of(guest))
    assert first is None or query.may_be_first(*first)


@given(st.data())
@examples(150)
def test_a_profile_is_shown_by_exactly_the_first_of_the_rows_that_find_it(data: Any) -> None:
    draw = data.draw
    names = st.sampled_from(("Ana", "Anaya", "Ana Bo", "B", "abc", "A-n1 A-n2", "007", "a@b"))
    guest = Profile(
        first_name=draw(st.none() | names),
        last_name=draw(names),
        emails=(Email("ana@example.org"),),
        phones=(Phone("+34600111222"),),
        documents=draw(
            st.sampled_from([(), (IdentityDocument(DocumentType.PASSPORT, number="AN1"),)])
        ),
        tax_ids=draw(st.sampled_from([(), (TaxId("ABA"),)])),
        alternate_names=draw(st.sampled_from([(), (Name(last_name="Aba"),)])),
    )
    query = parse(
        draw(st.sampled_from(("a", "an", "ana b", "b", "ab", "3", "an1", "a 34", "@", "7")))
    )
    lines = lines_of(guest)
    fitting = [
        (word, line.text)
        for line in lines
        for word in line.words
        if word.startswith(query.word or "")
        and all(f" {name}" in f" {line.text}" for name in query.names)
    ]
    shown = [row for row in fitting if query.finds(guest, *row)]
    assert shown == ([min(fitting)] if fitting and query.accepts(lines) else [])


def test_several_names_are_of_one_text() -> None:
    guest = Profile(first_name="Ana", last_name="Lopez", emails=(Email("garcia@example.org"),))
    assert found(guest, "ana garcia@")
    assert not found(guest, "ana garcia")


def test_what_stands_alone_can_begin_an_address() -> None:
    lines = lines_of(Profile(last_name="Lopez", emails=(Email("garcia7@example.org"),)))
    for typed in ("garcia", "garcia7", "GAR"):
        name, address = readings(typed)
        assert name.first_row(lines) is None
        assert address.first_row(lines) == ("@garcia7@example.org", "lopez")


def test_a_long_word_is_found_by_its_beginning_and_in_full() -> None:
    guest = Profile(last_name="x" * 200)
    assert found(guest, "x" * MAX_WORD)
    assert found(guest, "x" * 200)


def test_another_name_is_a_line_of_its_own() -> None:
    guest = Profile(
        first_name="Ana", last_name="García", alternate_names=(Name(last_name="Smith"), Name())
    )
    assert [line.text for line in lines_of(guest)] == ["ana garcia", "smith"]
    assert found(guest, "smi")


def test_only_an_active_profile_has_more_than_its_state() -> None:
    guest = Profile(last_name="García", emails=(Email("a@example.org"),))
    assert MAKER.of(guest).lines
    for state in (State.MERGED, State.CLEARED):
        terms = MAKER.of(attrs.evolve(guest, state=state))
        assert terms.keys == (MAKER.key("state", state.value),)
        assert terms.lines == ()


def test_every_exact_value_has_its_key() -> None:
    guest = Profile(
        last_name="García",
        emails=(Email("a@example.org"),),
        phones=(Phone("+34600111222"),),
        documents=(IdentityDocument(DocumentType.PASSPORT, number="AB1"),),
        external_ids=(ExternalId("pms", "7"),),
        tags=("VIP",),
        classifications=(Classification.STAFF,),
        category="Gold",
        marketing_source="Web",
    )
    keys = MAKER.of(guest).keys
    for sort, value in (
        ("email", "a@example.org"), ("phone", "+34600111222"), ("document", "ab1"),
        ("external", "pms:7"), ("tag", "vip"), ("class", "staff"), ("category", "gold"),
        ("source", "web"),
    ):  # fmt: skip
        assert MAKER.key(sort, value) in keys, sort
    assert MAKER.external("pms", "7") in keys


def test_a_plugin_adds_keys_of_its_own() -> None:
    maker = TermMaker(b"salt", (lambda p: [("initial", (p.last_name or "")[:1])],))
    assert maker.key("initial", "G") in maker.of(Profile(last_name="García")).keys


def test_keys_depend_on_sort_value_and_salt_and_fit_in_64_bits() -> None:
    seen = {
        MAKER.key("email", "x"),
        MAKER.key("phone", "x"),
        MAKER.key("email", "y"),
        TermMaker(b"other").key("email", "x"),
    }
    assert len(seen) == 4
    assert all(-(2**63) <= key < 2**63 for key in seen)
    assert "salt" not in repr(MAKER)
