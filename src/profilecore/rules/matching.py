"""What a search for the same person finds, and what a desk does with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from profilecore.values import frozen

MATCH = "match"
REVIEW = "review"
# What a create does about profiles that may be the same person.
WARN, REFUSE, USE = ON_MATCH = ("warn", "refuse", "use")


@frozen
class Reason:
    """What one field says about a pair: its level in words, and the bits for or against."""

    field: str
    level: str
    bits: float


@frozen
class Match:
    """A stored profile that may be the same person.

    ``weight`` is in bits: at 0 it is as likely as not, each bit more doubles the odds.
    ``decision`` is ``match`` where a merge is safe without a look, else ``review``.
    """

    profile_id: str
    weight: float
    probability: float
    decision: str
    reasons: tuple[Reason, ...] = ()

    def details(self) -> Mapping[str, Any]:
        """Give the match as JSON-ready values (no personal data)."""
        return {
            "profile_id": self.profile_id,
            "weight": self.weight,
            "probability": self.probability,
            "decision": self.decision,
            "reasons": [dict(vars(reason)) for reason in self.reasons],
        }
