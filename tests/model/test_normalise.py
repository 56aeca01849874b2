"""Canonical forms: idempotent, and the fast paths answer what the libraries answer."""

from __future__ import annotations

import tracemalloc
import unicodedata
from collections.abc import Callable

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit import examples

from profilecore.model.dates import agrees, is_complete, partial_date
from profilecore.normalise import codes, contact, numbers
from profilecore.normalise.text import clean, clean_lines, compact, fold, label

characters = st.text(max_size=12)


def answer(reader: Callable[[str], str], text: str) -> str | None:
    """Give the canonical form, or ``None`` where the text is refused with a proper message."""
    try:
        return reader(text)
    except ValueError as error:
        message = str(error)
    assert message.startswith("must ")
    return None


@given(characters)
@examples(400)
def test_folding_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert compact(compact(text)) == compact(text)


@pytest.mark.parametrize("char", [chr(n) for n in range(0x250)])
def test_latin_letters_fold_to_ascii(char: str) -> None:
    folded = fold(char)
    assert fold(folded) == folded
    if unicodedata.category(char).startswith("L") and ord(char) < 0x180:
        assert folded.isascii() or char in "ªºŉĸ", (char, folded)


@given(characters)
@examples(300)
def test_folding_forgets_case_and_composition(text: str) -> None:
    assert fold(text) == fold(unicodedata.normalize("NFD", text))
    assert fold(text) == fold(unicodedata.normalize("NFC", text))
    assert fold(text.swapcase()) == fold(text) or not text.isascii()


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ana GARCÍA-Núñez", "ana garcia nunez"),
        ("O'Brien", "obrien"),
        ("O’Brien", "obrien"),
        ("Straße", "strasse"),
        ("STRASSE", "strasse"),
        ("Łukasz Øster", "lukasz oster"),
        ("Иванов", "ivanov"),
        ("Παπαδόπουλος", "papadopoylos"),
        ("İstanbul", "istanbul"),
        ("ﬁn", "fin"),
        ("  many   blanks ", "many blanks"),
        ("山田", "山田"),
        ("...", ""),
        ("O´Brien", "obrien"),
        ("O\u1ffdBrien", "obrien"),
        ("´Иван´", "ivan"),
        ("Gar\u200bcia", "garcia"),
        ("Gar\u00adcía\ufeff", "garcia"),
        ("Ив\u2060ан", "ivan"),
        ("葛\U000e0100城", "葛城"),
        ("٣ Café ６", "3 cafe 6"),
    ],
)
def test_names_fold_as_people_search_them(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(folded) == folded


@pytest.mark.parametrize("name", ["प्रिया", "नीता", "สุดา", "น้ำ", "ကျော်", "தமிழ்", "がとう", "ދިވެހި"])
def test_vowel_signs_and_tone_marks_are_of_their_word(name: str) -> None:
    assert fold(name) == unicodedata.normalize("NFKD", name)
    assert fold(f"{name}-{name}") == f"{fold(name)} {fold(name)}"


@pytest.mark.parametrize(
    ("pointed", "plain"),
    [("שָׁלוֹם", "שלום"), ("مُحَمَّد", "محمد"), ("أحمد", "احمد"), ("Ӥван", "ivan"), ("Ἀθηνᾶ", "athina")],
)
def test_points_and_accents_tell_no_names_apart(pointed: str, plain: str) -> None:
    assert fold(pointed) == plain


def test_names_that_differ_in_vowel_signs_are_two() -> None:
    assert not fold("नूतन").startswith(fold("नी"))
    assert not fold("สมชาย").startswith(fold("สุ"))
    assert label("नाला") != label("नीला")


def test_a_long_text_is_folded_and_not_remembered() -> None:
    tracemalloc.start()
    try:
        for number in range(20):
            assert fold(f"{number} É" + "x" * 100_000)[-1] == "x"
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 200_000
    assert fold("É") == "e"


@given(characters)
@examples(300)
def test_cleaning_is_idempotent_or_refuses(text: str) -> None:
    for cleaner in (clean, clean_lines):
        cleaned = answer(cleaner, text)
        assert cleaned is None or cleaner(cleaned) == cleaned


@pytest.mark.parametrize("bad", ["a\x00b", "a\x1bb", "a\x7fb", "a\ud800", "a\ue000"])
def test_control_characters_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="control"):
        clean(bad)


