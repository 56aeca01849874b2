"""Prove from the bytes of a store's files that nothing of a person is left in them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from profilecore.cli.printing import tree
from profilecore.engine import Engine
from profilecore.model.fields import Clear, rules_of
from profilecore.model.profile import Profile
from profilecore.normalise.text import fold
from profilecore.rules.terms import lines_of

SHORTEST = 5
# Another process reads: closing one of the files here would drop the locks that the store's own
# connections hold on it.  The values come by a pipe, since others may read a command line.
_COUNT = """
import json, sys
asked = json.load(sys.stdin)
held = [open(path, "rb").read() for path in asked["paths"]]
print(json.dumps([any(v.encode() in b for b in held) for v in asked["values"]]))
"""
# What these say of a person the feed and the receipt say too, and may: when, by whom, where.
_SAID_ELSEWHERE = frozenset(
    {"at", "by", "actor", "property_id", "recorded_by", "first_seen", "source", "system", "type"}
)


def values_of(engine: Engine, profile_id: str) -> set[str]:
    """Give every text that is stored about a person and about nobody else.

    What other guests share (a first name, a city) may stay, so it proves nothing.
    """
    person = engine.get(profile_id)
    held = engine.access(profile_id)
    names = [n for n, rule in rules_of(Profile).items() if rule.clear is not Clear.KEEP]
    kept = {name for name in names if name not in ("provenance", "property_id")}
    found: set[str] = set()
    for profile in (held["profile"], *held["merged_profiles"]):
        found.update(_texts({k: v for k, v in profile.items() if k in kept}))
    found.update(_texts([stay.get("reference") for stay in held["documents"].get("stay", ())]))
    found.update(_texts([file.get("name") for file in held["documents"].get("file", ())]))
    for file in engine.files(profile_id):
        found.update(_texts(engine.read_file(file.id).decode("latin-1").splitlines()))
    return _alone(found, list(_others(engine, person.family)))


def found_in(paths: Sequence[Path], values: Iterable[str]) -> list[str]:
    """Give those of the values that stand in one of the files, in UTF-8."""
    asked = sorted(values)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _COUNT],
        input=msgspec.json.encode({"paths": [str(path) for path in paths], "values": asked}),
        capture_output=True,
        check=True,
    )
    found = msgspec.json.decode(done.stdout)
    return [value for value, is_there in zip(asked, found, strict=True) if is_there]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) >= SHORTEST:
            yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _SAID_ELSEWHERE:
                yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _others(engine: Engine, family: Sequence[str]) -> Iterator[Profile]:
    cursor = None
    while True:
        page = engine.search(limit=500, cursor=cursor)
        yield from (p for p in page.items if p.id not in family)
        cursor = page.next
        if cursor is None:
            return


def _alone(found: set[str], others: Sequence[Profile]) -> set[str]:
    theirs = msgspec.json.encode([tree(profile) for profile in others]).decode()
    alone = {value for value in found if value not in theirs}
    folded = "\n".join(line.text for profile in others for line in lines_of(profile))
    words = {folded_value for value in found if len(folded_value := fold(value)) >= SHORTEST}
    return alone | {word for word in words if word not in folded and word not in theirs}
