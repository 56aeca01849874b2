"""The terms by which a profile is found, and how a typed query becomes a search.

One index serves search, filters, exact look-ups and, later, blocking: what is erased with
the terms is erased everywhere.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import attrs

from profilecore.errors import PluginError
from profilecore.model.enums import State
from profilecore.model.fields import evolve
from profilecore.model.profile import Profile
from profilecore.normalise.contact import country_code, digits, email
from profilecore.normalise.text import compact, fold, label, western_digits
from profilecore.store.port import Line, Terms
from profilecore.values import frozen

if TYPE_CHECKING:
    from hashlib import blake2b

MAX_WORD = 64
MAX_TYPED = 20  # words of a query that are looked for
_MAX_ADDRESS = 320

_DIGIT = re.compile("[0-9]")
_TAKEN_FOR_A_NUMBER = re.compile(r"[\d@＠]")
_INT64 = struct.Struct("<q")

# (sort, value) pairs that a plugin adds for a profile.
TermSource = Callable[[Profile], Iterable[tuple[str, str]]]


@lru_cache(maxsize=16)
def _keyed(salt: bytes) -> blake2b:
    """Give the hash that the salt has gone into, to copy: twice as fast as to begin anew."""
    from hashlib import blake2b

    return blake2b(digest_size=8, key=salt)


@frozen
class TermMaker:
    """Makes terms under a store's salt.  Picklable where its sources are."""

    salt: bytes = attrs.field(repr=False)
    sources: tuple[TermSource, ...] = ()

    def key(self, sort: str, value: str) -> int:
        """Hash a value of a sort (``email``, ``tag``, ...) to a signed 64-bit key."""
        state = _keyed(self.salt).copy()
        state.update(f"{sort}:{value}".encode())
        key: int = _INT64.unpack(state.digest())[0]
        return key

    def of(self, profile: Profile) -> Terms:
        """Give all terms of a profile: none but its state once it is merged away or cleared."""
        if profile.state is not State.ACTIVE:
            return Terms(keys=(self.key("state", profile.state.value),))
        values = _exact_values(profile)
        for source in self.sources:
            try:
                values += source(profile)
            except Exception as error:
                name = getattr(source, "__module__", type(source).__name__)
                raise PluginError(name, "a term source", type(error).__name__) from error
        return Terms(self._keys(values), lines_of(profile))

    def _keys(self, values: Iterable[tuple[str, str]]) -> tuple[int, ...]:
        """Give the keys of many values, distinct and in order."""
        fresh = _keyed(self.salt).copy
        digests = []
        for sort, value in values:
            state = fresh()
            state.update(f"{sort}:{value}".encode())
            digests.append(state.digest())
        return tuple(sorted({key for (key,) in _INT64.iter_unpack(b"".join(digests))}))

    def external(self, system: str, value: str) -> int:
        """Give the key of an external id."""
        return self.key("external", f"{system}:{value}")


def _exact_values(profile: Profile) -> list[tuple[str, str]]:
    values = [("email", email.value) for email in profile.emails]
    values += [("phone", phone.value) for phone in profile.phones]
    values += [("document", compact(d.number)) for d in profile.documents if d.number]
    values += [("document", compact(tax_id.value)) for tax_id in profile.tax_ids]
    values += [("external", external.key) for external in profile.external_ids]
    values += [("tag", label(tag)) for tag in profile.tags]
    values += [("class", classification.value) for classification in profile.classifications]
    values += [("related", edge.profile_id) for edge in profile.relationships]
    if profile.category:
        values.append(("category", label(profile.category)))
    if profile.marketing_source:
        values.append(("source", label(profile.marketing_source)))
    return values


