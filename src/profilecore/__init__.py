"""A customer-profile engine that other software embeds.

One profile per guest over a chain of properties: created, searched, merged and unmerged,
cleared for good, with everything that varies in plugins.  Start with :class:`Engine`.
"""

from profilecore.engine import Engine
from profilecore.engine.aio import AsyncEngine
from profilecore.engine.loading import LoadReport, Reject
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
from profilecore.rules.changing import UNSET
from profilecore.rules.clearing import ClearPlan
from profilecore.rules.merging import MergePlan
from profilecore.rules.visibility import Actor

__all__ = [
    "Actor",
    "Address",
    "AsyncEngine",
    "Blocker",
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
