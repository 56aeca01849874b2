"""The engine: the one door through which a host reads and changes profiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import MethodType
from typing import TYPE_CHECKING, Any

from profilecore.engine import profiles
from profilecore.engine.builtin import BUILTIN
from profilecore.engine.forplugins import ForPlugins
from profilecore.engine.kernel import Kernel
from profilecore.engine.owned import Owned
from profilecore.engine.privacy import Privacy
from profilecore.engine.profiles import Relation
from profilecore.engine.settings import Settings
from profilecore.errors import NotFound, PluginError
from profilecore.ids import new_id as make_id
from profilecore.ids import utc_now
from profilecore.model.documents import Merge
from profilecore.model.enums import Classification, State
from profilecore.model.events import Event
from profilecore.model.profile import Profile
from profilecore.plugins import ConfigFault, Plugins, read_config
from profilecore.rules.visibility import Actor
from profilecore.store.opening import open_store
from profilecore.store.port import Store

if TYPE_CHECKING:
    from pathlib import Path

    from profilecore.engine.ledger import Unapplied
    from profilecore.engine.loading import LoadReport
    from profilecore.engine.merging import Unmerged
    from profilecore.engine.searching import Page
    from profilecore.rules.checks import Missing
    from profilecore.rules.matching import Match
    from profilecore.rules.merging import MergePlan


# What is no part of the class: the engine's attribute, and the asynchronous engine's own names.
_OWN = frozenset({"plugins", "run", "sync"})


class Engine(Owned, Privacy, ForPlugins):
    """Keeps the profiles of one chain in one store.

    Thread-safe: any thread may call any verb at any time.  It starts no threads and no
    network, and keeps no global state; several engines may live in one process.

    :param store: where everything is kept; the engine closes it.
    :param plugins: plugins passed in by the host.
    :param discover: load installed plugins: all, none, or those named.
    :param block: names of plugins never to load.
    :param config: ``"profilecore"`` for the chain's own :class:`Settings`, plugin names for theirs.
    :param clock: gives the time, with its zone.
    :param new_id: gives a fresh id of at most 64 characters.
    :param strict: raise a plugin's failure to load instead of noting it in ``plugins.failures``.
    :param ledger: a file outside the store in which each clear is noted, by ids and dates alone.
        On opening a store that was restored from a backup made before a clear, whoever the
        ledger names is cleared again; ``unapplied`` has what could not be.  Keep a copy of the
        ledger, but never restore it together with the store.
    :raises PluginError: in strict mode; and always for wrong settings of the chain itself.
    :raises StoreError: if the ledger cannot be written, is damaged, or is of another store.
    """

    def __init__(
        self,
        store: Store,
        *,
        plugins: Iterable[object] = (),
        discover: bool | Iterable[str] = True,
        block: Iterable[str] = (),
        config: Mapping[str, Any] | None = None,
        clock: Callable[[], datetime] = utc_now,
        new_id: Callable[[], str] = make_id,
        strict: bool = False,
        ledger: str | Path | None = None,
    ) -> None:
        given = dict(config or {})
        settings = _read_settings(given.pop("profilecore", {}))
        self.plugins = Plugins(
            (*BUILTIN, *plugins),
            discover=discover,
            block=block,
            config=given,
            strict=strict,
            taken=_OWN | set(dir(type(self))),
        )
        self._kernel = Kernel(store, self.plugins, settings, clock, new_id)
        self.plugins.open(self)
        self._unapplied = self._keep_ledger(ledger or settings.ledger)
        from profilecore.engine import scrubbing

        scrubbing.resume(self._kernel)

    def _keep_ledger(self, path: str | Path | None) -> tuple[Unapplied, ...]:
        if path is None:
            return ()
        from pathlib import Path

        from profilecore.engine.ledger import Ledger, reapply

        ledger = self._kernel.ledger = Ledger(Path(path))
        return tuple(reapply(self._kernel, ledger))

    @classmethod
    def open(
        cls, url: str, *, store_options: Mapping[str, Any] | None = None, **options: Any
    ) -> Engine:
        """Open an engine on the store that a URL names, as in ``sqlite:///guests.db``.

        ``memory://`` is built in; other schemes come with installed plugins.  ``options`` are
        those of :class:`Engine`, ``store_options`` those of the backend.

        :raises StoreError: saying which store, what is wrong, and what to do.
        """
        store = open_store(url, store_options)
        try:
            return cls(store, **options)
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Close the engine and its store; twice is allowed."""
        self._kernel.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    if not TYPE_CHECKING:  # misspelt verbs go on being found

        def __getattr__(self, name: str) -> Any:
            """Give a verb that a plugin has registered, bound to this engine."""
            plugins = self.__dict__.get("plugins")
            verb = plugins.contributions.verbs.get(name) if plugins is not None else None
            if verb is None:
                what = f"{type(self).__name__!r} object has no attribute {name!r}"
                raise AttributeError(what, name=name, obj=self)
            return MethodType(verb, self)

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self.plugins.contributions.verbs]

    @property
    def store(self) -> Store:
        """The store underneath, for its files and checks."""
        return self._kernel.store

    @property
    def unapplied(self) -> tuple[Unapplied, ...]:
        """The entries of the ledger that could not be applied to this store, and why."""
        return self._unapplied

    @property
    def settings(self) -> Settings:
        """The chain's own settings, as they were read."""
        return self._kernel.settings

    # ---- who acts, and transactions

    @property
    def actor(self) -> Actor:
        """Who acts now; the chain, unless somebody is acting."""
        return self._kernel.actor

    @contextmanager
    def acting(self, actor: Actor) -> Iterator[Engine]:
        """Act as somebody inside the block: recorded on events, decides what is visible.

        Follows the context (threads started inside and ``asyncio`` tasks included where they
        copy it).  Without an actor the engine acts for the chain.
        """
        with self._kernel.acting(actor):
            yield self

    @contextmanager
    def transaction(self, connection: Any = None) -> Iterator[Engine]:
        """Make everything inside the block one transaction.

        With ``connection`` (for SQLite a ``sqlite3.Connection`` of the host's to the same
        database) the work joins the host's transaction under a savepoint; the host commits.
        Observers are told after the commit: of a joined transaction, at the next write after it.
        """
        unit = self._kernel.writing() if connection is None else self._kernel.joining(connection)
        with unit:
            yield self

    # ---- profiles

    def create(
        self,
        profile: Profile | Mapping[str, Any],
        *,
        key: str | None = None,
        source: str | None = None,
        verified: bool = False,
        on_match: str | None = None,
    ) -> Profile:
        """Create a profile and give it as stored.

        ``key`` makes the request idempotent: repeated, it gives the first result.  ``source``
        names the source system and ``verified`` says that documents were seen; both go into the
        provenance.

        With ``on_match``, stored profiles that may be the same person are looked for first.
        ``warn`` creates all the same, and the feed names them (``matches.found``); ``refuse``
        raises; ``use`` gives the stored profile, unchanged, if a merge with it would be safe
        without a look, and else does as ``warn``.

        :raises MatchFound: for ``refuse``, with the matches; nothing was written.
        :raises InvalidProfile: with every problem at once; nothing was written.
        :raises IdempotencyConflict: if the key was used for another profile.
        :raises ProfileCleared: if an external id belonged to a cleared person (see ``reimport``).
        """
        if on_match is None:
            return profiles.create(self._kernel, profile, key, source, verified)
        from profilecore.engine import matching

        return matching.create(self, self._kernel, profile, key, source, verified, on_match)

    def matches(
        self, profile: Profile | Mapping[str, Any] | str, *, limit: int = 10
    ) -> list[Match]:
        """Give stored profiles that may be the same person, the likeliest first.

        For a stored profile (or its id), or for one that is about to be created.  Only what the
        actor may see is given, and never the profile itself.

        :raises InvalidProfile: as :meth:`create`, or for a limit outside 1 to 100.
        :raises NotFound: as :meth:`get`.
        :raises PluginError: if no installed plugin finds matches, or one fails.
        """
        from profilecore.engine import matching

        return matching.matches(self, self._kernel, profile, limit)

    def get(self, profile_id: str) -> Profile:
        """Give a profile as the actor may see it.

        A merged-away id gives its survivor.  Of a cleared person the tombstone is given: its
        ``state`` says so.

        :raises NotFound: if there is none, or none for this actor.
        """
        return profiles.get(self._kernel, profile_id)

    def path(self, profile_id: str) -> tuple[str, ...]:
        """Give the ids from this one to the root that it stands for now; never empty.

        :raises NotFound: as :meth:`get`.
        """
        return profiles.path(self._kernel, profile_id)

    def update(
        self,
        profile_id: str,
        changes: Mapping[str, Any],
        *,
        if_version: int | None = None,
        source: str | None = None,
        verified: bool = False,
    ) -> Profile:
        """Change a profile and give it as stored; a change that changes nothing writes nothing.

        Absent or ``UNSET`` keeps, ``None`` removes.  A list replaces the collection as far as
        the actor sees it; ``{"add": [...], "remove": [keys], "change": {key: {...}}}`` patches
        it.  Notes and consents are only added to.

        :raises InvalidProfile: with every problem at once; nothing was written.
        :raises VersionConflict: if the profile is not at ``if_version``.
        :raises ProfileCleared: if the person was cleared.
        :raises NotFound: as :meth:`get`.
        """
        return profiles.update(self._kernel, profile_id, changes, if_version, source, verified)

    def search(
        self,
        text: str = "",
        *,
        tags: Iterable[str] = (),
        classifications: Iterable[str | Classification] = (),
        category: str | None = None,
        source: str | None = None,
        state: str | State = State.ACTIVE,
        external_id: tuple[str, str] | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> Page[Profile]:
        """Find profiles as somebody types.

        Every word is a prefix; names in any order, accents and case folded; e-mail addresses,
        telephone digits and document numbers work as words.  Several names must belong to one
        name of the profile; a word alone that no name or number begins is looked for among the
        e-mail addresses, and digits typed among signs and blanks as one number and as parts of a
        name.  Of very many words the longest twenty count.  Filters must all hold; ``source`` is
        the marketing source.

        Profiles come in the order of the words that one typed word begins: a number before a
        name, a rare name before a frequent one, a long one before a short one.  Each profile
        shows once; ``cursor`` is the ``next`` of the page before and stays good while profiles
        come, go and change.  A page may be empty and have a ``next``, where there is much that the
        actor may not see.

        :raises InvalidProfile: for an unknown filter value, more than 200 of a sort, a limit
            outside 1 to 500, or a cursor that is none.
        """
        from profilecore.engine import searching

        wanted = searching.filters(tags, classifications, category, source, state, external_id)
        return searching.search(self._kernel, text, wanted, limit, cursor)

    def relationships(self, profile_id: str) -> list[Relation]:
        """Give the person's relations: own edges, and the inverse of other people's."""
        return profiles.relationships(self._kernel, profile_id)

    def load(
        self,
        rows: Iterable[Any],
        *,
        source: str,
        workers: int | None = None,
        **options: Any,
    ) -> LoadReport:
        """Take in many rows of one source; see :func:`profilecore.engine.loading.load`."""
        from profilecore.engine import loading

        return loading.load(self._kernel, rows, source=source, workers=workers, **options)

    # ---- merge

    def plan_merge(
        self,
        survivor_id: str,
        other_ids: Sequence[str],
        *,
        choices: Mapping[str, str] | None = None,
    ) -> MergePlan:
        """Work out a merge without writing: each field, its candidates, the rule that chose.

        ``choices`` maps a field to the profile whose value to take.  ``blockers`` of the plan
        has every reason against it.

        :raises NotFound: as :meth:`get`.
        :raises InvalidProfile: if a choice names no field or no profile of this merge.
        """
        from profilecore.engine import merging

        return merging.plan(self._kernel, survivor_id, other_ids, choices or {})

    def merge(self, plan: MergePlan, *, key: str | None = None) -> Merge:
        """Apply a merge plan in one transaction and give the journal entry.

        What was merged before is not merged again: the earlier entry is given.

        :raises StalePlan: if anything the plan rests on has changed.
        :raises MergeBlocked: with every blocker.
        :raises PluginError: if a host's references could not be re-pointed; nothing was written.
        """
        from profilecore.engine import merging

        return merging.apply(self._kernel, plan, key)

    def unmerge(self, merge_id: str) -> Unmerged:
        """Undo a merge: exactly if nothing changed since, else as far as possible, with a report.

        Undoing twice does nothing.

        :raises NotFound: if there is no such merge, as after a clear.
        :raises UnmergeBlocked: if the survivor was itself merged on, or cleared.
        """
        from profilecore.engine import merging

        return merging.unmerge(self._kernel, merge_id)

    def merges(self, profile_id: str) -> list[Merge]:
        """Give the merges into a person, oldest first, without values."""
        from profilecore.engine import merging

        return merging.merges(self._kernel, profile_id)

    # ---- questions

    def check(self, profile_id: str, name: str = "checklist") -> list[Missing]:
        """Tell what is missing from a profile for a check; empty if nothing is.

        :raises NotFound: if there is no such profile or check.
        :raises PluginError: if the check itself fails.
        """
        check = self.plugins.contributions.checks.get(name)
        if check is None:
            raise NotFound("check", name)
        profile = self.get(profile_id)
        try:
            return list(check.run(profile, self._kernel.now().date()))
        except Exception as error:
            raise PluginError(name, "check", type(error).__name__) from error

    def changes(
        self, after: int | str = 0, *, limit: int = 500, profile_id: str | None = None
    ) -> Page[Event]:
        """Give the events behind a cursor in order of commit; ``next`` is where to go on.

        Events carry ids and field names, never values.  Those about another property's documents
        or private profiles are left out.  At the end ``next`` stays where it is: ask again later.

        With ``profile_id`` only events about one person are given: those of any id of theirs, and
        those that name one, as merges do.  The feed is looked through for them, at most 50,000
        events a call: a page with few or none is the last only if ``next`` stayed.

        :raises InvalidProfile: for a cursor that is none, or a limit outside 1 to 10,000.
        :raises NotFound: as :meth:`get`.
        """
        from profilecore.engine import searching

        return searching.changes(self._kernel, after, limit, profile_id)

    def deliver(self) -> None:
        """Offer observers what failed before, and joined transactions the host has committed."""
        self._kernel.deliver()


def _read_settings(values: Any) -> Settings:
    try:
        return read_config(Settings, values, "config.profilecore")
    except ConfigFault as fault:
        raise PluginError("profilecore", "config", str(fault)) from None
