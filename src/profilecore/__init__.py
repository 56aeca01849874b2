"""A customer-profile engine that other software embeds.

One profile per guest over a chain of properties: created, searched, merged and unmerged,
cleared for good, with everything that varies in plugins.  Start with :class:`Engine`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from profilecore.engine import Engine
from profilecore.engine.searching import Page
from profilecore.errors import (
    Blocker,
    ClearBlocked,
    IdempotencyConflict,
    InvalidProfile,
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
from profilecore.rules.visibility import Actor

if TYPE_CHECKING:
    from profilecore.engine.aio import AsyncEngine
    from profilecore.engine.loading import LoadReport, Reject
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
    "Event",
    "ExternalId",
    "Hold",
    "IdempotencyConflict",
    "IdentityDocument",
    "InvalidProfile",
    "LoadReport",
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
    "ScopeDenied",
    "Secret",
    "StalePlan",
    "Stay",
    "StoreError",
    "UNSET",
    "UnmergeBlocked",
    "VersionConflict",
    "hookimpl",
]

# Not every process loads in bulk, merges or is asynchronous: imported when first asked for.
_LATER = {
    "AsyncEngine": "profilecore.engine.aio",
    "LoadReport": "profilecore.engine.loading",
    "MergePlan": "profilecore.rules.merging",
    "Reject": "profilecore.engine.loading",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
