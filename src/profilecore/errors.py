"""Every error the engine raises, in one tree.

    ProfilecoreError
    ├── NotFound                    no such id, or not for this actor
    ├── InvalidProfile              the input breaks rules: one problem per path
    ├── VersionConflict             the profile changed since the caller read it
    ├── StalePlan                   something changed between planning and applying
    ├── MergeBlocked                all blockers of a merge at once
    ├── UnmergeBlocked              a merge that cannot be undone (any more), and why
    ├── ClearBlocked                all blockers of a clear at once
    ├── ProfileCleared              the person was cleared; only the tombstone is left
    ├── MatchFound                  a stored profile may be the same person
    ├── ScopeDenied                 the acting property may not do this
    ├── IdempotencyConflict         one key, two different requests
    ├── FieldRuleMissing            a model class declares a field without its rules
    ├── StoreError
    │   ├── StoreUnavailable        missing, locked, read-only
    │   ├── StoreCorrupt            the file is not what it should be
    │   └── StoreSchema             written by another version
    └── PluginError                 a plugin failed; names the plugin and the hook

Messages name ids, fields, codes and what to do.  They never hold a value that a
person gave us, because messages end in logs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from profilecore.values import frozen

if TYPE_CHECKING:
    from profilecore.rules.matching import Match


@frozen
class Problem:
    """One thing wrong with an input.

    ``path`` is a JSON pointer into the input (``/emails/0/value``), ``code`` is stable,
    ``message`` says what is expected without repeating what was given.
    """

    path: str
    code: str
    message: str


@frozen
class Blocker:
    """One reason why a merge or a clear is refused.

    ``property_id`` and ``ref`` are ``None`` where the acting property may not know them;
    ``expected_on`` is the ISO date on which the blocker is expected to lift, if known.
    """

    code: str
    message: str
    property_id: str | None = None
    ref: str | None = attrs.field(default=None, repr=False)
    expected_on: str | None = None


class ProfilecoreError(Exception):
    """Base of all errors.  ``code`` is stable and meant for programs."""

    code: ClassVar[str] = "error"

    def details(self) -> Mapping[str, Any]:
        """Give the typed attributes as JSON-ready values (no personal data)."""
        return {}


class NotFound(ProfilecoreError, LookupError):
    """There is no such thing, or none that this actor may see: both look the same."""

    code = "not-found"

    def __init__(self, what: str, id: str) -> None:
        self.what, self.id = what, id
        super().__init__(f"There is no {what} {id}; check the id.")

    def details(self) -> Mapping[str, Any]:
        return {"what": self.what, "id": self.id}


class InvalidProfile(ProfilecoreError, ValueError):
    """The input breaks rules; nothing was written.  ``problems`` has all of them."""

    code = "invalid-profile"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = "; ".join(f"{p.path}: {p.message}" for p in self.problems[:5])
        more = f" (and {len(self.problems) - 5} more)" if len(self.problems) > 5 else ""
        super().__init__(shown + more)

    def details(self) -> Mapping[str, Any]:
        return {"problems": [attrs.asdict(p) for p in self.problems]}  # type: ignore[arg-type]  # mypy does not know frozen()


class VersionConflict(ProfilecoreError):
    """The profile is at another version; read it again and repeat the change."""

    code = "version-conflict"

    def __init__(self, id: str, expected: int, actual: int) -> None:
        self.id, self.expected, self.actual = id, expected, actual
        super().__init__(f"{id} is at version {actual}, not {expected}; read it again and retry.")

    def details(self) -> Mapping[str, Any]:
        return {"id": self.id, "expected": self.expected, "actual": self.actual}


class StalePlan(ProfilecoreError):
    """Something the plan rests on has changed; plan again."""

    code = "stale-plan"

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__(f"What this {operation} plan rests on has changed; plan it again.")

    def details(self) -> Mapping[str, Any]:
        return {"operation": self.operation}


class _Blocked(ProfilecoreError):
    def __init__(self, sentence: str, blockers: Sequence[Blocker]) -> None:
        self.blockers = tuple(blockers)
        reasons = "; ".join(f"{b.code}: {b.message}" for b in self.blockers)
        super().__init__(f"{sentence}: {reasons}")

    def details(self) -> Mapping[str, Any]:
        return {"blockers": [attrs.asdict(b) for b in self.blockers]}  # type: ignore[arg-type]  # mypy does not know frozen()


class MergeBlocked(_Blocked):
    """The merge is refused; ``blockers`` has every reason."""

    code = "merge-blocked"

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        super().__init__("The merge is refused", blockers)


class UnmergeBlocked(_Blocked):
    """The merge cannot be undone; ``blockers`` has every reason."""

    code = "unmerge-blocked"

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        super().__init__("The merge cannot be undone", blockers)


class ClearBlocked(_Blocked):
    """The clear is refused; ``blockers`` has every reason the actor may know."""

    code = "clear-blocked"

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        super().__init__("The clear is refused", blockers)


class ProfileCleared(ProfilecoreError):
    """The profile was cleared for good; its id, dates and receipt are all that is left.

    ``id`` is ``None`` for somebody of whom the actor must not know.
    """

    code = "profile-cleared"

    def __init__(self, id: str | None) -> None:
        self.id = id
        who = "A person with this external id" if id is None else f"Profile {id}"
        super().__init__(f"{who} was cleared; start a new profile for a returning guest.")

    def details(self) -> Mapping[str, Any]:
        return {"id": self.id}


class MatchFound(ProfilecoreError):
    """Stored profiles may be the same person, and the caller did not want a second one."""

    code = "match-found"

    def __init__(self, matches: Sequence[Match]) -> None:
        self.matches = tuple(matches)
        super().__init__(
            f"{len(self.matches)} stored profiles may be the same person; look at them, then "
            "use one of them or create without on_match."
        )

    def details(self) -> Mapping[str, Any]:
        return {"matches": [match.details() for match in self.matches]}


class ScopeDenied(ProfilecoreError):
    """The acting property may not do this."""

    code = "scope-denied"

    def __init__(self, action: str) -> None:
        self.action = action
        super().__init__(f"The acting property may not {action}; act as the chain.")

    def details(self) -> Mapping[str, Any]:
        return {"action": self.action}


class IdempotencyConflict(ProfilecoreError):
    """A key was used before for another request; use a new key for a new request."""

    code = "idempotency-conflict"

    def __init__(self, verb: str) -> None:
        self.verb = verb
        super().__init__(f"This key was used before for another {verb}; use a new key.")

    def details(self) -> Mapping[str, Any]:
        return {"verb": self.verb}


class WrongValue(ValueError):
    """A setting has a wrong value; the text names it, and never repeats the value."""


class FieldRuleMissing(ProfilecoreError, TypeError):
    """A model class was defined with a field that lacks its rules."""

    code = "field-rule-missing"

    def __init__(self, owner: str, fields: Sequence[str]) -> None:
        self.owner, self.fields = owner, tuple(fields)
        names = ", ".join(fields)
        super().__init__(
            f"{owner}: declare merge, clear, sensitivity and search for {names} "
            "with profilecore.model.field()."
        )


class StoreError(ProfilecoreError):
    """The store cannot do its work; the message says which store and what to do."""

    code = "store-error"


class StoreUnavailable(StoreError):
    """The store is missing, locked, read-only or out of reach."""

    code = "store-unavailable"


class StoreCorrupt(StoreError):
    """The store's file is damaged, or is not one of ours."""

    code = "store-corrupt"


class StoreSchema(StoreError):
    """The store was written by another version of the software."""

    code = "store-schema"


class PluginError(ProfilecoreError):
    """A plugin failed.  ``plugin`` and ``hook`` say where; the cause is chained."""

    code = "plugin-error"

    def __init__(self, plugin: str, hook: str, problem: str) -> None:
        self.plugin, self.hook = plugin, hook
        super().__init__(f"Plugin {plugin!r} failed in {hook}: {problem}")

    def details(self) -> Mapping[str, Any]:
        return {"plugin": self.plugin, "hook": self.hook}
