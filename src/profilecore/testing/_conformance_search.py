"""Conformance, core tier: look-up by keys, search by words, and paging by position."""

from __future__ import annotations

import pytest

from profilecore.store.port import OPEN, Capability, Hit, Line, Query, Reader, Store, Terms
from profilecore.testing._conformance_base import (
    ConformanceBase,
    add,
    doc,
    ids,
    paged,
    requires,
    rows,
    search,
    terms,
)

EXTREME_KEYS = (0, -1, 1, 2**63 - 1, -(2**63), 2**53 + 1)
SPECIAL = (
    "%", "_", "'", '"', "\\", "*", "?", "[", "]", "^", "$", "-", ".", "(", "&", "|", ":", ";",
    "é", "ß", "ñ", "я", "漢", "\u0301", "\ufffd", "\U00010428", "\U0001f600", "\U00020bb7",
)  # fmt: skip


class SearchConformance(ConformanceBase):
    """A search gives rows, not documents, in an order that paging can rely on."""

    def test_find_gives_ids_in_order_of_first_insertion(self, store: Store) -> None:
        """Updates keep the place, whichever version got the key.

        If this fails: order by the number of the first insertion, not by id or index entry.
        """
        entries = [(doc(name), terms(keys=[7])) for name in ("p5", "p1", "p9")]
        add(store, entries[0], (doc("p7"), terms(keys=[8])), *entries[1:])
        with store.write() as writer:
            writer.put(doc("p7", version=2), terms(keys=[8, 7]), expect=1)
            writer.put(doc("p5", version=2), terms(keys=[7]), expect=1)
        with store.read() as reader:
            assert reader.find(7) == ["p5", "p7", "p1", "p9"]
            assert reader.find(7, 2) == ["p5", "p7"]
            assert reader.find(7, limit=1) == ["p5"]
            assert reader.find(8) == ["p7"]
            assert reader.find(9) == []

    def test_keys_use_all_64_bits(self, store: Store) -> None:
        """Keys are signed numbers of 64 bits, compared exactly.

        If this fails: use a column of 64 bits; a floating-point number rounds large keys.
        """
        add(store, *((doc(f"p{n}"), terms(keys=[key])) for n, key in enumerate(EXTREME_KEYS)))
        with store.read() as reader:
            assert [reader.find(key) for key in EXTREME_KEYS] == [
                [f"p{n}"] for n in range(len(EXTREME_KEYS))
            ]
            assert reader.find(2**53) == []

    def test_find_is_limited_by_default(self, store: Store) -> None:
        """A thousand ids are given unless more are asked for.

        If this fails: keep the default of the port.
        """
        with store.write() as writer:
            writer.insert((doc(f"p{n}"), terms(keys=[1])) for n in range(1_001))
        with store.read() as reader:
            assert reader.find(1) == [f"p{n}" for n in range(1_000)]
            assert len(reader.find(1, 5_000)) == 1_001

    def test_find_many_gives_only_keys_that_some_document_has(self, store: Store) -> None:
        """Each key gives what ``find`` gives; a key that no document has is left out.

        If this fails: a key that lost its last document must not stay with an empty list.
        """
        add(
            store,
            (doc("p9"), terms(keys=[1, -2])),
            (doc("p1"), terms(keys=[1])),
            (doc("p2"), terms(keys=[3])),
        )
        with store.write() as writer:
            writer.delete("profile", "p2")
        with store.read() as reader:
            assert reader.find_many([3, 1, 4, -2, 1]) == {1: ["p9", "p1"], -2: ["p9"]}
            assert reader.find_many([]) == {}

    def test_find_many_leaves_out_keys_that_more_have(self, store: Store) -> None:
        """A key that just as many have is given, one that one more has is not.

        If this fails: count the documents of each key by itself, not all of them together.
        """
        add(
            store,
            (doc("p1"), terms(keys=[1, 2, -3])),
            (doc("p2"), terms(keys=[1, 2])),
            (doc("p3"), terms(keys=[2])),
        )
        with store.read() as reader:
            assert reader.find_many([2, 1, -3, 4, 1], 2) == {1: ["p1", "p2"], -3: ["p1"]}
            assert reader.find_many([1, 2, -3], 3) == reader.find_many([1, 2, -3])
            assert reader.find_many([1, 2], 0) == reader.find_many([], 5) == {}

    def test_a_tally_counts_who_has_all_keys(self, store: Store) -> None:
        """Each document counts once, whatever its kind; a key that comes twice asks once.

        If this fails: count the documents that have each of the keys, as ``search`` finds them.
        """
        add(
            store,
            (doc("p1"), terms(keys=[1, 2, -3])),
            (doc("p2"), terms(keys=[1, 2])),
            (doc("s1", kind="stay"), terms(keys=[2])),
        )
        with store.write() as writer:
            writer.insert((doc(f"q{n}"), terms(keys=[7])) for n in range(5_001))
        with store.read() as reader:
            assert [reader.tally([key]) for key in (1, 2, -3, 4)] == [2, 3, 1, 0]
            assert reader.tally([2, 1]) == reader.tally([1, 2, 1]) == 2
            assert reader.tally([1, 2, -3]) == 1
            assert reader.tally([1, 4]) == 0
            assert reader.tally([7]) == 5_001

    def test_bodies_are_what_a_listing_gives(self, store: Store) -> None:
        """Id, owner, property and body of each document, in the order and pages of a listing.

        If this fails: ``bodies`` begins behind the same id, and leaves out only the kind and the
        version.
        """
        add(store, *(doc(f"p{n}", body=b"\xff%d" % n, property_id="P1") for n in range(3)))
        add(store, doc("s1", kind="stay", owner="p1"), doc("s2", kind="stay", owner="p1"))
        with store.read() as reader:
            for kind, after, limit in (
                ("profile", None, 2), ("profile", "p1", 9), ("stay", "s1", 1), ("stay", "p9", 9),
            ):  # fmt: skip
                listed = reader.listing(kind, after, limit)
                plain = [(d.id, d.owner, d.property_id, d.body) for d in listed]
                assert [tuple(body) for body in reader.bodies(kind, after, limit)] == plain

    def test_a_word_is_found_by_its_beginning(self, store: Store) -> None:
        """A prefix finds whole words too; letters inside a word find nothing.

        If this fails: compare the beginning of the stored word, as it stands: the engine has
        folded both already.
        """
        add(
            store,
            (doc("p1"), terms("anna garcia")),
            (doc("p2"), terms("joanna")),
            (doc("p3"), terms("an")),
        )
        assert ids(search(store, "ann")) == ["p1"]
        assert ids(search(store, "anna")) == ["p1"]
        assert sorted(ids(search(store, "an"))) == ["p1", "p3"]
        assert ids(search(store, "gar")) == ["p1"]
        assert ids(search(store, "arc")) == []
        assert ids(search(store, "annabel")) == []
        assert ids(search(store, "ANN")) == []

    @requires(Capability.SORTED)
    def test_hits_are_ordered_by_word_text_and_first_insertion(self, store: Store) -> None:
        """Words and texts are compared by code point, equal ones by first insertion.

        If this fails: use a binary collation (in SQLite ``BINARY``, in PostgreSQL ``"C"``).
        """
        texts = {
            "p9": "ana z",
            "p2": "anb a",
            "p4": "ana",
            "p1": "ana z",
            "p8": "anz",
            "p3": "ané",
            "p7": "ana-b",
            "p6": "an\U0001f600",
            "p5": "an\ufffd",
            "p0": "ana Z",
        }
        add(store, *((doc(name), terms(text)) for name, text in texts.items()))
        with store.write() as writer:
            writer.put(doc("p9", version=2), terms("ana z"), expect=1)
        assert ids(search(store, "an")) == [
            "p4", "p0", "p9", "p1", "p7", "p2", "p8", "p3", "p5", "p6",
        ]  # fmt: skip

    def test_words_of_the_engines_own_are_ordered_in_every_store(self, store: Store) -> None:
        """What begins with ``OPEN`` comes by word and first insertion, page by page.

        If this fails: keep these words readable, and sort by them as they stand.
        """
        hours = ("2027-03", "2026-12", "2027-01", "2026-12", "2027-02")
        add(store, *((doc(f"p{n}"), terms(f"{OPEN}{hour}")) for n, hour in enumerate(hours)))
        with store.read() as reader:
            assert _counted(reader, OPEN) == 5
        pages = list(paged(store, Query(OPEN), 2))
        assert [row for page in pages for row in rows(page)] == [
            (f"p{n}", f"{OPEN}{hours[n]}", f"{OPEN}{hours[n]}") for n in (1, 3, 2, 4, 0)
        ]

    def test_each_word_of_a_document_is_a_hit_of_its_own(self, store: Store) -> None:
        """A hit tells which word of which text was found; each has its own position.

        If this fails: give a row per distinct (word, text), not per document.
        """
        lines = (
            Line("ana maria anaya", ("anaya", "ana", "maria")),
            Line("casa ana", ("casa", "ana", "home")),
        )
        add(store, (doc("p1"), Terms((), lines)))
        hits = search(store, "ana")
        assert sorted(rows(hits)) == [
            ("p1", "ana", "ana maria anaya"),
            ("p1", "ana", "casa ana"),
            ("p1", "anaya", "ana maria anaya"),
        ]
        assert all(type(hit.position) is tuple for hit in hits)
        assert len({hit.position for hit in hits}) == 3
        assert rows(search(store, "home")) == [("p1", "home", "casa ana")]

    def test_every_other_word_must_begin_a_word_of_the_text(self, store: Store) -> None:
        """``others`` filter by the text of the row itself, each by the beginning of a word.

        If this fails: look in the row's own text, not in the document's other texts, for the
        beginning of the text or a blank followed by the word.
        """
        add(
            store,
            (doc("p1"), terms("ana garcia lopez")),
            (doc("p2"), terms("ana lopez", "casa garcia")),
            (doc("p3"), terms("garcia ana")),
            (doc("p4"), terms("ana oscar")),
        )
        assert sorted(ids(search(store, "ana", others=["gar"]))) == ["p1", "p3"]
        assert ids(search(store, "ana", others=["garcia", "lop"])) == ["p1"]
        assert sorted(ids(search(store, "ana", others=["lop", "lop"]))) == ["p1", "p2"]
        assert ids(search(store, "ana", others=["car"])) == []
        assert sorted(ids(search(store, "gar", others=["a"]))) == ["p1", "p3"]
        assert ids(search(store, "ana", others=["garcia l"])) == ["p1"]
        assert ids(search(store, "ana", others=["lopez", "x"])) == []

    def test_a_hit_must_have_all_keys(self, store: Store) -> None:
        """``keys`` filter the words' documents, and hold together with ``others``.

        If this fails: each key is a condition of its own; a match of any is not enough.
        """
        add(
            store,
            (doc("p1"), terms("ana garcia", keys=[1, 2])),
            (doc("p2"), terms("ana lopez", keys=[1, 2, 3])),
            (doc("p3"), terms("ana garcia", keys=[2])),
            (doc("p4"), terms("berta garcia", keys=[1, 2])),
            (doc("p2", "stay", owner="p2"), terms("ana")),
        )
        assert sorted(ids(search(store, "ana", keys=[1]))) == ["p1", "p2"]
        assert sorted(ids(search(store, "ana", keys=[2, 1]))) == ["p1", "p2"]
        assert sorted(ids(search(store, "ana", keys=[2, 2]))) == ["p1", "p2", "p3"]
        assert ids(search(store, "ana", keys=[1, 3])) == ["p2"]
        assert ids(search(store, "ana", keys=[4])) == []
        assert ids(search(store, "ana", others=["garcia"], keys=[1])) == ["p1"]

    def test_a_hit_comes_with_its_document(self, store: Store) -> None:
        """It is the document as it is now, of its kind, found by a word and by a key.

        If this fails: read the document where the row is read, by what no two of them share.
        """
        profile, stay = doc("p1", body=b"now", version=2), doc("p1", "stay", owner="p1")
        add(
            store,
            (doc("p1", body=b"then"), terms("ana", keys=[1])),
            (stay, terms("ana", keys=[1])),
        )
        with store.write() as writer:
            writer.put(profile, terms("ana", keys=[1]), expect=1)
        for hits in (search(store, "a"), search(store, keys=[1])):
            assert [hit.document for hit in hits] == [profile, stay]

    @pytest.mark.parametrize("limit", [1, 2, 50])
    def test_without_a_word_documents_come_by_first_insertion(
        self, store: Store, limit: int
    ) -> None:
        """A search by keys alone gives each document that has all of them once, in pages.

        If this fails: do not go through the words; a document may have none.
        """
        names = ["p5", "p1", "p9", "p3"]
        for name in names:
            add(store, (doc(name), terms("ana b", "c d", keys=[1, 2])))
        add(store, (doc("p2"), terms("ana", keys=[1])))
        add(store, (doc("p4"), terms(keys=[2, 1])))
        pages = list(paged(store, Query(keys=(1, 2)), limit))
        assert [hit.id for page in pages for hit in page] == [*names, "p4"]

    @pytest.mark.parametrize("special", SPECIAL)
    def test_no_character_is_special(self, store: Store, special: str) -> None:
        """A character matches itself alone, in the first word and in the others.

        If this fails: escape patterns (``%``, ``_``, the escape itself, ``*``, ``[``), bind
        values instead of quoting them, and let the upper bound of a prefix include every
        character up to U+10FFFF.
        """
        text = f"a{special}b {special}c"
        add(
            store,
            (doc("p1"), Terms((), (Line(text, (f"a{special}b", f"{special}c")),))),
            (doc("p2"), terms("axb xc", "ab c", "axxb xxc")),
        )
        assert rows(search(store, f"a{special}")) == [("p1", f"a{special}b", text)]
        assert ids(search(store, f"a{special}b")) == ["p1"]
        assert ids(search(store, special)) == ["p1"]
        assert sorted(ids(search(store, "a"))) == ["p1", "p2", "p2", "p2"]
        assert ids(search(store, "a", others=[special])) == ["p1"]
        assert ids(search(store, "a", others=[f"a{special}b", f"{special}c"])) == ["p1"]
        with store.read() as reader:
            assert [_counted(reader, word) for word in (f"a{special}", special)] == [1, 1]

    def test_a_prefix_has_as_many_hits_as_its_search(self, store: Store) -> None:
        """``has_hits`` counts the hits that a search for the prefix alone gives.

        If this fails: count rows of words, as many as a document and its texts have of them,
        between the same bounds as the search, and with what the transaction has written.
        """
        add(
            store,
            (doc("p1"), terms("ana maria anaya", "casa ana", keys=[1])),
            (doc("p2"), terms("ana ana", "joana")),
            (doc("p3"), terms("anb")),
            (doc("p1", "stay", owner="p1"), terms("ana")),
        )
        with store.write() as writer:
            writer.delete("profile", "p3")
            writer.put(doc("p4"), terms("an"), expect=0)
            counted = [_counted(writer, word) for word in ("", "a", "an", "ana", "b", "z")]
        assert counted == [9, 6, 6, 5, 0, 0]
        with store.read() as reader:
            for word in ("", "a", "an", "ana", "anay", "ANA", "b", "c", "joana", "joanas", "z"):
                assert _counted(reader, word) == len(reader.search(Query(word))), word

    def test_a_prefix_of_many_hits_is_counted_exactly(self, store: Store) -> None:
        """The answer turns at the exact number, also where it is large.

        If this fails: take no estimate and no sample: by the answers the engine chooses an
        order of hits, which must be the same on every store.
        """
        with store.write() as writer:
            writer.insert((doc(f"p{n}"), terms(f"ana{n % 7}")) for n in range(7_777))
            writer.insert((doc(f"q{n}"), terms("anb")) for n in range(9))
        with store.read() as reader:
            assert [reader.has_hits("ana", n) for n in (1, 7_776, 7_777)] == [True] * 3
            assert [reader.has_hits("ana", n) for n in (7_778, 7_786, 9_999)] == [False] * 3

    @pytest.mark.parametrize("limit", [1, 2, 3, 5, 200])
    def test_paging_by_position_gives_each_row_once(self, store: Store, limit: int) -> None:
        """All pages together are the whole result, in its order.

        If this fails: go on behind (word, text, number) as a whole, compared as a row: equal
        words and equal texts are the case that goes wrong.
        """
        for n in range(40):
            add(store, (doc(f"p{n}"), terms(f"ana a{n % 3}", f"anb b{n % 2}", keys=[n % 2])))
        whole = rows(search(store, "an", limit=1_000))
        assert len(whole) == 80
        pages = list(paged(store, Query("an"), limit))
        assert [row for page in pages for row in rows(page)] == whole
        assert {len(page) for page in pages[:-1]} <= {limit}
        filtered = list(paged(store, Query("an", ("b",), (1,)), limit))
        assert [row for page in filtered for row in rows(page)] == [
            row for row in whole if row[2] == "anb b1"
        ]

    def test_fifty_hits_are_given_by_default(self, store: Store) -> None:
        """The limit is fifty rows unless another is asked for.

        If this fails: keep the default of the port.
        """
        add(store, *((doc(f"p{n}"), terms("ana")) for n in range(51)))
        with store.read() as reader:
            hits = reader.search(Query("ana"))
            assert ids(hits) == [f"p{n}" for n in range(50)]
            assert ids(reader.search(Query("ana"), hits[-1].position)) == ["p50"]

    def test_positions_stay_valid_when_documents_come_and_go(self, store: Store) -> None:
        """What was there all along is given once, wherever else documents come and go.

        If this fails: a position has to hold values of the row, not an offset, and must not
        need its row to exist.
        """
        names = [f"p{n}" for n in range(1, 10)]
        add(store, *((doc(name), terms(f"ana {name}")) for name in names))
        order = ids(search(store, "ana"))
        assert sorted(order) == names
        first = search(store, "ana", limit=4)
        assert ids(first) == order[:4]
        gone, changed = (order[0], order[3], order[5]), order[6]
        with store.write() as writer:
            for name in gone:
                writer.delete("profile", name)
            writer.put(doc("q1"), terms("ana"), expect=0)
            writer.put(doc("q2"), terms("ana p65"), expect=0)
            writer.put(doc(changed, version=2), terms(f"ana {changed}"), expect=1)
        behind = _behind(store, first[-1])
        assert [name for name in behind if name in names] == [order[4], *order[6:]]
        assert len(set(behind)) == len(behind)
        if Capability.SORTED in store.capabilities:
            assert behind == ["p5", "q2", "p7", "p8", "p9"]

    def test_a_position_is_not_taken_over_by_a_later_document(self, store: Store) -> None:
        """A document stored after the last row was deleted comes behind its position.

        If this fails: the number of a deleted document was given to a new one; in SQLite use
        ``autoincrement``.
        """
        for name in ("p1", "p2"):
            add(store, (doc(name), terms("ana", keys=[1])))
        hits = search(store, "ana"), search(store, keys=[1])
        with store.write() as writer:
            writer.delete("profile", "p2")
        add(store, (doc("p3"), terms("ana", keys=[1])))
        assert _behind(store, hits[0][-1]) == ["p3"]
        with store.read() as reader:
            assert ids(reader.search(Query(keys=(1,)), hits[1][-1].position)) == ["p3"]


def _behind(store: Store, hit: Hit) -> list[str]:
    with store.read() as reader:
        return ids(reader.search(Query("ana"), hit.position))


def _counted(reader: Reader, prefix: str) -> int:
    return sum(reader.has_hits(prefix, number) for number in range(1, 20))
