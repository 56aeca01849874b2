"""The names that an expression may use: what each reads, and with what it may be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from enum import Enum
from typing import Any

from profilecore.model import enums
from profilecore.normalise.text import fold, label
from profilecore.values import frozen


class Sort(Enum):
    """What the values of a name are, and so with what they compare."""

    TEXT = "a text"
    CHOICE = "one of its words"
    COUNTRY = "a country"
    LANGUAGE = "a language"
    NUMBER = "a number"
    DAY = "a day"
    ANY = "any value"
    THING = "nothing: it is empty or not"

    @property
    def is_ordered(self) -> bool:
        """Tell whether values lie below and above each other."""
        return self in (Sort.NUMBER, Sort.DAY, Sort.ANY)


class Origin(Enum):
    """Where the values of a name are read."""

    PROFILE = "profile"
    STAYS = "stays"
    LOYALTY = "loyalty"


@frozen
class Name:
    """A name as it is printed, and where its values are.

    ``path`` leads through the plain JSON of the profile, through ``stays`` or through
    memberships.  ``default`` is meant where a profile holds nothing, for what is stored is only
    what differs from it.  ``key`` is the sort of the engine's own keys that has the values.
    """

    name: str
    sort: Sort
    path: tuple[str, ...]
    origin: Origin = Origin.PROFILE
    choices: tuple[str, ...] = ()
    key: str | None = None
    default: str | None = None

    @property
    def field(self) -> str | None:
        """The field of the profile that has to be read, if one has."""
        return self.path[0] if self.origin is Origin.PROFILE else None

    def form(self, text: str) -> str:
        """Give the form in which a text of this name compares, in the index and in reading alike.

        Signs tell two names apart that the chain made up, and two texts that are nothing else.
        """
        return label(text) if self.name in _MADE_UP else fold(text) or label(text)


def _words(kind: type[Enum]) -> tuple[str, ...]:
    return tuple(str(each.value) for each in kind)


def _choice(name: str, path: str, kind: type[Enum], key: str | None = None) -> Name:
    return Name(name, Sort.CHOICE, tuple(path.split(".")), choices=_words(kind), key=key)


def _plain(sort: Sort, *names: str) -> Iterator[Name]:
    """Names with the path behind a colon, where it is another than the name."""
    for given in names:
        name, _, path = given.partition(":")
        yield Name(name, sort, tuple((path or name).split(".")))


def _of(origin: Origin, sort: Sort, *names: str) -> Iterator[Name]:
    for name in names:
        yield Name(f"{origin.value}.{name}", sort, (name,), origin)


_NAMES = (
    Name("tag", Sort.TEXT, ("tags",), key="tag"),
    Name("category", Sort.TEXT, ("category",), key="category"),
    Name("source", Sort.TEXT, ("marketing_source",), key="source"),
    _choice("class", "classifications", enums.Classification, key="class"),
    Name(
        "type", Sort.CHOICE, ("profile_type",), choices=_words(enums.ProfileType),
        default=enums.ProfileType.GUEST.value,
    ),
    _choice("sex", "sex", enums.Sex),
    _choice("title", "title", enums.Title),
    _choice("restriction", "restrictions.kind", enums.RestrictionKind),
    *_plain(
        Sort.COUNTRY, "nationality:nationalities", "residence:country_of_residence",
        "birth_country", "country:addresses.country",
    ),
    *_plain(Sort.LANGUAGE, "language:languages"),
    *_plain(
        Sort.TEXT, "first_name", "middle_name", "last_name", "second_last_name", "birth_place",
        "occupation", "company:company_name", "company_id", "city:addresses.city",
        "property:property_id", "external:external_ids.system",
    ),
    *_plain(Sort.DAY, "birth_date", "created:created_at", "updated:updated_at"),
    *_plain(
        Sort.THING, "email:emails", "phone:phones", "address:addresses", "document:documents",
        "note:notes", "relationship:relationships",
    ),
    *_of(Origin.STAYS, Sort.NUMBER, "count", "nights", "revenue"),
    *_of(Origin.STAYS, Sort.DAY, "first", "last", "next"),
    *_of(Origin.STAYS, Sort.TEXT, "property", "source", "channel"),
)  # fmt: skip
_MEMBERSHIP = {
    "programme": Sort.TEXT, "tier": Sort.TEXT, "state": Sort.TEXT, "points": Sort.NUMBER,
}  # fmt: skip
_ALSO = {
    "tags": "tag", "classification": "class", "classifications": "class",
    "marketing_source": "source", "nationalities": "nationality",
    "country_of_residence": "residence", "languages": "language", "profile_type": "type",
    "company_name": "company", "property_id": "property", "created_at": "created",
    "updated_at": "updated", "emails": "email", "phones": "phone", "addresses": "address",
    "documents": "document", "notes": "note", "relationships": "relationship",
    "restrictions": "restriction", "external_ids": "external", "first_stay": "stays.first",
    "last_stay": "stays.last", "next_stay": "stays.next",
}  # fmt: skip
_BY_NAME = {each.name: each for each in _NAMES}
_MADE_UP = frozenset({"tag", "category", "source", "stays.source"})
# The parts of these are the host's and the plugins' own, in the case in which they are written.
_OPEN = ("custom", "facets")


def named(given: str) -> Name | None:
    """Find a name; ``None`` if there is no such.

    ``facets.<plugin>.<field>`` and ``custom.<field>`` are of any value, at any depth;
    ``loyalty.tier`` is of any membership, ``loyalty.<programme>.tier`` of one programme.
    """
    head, *rest = given.split(".")
    head = head.lower()
    if head in _OPEN and len(rest) > (head == "facets") and all(rest):
        return Name(".".join((head, *rest)), Sort.ANY, (head, *rest))
    if head == "loyalty" and rest:
        return _membership(rest)
    plain = given.lower()
    return _BY_NAME.get(_ALSO.get(plain, plain))


def _membership(rest: list[str]) -> Name | None:
    *programme, attribute = *rest[:-1], rest[-1].lower()
    sort = _MEMBERSHIP.get(attribute)
    if sort is None:
        return None
    # The code of a programme may have dots itself.
    path = (".".join(programme), attribute) if programme else (attribute,)
    return Name(".".join(("loyalty", *path)), sort, path, Origin.LOYALTY)


def known_names() -> list[str]:
    """List the names there are, without those of plugins and of the host."""
    return sorted([*_BY_NAME, *(f"loyalty.{attribute}" for attribute in _MEMBERSHIP)])


def nearest(given: str, known: Iterable[str]) -> str | None:
    """Give the known word that comes nearest to one that is not known, if any is near."""
    found = get_close_matches(given[:64].lower(), list(known), n=1)
    return found[0] if found else None


def nearest_name(given: str) -> str | None:
    """Give the name that was probably meant."""
    meant = nearest(given, [*known_names(), *_ALSO])
    return None if meant is None else _ALSO.get(meant, meant)


def of_path(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Yield what a path leads to in plain JSON: into objects by name, into every item of a list."""
    if isinstance(value, list):
        for item in value:
            yield from of_path(item, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, dict):
        yield from of_path(value.get(path[0]), path[1:])
