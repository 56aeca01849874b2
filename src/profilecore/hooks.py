"""The hooks: the plugin author's manual.

A plugin is a module, or a class (made once an engine), with functions of these names marked
by :data:`hookimpl`.  It is found by the entry point group ``profilecore.plugins`` or given to
``Engine(plugins=[...])``.  There are three kinds of hooks, told by the name:

- ``profilecore_register_*(register)`` *contributes*: called once an engine; call ``register``
  for each thing the plugin brings.  A raise leaves the plugin out, named in ``engine.plugins``.
- ``profilecore_check_*(...)`` *decides*: called inside the transaction; give problems or
  blockers, or nothing.  All answers are collected, any refuses; a raise refuses too.
- ``profilecore_on_*(...)`` *observes*: each plugin for itself, what was committed or that an
  engine is open.  A raise is reported with the plugin's name, and an event offered again.

The order of plugins never changes a result.  A plugin class with an attrs class ``Config`` is
made with an instance of it, read from the engine's ``config[plugin name]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

if TYPE_CHECKING:
    import click

    from profilecore.engine import Engine
    from profilecore.errors import Blocker, Problem
    from profilecore.model.documents import DocumentKind
    from profilecore.model.events import Event
    from profilecore.model.profile import Profile
    from profilecore.model.stay import Stay
    from profilecore.rules.changing import Change
    from profilecore.rules.checks import Check
    from profilecore.rules.clearing import ClearPlan
    from profilecore.rules.matching import Match
    from profilecore.rules.merging import MergePlan
    from profilecore.rules.retention import RetentionRule
    from profilecore.rules.survivorship import Rule
    from profilecore.rules.terms import TermSource

PROJECT = "profilecore"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class ReferenceProvider(Protocol):
    """A host's tables that hold profile ids and want them re-pointed by a merge."""

    name: str

    def count(self, profile_ids: Sequence[str]) -> int:
        """Count the rows that hold one of the ids."""

    def repoint(self, from_ids: Sequence[str], to_id: str) -> Any:
        """Point rows at ``to_id``; give what ``undo`` needs, as plain JSON.

        Called in the transaction of the merge; should that fail, ``undo`` is called.
        """

    def undo(self, token: Any) -> None:
        """Point the rows back."""


class HeldElsewhere(Protocol):
    """Personal data that a plugin or host keeps outside the store."""

    name: str

    def export(self, profile_ids: Sequence[str]) -> Any:
        """Give what is held about the person, as plain JSON; ``None`` if it only erases."""

    def erase(self, profile_ids: Sequence[str]) -> int:
        """Erase it for good and give the number of things erased; erasing twice is allowed."""


class Matcher(Protocol):
    """Finds the stored profiles that may be the same person as one that is given.

    Called inside the caller's transaction, as the acting person: it may read through the engine,
    and must neither write nor give the profile itself.
    """

    name: str

    def __call__(self, engine: Engine, profile: Profile, limit: int) -> Iterable[Match]: ...


class StaySource(Protocol):
    """Gives stays that the host keeps itself."""

    def __call__(self, profile_ids: Sequence[str]) -> Iterable[Stay]: ...


class Verb(Protocol):
    """A function of a plugin that a host calls as a verb of the engine."""

    def __call__(self, engine: Engine, /, *args: Any, **kwargs: Any) -> Any: ...


# ---- contributors: once an engine ------------------------------------------------------------


@hookspec
def profilecore_register_facets(register: Callable[[str, type], None]) -> None:
    """Register the classes that the plugin attaches to profiles.

    The class is made with ``profilecore.model.record``, so its fields have merge and clear
    rules; it shows as ``profile.facets[name]``.  Without the plugin the facet stays plain JSON,
    survives saves and merges, and is erased whole by a clear.

    :param register: call it with the facet's name and its class; a name may be taken once.
    """


@hookspec
def profilecore_register_kinds(register: Callable[[DocumentKind], None]) -> None:
    """Register kinds of documents that profiles own.

    :param register: call it with each :class:`~profilecore.model.DocumentKind`, which says what
        a clear does to the documents and whether they show in a person's access request.
    """


@hookspec
def profilecore_register_survivorship(register: Callable[[str, Rule], None]) -> None:
    """Register survivorship rules that fields may name as their merge rule.

    :param register: call it with the rule's name and a pure function of
        (candidates, preference) that gives a ``Choice``; see ``profilecore.rules.survivorship``.
    """


@hookspec
def profilecore_register_checks(register: Callable[[Check], None]) -> None:
    """Register checks of what is missing from a profile, for ``engine.check``.

    :param register: call it with each :class:`~profilecore.rules.checks.Check`.
    """


@hookspec
def profilecore_register_terms(register: Callable[[TermSource], None]) -> None:
    """Register further keys by which profiles are found exactly.

    They are kept with the profile's other terms: updated with it, erased with it.

    :param register: call it with a module-level pure function of a profile that yields
        (sort, value) pairs; it runs in the worker processes of an import too.
    """


@hookspec
def profilecore_register_references(register: Callable[[ReferenceProvider], None]) -> None:
    """Register tables of the host that hold profile ids.

    A merge counts them in its plan and has them re-pointed inside its transaction; an unmerge
    has them pointed back.  A provider that raises aborts the merge.

    :param register: call it with each :class:`ReferenceProvider`.
    """


@hookspec
def profilecore_register_stays(register: Callable[[StaySource], None]) -> None:
    """Register a source of stays that the host keeps itself.

    ``engine.stays`` gives them together with the stays recorded in the engine.

    :param register: call it with a function of profile ids that gives their stays.
    """