# ---- e-mail

locals_ = st.text(
    st.sampled_from("abcXYZ019.!#$%&'*+/=?^_`{|}~-\"\\ (),:;<>@[]é"), min_size=1, max_size=14
)
domains = st.text(st.sampled_from("abcXYZ019.-_é"), min_size=1, max_size=14) | st.sampled_from(
    ["example.org", "EXAMPLE.org", "bücher.example", "localhost", "a.test", "[127.0.0.1]"]
)


def by_library(text: str) -> str | None:
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(
            text.strip(), check_deliverability=False, test_environment=True
        ).normalized.lower()
    except EmailNotValidError:
        return None


@given(locals_, domains)
@examples(600)
def test_an_address_is_read_as_the_library_reads_it(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    try:
        mine: str | None = contact.email(text)
    except ValueError:
        mine = None
    assert mine == by_library(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Ana@Straße.DE", "ana@straße.de"),
        ("ana@STRASSE.de", "ana@strasse.de"),
        ("ana@xn--strae-oqa.de", "ana@straße.de"),
        ("ana@φως.gr", "ana@φως.gr"),
        ("Strauß@example.org", "strauß@example.org"),
    ],
)
def test_an_address_keeps_the_letters_of_its_domain(text: str, address: str) -> None:
    assert contact.email(text) == address
    assert contact.email(address) == address


@given(locals_, domains)
@examples(200)
def test_a_canonical_address_stays_as_it_is(local: str, domain: str) -> None:
    address = answer(contact.email, f"{local}@{domain}")
    assert address is None or contact.email(address) == address


@pytest.mark.parametrize(
    "text", ["", "@", "a@", "@b.example", "a b@c.example", "a@b", "a@-b.example"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="e-mail"):
        contact.email(text)


@pytest.mark.parametrize(
    ("address", "relay"),
    [
        ("x@guest.booking.com", True),
        ("x@eu.guest.booking.com", True),
        ("x@booking.com", False),
        ("x@example.org", False),
    ],
)
def test_a_booking_sites_alias_is_told(address: str, relay: bool) -> None:
    assert contact.is_relay(address) is relay


def test_a_domain_that_only_ends_alike_is_no_alias() -> None:
    assert not contact.is_relay("x@notguest.booking.com")


# ---- telephone


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+34 600 111 222", None, "+34600111222"),
        ("0034600111222", None, "+34600111222"),
        ("600111222", "ES", "+34600111222"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("02 1234 5678", "IT", "+390212345678"),
        ("+39 02 1234 5678", None, "+390212345678"),
        ("(201) 555-0123", "US", "+12015550123"),
        ("+44 (0)20 7946 0958", None, "+442079460958"),
        ("+34 600 111 222", "FR", "+34600111222"),
    ],
)
def test_numbers_are_brought_to_e164(text: str, region: str | None, number: str) -> None:
    assert contact.phone(text, region) == number
    assert contact.phone(number) == number
    assert contact.phone(number, "DE") == number


@pytest.mark.parametrize(
    "text", ["", "abc", "600111222", "+", "+34", "+34 1", "+999 123456789", "1" * 40]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="telephone"):
        contact.phone(text)


phone_like = st.text("+0123456789 -()./", min_size=3, max_size=18)


@given(phone_like, st.sampled_from([None, "ES", "IT", "US"]))
@examples(400)
def test_a_number_is_read_as_the_library_reads_it(text: str, region: str | None) -> None:
    import phonenumbers

    plain = text.strip()
    plain = f"+{plain[2:]}" if plain.startswith("00") else plain
    try:
        parsed = phonenumbers.parse(plain, region)
        possible = phonenumbers.is_possible_number(parsed)
        theirs = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        possible, theirs = False, ""
    try:
        mine = contact.phone(text, region)
    except ValueError:
        assert not possible
    else:
        assert possible
        assert mine == theirs