def lines_of(profile: Profile) -> tuple[Line, ...]:
    """Give the lines of a profile: its own name with its contacts and numbers, then others."""
    names = [name for name in profile.own_name if name]
    text = own = " ".join([fold(name) for name in names])
    if profile.company_name:
        names.append(profile.company_name)
        if company := fold(profile.company_name):
            text = f"{own} {company}"
    words = _name_words(text, names)
    # Their own range of words: else each search for a name would go through addresses too.
    if profile.emails:
        words += [f"@{email.value}"[:MAX_WORD] for email in profile.emails]
    for phone in profile.phones:
        words += _phone_words(phone.value)
    for document in profile.documents:
        words += _number_words(document.number)
    for tax_id in profile.tax_ids:
        words += _number_words(tax_id.value)
    line = Line(text, tuple(dict.fromkeys(words)))
    if not profile.alternate_names:
        return (line,)
    lines = [line]
    for name in profile.alternate_names:
        names = [word for word in name.words if word]
        other = " ".join([fold(word) for word in names])
        if other and other != own:
            lines.append(Line(other, tuple(dict.fromkeys(_name_words(other, names)))))
    return tuple(lines)


def _name_words(text: str, names: Sequence[str]) -> list[str]:
    """Give the words of a text folded from names, and what a query makes of their numbers."""
    words = text.split()
    if len(text) > MAX_WORD:
        words = [word[:MAX_WORD] for word in words]
    raw = "".join(names)
    # Nearly all names are letters, and nearly all others have neither digits nor an @.
    if raw.isalpha() or raw.replace(" ", "").isalpha():
        return words
    if "@" in raw or "＠" in raw or not text.replace(" ", "").isalpha():
        for name in filter(_TAKEN_FOR_A_NUMBER.search, names):
            _, numbers = _names_and_numbers(_plain(name))
            words += [number[:MAX_WORD] for number in numbers]
    return words


def _phone_words(e164: str) -> list[str]:
    """A number is typed with its country code, or without it and with or without a zero."""
    number = e164.lstrip("+")
    code = country_code(number)
    return [number] if code is None else [number, number[len(code) :].lstrip("0")]


def _number_words(number: str | None) -> list[str]:
    if not number:
        return []
    plain = compact(number)[:MAX_WORD]
    return [plain, plain.lstrip("0")] if plain.isdecimal() and plain[0] == "0" else [plain]


@frozen
class Typed:
    """A query as typed, taken apart.

    The store goes through the words that ``word`` begins; all ``names`` must begin words of one
    text; ``others`` must begin any words.  ``rivals``, if any, are the words of which each can
    lead, ``word`` among them: they find the same profiles, each in an order of its own.
    ``addresses`` are those typed that are longer than a word: each must begin one of the profile.
    """

    word: str | None
    names: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    def led_by(self, rival: str | None) -> Typed:
        """Give the same query with another of its rivals in the lead."""
        return self if rival == self.word else evolve(self, word=rival)

    def may_be_first(self, word: str, text: str) -> bool:
        """Tell by its text alone whether a row can be the first; :meth:`first_row` decides."""
        lead = self.word
        return not lead or all(w >= word for w in text.split() if w.startswith(lead))

    def accepts(self, lines: Sequence[Line]) -> bool:
        """Tell whether every typed word begins some word of the profile."""
        words = {word for line in lines for word in line.words}
        wanted = (self.word, *self.names, *self.others)
        return all(any(w.startswith(want) for w in words) for want in wanted if want)

    def finds(self, profile: Profile, word: str, text: str) -> bool:
        """Tell whether a profile is shown by this one of its rows that fit: by the first."""
        if self._only_names(profile, text):
            return self.may_be_first(word, text)
        lines = lines_of(profile)
        if self.first_row(lines) != (word, text):
            return False
        if self.others and not self.accepts(lines):
            return False
        return all(
            any(f"@{email.value}".startswith(address) for email in profile.emails)
            for address in self.addresses
        )

    def _only_names(self, profile: Profile, text: str) -> bool:
        """Tell, without making its lines, that no row but those of its one name can fit."""
        lead = self.word
        if not lead or not lead.isalpha() or self.others or profile.alternate_names:
            return False
        if not text.replace(" ", "").isalpha():
            return False  # a word made of a name's numbers may begin so too
        numbers = [document.number for document in profile.documents if document.number]
        numbers += [tax_id.value for tax_id in profile.tax_ids]
        return not any(compact(number).startswith(lead) for number in numbers)

    def first_row(self, lines: Sequence[Line]) -> tuple[str, str] | None:
        """Give the first (word, text) row by which the store finds the profile."""
        rows = (
            (word, line.text)
            for line in lines
            for word in line.words
            if self.word
            and word.startswith(self.word)
            and all(f" {name}" in f" {line.text}" for name in self.names)
        )
        return min(rows, default=None)


