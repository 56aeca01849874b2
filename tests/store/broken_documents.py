"""Memory stores that break one rule each: documents and their terms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import attrs

from profilecore.errors import VersionConflict
from profilecore.store import NO_TERMS, MemoryStore, Terms
from profilecore.store.memory import _MemoryWriter, _Row

BROKEN: dict[str, tuple[type, tuple[str, ...]]] = {}
"""By name: a broken store, and the tests of the suite that must fail for it."""


class Broken(MemoryStore):
    """A memory store with a writer of another class."""

    writer: ClassVar[type[_MemoryWriter]] = _MemoryWriter

    def __init__(self) -> None:
        super().__init__()
        self._writer = self.writer()


def fails(*tests: str) -> Callable[[type], type]:
    """Register a broken store, or a broken writer, with the tests that find it out."""

    def register(cls: type) -> type:
        store = cls
        if issubclass(cls, _MemoryWriter):
            store = type(cls.__name__, (Broken,), {"writer": cls})
        BROKEN[cls.__name__] = store, tests
        return cls

    return register


def without_terms(row: _Row, **terms: Any) -> _Row:
    return attrs.evolve(row, terms=attrs.evolve(row.terms, **terms))


@fails("test_a_document_comes_back_as_it_was_stored")
class KeepsBodiesAsText(_MemoryWriter):
    def get(self, kind, id):
        found = super().get(kind, id)
        return found and attrs.evolve(found, body=found.body.decode("utf-8", "replace").encode())


@fails("test_a_document_comes_back_as_it_was_stored")
class TakesNoPropertyForEmpty(_MemoryWriter):
    def get(self, kind, id):
        found = super().get(kind, id)
        return found and attrs.evolve(found, property_id=found.property_id or None)


@fails("test_kind_and_id_together_name_a_document")
class IgnoresCase(_MemoryWriter):
    def get(self, kind, id):
        return super().get(kind, id) or super().get(kind, id.lower())


@fails("test_kind_and_id_together_name_a_document")
class IgnoresKind(_MemoryWriter):
    def get(self, kind, id):
        rows = (row.document for row in self._rows.values() if row.document.id == id)
        return super().get(kind, id) or next(rows, None)


@fails("test_an_update_replaces_the_document")
class KeepsTheOldBody(_MemoryWriter):
    def put(self, document, terms=NO_TERMS, *, expect):
        if old := self.get(document.kind, document.id):
            document = attrs.evolve(document, body=old.body)
        super().put(document, terms, expect=expect)


@fails(
    "test_a_wrong_expectation_is_refused",
    "test_expecting_a_version_loses_no_update",
    "test_insert_refuses_what_exists",
    "test_many_puts_together_refuse_another_version",
)
class IgnoresExpect(_MemoryWriter):
    def put(self, document, terms=NO_TERMS, *, expect):
        stored = self.get(document.kind, document.id)
        super().put(document, terms, expect=stored.version if stored else 0)


@fails("test_a_wrong_expectation_is_refused")
class NamesNoVersions(_MemoryWriter):
    def put(self, document, terms=NO_TERMS, *, expect):
        try:
            super().put(document, terms, expect=expect)
        except VersionConflict:
            raise VersionConflict(document.id, 0, 0) from None


@fails("test_a_transaction_goes_on_after_a_refused_put")
class GivesUpAfterAConflict(_MemoryWriter):
    def put(self, document, terms=NO_TERMS, *, expect):
        try:
            super().put(document, terms, expect=expect)
        except VersionConflict:
            self.rewind(0)
            raise


@fails("test_get_many_gives_what_exists_in_the_order_asked_for")
class SortsWhatWasAskedFor(_MemoryWriter):
    def get_many(self, kind, ids):
        return super().get_many(kind, sorted(ids))


@fails("test_a_batch_may_be_large")
class BindsAThousandValues(_MemoryWriter):
    def get_many(self, kind, ids):
        if len(ids) > 1_000:
            raise OverflowError("too many values")
        return super().get_many(kind, ids)


@fails("test_owned_documents_come_in_order_of_first_insertion")
class SortsOwnedByIdentity(_MemoryWriter):
    def owned(self, owners, kind=None):
        return sorted(super().owned(owners, kind), key=lambda document: document.id)


@fails("test_owned_documents_come_in_order_of_first_insertion")
class GroupsOwnedByOwner(_MemoryWriter):
    def owned(self, owners, kind=None):
        return [found for owner in owners for found in super(type(self), self).owned([owner], kind)]


@fails("test_a_document_that_owns_itself_is_not_owned")
class OwnsItself(_MemoryWriter):
    def owned(self, owners, kind=None):
        documents = [self._rows[row_kind, id].document for _, row_kind, id in self._order]
        return [d for d in documents if d.owner in owners and kind in (None, d.kind)]


@fails("test_a_listing_gives_each_document_once")
class ListsByIdentity(_MemoryWriter):
    def listing(self, kind, after, limit):
        every = sorted(super().listing(kind, None, 9_999), key=lambda document: document.id)
        return [document for document in every if after is None or document.id > after][:limit]


@fails("test_a_listing_gives_each_document_once")
class ListsTheLastAgain(_MemoryWriter):
    def listing(self, kind, after, limit):
        every = super().listing(kind, None, 9_999)
        start = next((n for n, document in enumerate(every) if document.id == after), 0)
        return every[start : start + limit]


@fails("test_a_listing_goes_on_where_documents_come_and_go")
class CountsToFindAPage(_MemoryWriter):
    def listing(self, kind, after, limit):
        start = self._rows[kind, after].number if after else 0
        return super().listing(kind, None, 9_999)[start : start + limit]


@fails("test_a_listing_goes_on_where_documents_come_and_go")
class StartsAgainBehindWhatIsGone(_MemoryWriter):
    def listing(self, kind, after, limit):
        known = after if (kind, after) in self._rows else None
        return super().listing(kind, known, limit)


@fails("test_count_counts_one_kind")
class CountsEverything(_MemoryWriter):
    def count(self, kind):
        return len(self._rows)


@fails(
    "test_find_gives_ids_in_order_of_first_insertion",
    "test_owned_documents_come_in_order_of_first_insertion",
    "test_hits_are_ordered_by_word_text_and_first_insertion",
)
class MovesToTheEndByAnUpdate(_MemoryWriter):
    def _replace(self, where, row):
        self._remove(where)
        self._next += 1
        self._add(attrs.evolve(row, number=self._next))


@fails("test_find_gives_ids_in_order_of_first_insertion")
class SortsFoundByIdentity(_MemoryWriter):
    def find(self, key, limit=1_000):
        return sorted(super().find(key, 9_999))[:limit]


@fails("test_find_gives_ids_in_order_of_first_insertion")
class FindsWithoutLimit(_MemoryWriter):
    def find(self, key, limit=1_000):
        return super().find(key, max(limit, 1_000))


@fails("test_keys_use_all_64_bits")
class RoundsKeys(_MemoryWriter):
    def find(self, key, limit=1_000):
        return [id for k in self._keys if float(k) == float(key) for id in self._keys[k].values()]


@fails("test_find_is_limited_by_default")
class FindsAHundred(_MemoryWriter):
    def find(self, key, limit=100):
        return super().find(key, limit)


@fails("test_find_many_gives_only_keys_that_some_document_has")
class FindsEmptyLists(_MemoryWriter):
    def find_many(self, keys, at_most=None):
        return {key: [] for key in keys} | super().find_many(keys, at_most)


@fails(
    "test_find_many_leaves_out_keys_that_more_have",
    "test_random_work_shows_no_difference_to_the_reference",
)
class FindsTheFirstOfACrowd(_MemoryWriter):
    def find_many(self, keys, at_most=None):
        return {key: ids[:at_most] for key, ids in super().find_many(keys).items()}


@fails("test_bodies_are_what_a_listing_gives")
class ForgetsThePropertyOfBodies(_MemoryWriter):
    def bodies(self, kind, after, limit):
        return [(i, o, None, body) for i, o, _, body in super().bodies(kind, after, limit)]


@fails(
    "test_a_tally_counts_who_has_all_keys",
    "test_random_work_shows_no_difference_to_the_reference",
)
class CountsWhoHasAnyKey(_MemoryWriter):
    def tally(self, keys):
        return len({id for key in keys for id in self._keys.get(key, {}).values()})


@fails(
    "test_a_put_replaces_the_keys",
    "test_random_work_shows_no_difference_to_the_reference",
)
class LeavesOldKeys(_MemoryWriter):
    def _replace(self, where, row):
        old = self._rows[where].terms.keys
        super()._replace(where, without_terms(row, keys=row.terms.keys + old))


@fails(
    "test_a_put_replaces_the_words",
    "test_random_work_shows_no_difference_to_the_reference",
)
class LeavesOldWords(_MemoryWriter):
    def _replace(self, where, row):
        old = self._rows[where].terms.lines
        super()._replace(where, without_terms(row, lines=row.terms.lines + old))


@fails("test_terms_given_twice_count_once")
class KeepsEqualTermsApart(_MemoryWriter):
    def _index(self, row):
        super()._index(row)
        if sum(len(line.words) for line in row.terms.lines) > len(row.terms.rows()):
            raise VersionConflict(row.document.id, 0, 0)


@fails("test_delete_takes_the_document_and_its_keys")
class LeavesKeysOfTheDeleted(_MemoryWriter):
    def delete(self, kind, id):
        keys = {key: dict(holders) for key, holders in self._keys.items()}
        found = super().delete(kind, id)
        self._keys = keys
        return found


@fails("test_delete_takes_the_document_and_its_keys")
class AlwaysTellsThatItDeleted(_MemoryWriter):
    def delete(self, kind, id):
        super().delete(kind, id)
        return True


@fails("test_delete_takes_the_words")
class LeavesWordsOfTheDeleted(_MemoryWriter):
    def delete(self, kind, id):
        words = list(self._words)
        found = super().delete(kind, id)
        self._words = words
        return found


@fails("test_what_is_stored_again_is_new")
class PutsBackInItsOldPlace(_MemoryWriter):
    def __init__(self):
        super().__init__()
        self._places = {}

    def _add(self, row):
        where = (row.document.kind, row.document.id)
        row.number = self._places.setdefault(where, row.number)
        super()._add(row)


@fails("test_insert_stores_many_in_their_order")
class InsertsWithoutTerms(_MemoryWriter):
    def insert(self, documents):
        super().insert((document, NO_TERMS) for document, _ in documents)


def pack_no_lines(terms):
    return Terms(terms.keys)


@fails("test_insert_takes_packed_terms")
class PacksNoLines(Broken):
    packer = property(lambda self: pack_no_lines)


@fails("test_insert_takes_packed_terms")
class PacksByALambda(Broken):
    packer = property(lambda self: lambda terms: terms)


@fails("test_insert_stores_many_in_their_order")
class InsertsBackwards(_MemoryWriter):
    def insert(self, documents):
        super().insert(reversed(list(documents)))


@fails("test_insert_refuses_what_exists")
class InsertsOver(_MemoryWriter):
    def insert(self, documents):
        for document, terms in documents:
            stored = self.get(document.kind, document.id)
            self.put(document, terms, expect=stored.version if stored else 0)


@fails("test_an_insert_that_breaks_off_leaves_nothing")
class CommitsABatch(_MemoryWriter):
    def insert(self, documents):
        for number, entry in enumerate(documents, 1):
            super().insert([entry])
            if number % 500 == 0:
                self.undo.clear()


@fails("test_many_puts_together_equal_as_many_puts")
class KeepsTheTermsOfMany(_MemoryWriter):
    def put_many(self, changes):
        for document, terms, expect in changes:
            old = self._rows.get((document.kind, document.id))
            self.put(document, terms if old is None else old.terms, expect=expect)


@fails("test_many_puts_together_refuse_another_version")
class PutsManyOver(_MemoryWriter):
    def put_many(self, changes):
        for document, terms, _ in changes:
            stored = self.get(document.kind, document.id)
            self.put(document, terms, expect=stored.version if stored else 0)


@fails("test_results_are_the_callers_own")
class GivesItsOwnListOfEvents(_MemoryWriter):
    def events(self, after=0, limit=500):
        return super().events(after, limit) if after else self._events
