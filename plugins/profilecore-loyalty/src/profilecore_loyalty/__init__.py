"""Loyalty programmes: memberships, tiers, and a ledger that neither loses nor makes a point.

Begin with :class:`Loyalty`.  The modules, from what is plain to what is put together:
``programme``, ``lots``, ``membership`` and ``ledger`` are values; ``numbers`` and ``reading`` find
them, and ``days`` tells the day; ``booking`` alone writes the ledger, for ``awarding``, ``moving``,
``stays`` and ``expiring``; ``enrolling``, ``tiers`` and ``statement`` serve the member;
``closing`` takes part in a clear; ``verifying`` proves it all.
"""

from profilecore_loyalty.awarding import Award, Awarded, Refused
from profilecore_loyalty.enrolling import Card
from profilecore_loyalty.expiring import Expired
from profilecore_loyalty.faults import (
    KeptByProvider,
    NotEnoughPoints,
    NotEnrolled,
    NumberTaken,
    ReferenceTaken,
)
from profilecore_loyalty.ledger import Account, Counts, Movement, Posting, Rated, Standing, Verb
from profilecore_loyalty.lots import Lot
from profilecore_loyalty.loyalty import Loyalty
from profilecore_loyalty.membership import Membership, MembershipState
from profilecore_loyalty.plugin import LoyaltyPlugin
from profilecore_loyalty.programme import (
    ClearPolicy,
    Downgrade,
    EarningRule,
    LoyaltyConfig,
    Measure,
    Programme,
    ProgrammeType,
    Subscription,
    Threshold,
    Tier,
    Window,
)
from profilecore_loyalty.statement import Ending, Statement
from profilecore_loyalty.verifying import Difference

__all__ = [
    "Account",
    "Award",
    "Awarded",
    "Card",
    "ClearPolicy",
    "Counts",
    "Difference",
    "Downgrade",
    "EarningRule",
    "Ending",
    "Expired",
    "KeptByProvider",
    "Lot",
    "Loyalty",
    "LoyaltyConfig",
    "LoyaltyPlugin",
    "Measure",
    "Membership",
    "MembershipState",
    "Movement",
    "NotEnoughPoints",
    "NotEnrolled",
    "NumberTaken",
    "Posting",
    "Programme",
    "ProgrammeType",
    "Rated",
    "ReferenceTaken",
    "Refused",
    "Standing",
    "Statement",
    "Subscription",
    "Threshold",
    "Tier",
    "Verb",
    "Window",
]