def readings(text: str) -> tuple[Typed, ...]:
    """Give the ways in which a typed query can be meant, the likeliest first.

    ``ana.garc`` is a name typed with a dot, or the beginning of an e-mail address; and so is
    whatever stands alone.  What has digits can be one number typed in parts, or names alone.
    """
    text = _plain(text)
    tokens = text.split()
    ways = [parse(text)]
    if any(_may_begin_an_address(token, alone=len(tokens) == 1) for token in tokens):
        ways.append(parse(text, addresses=True))
    if "@" in text:
        if not text.isascii() and text.casefold() != text.lower():
            ways.append(parse(text.casefold()))  # as addresses were stored once
    elif _DIGIT.search(text):
        ways += _typed([], [compact(text)]), _typed(fold(text).split(), [])
        ways = list(dict.fromkeys(ways))
    return tuple(ways)


def _may_begin_an_address(token: str, *, alone: bool) -> bool:
    if "@" in token:
        return False
    return alone or (not token.isalnum() and any(c.isalpha() for c in token))


def parse(text: str, *, addresses: bool = False) -> Typed:
    """Take a typed query apart.

    Names come in any order; digits typed with blanks or signs are joined; a word with ``@`` is
    an e-mail address; letters mixed with digits are a document number.  A number or address
    leads before a name, and a long word before a short one, unless a rival proves rarer.
    Of many words the longest are looked for.
    With ``addresses``, words joined by signs and words alone are beginnings of e-mail addresses.
    """
    return _typed(*_names_and_numbers(_plain(text), addresses=addresses))


def _plain(text: str) -> str:
    return text if text.isascii() else western_digits(text).replace("＠", "@")


def _names_and_numbers(text: str, *, addresses: bool = False) -> tuple[list[str], list[str]]:
    """Part a plain text into names, and numbers and addresses, both in their order."""
    names: list[str] = []
    numbers: list[str] = []
    run = ""
    tokens = text.split()
    for token in tokens:
        if "@" in token or (addresses and _may_begin_an_address(token, alone=len(tokens) == 1)):
            numbers.append(f"@{_address(token)}")
        elif not any(c.isalpha() for c in token):
            run += digits(token)
            continue
        elif _DIGIT.search(token):
            numbers.append(compact(token))
        else:
            names += fold(token).split()
        if run:
            numbers.append(run)
            run = ""
    if run:
        numbers.append(run)
    numbers = [n.lstrip("0") if n.isdecimal() else n for n in numbers]
    return names, [n for n in numbers if n]


def _address(token: str) -> str:
    """Give an address as profiles hold it, or what begins one."""
    small = token.lower()
    if (small.isascii() and "xn--" not in small) or len(small) > _MAX_ADDRESS:
        return small
    try:
        return email(token)
    except ValueError:
        return unicodedata.normalize("NFC", small)


def _typed(names: Iterable[str], numbers: Iterable[str]) -> Typed:
    longest = sorted(numbers, key=len, reverse=True)[:MAX_TYPED]
    cut = [number[:MAX_WORD] for number in longest]
    words = sorted((n[:MAX_WORD] for n in dict.fromkeys(names)), key=len, reverse=True)
    words = words[:MAX_TYPED]
    if cut:
        whole = tuple(n for n in longest if n[0] == "@" and len(n) > MAX_WORD)
        return Typed(cut[0], tuple(words), tuple(cut[1:]), addresses=whole)
    if len(words) > 1:
        return Typed(words[0], tuple(words), rivals=tuple(words))
    return Typed(words[0] if words else None)
