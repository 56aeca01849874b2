"""Memberships in loyalty programmes, from whoever keeps them: this plugin knows none of them.

A plugin that keeps memberships supplies them by a verb of the engine, ``memberships``, which is a
:class:`LoyaltySource`: ``profilecore-loyalty`` has it.  Without one, the facet ``loyalty`` of the
profile is read, in the same form: ``{"memberships": [{"programme": ..., "tier": ...}]}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from profilecore_segments.names import of_path

if TYPE_CHECKING:
    from profilecore import Engine

VERB = "memberships"
FACET = "loyalty"
Membership = Mapping[str, Any]


class LoyaltySource(Protocol):
    """Gives the memberships of many people at once: a verb that a plugin registers.

    It gives for each of the people their memberships; who has none may be left out.  A membership
    is plain: ``programme``, ``tier`` and ``state`` are codes, ``points`` is a whole number; what is
    not known is left out, or ``None``.  The ids are those of living people; what was merged into
    them is theirs.
    """

    def __call__(
        self, engine: Engine, profile_ids: Sequence[str], /
    ) -> Mapping[str, Iterable[Membership]]: ...


def source_of(engine: Engine) -> LoyaltySource | None:
    """Find who keeps memberships in an engine."""
    return engine.plugins.contributions.verbs.get(VERB)


def of_facet(facets: Mapping[str, Any] | None) -> list[Membership]:
    """Read the memberships that a profile carries itself, as plain JSON."""
    found = of_path(dict(facets or {}), (FACET, "memberships"))
    return [membership for membership in found if isinstance(membership, dict)]


def values(memberships: Iterable[Membership], path: Sequence[str]) -> Iterable[Any]:
    """Yield what memberships say: ``("tier",)`` of all, ``("club", "tier")`` of one programme.

    The code of the programme is compared without case.
    """
    *programme, attribute = path
    wanted = programme[0].casefold() if programme else None
    for membership in memberships:
        if wanted is None or str(membership.get("programme")).casefold() == wanted:
            value = membership.get(attribute)
            if value is not None:
                yield value
