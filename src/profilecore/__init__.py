"""A customer-profile engine that other software embeds.

One profile per guest over a chain of properties: created, searched, merged and unmerged,
cleared for good, with everything that varies in plugins.  Start with :class:`Engine`.
"""

from typing import TYPE_CHECKING

from profilecore.engine import Engine
from profilecore.errors import (
    Blocker,
    ClearBlocked,
    IdempotencyConflict,
    InvalidProfile,
    MatchFound,
    MergeBlocked,
    NotFound,
    PluginError,
    Problem,
    ProfileCleared,
    ProfilecoreError,
    ScopeDenied,
    StalePlan,
    StoreError,
    UnmergeBlocked,
    VersionConflict,
)
from profilecore.hooks import hookimpl
from profilecore.later import later
from profilecore.model import (
    Address,
    Consent,
    Email,
    Event,
    ExternalId,
    Hold,
    IdentityDocument,
    Merge,
    Note,
    Phone,
    Profile,
    Receipt,
    Stay,
)
from profilecore.plugins import Secret
from profilecore.rules.chain import ChainFault
from profilecore.rules.changing import UNSET
from profilecore.rules.visibility import Actor

if TYPE_CHECKING:
    from profilecore.engine.aio import AsyncEngine
    from profilecore.engine.documents import Entry, Stored
    from profilecore.engine.loading import LoadReport, Reject
    from profilecore.engine.residue import Fingerprints, Residue
    from profilecore.engine.searching import Page
    from profilecore.rules.clearing import ClearPlan
    from profilecore.rules.matching import Match
    from profilecore.rules.merging import MergePlan

__all__ = [
    "Actor",
    "Address",
    "AsyncEngine",
    "Blocker",
    "ChainFault",
    "ClearBlocked",
    "ClearPlan",
    "Consent",
    "Email",
    "Engine",
    "Entry",
    "Event",
    "ExternalId",
    "Fingerprints",
    "Hold",
    "IdempotencyConflict",
    "IdentityDocument",
    "InvalidProfile",
    "LoadReport",
    "Match",
    "MatchFound",
    "Merge",
    "MergeBlocked",
    "MergePlan",
    "NotFound",
    "Note",
    "Page",
    "Phone",
    "PluginError",
    "Problem",
    "Profile",
    "ProfileCleared",
    "ProfilecoreError",
    "Receipt",
    "Reject",
    "Residue",
    "ScopeDenied",
    "Secret",
    "StalePlan",
    "Stay",
    "StoreError",
    "Stored",
    "UNSET",
    "UnmergeBlocked",
    "VersionConflict",
    "hookimpl",
]

# Not every process loads in bulk, merges, clears or is asynchronous: imported when asked for.
__getattr__ = later(
    __name__,
    {
        "AsyncEngine": "engine.aio",
        "ClearPlan": "rules.clearing",
        "Entry": "engine.documents",
        "Fingerprints": "engine.residue",
        "LoadReport": "engine.loading",
        "Match": "rules.matching",
        "MergePlan": "rules.merging",
        "Page": "engine.searching",
        "Reject": "engine.loading",
        "Residue": "engine.residue",
        "Stored": "engine.documents",
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
