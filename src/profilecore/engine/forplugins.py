"""The verbs that plugins and bulk work build on: documents, look-ups, plain fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from profilecore.engine.adding import Sums
    from profilecore.engine.documents import Entry, Stored
    from profilecore.engine.extracting import Key
    from profilecore.engine.kernel import Kernel
    from profilecore.engine.searching import Page


class ForPlugins:
    """The part of the engine for those who extend it."""

    _kernel: Kernel

    @property
    def now(self) -> datetime:
        """The time by the engine's clock, in UTC."""
        return self._kernel.now()

    def store_document(
        self,
        kind: str,
        value: Any,
        *,
        profile_id: str | None = None,
        id: str | None = None,
        if_version: int | None = None,
        keys: Iterable[Key] = (),
        property_id: str | None = None,
    ) -> Stored:
        """Store a document of a kind that a plugin registered: a new one, or over its ``id``.

        It belongs to the profile, is merged, cleared and shown with it; without ``profile_id`` it
        is the chain's own, or the property's.  ``keys`` are the (sort, value) pairs by which
        :meth:`documents` finds it, kept as keyed hashes and replaced as a whole.  ``if_version``
        is the version that must be stored, 0 for none.  With ``property_id`` other properties do
        not see it.

        :raises NotFound: if no plugin has the kind, or as :meth:`get`, or if the document is
            somebody else's.
        :raises VersionConflict: if the document is not at ``if_version``.
        :raises ProfileCleared: if the person was cleared.
        :raises ScopeDenied: if a property stores for another or for the chain.
        """
        from profilecore.engine.documents import Entry

        entry = Entry(value, profile_id, id, if_version, tuple(keys), property_id)
        return self.store_documents(kind, [entry])[0]

    def store_documents(
        self, kind: str, entries: Iterable[Entry], *, read: Iterable[Stored] = ()
    ) -> list[Stored]:
        """Store many documents of a kind, all or none, several times faster than one by one.

        They are given back in their order.  ``read`` are documents of the kind as this very
        transaction read them: they are not read again to be stored over, which is faster, and
        must be at their versions still.

        :raises InvalidProfile: if two have one id.
        :raises ProfilecoreError: as :meth:`store_document`.
        """
        from profilecore.engine import documents

        return documents.store(self._kernel, kind, entries, read)

    def document(self, kind: str, document_id: str) -> Stored:
        """Give a document of a plugin's kind.

        :raises NotFound: if there is none, or none for this actor.
        """
        from profilecore.engine import documents

        return documents.read(self._kernel, kind, document_id)

    def documents(
        self,
        kind: str,
        *,
        profile_id: str | None = None,
        key: Key | None = None,
        ids: Sequence[str] | None = None,
        after: str | None = None,
        limit: int = 1_000,
    ) -> list[Stored]:
        """Give documents of a plugin's kind in the order of first insertion.

        All of a person's, or those of some ``ids``, or at most ``limit`` (up to 10,000) that have
        a key, or as many of all of the kind behind the id ``after``: only at the end fewer.  What
        the actor may not see is left out.

        :raises NotFound: if no plugin has the kind; as :meth:`get`.
        :raises InvalidProfile: for a limit that is out of range.
        """
        from profilecore.engine import documents

        return documents.listed(self._kernel, kind, profile_id, key, ids, after, limit)

    def delete_document(self, kind: str, document_id: str) -> bool:
        """Delete a document of a plugin's kind; tell whether the actor had one to delete.

        :raises NotFound: if no plugin has the kind.
        :raises ProfileCleared: if its person was cleared.
        :raises ScopeDenied: if a property deletes what is the chain's own.
        """
        from profilecore.engine import documents

        return documents.delete(self._kernel, kind, document_id)

    def look_up(
        self, keys: Iterable[Key], *, at_most: int = 1_000, or_none: bool = False
    ) -> dict[Key, list[str]]:
        """Give for each (sort, value) that some profile has the ids, in order of insertion.

        The sorts are the engine's own (``email``, ``phone``, ``document``, ...) and those of
        ``profilecore_register_terms``; a key of documents of a plugin's kind has ``KIND:SORT``
        for its sort, and gives their ids.  Of a value that more have only the first ``at_most``
        are given; with ``or_none`` it is left out, which is faster.  An id says nothing: whether
        the actor may see the profile, :meth:`get` and :meth:`extract` decide.
        """
        from profilecore.engine import extracting

        return extracting.look_up(self._kernel, keys, at_most, or_none)

    def tally(self, keys: Iterable[Key]) -> int:
        """Count the living profiles that have all of some (sort, value) pairs, by the index alone.

        It is faster the rarer the first pair is; without any it counts all the living.  As for
        :meth:`look_up`, whether the actor may see them is not asked.
        """
        from profilecore.engine import counting

        return counting.tally(self._kernel, keys)

    def holders(
        self, keys: Sequence[Key], *, limit: int = 1_000, cursor: str | None = None
    ) -> Page[str]:
        """Give a page of the ids of the profiles that have all of some (sort, value) pairs.

        They come in the order of insertion; it is faster the rarer the first pair is.  As for
        :meth:`look_up`, whether the actor may see them is not asked.

        :raises InvalidProfile: without a pair, for a limit outside 1 to 10,000, or for a cursor
            of other pairs.
        """
        from profilecore.engine import counting

        return counting.holders(self._kernel, keys, cursor, limit)

    def reindex(self, watch: Callable[[int], object] | None = None) -> int:
        """Make the keys and words of all profiles anew, and give how many profiles there are.

        For a store whose profiles are older than a plugin that registers terms.  No profile
        changes.  It works in small transactions beside others' work, telling ``watch`` how many
        are done; interrupted, the next call goes on from there, unless the plugins are others.

        :raises PluginError: if a source of terms fails.
        """
        from profilecore.engine import reindexing

        return reindexing.reindex(self._kernel, watch)

    def extract(
        self,
        fields: Sequence[str],
        *,
        profile_ids: Sequence[str] | None = None,
        kind: str = "profile",
        after: str | None = None,
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield pages of plain JSON values of some fields: of all profiles, or of those named.

        Only the living are given that the actor may see, as far as the actor sees them, in the
        order of insertion (behind the id ``after``) or of ``profile_ids``; a field that is empty
        is ``None``.  Much faster than reading whole profiles.  Each page is read by itself, so
        that no writer waits.

        With another ``kind``, as ``stay``, the rows are of the documents of that kind which these
        people own.  Each also has its ``id``, and ``owner``: the id that the person has now, or
        ``None`` where nobody is left: then it is what a clear leaves of it, if anything.  Of stays
        the host's own come last.

        :raises InvalidProfile: naming what is no field.
        :raises NotFound: if nobody has the kind.
        :raises PluginError: if a source of stays fails.
        """
        from profilecore.engine import extracting

        return extracting.extract(self._kernel, fields, profile_ids, kind, after)

    def columns(
        self, fields: Sequence[str], *, kind: str = "profile"
    ) -> Iterator[tuple[Sequence[Any], ...]]:
        """Yield pages of what :meth:`extract` gives of all, as one sequence for each field.

        The columns of a page come in the order of ``fields``, which may name ``id`` and ``owner``
        too, and are of one length.  Nothing is made of a row: for who adds up millions.

        :raises ProfilecoreError: as :meth:`extract`.
        """
        from profilecore.engine import extracting

        return extracting.columns(self._kernel, fields, kind)

    def add_up(
        self,
        sums: Sums,
        sources: Sequence[tuple[str, Sequence[str]]],
        *,
        watch: Callable[[int, int], object] = lambda source, done: None,
        workers: int | None = None,
    ) -> bytes:
        """Give ``sums`` the columns of each (kind, fields) in turn, and give its result.

        The pages come as :meth:`columns` gives them, with the number of their source.  Of many the
        adding is done in another process, where there is a core for it, to which a copy of ``sums``
        travels; with ``workers=0``, or where it cannot travel, in this one.  The result is the
        same.  ``watch`` is told the number of a source, and how many of its rows were read.

        :raises ProfilecoreError: as :meth:`extract`.
        """
        from profilecore.engine import adding

        return adding.add_up(self._kernel, sums, sources, watch, workers)
