"""Ask the matchers who may be the same person, and decide what a create does about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from profilecore.engine import profiles
from profilecore.errors import (
    InvalidProfile,
    MatchFound,
    PluginError,
    Problem,
    ProfilecoreError,
    WrongValue,
)
from profilecore.model.events import MATCHES_FOUND
from profilecore.model.profile import Profile
from profilecore.rules.changing import new_profile
from profilecore.rules.matching import MATCH, ON_MATCH, REFUSE, USE, Match

if TYPE_CHECKING:
    from profilecore.engine.engine import Engine
    from profilecore.engine.kernel import Kernel

MAX_MATCHES = 100
# As many as somebody at a desk looks through.
SHOWN = 10


def matches(
    engine: Engine, kernel: Kernel, what: Profile | Mapping[str, Any] | str, limit: int
) -> list[Match]:
    if not 1 <= limit <= MAX_MATCHES:
        raise InvalidProfile([Problem("/limit", "out-of-range", f"must be 1 to {MAX_MATCHES}")])
    if isinstance(what, str):
        profile = engine.get(what)
    elif isinstance(what, Profile) and what.id:
        profile = what
    else:
        profile = new_profile(what, kernel.new_id(), kernel.occasion(), kernel.border)
    return _asked(engine, kernel, profile, limit)


def _asked(engine: Engine, kernel: Kernel, profile: Profile, limit: int) -> list[Match]:
    matchers = kernel.plugins.contributions.matchers
    if not matchers:
        problem = "no installed plugin finds matches; profilecore-duplicates does"
        raise PluginError("profilecore", "matches", problem)
    best: dict[str, Match] = {}
    for name, matcher in sorted(matchers.items()):
        try:
            found = list(matcher(engine, profile, limit))
        except ProfilecoreError:
            raise
        except Exception as error:
            raise PluginError(name, "a matcher", type(error).__name__) from error
        for match in found:
            known = best.get(match.profile_id)
            if known is None or known.weight < match.weight:
                best[match.profile_id] = match
    return sorted(best.values(), key=lambda m: (-m.weight, m.profile_id))[:limit]


def create(
    engine: Engine,
    kernel: Kernel,
    given: Profile | Mapping[str, Any],
    key: str | None,
    source: str | None,
    verified: bool,
    on_match: str,
) -> Profile:
    if on_match not in ON_MATCH:
        raise WrongValue(f"on_match must be one of {', '.join(ON_MATCH)}")
    found: list[Match] = []

    def instead(profile: Profile) -> Profile | None:
        found.extend(_asked(engine, kernel, profile, SHOWN))
        if found and on_match == REFUSE:
            raise MatchFound(tuple(found))
        if found and on_match == USE and found[0].decision == MATCH:
            return engine.get(found[0].profile_id)
        return None

    with kernel.writing() as unit:
        made = profiles.create(kernel, given, key, source, verified, instead)
        if made.id not in {match.profile_id for match in found} and found:
            others = tuple(match.profile_id for match in found)
            unit.emit(MATCHES_FOUND, made.id, related=others)
    return made
