"""A customer-profile engine that other software embeds.

One profile per guest over a chain of properties: created, searched, merged and unmerged,
cleared for good, with everything that varies in plugins.  Start with :class:`Engine`.
"""

from typing import TYPE_CHECKING

from profilecore.later import later

if TYPE_CHECKING:
    from profilecore.engine.aio import AsyncEngine
    from profilecore.engine.documents import Entry, Stored
    from profilecore.engine.engine import Engine
    from profilecore.engine.loading import LoadReport, Reject
    from profilecore.engine.residue import Fingerprints, Residue
    from profilecore.engine.searching import Page
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
    from profilecore.rules.clearing import ClearPlan
    from profilecore.rules.matching import Match
    from profilecore.rules.merging import MergePlan
    from profilecore.rules.visibility import Actor

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

# A plugin needs its hooks, a host's model its events, a program its engine: each pays for its own.
__getattr__ = later(
    __name__,
    {
        "Actor": "rules.visibility",
        "Address": "model",
        "AsyncEngine": "engine.aio",
        "Blocker": "errors",
        "ChainFault": "rules.chain",
        "ClearBlocked": "errors",
        "ClearPlan": "rules.clearing",
        "Consent": "model",
        "Email": "model",
        "Engine": "engine.engine",
        "Entry": "engine.documents",
        "Event": "model",
        "ExternalId": "model",
        "Fingerprints": "engine.residue",
        "Hold": "model",
        "IdempotencyConflict": "errors",
        "IdentityDocument": "model",
        "InvalidProfile": "errors",
        "LoadReport": "engine.loading",
        "Match": "rules.matching",
        "MatchFound": "errors",
        "Merge": "model",
        "MergeBlocked": "errors",
        "MergePlan": "rules.merging",
        "NotFound": "errors",
        "Note": "model",
        "Page": "engine.searching",
        "Phone": "model",
        "PluginError": "errors",
        "Problem": "errors",
        "Profile": "model",
        "ProfileCleared": "errors",
        "ProfilecoreError": "errors",
        "Receipt": "model",
        "Reject": "engine.loading",
        "Residue": "engine.residue",
        "ScopeDenied": "errors",
        "Secret": "plugins",
        "StalePlan": "errors",
        "Stay": "model",
        "StoreError": "errors",
        "Stored": "engine.documents",
        "UNSET": "rules.changing",
        "UnmergeBlocked": "errors",
        "VersionConflict": "errors",
        "hookimpl": "hooks",
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
