"""Gather flat values, each with its target, into the nested values of one profile."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import attrs

from profilecore.cli import words
from profilecore.cli.addresses import WHOLE, address, comma
from profilecore.cli.targets import KINDS, QUALIFIERS, Target
from profilecore.errors import InvalidProfile, Problem

# Attributes of the model that a short form gives in this order, separated by colons.
_SHORT = {
    "documents": ("type", "country", "number", "expires_on"),
    "preferences": ("group", "code", "value"),
    "restrictions": ("kind", "reason_code", "text"),
    "relationships": ("type", "profile_id"),
    "consents": ("purpose", "status", "channel"),
}
_JOINED = ("street", "line1", "line2", "text")
DATES = ("birth_date", "expires_on", "issued_on", "until")
# What the column of a number says of its document; one that says the type outright goes before.
LIKELY_TYPE = "likely type"


@attrs.define
class Gathering:
    """The values of one profile in the making.

    ``source`` is the system of its own external id; ``region`` the country of a state that
    comes without one.  With ``stable_notes`` the same note gathered again has the same id, so
    that an import does not add it twice.
    """

    source: str | None = None
    region: str | None = None
    stable_notes: bool = False
    _values: dict[str, Any] = attrs.field(factory=dict)
    _lists: dict[str, list[Any]] = attrs.field(factory=dict)
    _items: dict[tuple[str, int], dict[str, str]] = attrs.field(factory=dict)
    _divided: set[int] = attrs.field(factory=set)
    _full_names: list[str] = attrs.field(factory=list)
    _nicknames: list[str] = attrs.field(factory=list)
    _prefixes: list[str] = attrs.field(factory=list)
    problems: list[Problem] = attrs.field(factory=list)

    def expect(self, target: Target) -> None:
        """Note that such a value may come, even if it is empty this time."""
        if target.field == "addresses" and target.part in ("city", "postal_code"):
            self._divided.add(target.index or 0)

    def add(self, target: Target, value: str) -> None:
        """Add a value as people write it."""
        self.expect(target)
        try:
            self._add(target, value.strip())
        except ValueError as error:
            self.refuse(target, "invalid-value", str(error))

    def refuse(self, target: Target, code: str, message: str) -> None:
        """Note what is wrong with a value that was meant for a target."""
        where = f"/{target.field}" + (f"/{target.part}" if target.part else "")
        self.problems.append(Problem(where, code, message))

    def take(self, field: str, value: Any) -> None:
        """Take a value that is in the form of the model already."""
        if KINDS.get(field) is dict:
            if isinstance(value, Mapping):
                self._values.setdefault(field, {}).update(value)
            elif value is not None:
                self.refuse(Target(field), "wrong-type", "must be an object")
        elif field in KINDS and isinstance(value, list | tuple):
            self._lists.setdefault(field, []).extend(value)
        elif field in KINDS and isinstance(value, Mapping):
            self._lists.setdefault(field, []).append(value)
        else:
            self._values[field] = value

    def _add(self, target: Target, value: str) -> None:
        field, part = target.field, target.part
        kind = KINDS.get(field)
        if field == "full_name":
            self._full_names.append(value)
        elif field == "nickname":
            self._nicknames.append(value)
        elif kind is None:
            self._add_single(field, value)
        elif kind is dict:
            if part is None:
                raise ValueError(f"needs a name, as in {field}.name")
            self._values.setdefault(field, {})[part] = value
        elif field == "external_ids":
            self._add_external(target, value)
        elif part in QUALIFIERS.get(field, {}):
            name, word = QUALIFIERS[field][part]
            self._append(field, [{"value": v, name: word} for v in _split(value)])
        elif part is not None:
            self._set_part(target, part, value)
        elif field == "addresses":
            self._set_part(target, WHOLE, value)
        elif field == "notes":
            self._append(field, [{"text": value}])
        else:
            self._append(field, [_item(field, kind, v) for v in _split(value)])

    def _add_single(self, field: str, value: str) -> None:
        if field == "title":
            title, prefix = words.title(value)
            if prefix is not None:
                self._prefixes.append(prefix)
            if title is not None:
                self._put("title", title)
            return
        if field == "sex":
            value = words.sex(value)
        elif field in DATES:
            value = words.day(value)
        self._put(field, value)

    def _put(self, field: str, value: str) -> None:
        if self._values.setdefault(field, value) != value:
            raise ValueError("is given twice, and differently")

    def _add_external(self, target: Target, value: str) -> None:
        system = target.part or self.source
        if system is None:
            system, colon, value = value.partition(":")
            if not colon:
                raise ValueError("must be SYSTEM:VALUE")
        self._append("external_ids", [{"system": system, "value": value}])

    def _append(self, field: str, items: list[Any]) -> None:
        if items:
            self._lists.setdefault(field, []).extend(items)

    def _set_part(self, target: Target, part: str, value: str) -> None:
        if part in DATES:
            value = words.day(value)
        parts = self._items.setdefault((target.field, target.index or 0), {})
        if part in parts and part in _JOINED:
            parts[part] += f", {value}"
        elif parts.setdefault(part, value) != value:
            raise ValueError("is given twice, and differently")

    def finish(self) -> dict[str, Any]:
        """Give the values in the nested form of the model.

        :raises InvalidProfile: with every problem of the cells.
        """
        self._second_line()
        for (field, index), parts in sorted(self._items.items()):
            if field == "addresses":
                made = address(parts, index in self._divided, self.region)
                if made.keys() == {"country"}:
                    self._values.setdefault("country_of_residence", made["country"])
                    continue
                self._append(field, [made])
            elif field == "documents":
                if not parts.keys() & {"number", "type"}:
                    continue  # a country or a date alone is no document
                likely = parts.pop(LIKELY_TYPE, "other")
                kind = words.document_type(parts.get("type", likely))
                self._append(field, [{**parts, "type": kind}])
            else:
                self._append(field, [dict(parts)])
        self._finish_names()
        if self.stable_notes:
            self._lists = {
                name: [self._stable(note) for note in items] if name == "notes" else items
                for name, items in self._lists.items()
            }
        if self.problems:
            raise InvalidProfile(self.problems)
        return self._values | self._lists

    def _second_line(self) -> None:
        """Beside a divided address an undivided second one is its second line."""
        second = self._items.get(("addresses", 1))
        if 0 in self._divided and 1 not in self._divided and second and second.keys() == {WHOLE}:
            del self._items["addresses", 1]
            first = self._items.setdefault(("addresses", 0), {})
            first["line2"] = comma(second[WHOLE], first.get("line2"))

    def _finish_names(self) -> None:
        values = self._values
        own = values.get("name_prefix")
        if self._prefixes and (own is None or isinstance(own, str)):
            words_before = (own, *(prefix for prefix in self._prefixes if prefix != own))
            values["name_prefix"] = " ".join(filter(None, words_before))
        # The fullest first: it gives the parts, and the others stand beside it.
        for full in sorted(self._full_names, key=lambda name: -len(name.split())):
            first, last = self._name("first_name"), self._name("last_name")
            if first and last:
                self._beside(full)
                continue
            name = words.part_beside(full, first, last)
            for field, value in (
                ("first_name", name.first),
                ("last_name", name.last),
                ("name_suffix", name.suffix),
                ("title", name.title),
                ("name_prefix", name.prefix),
            ):
                if value is not None:
                    values.setdefault(field, value)
        for nickname in self._nicknames:
            other = {"type": "nickname", "first_name": nickname}
            if last := self._name("last_name"):
                # So that the nickname and the surname are found together.
                other["last_name"] = last
            self._append("alternate_names", [other])

    def _name(self, field: str) -> str | None:
        """Give a part of the name; one that is no text is refused by the model."""
        value = self._values.get(field)
        return value if isinstance(value, str) else None

    def _beside(self, full: str) -> None:
        names = ("first_name", "middle_name", "last_name", "second_last_name")
        known = tuple(map(self._name, names))
        if not words.says_more(full, known, self._name("name_suffix")):
            return
        name = words.part_name(full)
        other = {"first_name": name.first, "last_name": name.last}
        self._append("alternate_names", [{k: v for k, v in other.items() if v}])

    def _stable(self, note: Any) -> Any:
        given = {"text": note} if isinstance(note, str) else note
        if not isinstance(given, Mapping) or given.get("id"):
            return given
        content = f"{self.source}\n{given.get('text')}"
        if (property_id := given.get("property_id")) is not None:
            content += f"\0{property_id}"  # no text has that character
        digest = hashlib.blake2b(content.encode(), digest_size=16)
        return {**given, "id": digest.hexdigest()}


def _item(field: str, kind: type, value: str) -> Any:
    if not attrs.has(kind):
        return value
    if field == "tax_ids":
        country, colon, number = value.partition(":")
        return {"value": number, "country": country} if colon else {"value": value}
    names = _SHORT.get(field)
    if names is None:
        return value
    given = value.split(":")
    if field == "documents" and len(given) == 1:
        return {"type": "other", "number": value}
    if len(given) > len(names):
        raise ValueError(f"must be {':'.join(names)}")
    made = {name: part for name, part in zip(names, given, strict=False) if part}
    if field == "documents" and "type" in made:
        made["type"] = words.document_type(made["type"])
    return made


def _split(value: str) -> list[str]:
    return [part for piece in value.split(";") if (part := piece.strip())]
