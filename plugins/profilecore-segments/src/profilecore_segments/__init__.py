"""Tags, marketing sources, saved segments, statistics, campaign lists and promotions.

An expression goes through ``tokens``, ``parsing`` (with ``names``) to a tree of ``nodes``, which
``writing`` prints, ``judging`` compiles and ``planning`` plans for the index of ``terms``.
``people`` reads facts, with ``visits``, ``consents`` and ``loyalty``; ``members`` counts and lists.
On these stand ``saved`` and ``movements``, ``tagging``, ``sources``, ``statistics`` with
``gathering``, ``spelling`` and ``suppressing``, ``campaigns`` with ``addresses``, ``sharing`` and
``listing``, and ``promotions`` with ``uptake``.
:class:`Segments` has all verbs.
"""

from profilecore_segments.campaigns import Campaign
from profilecore_segments.explaining import Explanation
from profilecore_segments.faults import ExpressionError, PromotionRefused, SegmentInUse
from profilecore_segments.figures import Dimension, Figures, Group, Statistics
from profilecore_segments.loyalty import LoyaltySource
from profilecore_segments.movements import Movement, Refreshed
from profilecore_segments.parsing import parse
from profilecore_segments.plugin import SegmentsPlugin
from profilecore_segments.promotions import Gift, Promotion, Use
from profilecore_segments.saved import Segment
from profilecore_segments.segments import Segments
from profilecore_segments.settings import Config
from profilecore_segments.sources import Touch
from profilecore_segments.tagging import Refused, Renamed, Retagged, TagCount
from profilecore_segments.uptake import Uptake
from profilecore_segments.writing import write

__all__ = [
    "Campaign",
    "Config",
    "Dimension",
    "Explanation",
    "ExpressionError",
    "Figures",
    "Gift",
    "Group",
    "LoyaltySource",
    "Movement",
    "Promotion",
    "PromotionRefused",
    "Refreshed",
    "Refused",
    "Renamed",
    "Retagged",
    "Segment",
    "SegmentInUse",
    "Segments",
    "SegmentsPlugin",
    "Statistics",
    "TagCount",
    "Touch",
    "Uptake",
    "Use",
    "parse",
    "write",
]
