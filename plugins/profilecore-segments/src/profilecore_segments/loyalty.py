"""Memberships in loyalty programmes, from whoever keeps them: this plugin knows none of them.

A plugin that keeps memberships supplies them by the kind of document that it registers: where
the :class:`~profilecore.model.DocumentKind` named :data:`KIND` has a method ``memberships`` as
:class:`LoyaltySource` has it, it is asked.  Without one, the facet ``loyalty`` of the profile is
read, in the same form: ``{"memberships": [{"programme": ..., "tier": ...}]}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from profilecore_segments.names import of_path

if TYPE_CHECKING:
    from profilecore import Engine

KIND = "loyalty_membership"
FACET = "loyalty"
Membership = Mapping[str, Any]


@runtime_checkable
class LoyaltySource(Protocol):
    """Gives the memberships of many people at once."""

    def memberships(
        self, engine: Engine, profile_ids: Sequence[str]
    ) -> Mapping[str, Iterable[Membership]]:
        """Give for each of the people their memberships; who has none may be left out.

        A membership is plain: ``programme``, ``tier`` and ``state`` are codes, ``points`` is a
        whole number; what is not known is left out.  The ids are those of living people; what
        was merged into them is theirs.
        """


def source_of(engine: Engine) -> LoyaltySource | None:
    """Find who keeps memberships in an engine."""
    kind: object = engine.plugins.contributions.kinds.get(KIND)
    return kind if isinstance(kind, LoyaltySource) else None


def of_facet(facets: Mapping[str, Any] | None) -> list[Membership]:
    """Read the memberships that a profile carries itself, as plain JSON."""
    found = of_path(dict(facets or {}), (FACET, "memberships"))
    return [membership for membership in found if isinstance(membership, dict)]


def values(memberships: Iterable[Membership], path: Sequence[str]) -> Iterable[Any]:
    """Yield what memberships say: ``("tier",)`` of all, ``("club", "tier")`` of one programme."""
    *programme, attribute = path
    for membership in memberships:
        if not programme or membership.get("programme") == programme[0]:
            value = membership.get(attribute)
            if value is not None:
                yield value