@hookspec
def profilecore_register_elsewhere(register: Callable[[HeldElsewhere], None]) -> None:
    """Register personal data kept outside the store, so that access and clear reach it.

    A clear has it erased inside its transaction, before anything of the person goes from the
    store; one that raises aborts the clear.

    :param register: call it with each :class:`HeldElsewhere`.
    """


@hookspec
def profilecore_register_retention(register: Callable[[RetentionRule], None]) -> None:
    """Register retention rules: what a clear must leave in place, until when, by which law.

    The chain's own settings may switch a rule on or off by its name, or replace it.

    :param register: call it with each :class:`~profilecore.rules.retention.RetentionRule`.
    """


@hookspec
def profilecore_register_matchers(register: Callable[[Matcher], None]) -> None:
    """Register what finds the stored profiles that may be the same person as another.

    ``engine.matches`` and ``engine.create(..., on_match=...)`` ask every matcher.

    :param register: call it with each :class:`Matcher`.
    """


@hookspec
def profilecore_register_verbs(register: Callable[[str, Verb], None]) -> None:
    """Register verbs of the engine: ``engine.<name>(...)`` calls a function of the plugin.

    The function is given the engine, then what the caller gave.  It works as the acting person,
    joins an open transaction as any verb does, and what it raises reaches the caller as it is.
    ``AsyncEngine`` has the verb too, to be awaited.

    :param register: call it with the verb's name and the function; a name may be taken once, and
        none that the engine has itself.
    """


@hookspec
def profilecore_register_commands(register: Callable[[click.Command], None]) -> None:
    """Register commands of the ``profilecore`` program.

    :param register: call it with a click command or group; its context object gives the engine.
    """


# ---- deciders: inside the transaction --------------------------------------------------------


@hookspec
def profilecore_check_change(change: Change) -> Iterable[Problem] | None:
    """Decide whether a profile may be created or changed like this.

    Runs inside the transaction, before anything is written.  The problems of all plugins reach
    the caller together as ``InvalidProfile``.

    :param change: the state before and after and the names of the fields that differ.
    """


@hookspec
def profilecore_check_merge(plan: MergePlan) -> Iterable[Blocker] | None:
    """Decide whether a merge may happen.

    Runs when the merge is planned and again inside its transaction.

    :param plan: the plan as worked out so far.
    """


@hookspec
def profilecore_check_clear(plan: ClearPlan) -> Iterable[Blocker] | None:
    """Decide whether a person may be cleared: ask the billing system here.

    Runs when the clear is planned and again inside its transaction, which waits for it: give the
    question a time limit of your own, and raise when that is over.  A plugin that raises blocks
    the clear; ``None`` says that nothing speaks against it.  A blocker with a ``property_id``
    shows its details to that property only.

    :param plan: the plan; ``plan.family`` has every id of the person.
    """


# ---- observers ---------------------------------------------------------------------------------


@hookspec
def profilecore_on_open(engine: Engine) -> None:
    """Observe that an engine is open: keep it where hooks that are called later need its store.

    Called once an engine, after everything was registered and before any clear.  Only keep the
    engine: nothing is to be read or written yet.  A raise is noted in ``engine.plugins.failures``;
    the plugin stays, so that what it has to decide is refused and not passed over.

    :param engine: the engine that the plugin belongs to.
    """


@hookspec
def profilecore_on_event(event: Event) -> None:
    """Observe what was committed.

    Called in the order of the feed with each event that this engine committed.  The event
    carries ids and field names, never values.  After a raise the plugin is offered the event
    again, before any newer one; a host that must see every event of every engine follows
    ``engine.changes``.

    :param event: what happened.
    """


class Hooks(Protocol):
    """The hooks with their types, so that calls of them are checked."""

    def profilecore_register_facets(
        self, *, register: Callable[[str, type], None]
    ) -> list[None]: ...
    def profilecore_register_kinds(
        self, *, register: Callable[[DocumentKind], None]
    ) -> list[None]: ...
    def profilecore_register_survivorship(
        self, *, register: Callable[[str, Rule], None]
    ) -> list[None]: ...
    def profilecore_register_checks(self, *, register: Callable[[Check], None]) -> list[None]: ...
    def profilecore_register_terms(
        self, *, register: Callable[[TermSource], None]
    ) -> list[None]: ...
    def profilecore_register_references(
        self, *, register: Callable[[ReferenceProvider], None]
    ) -> list[None]: ...
    def profilecore_register_stays(
        self, *, register: Callable[[StaySource], None]
    ) -> list[None]: ...
    def profilecore_register_elsewhere(
        self, *, register: Callable[[HeldElsewhere], None]
    ) -> list[None]: ...
    def profilecore_register_retention(
        self, *, register: Callable[[RetentionRule], None]
    ) -> list[None]: ...
    def profilecore_register_matchers(
        self, *, register: Callable[[Matcher], None]
    ) -> list[None]: ...
    def profilecore_register_verbs(
        self, *, register: Callable[[str, Verb], None]
    ) -> list[None]: ...
    def profilecore_register_commands(
        self, *, register: Callable[[click.Command], None]
    ) -> list[None]: ...
    def profilecore_check_change(self, *, change: Change) -> list[Iterable[Problem] | None]: ...
    def profilecore_check_merge(self, *, plan: MergePlan) -> list[Iterable[Blocker] | None]: ...
    def profilecore_check_clear(self, *, plan: ClearPlan) -> list[Iterable[Blocker] | None]: ...
    def profilecore_on_open(self, *, engine: Engine) -> list[None]: ...
    def profilecore_on_event(self, *, event: Event) -> list[None]: ...