# ---- codes


@pytest.mark.parametrize("entry", list(pycountry.countries), ids=lambda c: c.alpha_2)
def test_every_country_is_known_by_codes_and_name(entry: object) -> None:
    code = entry.alpha_2  # type: ignore[attr-defined]
    for text in (code, code.lower(), entry.alpha_3, entry.name, f" {entry.name.upper()} "):  # type: ignore[attr-defined]
        assert codes.country(text) == code
    assert numbers.is_valid_tax_id("123", code) in (True, False, None)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Russia", "RU"), ("TURKEY", "TR"), ("UAE", "AE"), ("u.a.e.", "AE"), ("U.S.A.", "US"),
        ("Great Britain", "GB"), ("Ivory Coast", "CI"), ("Kosovo", "XK"), ("Palestine", "PS"),
        ("Macedonia", "MK"), ("The Netherlands", "NL"), ("the Gambia", "GM"), ("Vatican", "VA"),
    ],
)  # fmt: skip
def test_a_country_is_known_by_the_name_in_use(name: str, code: str) -> None:
    assert codes.country(name) == code


def test_no_name_in_use_takes_one_of_the_standard() -> None:
    for entry in pycountry.countries:
        for attribute in ("name", "official_name", "common_name"):
            if name := getattr(entry, attribute, None):
                assert codes.country(name) == entry.alpha_2
                assert codes._IN_USE.get(fold(name)) is None


@pytest.mark.parametrize(
    "text",
    ["", "E", "ZZ", "QQQ", "Nowhere", "é", "E S", "Korea", "Virgin Islands", "The", "America"],
)
def test_an_unknown_country_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="country"):
        codes.country(text)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("es", "es"), ("ES", "es"), ("spa", "es"), ("pt_BR", "pt-BR"), ("PT-br", "pt-BR"),
        ("zh-hant-TW", "zh-Hant-TW"), ("es-419", "es-419"), ("Spanish", "es"), ("ast", "ast"),
    ],
)  # fmt: skip
def test_languages_are_brought_to_their_tag(text: str, tag: str) -> None:
    assert codes.language(text) == tag
    assert codes.language(tag) == tag


@given(characters)
@examples(200)
def test_no_text_makes_a_code_reader_stumble(text: str) -> None:
    for reader in (codes.country, codes.language, codes.subdivision):
        known = answer(reader, text)
        assert known is None or reader(known) == known


@pytest.mark.parametrize(
    ("text", "number"), [("ab-123 x", "AB123X"), ("00123", "00123"), ("x/1.2", "X12"), ("-", "")]
)
def test_document_numbers_lose_their_separators(text: str, number: str) -> None:
    assert numbers.document_number(text) == number
    assert numbers.document_number(number) == number


@pytest.mark.parametrize(
    ("value", "country", "valid"),
    [("54362315K", "ES", True), ("54362315Z", "ES", False), ("RCCMNL83S18D969H", "IT", True),
     ("123", "AQ", None)],
)  # fmt: skip
def test_check_digits_are_told_where_the_rule_is_known(
    value: str, country: str, valid: bool | None
) -> None:
    assert numbers.is_valid_tax_id(value, country) is valid


# ---- dates


@given(st.dates(min_value=__import__("datetime").date(1800, 1, 1)))
@examples(50)
def test_parts_of_a_day_agree_with_it(day: object) -> None:
    full = str(day)
    for known in (full, full[:7], full[:4]):
        assert partial_date(known) == known
        assert agrees(known, full)
        assert agrees(full, known)
        assert is_complete(known) is (known == full)
    assert not agrees(full, "1799")


@given(st.text(max_size=30))
@examples(200)
def test_a_label_is_settled_and_says_something_where_there_is_something(text: str) -> None:
    assert label(label(text)) == label(text)
    assert bool(label(text)) == bool(text.strip())
