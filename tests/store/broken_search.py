"""Memory stores that break one rule each: search by words, its order, its pages."""

from __future__ import annotations

import abc
from typing import Any

import attrs
from broken_documents import BROKEN, Broken, fails

from profilecore.store import NO_TERMS, Hit, MemoryStore, Query
from profilecore.store.memory import _MemoryWriter

__all__ = ["BROKEN", "Broken", "fails"]


@fails("test_a_word_is_found_by_its_beginning")
class FindsInsideWords(_MemoryWriter):
    def _candidates(self, query, after):
        for row in super()._candidates(attrs.evolve(query, word=query.word and ""), after):
            if (query.word or "") in row[0]:
                yield row


@fails("test_a_word_is_found_by_its_beginning")
class FindsWholeWordsOnly(_MemoryWriter):
    def _candidates(self, query, after):
        rows = super()._candidates(query, after)
        return (row for row in rows if query.word in (None, row[0]))


class Reordered(_MemoryWriter):
    """Searches in another order, on one page."""

    @abc.abstractmethod
    def order(self, hit: Hit) -> Any:
        """Give what hits are ordered by."""

    def search(self, query: Query, after: Any = None, limit: int = 50) -> list[Hit]:
        return sorted(super().search(query, after, 9_999), key=self.order)[:limit]


@fails("test_words_of_the_engines_own_are_ordered_in_every_store")
class OrdersEveryWordAsItLikes(Reordered):
    def order(self, hit):
        return hit.word[::-1], hit.position[2]


@fails("test_hits_are_ordered_by_word_text_and_first_insertion")
class OrdersHitsByInsertion(Reordered):
    def order(self, hit):
        return hit.position[2]


@fails("test_hits_are_ordered_by_word_text_and_first_insertion")
class OrdersHitsByWordOnly(Reordered):
    def order(self, hit):
        return hit.word, hit.position[2]


@fails("test_hits_are_ordered_by_word_text_and_first_insertion")
class OrdersHitsWithoutCase(Reordered):
    def order(self, hit):
        return hit.word, hit.text.lower(), hit.position[2]


@fails("test_hits_are_ordered_by_word_text_and_first_insertion")
class OrdersHitsByUtf16(Reordered):
    def order(self, hit):
        return hit.word.encode("utf-16-be"), hit.text, hit.position[2]


@fails("test_each_word_of_a_document_is_a_hit_of_its_own")
class GivesDocumentsInsteadOfRows(_MemoryWriter):
    def search(self, query, after=None, limit=50):
        hits = {hit.id: hit for hit in reversed(super().search(query, after, 9_999))}
        return sorted(hits.values(), key=lambda hit: hit.position)[:limit]


@fails("test_a_hit_comes_with_its_document")
class GivesHitsTheDocumentOfTheirId(_MemoryWriter):
    def search(self, query, after=None, limit=50):
        hits = super().search(query, after, limit)
        profiles = {d.id: d for d in self.get_many("profile", [hit.id for hit in hits])}
        return [attrs.evolve(hit, document=profiles.get(hit.id, hit.document)) for hit in hits]


@fails("test_every_other_word_must_begin_a_word_of_the_text")
class IgnoresOthers(_MemoryWriter):
    def search(self, query, after=None, limit=50):
        return super().search(attrs.evolve(query, others=()), after, limit)


@fails("test_every_other_word_must_begin_a_word_of_the_text")
class LooksForOthersAnywhere(_MemoryWriter):
    def search(self, query, after=None, limit=50):
        hits = super().search(attrs.evolve(query, others=()), after, 9_999)
        return [hit for hit in hits if all(o in hit.text for o in query.others)][:limit]


@fails("test_a_hit_must_have_all_keys")
class TakesAnyKey(_MemoryWriter):
    def search(self, query, after=None, limit=50):
        one = [super(TakesAnyKey, self).search(attrs.evolve(query, keys=(k,)), after, 9_999)
               for k in query.keys]  # fmt: skip
        hits = {hit.position: hit for found in one for hit in found}
        whole = sorted(hits.values(), key=lambda hit: hit.position)[:limit]
        return whole if query.keys else super().search(query, after, limit)


@fails("test_without_a_word_documents_come_by_first_insertion")
class GoesThroughTheWords(_MemoryWriter):
    def search(self, query, after=None, limit=50):
        return super().search(attrs.evolve(query, word=query.word or ""), after, limit)


@fails("test_no_character_is_special")
class TakesPercentForAPattern(_MemoryWriter):
    def _candidates(self, query, after):
        head, special, _ = (query.word or "").partition("%")
        return super()._candidates(attrs.evolve(query, word=head) if special else query, after)


@fails("test_no_character_is_special")
class EndsAPrefixTooEarly(_MemoryWriter):
    def _candidates(self, query, after):
        for row in super()._candidates(query, after):
            if query.word is None or row[0] < query.word + "\uffff":
                yield row


class Paged(_MemoryWriter):
    """Pages by other positions."""

    def search(self, query: Query, after: Any = None, limit: int = 50) -> list[Hit]:
        hits = super().search(query, None, 99_999)
        whole = [attrs.evolve(hit, position=self.place(hit, n)) for n, hit in enumerate(hits)]
        return [hit for hit in whole if after is None or self.behind(hit, after)][:limit]

    def place(self, hit: Hit, number: int) -> tuple[Any, ...]:
        return hit.position

    def behind(self, hit: Hit, after: tuple[Any, ...]) -> bool:
        return hit.position > after


