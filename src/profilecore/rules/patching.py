"""Collections of a profile as a write leaves them: replaced, patched item by item, united."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from profilecore.errors import Problem
from profilecore.model.fields import evolve, fields_of
from profilecore.model.profile import APPEND_ONLY, Profile
from profilecore.model.reading import Reading
from profilecore.rules.occasion import Occasion, dated
from profilecore.rules.survivorship import (
    is_checked,
    is_empty,
    item_key,
    one_primary,
    united,
)
from profilecore.rules.visibility import Actor, hidden_items

_PATCH = ("add", "remove", "change")
# What holds of one value alone, and has to be found out anew for another.
_CHECKS = frozenset({"verified", "verified_at", "validated", "latitude", "longitude"})


def read_patch(
    reading: Reading, name: str, patch: Mapping[str, Any], profile: Profile | None, actor: Actor
) -> dict[str, Any] | None:
    add, remove, changes = (patch.get(key) for key in _PATCH)
    if (
        profile is None
        or patch.keys() - set(_PATCH)
        or (name in APPEND_ONLY and patch.keys() - {"add"})
        or not isinstance(remove or (), list | tuple)
        or not isinstance(changes or {}, Mapping)
    ):
        message = "can only be added to" if name in APPEND_ONLY else "takes add, remove, change"
        reading.problems.append(Problem(f"/{name}", "invalid-patch", message))
        return None
    present = {_typed_key(item): item for item in _visible(profile, name, actor)}
    since = len(reading.problems)
    added = reading.fields(Profile, {name: add or ()}).get(name, ())
    for at in range(since, len(reading.problems)):
        fault = reading.problems[at]
        path = f"/{name}/add{fault.path.removeprefix(f'/{name}')}"
        reading.problems[at] = evolve(fault, path=path)
    gone: list[str] = []
    for number, given in enumerate(remove or ()):
        key = _typed_key(given)
        if key not in present:
            problem = Problem(f"/{name}/remove/{number}", "unknown-item", "has no such item")
            reading.problems.append(problem)
        gone.append(key)
    # The path has the number of the change: its key may be a person's address.
    changed = {
        key: _read_change(reading, name, f"{name}/change/{number}", present.get(key), values)
        for number, (key, values) in enumerate((changes or {}).items())
    }
    return {"add": added, "remove": gone, "change": changed}


def _read_change(reading: Reading, name: str, path: str, item: Any, values: Any) -> Any:
    if item is None:
        reading.problems.append(Problem(f"/{path}", "unknown-item", "has no such item"))
        return None
    if not attrs.has(type(item)) or not isinstance(values, Mapping):
        reading.problems.append(Problem(f"/{path}", "invalid-patch", "cannot be changed"))
        return None
    whole = attributes(item) | dict(values)
    if "value" in values and "raw" in whole:
        whole["raw"] = values.get("raw")  # what was typed for the old value
    since = len(reading.problems)
    read = reading.item(Profile, name, whole)
    if read is not None and item_key(read) != item_key(item):
        # What was checked is the old one.
        defaults = {a.name: a.default for a in fields_of(type(item))}
        read = evolve(read, **{n: defaults[n] for n in _CHECKS & defaults.keys() - values.keys()})
    for step in reversed(path.split("/")):
        reading.under(step, since)
    return read


def _typed_key(item: Any) -> str:
    """Give the key of an item as a caller writes it."""
    key = item_key(item)
    return str(getattr(key, "value", key))


def _visible(profile: Profile, name: str, actor: Actor) -> tuple[Any, ...]:
    hidden = hidden_items(profile, name, actor)
    return tuple(item for item in getattr(profile, name) if item not in hidden)


def collected(
    profile: Profile, name: str, value: Any, occasion: Occasion, unite: bool
) -> tuple[Any, ...]:
    old: tuple[Any, ...] = getattr(profile, name)
    if name in APPEND_ONLY:
        added = value["add"] if isinstance(value, dict) else value or ()
        known = {item_key(item) for item in old}
        fresh = [item for item in added if item_key(item) not in known]
        if unite:
            fresh = [item for item in fresh if not _said_before(item, old)]
        return old + tuple(dated(item, occasion) for item in fresh)
    visible = _visible(profile, name, occasion.actor)
    if isinstance(value, dict):
        return _patched(old, visible, value)
    if unite:
        items = {item_key(item): item for item in old}
        for item in value or ():
            key = item_key(item)
            items[key] = _told_again(items[key], item) if key in items else item
        return one_primary(tuple(items.values()))
    wanted = one_primary(value or ())
    return old if wanted == visible else hidden_items(profile, name, occasion.actor) + wanted


def _patched(
    old: tuple[Any, ...], visible: tuple[Any, ...], patch: Mapping[str, Any]
) -> tuple[Any, ...]:
    items: dict[Any, Any] = {}
    for item in old:
        key = _typed_key(item) if item in visible else None
        if key is None or key not in patch["remove"]:
            now = patch["change"].get(key, item)
            there = items.get(item_key(now))
            # Of two that have become one, what was said now counts.
            items[item_key(now)] = _told(now, there) if now is item else _told(there, now)
    for item in patch["add"]:
        items[item_key(item)] = _told(items.get(item_key(item)), item)
    return _with_primary(tuple(items.values()), (*patch["change"].values(), *patch["add"]))


def attributes(value: Any) -> dict[str, Any]:
    """Give the attributes of a part or facet, as they are."""
    return {a.name: getattr(value, a.name) for a in fields_of(type(value))}


def _told(old: Any, now: Any) -> Any:
    """Give an item as it is told now; what is not told stays as it was."""
    if old is None or now is None or not attrs.has(type(old)):
        return old if now is None else now
    told = {n: v for n, v in attributes(now).items() if not is_empty(v) and v is not False}
    return evolve(old, **told)


# What one profile knows of an item, whatever another row of its source says.
_OWN = frozenset({"primary", "first_seen", "raw"})


def _told_again(old: Any, now: Any) -> Any:
    """Give an item as a source tells it now: it takes nothing away, nor from what was checked."""
    if not attrs.has(type(old)) or now == old:
        return old
    if is_checked(old) and not is_checked(now):
        return united(old, now, leads=True)
    own = {n: v for n in _OWN if not is_empty(v := getattr(old, n, None))}
    return evolve(_told(old, now), **own)


def _said_before(item: Any, old: tuple[Any, ...]) -> bool:
    """Tell whether an entry repeats an old one, but for what the engine adds when it stores it."""
    added = [n for n in ("id", "at", "by", "recorded_by") if getattr(item, n, "") is None]
    if hasattr(item, "imported"):
        old = tuple(evolve(other, imported=item.imported) for other in old)
    return any(evolve(other, **dict.fromkeys(added)) == item for other in old)


def _with_primary(items: tuple[Any, ...], added: tuple[Any, ...]) -> tuple[Any, ...]:
    """Let a newly added primary take the mark from the old one."""
    newest = [item for item in added if getattr(item, "primary", False)]
    if not newest:
        return one_primary(items)
    mark = item_key(newest[-1])
    return tuple(
        evolve(i, primary=False) if getattr(i, "primary", False) and item_key(i) != mark else i
        for i in items
    )
