"""What ``field=value`` on the command line means for a new profile and for a change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import msgspec

from profilecore.cli import words
from profilecore.cli.addresses import WHOLE, changed
from profilecore.cli.gathering import DATES, Gathering
from profilecore.cli.targets import KINDS, QUALIFIERS, Target, of_column, parse
from profilecore.errors import InvalidProfile, Problem
from profilecore.model.profile import Profile
from profilecore.rules.survivorship import item_key, primary_of

# Where JSON begins so, a list or an object was meant: no text that people write does.
_MEANT = re.compile(r'[\[{]\s*["\[{]')
_ASSIGNMENT = re.compile(r"([^=]+?)([+-])?=(.*)", re.DOTALL)


@attrs.frozen
class Assignment:
    """One ``field=value``; ``sign`` is ``+`` to add an item, ``-`` to remove one."""

    target: Target
    sign: str
    value: Any = attrs.field(repr=False)

    @property
    def is_plain(self) -> bool:
        """Tell whether the value is as people write it, not JSON."""
        return isinstance(self.value, str)


def read(texts: Iterable[str], *, json_values: bool) -> list[Assignment]:
    """Read assignments.

    :raises ValueError: for a text that is none, or JSON that is broken.
    :raises InvalidProfile: naming every field that a profile does not have.
    """
    read: list[Assignment] = []
    problems: list[Problem] = []
    for number, text in enumerate(texts, 1):
        match = _ASSIGNMENT.fullmatch(text)
        if match is None:
            raise ValueError(f"argument {number} is no field=value")
        name, sign, value = match.groups()
        try:
            target = _target(name)
        except ValueError as error:
            path = "/" + re.sub(r"[.:]", "/", name)
            problems.append(Problem(path, "unknown-field", str(error)))
            continue
        if value and (json_values or value[0] in "{["):
            try:
                value = msgspec.json.decode(value)
            except (ValueError, RecursionError):
                if json_values or _MEANT.match(value):
                    raise ValueError(f"the value of {name} is no JSON") from None
        read.append(Assignment(target, sign or "", value))
    if problems:
        raise InvalidProfile(problems)
    return read


def _target(name: str) -> Target:
    """Read the name of a field or a part; what columns are called is taken for whole fields."""
    if re.search("[.:]", name):
        return parse(name)
    return of_column(name) or parse(name)


def new_values(
    assignments: Iterable[Assignment], source: str | None, region: str | None
) -> dict[str, Any]:
    """Give the values of a new profile.

    :raises ValueError: for a sign that means nothing here.
    :raises InvalidProfile: with every problem of the values.
    """
    gathering = Gathering(source, region)
    for one in assignments:
        if one.sign == "-":
            raise ValueError("a new profile has nothing to remove")
        _gather(gathering, one)
    return gathering.finish()


def _gather(gathering: Gathering, one: Assignment) -> None:
    if not one.is_plain:
        gathering.take(one.target.field, _at_part(one.target, one.value))
    elif one.value.strip():
        gathering.add(one.target, one.value)


def _at_part(target: Target, value: Any) -> Any:
    if target.part is None:
        return value
    return {target.part: value}


def changes(
    assignments: Iterable[Assignment], profile: Profile, source: str | None, region: str | None
) -> dict[str, Any]:
    """Give the changes of a profile as ``engine.update`` takes them.

    A whole collection is replaced; with a sign items are added or removed; a part of an item is
    changed in the item, which is the primary one unless its number is given.

    :raises ValueError: if one collection is both replaced and patched.
    :raises InvalidProfile: with every problem of the values.
    """
    return _Changes(profile, source, region).of(list(assignments))


@attrs.define
class _Changes:
    profile: Profile
    source: str | None
    region: str | None
    _whole: list[Assignment] = attrs.field(factory=list)
    _patches: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    _made: dict[str, Any] = attrs.field(factory=dict)
    _last_name: Any = None

    def of(self, assignments: list[Assignment]) -> dict[str, Any]:
        names = [one.value for one in assignments if one.target.field == "last_name"]
        self._last_name = next(iter(names), None) or self.profile.last_name
        parts: dict[tuple[str, int | None], list[Assignment]] = {}
        for one in assignments:
            target = one.target
            if KINDS.get(target.field) is dict:
                self._custom(one)
            elif one.sign:
                self._patch(one)
            elif self._qualifies(target):
                self._replace_kind(one)
            elif target.field in KINDS and (target.part, target.index) != (None, None):
                parts.setdefault((target.field, target.index), []).append(one)
            else:
                self._whole.append(one)
        for (field, index), some in parts.items():
            self._change_item(field, index, some)
        self._replace()
        return self._made | {name: self._clean(p) for name, p in self._patches.items()}

    def _replace(self) -> None:
        filled = [one for one in self._whole if one.value not in ("", None)]
        gathering = self._gathering()
        for one in filled:
            _gather(gathering, one)
        whole = gathering.finish()
        named = {one.target.field for one in self._whole}
        if "alternate_names" in whole and "alternate_names" not in named:
            # An undivided name that differs stands beside the other names.
            self._patch_of("alternate_names")["add"] += whole.pop("alternate_names")
        for field in named - whole.keys() - {"full_name"}:
            whole[field] = None
        twice = whole.keys() & self._patches.keys()
        if twice:
            raise ValueError(f"{', '.join(sorted(twice))}: replace it, or add and remove; not both")
        self._made |= whole

    def _custom(self, one: Assignment) -> None:
        values: dict[str, Any] = self._made.setdefault(one.target.field, {})
        if one.target.part is not None:
            values[one.target.part] = None if one.value == "" else one.value
        elif isinstance(one.value, Mapping):
            values.update(one.value)
        else:
            raise ValueError(f"{one.target.field} needs a name, as in {one.target.field}.name=")

    def _qualifies(self, target: Target) -> bool:
        """Tell whether a target means the items of one kind: the fax, the id of one system."""
        if target.field == "nickname":
            return True
        if target.field == "external_ids":
            return target.part is not None or self.source is not None
        return target.part in QUALIFIERS.get(target.field, {})

    def _replace_kind(self, one: Assignment) -> None:
        field, part = one.target.field, one.target.part
        if field == "external_ids":
            name, word = "system", part or self.source
        elif field == "nickname":
            field, name, word = "alternate_names", "type", "nickname"
        else:
            name, word = QUALIFIERS[field][part or ""]
        patch = self._patch_of(field)
        for item in getattr(self.profile, field):
            kind = getattr(item, name)
            if getattr(kind, "value", kind) == word:
                patch["remove"].append(str(item_key(item)))
        if one.value not in ("", None):
            patch["add"] += self._items(one)

    def _patch(self, one: Assignment) -> None:
        field = "alternate_names" if one.target.field == "nickname" else one.target.field
        if field not in KINDS:
            raise ValueError(f"{field} holds one value; set it with {field}=")
        if one.sign == "+":
            self._patch_of(field)["add"] += self._items(one)
        elif not isinstance(one.value, str | int):
            raise ValueError(f"{field}-= needs the key or the value of an item")
        else:
            wanted = str(one.value).strip()
            self._patch_of(field)["remove"].append(self._key_of(field, wanted))

    def _items(self, one: Assignment) -> list[Any]:
        field = one.target.field
        gathering = self._gathering()
        if field == "nickname":
            if not one.is_plain:
                raise ValueError("nickname takes a name; give others as alternate_names")
            gathering.take("last_name", self._last_name)
            field = "alternate_names"
        _gather(gathering, one)
        items = gathering.finish().get(field, [])
        if not isinstance(items, list):
            raise ValueError(f"{field} needs an item as text or an object, or a list of them")
        return items

    def _key_of(self, field: str, wanted: str) -> str:
        """Find the key of an item that a person names by its key or by its value."""
        for item in getattr(self.profile, field):
            key = str(item_key(item))
            names = [key, *(getattr(item, a, None) for a in ("value", "raw", "number", "code"))]
            if wanted.casefold() in (str(n).casefold() for n in names if n is not None):
                return key
        return wanted

    def _change_item(self, field: str, index: int | None, some: list[Assignment]) -> None:
        items = getattr(self.profile, field)
        if index is None:
            item = primary_of(items) if field in _MARKED else next(iter(items), None)
        else:
            item = items[index] if index < len(items) else None
        plain = {one.target.part or WHOLE: one.value for one in some}
        if item is None:
            gathering = self._gathering()
            for one in some:
                _gather(gathering, one)
            self._patch_of(field)["add"] += gathering.finish().get(field, ())
            return
        if plain in ({WHOLE: ""}, {WHOLE: None}):
            self._patch_of(field)["remove"].append(str(item_key(item)))
            return
        values = self._parts(field, item, plain)
        self._patch_of(field)["change"].setdefault(str(item_key(item)), {}).update(values)

    def _parts(self, field: str, item: Any, given: dict[str, Any]) -> dict[str, Any]:
        """Give the attributes to change in an item, from its parts as people write them."""
        if isinstance(given.get(WHOLE), Mapping):
            given = {name: v for name, v in given.items() if name != WHOLE} | given[WHOLE]
        if field == "addresses":
            try:
                return changed(item, given, self.region)
            except ValueError as error:
                raise InvalidProfile([Problem("/addresses", "invalid-value", str(error))]) from None
        if WHOLE in given and not given[WHOLE]:
            raise ValueError(f"{field}: remove the item, or change it; not both")
        empty: dict[str, Any] = {name: None for name, value in given.items() if value == ""}
        ready = {name: value for name, value in given.items() if not isinstance(value, str)}
        if WHOLE in ready:
            raise ValueError(f"{field}: an item is text or an object")
        filled = {n: v for n, v in given.items() if isinstance(v, str) and v.strip()}
        if not filled:
            return empty | ready
        return empty | ready | self._item_parts(field, filled)

    def _item_parts(self, field: str, filled: dict[str, str]) -> dict[str, Any]:
        gathering = self._gathering()
        for part, value in filled.items():
            gathering.add(Target(field, 0, None if part == WHOLE else part), value)
        made: Any = next(iter(gathering.finish().get(field, ())), None)
        if made is None:  # of a document only a country or a date, which alone is none
            return {k: words.day(v) if k in DATES else v for k, v in filled.items()}
        if not isinstance(made, dict):
            return {"value": made}
        if field == "documents" and "type" not in filled and WHOLE not in filled:
            del made["type"]
        return made

    def _patch_of(self, field: str) -> dict[str, Any]:
        return self._patches.setdefault(field, {"add": [], "remove": [], "change": {}})

    def _clean(self, patch: dict[str, Any]) -> dict[str, Any]:
        return {name: part for name, part in patch.items() if part}

    def _gathering(self) -> Gathering:
        return Gathering(self.source, self.region)


_MARKED = frozenset({"emails", "phones", "addresses", "documents"})
