"""Addresses put together from their parts as people write them, and changed in one part."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from profilecore.cli import words
from profilecore.model.parts import Address

WHOLE = "whole"
_NUMBER = r"[0-9]+[A-Za-z]?(?:[-/][0-9]+[A-Za-z]?)?"
_BEFORE = re.compile(rf"(?P<number>{_NUMBER})(?P<between>,?\s+)(?P<street>\S.*)", re.DOTALL)
_BEHIND = re.compile(rf"(?P<street>.*\S)(?P<between>,\s*|\s+)(?P<number>{_NUMBER})", re.DOTALL)
_WRITTEN = frozenset({WHOLE, "street", "number", "state"})  # no attributes of the model


def address(parts: Mapping[str, str], is_divided: bool, region: str | None) -> dict[str, str]:
    """Put an address together from its cells; nothing of it is lost.

    A state becomes a subdivision where its country is known, else it joins the second line.
    """
    made = {k: v for k, v in parts.items() if k not in _WRITTEN and k != "line1"}
    first = ", ".join(v for k, v in parts.items() if k in ("street", "line1"))
    lines = "line1" if is_divided or first else "text"
    if whole := comma(parts.get(WHOLE), first):
        made[lines] = comma(whole, made.get(lines))
    if "number" in parts:
        made[lines] = f"{parts['number']} {made.get(lines, '')}".strip()
    if "state" in parts:
        found = words.subdivision(parts["state"], parts.get("country") or region)
        if found is not None:
            made.setdefault("country", found[0])
            made["subdivision"] = found[1]
        else:
            spare = "line2" if lines == "line1" else "text"
            made[spare] = comma(made.get(spare), parts["state"])
    return made


def changed(item: Address, given: Mapping[str, Any], region: str | None) -> dict[str, Any]:
    """Give the attributes to change in an address, from those of its parts that are given.

    An empty part is taken away.  A house number and a street keep the other of the two; a state
    that nobody knows joins the second line, in place of a subdivision.

    :raises ValueError: where nobody can tell which part of a line is meant.
    """
    parts = _plain(given)
    made = {k: None if v == "" else v for k, v in parts.items() if k not in _WRITTEN}
    is_text = item.text is not None and not item.line1 and not made.get("line1")
    if WHOLE in parts:
        made["text" if is_text else "line1"] = parts[WHOLE] or None
    if "number" in parts or "street" in parts:
        if is_text and not parts.get("street"):
            raise ValueError("is free text, which has no number; give address.text= as a whole")
        made["line1"] = _line(item.line1, parts) or None
    if "state" in parts:
        made |= _state(item, parts["state"], made, region, "text" if is_text else "line2")
    return made


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the parts with the empty text for what is to go, and without those that are blank."""
    parts = {name: "" if value is None else value for name, value in given.items()}
    for name in _WRITTEN & parts.keys():
        if not isinstance(parts[name], str | int):
            raise ValueError(f"needs text in {name}")
        parts[name] = str(parts[name])
    return {k: v for k, v in parts.items() if not isinstance(v, str) or v == "" or v.strip()}


def _state(
    item: Address, state: str, made: Mapping[str, Any], region: str | None, spare: str
) -> dict[str, Any]:
    if not state:
        return {"subdivision": None}
    country = made.get("country", item.country)
    found = words.subdivision(state, country if isinstance(country, str) else region)
    if found is not None:
        return {"subdivision": found[1], "country": country or found[0]}
    line = made.get(spare, getattr(item, spare)) or ""
    joined = line if state in line.split(", ") else comma(line, state)
    return {spare: joined, "subdivision": made.get("subdivision")}


def _line(old: str | None, parts: Mapping[str, Any]) -> str:
    """Give the line of street and number with one of them, or both, in place of its own."""
    if not old or "line1" in parts:
        new = {k: v for k in ("street", "line1", "number") if (v := parts.get(k))}
        return address(new, True, None).get("line1", "")
    number, street = parts.get("number"), parts.get("street")
    if street == "" or (street and number is None and _has_number(street)):
        return comma(number, street)
    if re.fullmatch(_NUMBER, old):
        return " ".join(filter(None, (old if number is None else number, street)))
    before, behind = _BEFORE.fullmatch(old), _BEHIND.fullmatch(old)
    found = before or behind
    is_clear = not (before and behind) if found else not re.search("[0-9]", old)
    if not is_clear and (number is None or street is None):
        raise ValueError("has numbers in its line; give address.line1= as a whole")
    if number is None:
        number = found["number"] if found else ""
    if street is None:
        street = found["street"] if found else old
    if not number:
        return str(street)
    if behind and not before:
        return f"{street}{behind['between']}{number}"
    return f"{number}{before['between'] if before else ' '}{street}"


def _has_number(street: str) -> bool:
    return bool(_BEFORE.fullmatch(street) or _BEHIND.fullmatch(street))


def comma(one: str | None, two: str | None) -> str:
    """Join two texts, either of which may be missing, by a comma."""
    return ", ".join(filter(None, (one, two)))