@fails("test_paging_by_position_gives_each_row_once")
class SkipsEqualTexts(Paged):
    def place(self, hit, number):
        return (hit.word, hit.text)


@fails("test_paging_by_position_gives_each_row_once")
class SkipsEarlierDocuments(Paged):
    def behind(self, hit, after):
        return all(one >= other for one, other in zip(hit.position, after, strict=True)) and (
            hit.position != after
        )


@fails("test_paging_by_position_gives_each_row_once")
class RepeatsTheLastRow(Paged):
    def search(self, query, after=None, limit=50):
        hits = super().search(query, after, limit)
        if after and after[0] == "anb" and len(hits) == limit and limit > 1:
            return [*super().search(query, None, 1), *hits][:limit]
        return hits


@fails("test_positions_stay_valid_when_documents_come_and_go")
class CountsHitsToFindAPage(Paged):
    def place(self, hit, number):
        return (number,)


@fails("test_positions_stay_valid_when_documents_come_and_go")
class NeedsTheRowOfAPosition(Paged):
    def search(self, query, after=None, limit=50):
        found = super().search(query, None, 99_999)
        known = after is None or any(hit.position == after for hit in found)
        return super().search(query, after, limit) if known else []


@fails("test_fifty_hits_are_given_by_default")
class GivesAHundredHits(_MemoryWriter):
    def search(self, query, after=None, limit=100):
        return super().search(query, after, limit)


@fails("test_a_position_is_not_taken_over_by_a_later_document")
class UsesNumbersAgain(_MemoryWriter):
    def put(self, document, terms=NO_TERMS, *, expect):
        self._next = self._order[-1][0] if self._order else 0
        super().put(document, terms, expect=expect)


class Counted(_MemoryWriter):
    """Counts hits in another way."""

    @abc.abstractmethod
    def counted(self, prefix: str) -> int:
        """Give the number of hits of a prefix, wrongly."""

    def has_hits(self, prefix: str, number: int) -> bool:
        return self.counted(prefix) >= number

    def found(self, prefix: str) -> list[Hit]:
        return self.search(Query(prefix), None, 99_999)


HAS_HITS = "test_a_prefix_has_as_many_hits_as_its_search"


@fails(HAS_HITS)
class CountsDocuments(Counted):
    def counted(self, prefix):
        return len({hit.id for hit in self.found(prefix)})


@fails(HAS_HITS)
class CountsEachWordOnce(Counted):
    def counted(self, prefix):
        return len({hit.word for hit in self.found(prefix)})


@fails(HAS_HITS, "test_random_work_shows_no_difference_to_the_reference")
class CountsOneMore(Counted):
    def counted(self, prefix):
        return len(self.found(prefix)) + 1


@fails(HAS_HITS)
class CountsBeyondThePrefix(Counted):
    def counted(self, prefix):
        return sum(row[0] >= prefix for row in self._words)


@fails("test_no_character_is_special")
class CountsByAPattern(Counted):
    def counted(self, prefix):
        head, special, _ = prefix.partition("%")
        return len(self.found(head if special else prefix))


@fails("test_a_prefix_of_many_hits_is_counted_exactly")
class CountsRoundly(Counted):
    def counted(self, prefix):
        number = len(self.found(prefix))
        return number if number < 100 else round(number, -2)


@fails("test_a_prefix_of_many_hits_is_counted_exactly")
class StopsCounting(Counted):
    def counted(self, prefix):
        return min(5_000, len(self.found(prefix)))


@fails("test_everything_comes_in_order_of_first_insertion")
class ListsKindByKind(_MemoryWriter):
    def everything(self, after=0, limit=1_000):
        found = sorted(super().everything(0, 1_000), key=lambda kept: kept.document.kind)
        return [kept._replace(place=n) for n, kept in enumerate(found, 1)][after : after + limit]


@fails("test_everything_comes_in_order_of_first_insertion")
class GivesTheVersionBefore(_MemoryWriter):
    def everything(self, after=0, limit=1_000):
        return [
            kept._replace(document=attrs.evolve(kept.document, version=1, body=b"{}"))
            for kept in super().everything(after, limit)
        ]


@fails("test_everything_comes_with_its_terms")
class KeepsNoTermsToGive(_MemoryWriter):
    def everything(self, after=0, limit=1_000):
        return [kept._replace(terms=NO_TERMS) for kept in super().everything(after, limit)]


@fails("test_blobs_are_listed_by_id")
class ListsBlobsAsTheyCame(_MemoryWriter):
    def blob_ids(self, after="", limit=1_000):
        return [id for id in self._blobs if id > after][:limit]


@fails("test_an_empty_store_takes_the_salt_of_another")
class KeepsItsOwnSalt(MemoryStore):
    def adopt(self, salt):
        pass


@fails("test_a_store_that_is_not_empty_keeps_its_salt")
class TakesAnySalt(MemoryStore):
    def adopt(self, salt):
        self._salt = salt
