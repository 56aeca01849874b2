"""Conformance, core tier: documents, their owners, their order, what happens to their terms."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.reduction import ForkingPickler
from typing import Any

import pytest

from profilecore.errors import VersionConflict
from profilecore.model.documents import Document
from profilecore.store.port import NO_TERMS, Line, Query, Store, Terms
from profilecore.testing._conformance_base import (
    BATCH,
    Aborted,
    ConformanceBase,
    add,
    doc,
    event,
    ids,
    look,
    rows,
    search,
    terms,
)


class DocumentConformance(ConformanceBase):
    """Documents are kept as they are, found by kind, id, owner and key, in a fixed order."""

    def test_a_document_comes_back_as_it_was_stored(self, store: Store) -> None:
        """Every field and every byte of a document is kept.

        If this fails: store the body as binary, not as text, give it back as ``bytes``, and
        keep ``property_id`` apart from the empty string.
        """
        documents = [
            doc("p1", body=bytes(range(256)), version=1, property_id="hotel"),
            doc("p2", body=b"", property_id=None),
            doc("p3", body=bytes(range(256)) * 4_096, owner="p1"),
            doc("p4", kind="Stay", body=b"\x00\xff", property_id=""),
            doc("P4", kind="stay", version=7, owner="p1"),
        ]
        add(store, *documents)
        with store.read() as reader:
            found = [reader.get(document.kind, document.id) for document in documents]
        assert found == documents
        assert {type(document.body) for document in found if document} == {bytes}

    def test_kind_and_id_together_name_a_document(self, store: Store) -> None:
        """Two kinds may use one id; what is not there is ``None``.

        If this fails: the unique index has to hold the kind and the id, compared exactly.
        """
        add(store, doc("x", kind="profile", body=b"1"), doc("x", kind="stay", body=b"2"))
        with store.read() as reader:
            assert reader.get("profile", "x") == doc("x", kind="profile", body=b"1")
            assert reader.get("stay", "x") == doc("x", kind="stay", body=b"2")
            assert reader.get("file", "x") is None
            assert reader.get("profile", "X") is None
            assert reader.get("profile", "y") is None

    def test_an_update_replaces_the_document(self, store: Store) -> None:
        """The new version is what is read, once.

        If this fails: an update has to replace the row instead of adding one.
        """
        add(store, doc("p1", body=b"old"))
        with store.write() as writer:
            writer.put(doc("p1", version=2, body=b"new"), expect=1)
        with store.read() as reader:
            assert reader.get("profile", "p1") == doc("p1", version=2, body=b"new")
            assert ids(reader.listing("profile", None, 10)) == ["p1"]

    @pytest.mark.parametrize(("expect", "stored"), [(0, 2), (1, 2), (3, 2), (1, 0)])
    def test_a_wrong_expectation_is_refused(self, store: Store, expect: int, stored: int) -> None:
        """``put`` raises and changes nothing if another version is stored than expected.

        If this fails: compare ``expect`` with the stored version (0 for none) inside the
        transaction, and put both numbers into the VersionConflict.
        """
        if stored:
            add(store, (doc("p1", version=stored, body=b"kept"), terms("anna", keys=[1])))
        before = look(store)
        with store.write() as writer, pytest.raises(VersionConflict) as caught:
            writer.put(doc("p1", version=expect + 1), terms("berta", keys=[2]), expect=expect)
        assert (caught.value.id, caught.value.expected, caught.value.actual) == (
            "p1",
            expect,
            stored,
        )
        assert look(store) == before

    def test_a_transaction_goes_on_after_a_refused_put(self, store: Store) -> None:
        """A refused ``put`` leaves the transaction usable, and what else it did is kept.

        If this fails: find the conflict by comparing versions, not by an error of the database
        that spoils the transaction.
        """
        add(store, doc("p1"))
        with store.write() as writer:
            writer.put(doc("p2"), expect=0)
            with pytest.raises(VersionConflict):
                writer.put(doc("p1"), expect=0)
            writer.put(doc("p3"), expect=0)
        with store.read() as reader:
            assert ids(reader.listing("profile", None, 10)) == ["p1", "p2", "p3"]

    def test_get_many_gives_what_exists_in_the_order_asked_for(self, store: Store) -> None:
        """Order is that of the ids, unknown ids are left out.

        If this fails: a query with ``in (...)`` gives its own order; sort by the ids given.
        """
        add(store, *map(doc, ("p1", "p2", "p3", "p4")), doc("p5", kind="stay"))
        with store.read() as reader:
            found = reader.get_many("profile", ["p4", "p9", "p1", "p5", "p3"])
            assert found == [doc("p4"), doc("p1"), doc("p3")]
            assert reader.get_many("profile", []) == []

    def test_a_batch_may_be_large(self, store: Store) -> None:
        """``get_many``, ``owned`` and ``find_many`` take tens of thousands of values.

        If this fails: a statement has a limit of bound values; ask in slices.
        """
        add(store, (doc("p1"), terms(keys=[1])), (doc("s1", "stay", owner="p1"), terms(keys=[2])))
        many = [f"p{number}" for number in range(BATCH, 0, -1)]
        with store.read() as reader:
            assert ids(reader.get_many("profile", many)) == ["p1"]
            assert ids(reader.owned(many)) == ["s1"]
            assert reader.find_many(range(1, BATCH)) == {1: ["p1"], 2: ["s1"]}

    def test_owned_documents_come_in_order_of_first_insertion(self, store: Store) -> None:
        """All kinds and all owners are mixed in one order, which updates do not change.

        If this fails: order by a number given at the first insertion and kept by updates, not
        by id, kind, owner or the time of the last write.
        """
        add(
            store,
            doc("s9", "stay", owner="p2"),
            doc("f5", "file", owner="p1"),
            doc("s1", "stay", owner="p1"),
            doc("s0", "stay", owner="p3"),
            doc("f2", "file", owner="p2"),
        )
        with store.write() as writer:
            writer.put(doc("s9", "stay", owner="p2", version=2), expect=1)
        with store.read() as reader:
            assert ids(reader.owned(["p1", "p2"])) == ["s9", "f5", "s1", "f2"]
            assert ids(reader.owned(["p2", "p1", "p2"])) == ["s9", "f5", "s1", "f2"]
            assert ids(reader.owned(["p2", "p1"], "stay")) == ["s9", "s1"]
            assert ids(reader.owned(["p3"], "file")) == []
            assert ids(reader.owned(["p7"])) == []
            assert ids(reader.owned([])) == []

    def test_a_document_that_owns_itself_is_not_owned(self, store: Store) -> None:
        """``owned`` leaves out documents whose id is their owner, of whatever kind.

        If this fails: add ``id <> owner`` to the condition.
        """
        add(
            store,
            doc("p1"),
            doc("p1", "tombstone", owner="p1"),
            doc("p2", owner="p1"),
            doc("s1", "stay", owner="p1"),
        )
        with store.read() as reader:
            assert ids(reader.owned(["p1"])) == ["p2", "s1"]
            assert ids(reader.owned(["p1"], "profile")) == ["p2"]
            assert ids(reader.owned(["p1"], "tombstone")) == []

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
    def test_a_listing_gives_each_document_once(self, store: Store, limit: int) -> None:
        """Pages follow the order of first insertion and know one kind only.

        If this fails: a page begins behind the place of ``after``, not behind its id in the
        order of the alphabet.
        """
        names = ["p7", "p1", "p9", "p3", "p5", "p2", "p8"]
        for name in names:
            add(store, doc(name), doc(name, "stay", owner="p0"))
        with store.write() as writer:
            writer.put(doc("p7", version=2), expect=1)
        found: list[str] = []
        for _ in range(len(names) + 1):
            with store.read() as reader:
                page = ids(reader.listing("profile", found[-1] if found else None, limit))
            assert len(page) <= limit
            found += page
        assert found == names

    def test_a_listing_goes_on_where_documents_come_and_go(self, store: Store) -> None:
        """What was deleted is not listed, what came later is listed last.

        If this fails: do not count documents to find where a page begins.
        """
        add(store, *map(doc, ("p3", "p1", "p5", "p2", "p4")))
        with store.read() as reader:
            assert ids(reader.listing("profile", None, 2)) == ["p3", "p1"]
        with store.write() as writer:
            writer.delete("profile", "p3")
            writer.delete("profile", "p2")
            writer.put(doc("p0"), expect=0)
        with store.read() as reader:
            assert ids(reader.listing("profile", "p1", 10)) == ["p5", "p4", "p0"]
            assert reader.listing("profile", "p0", 10) == []
            assert reader.listing("profile", "p2", 10) == [], "behind a deleted one is nothing"
            assert reader.listing("stay", None, 10) == []

    def test_count_counts_one_kind(self, store: Store) -> None:
        """``count`` follows every insertion and deletion of its kind.

        If this fails: count the documents of the kind, not rows of all kinds or versions.
        """
        add(store, doc("p1"), doc("p2"), doc("s1", "stay", owner="p1"))
        with store.write() as writer:
            writer.put(doc("p1", version=2), expect=1)
            assert writer.count("profile") == 2
            writer.delete("profile", "p2")
        with store.read() as reader:
            assert [reader.count(kind) for kind in ("profile", "stay", "file")] == [1, 1, 0]

    def test_a_put_replaces_the_keys(self, store: Store) -> None:
        """Keys of the version before are gone unless they are given again.

        If this fails: delete all keys of the document before the new ones are written, also
        when ``terms`` is left out.
        """
        add(store, (doc("p1"), terms(keys=[1, 2])))
        with store.write() as writer:
            writer.put(doc("p1", version=2), terms(keys=[2, 3]), expect=1)
        with store.read() as reader:
            assert reader.find_many([1, 2, 3]) == {2: ["p1"], 3: ["p1"]}
        with store.write() as writer:
            writer.put(doc("p1", version=3), expect=2)
        with store.read() as reader:
            assert reader.find_many([1, 2, 3]) == {}

    def test_a_put_replaces_the_words(self, store: Store) -> None:
        """Words of the version before are gone unless they are given again.

        If this fails: delete all words of the document before the new ones are written, also
        when ``terms`` is left out.
        """
        add(store, (doc("p1"), terms("anna garcia", "hotel")))
        with store.write() as writer:
            writer.put(doc("p1", version=2), terms("anna lopez", "hotel"), expect=1)
        assert rows(search(store, "anna")) == [("p1", "anna", "anna lopez")]
        assert rows(search(store, "garcia")) == []
        assert rows(search(store, "hotel")) == [("p1", "hotel", "hotel")]
        with store.write() as writer:
            writer.put(doc("p1", version=3), expect=2)
        assert [rows(search(store, word)) for word in ("anna", "lopez", "hotel")] == [[], [], []]

    def test_terms_given_twice_count_once(self, store: Store) -> None:
        """Equal keys and equal (word, text) rows of one document are one.

        If this fails: use ``Terms.rows()`` and ``set(terms.keys)``.
        """
        double = Terms((5, 5), (Line("ana ana", ("ana", "ana")), Line("ana ana", ("ana",))))
        add(store, (doc("p1"), double))
        with store.write() as writer:
            writer.insert([(doc("p2"), double)])
        with store.read() as reader:
            assert reader.find(5) == ["p1", "p2"]
            assert ids(reader.search(Query("ana"))) == ["p1", "p2"]
        with store.write() as writer:
            writer.put(doc("p1", version=2), double, expect=1)
            writer.delete("profile", "p2")
        assert ids(search(store, "ana")) == ["p1"]

    def test_delete_takes_the_document_and_its_keys(self, store: Store) -> None:
        """A deleted document is found in no way, and another of its id is untouched.

        If this fails: delete from every table, by kind and id.
        """
        add(
            store,
            (doc("p1"), terms(keys=[1])),
            (doc("s1", "stay", owner="p1"), terms(keys=[1])),
            (doc("s1", "file", owner="p1"), terms(keys=[1, 2])),
        )
        with store.write() as writer:
            assert writer.delete("file", "s1") is True
            assert writer.delete("file", "s1") is False
            assert writer.delete("file", "p1") is False
        with store.read() as reader:
            assert reader.get("file", "s1") is None
            assert reader.get_many("file", ["s1"]) == []
            assert reader.listing("file", None, 10) == []
            assert [document.kind for document in reader.owned(["p1"])] == ["stay"]
            assert reader.find(1) == ["p1", "s1"]
            assert reader.find_many([1, 2]) == {1: ["p1", "s1"]}

    def test_delete_takes_the_words(self, store: Store) -> None:
        """A deleted document is not found by its words.

        If this fails: delete the words together with the document.
        """
        add(store, (doc("p1"), terms("anna garcia")), (doc("p2"), terms("anna lopez")))
        with store.write() as writer:
            writer.delete("profile", "p1")
        assert ids(search(store, "anna")) == ["p2"]
        assert ids(search(store, "garcia")) == []

    def test_what_is_stored_again_is_new(self, store: Store) -> None:
        """After a deletion the id is free; the document comes last and with its new terms only.

        If this fails: a deletion has to remove the row, and a number is never used again.
        """
        add(store, (doc("p1"), terms("anna", keys=[1])), doc("p2"), doc("p3"))
        with store.write() as writer:
            writer.delete("profile", "p1")
            writer.put(doc("p1", version=5), terms("berta", keys=[2]), expect=0)
        with store.read() as reader:
            assert ids(reader.listing("profile", None, 10)) == ["p2", "p3", "p1"]
            assert reader.find_many([1, 2]) == {2: ["p1"]}
            assert reader.search(Query("anna")) == []
            assert reader.get("profile", "p1") == doc("p1", version=5)

    def test_insert_takes_packed_terms(self, store: Store) -> None:
        """What ``packer`` makes of terms is inserted as the terms themselves, beside others.

        If this fails: let ``packer`` be a function of a module, which can be pickled, and write
        all keys and words of what it made.
        """
        packer = ForkingPickler.loads(ForkingPickler.dumps(store.packer))
        given = terms("anna berta", keys=[1, -2])
        double = Terms((5, 5), (Line("ana ana", ("ana", "ana")), Line("ana ana", ("ana", "@b"))))
        with store.write() as writer:
            writer.insert(
                [
                    (doc("p1"), packer(given)),
                    (doc("p2"), given),
                    (doc("p3"), packer(double)),
                    (doc("p4"), packer(NO_TERMS)),
                ]
            )
        with store.read() as reader:
            assert reader.find_many([1, -2, 5]) == {1: ["p1", "p2"], -2: ["p1", "p2"], 5: ["p3"]}
            assert ids(reader.search(Query("b", ("anna",)))) == ["p1", "p2"]
            assert rows(reader.search(Query("@"))) == [("p3", "@b", "ana ana")]
            assert ids(reader.search(Query("ana"))) == ["p3"]
        with store.write() as writer:
            writer.delete("profile", "p3")
            writer.put(doc("p1", version=2), terms("carl"), expect=1)
        assert search(store, "@") == search(store, "ana") == []
        assert ids(search(store, "anna")) == ["p2"]

    def test_insert_stores_many_in_their_order(self, store: Store) -> None:
        """``insert`` takes any iterable once, an empty one too, and equals as many puts.

        If this fails: keep the order of the documents, and write their terms as ``put`` does.
        """
        with store.write() as writer:
            writer.put(doc("z"), expect=0)
            writer.insert(
                (doc(f"p{n}", version=n + 1), terms(f"anna a{n}", keys=[n, -1]))
                for n in reversed(range(1_500))
            )
            writer.insert([])
            writer.put(doc("y"), expect=0)
        with store.write() as writer:
            writer.put(doc("p3", version=5), terms("berta"), expect=4)
        expected = [f"p{n}" for n in reversed(range(1_500))]
        with store.read() as reader:
            assert ids(reader.listing("profile", None, 5_000)) == ["z", *expected, "y"]
            assert reader.find(-1, 5_000) == [name for name in expected if name != "p3"]
            assert rows(reader.search(Query("a778"), limit=1)) == [("p778", "a778", "anna a778")]
            assert rows(reader.search(Query("b"))) == [("p3", "berta", "berta")]
            assert reader.find(3) == []

    @pytest.mark.parametrize("names", [("p5", "p1", "p6"), ("p5", "p6", "p5")])
    def test_insert_refuses_what_exists(self, store: Store, names: tuple[str, ...]) -> None:
        """``insert`` raises for a document that exists, or comes twice in one batch.

        If this fails: turn the database's error of a broken unique index into VersionConflict.
        """
        add(store, (doc("p1", body=b"kept"), terms("anna", keys=[1])))
        before = look(store)
        with pytest.raises(VersionConflict), store.write() as writer:
            writer.insert((doc(name), terms("berta", keys=[2])) for name in names)
        assert look(store) == before

    def test_an_insert_that_breaks_off_leaves_nothing(self, store: Store) -> None:
        """An exception of the iterable itself passes, and the whole transaction is undone.

        If this fails: batches inside ``insert`` must not commit.
        """
        before = look(store)

        def source() -> Iterator[tuple[Document, Terms]]:
            for n in range(1_200):
                yield doc(f"p{n}"), terms("anna", keys=[1])
            raise Aborted

        with pytest.raises(Aborted), store.write() as writer:
            writer.insert(source())
        assert look(store) == before

    def test_many_puts_together_equal_as_many_puts(self, store: Store) -> None:
        """``put_many`` stores new and known documents with their terms, and drops the old terms.

        If this fails: leave ``put_many`` to the base class, which puts one by one.
        """
        old = [(doc(f"p{n}"), terms(f"anna a{n}", keys=[n, -1])) for n in range(1, 700)]
        add(store, *old)
        with store.write() as writer:
            writer.put_many([])
            writer.put_many(
                [
                    *((doc(f"p{n}", version=2), terms("berta", keys=[-2]), 1) for n in (3, 1)),
                    *(
                        (doc(f"p{n}", version=2, body=b"new"), t, 1)
                        for n, (_, t) in zip(range(4, 650), old[3:], strict=False)
                    ),
                    (doc("p2", version=2), NO_TERMS, 1),
                    (doc("f1", "file", owner="p1"), terms("carla", keys=[-2]), 0),
                ]
            )
        with store.read() as reader:
            assert reader.find(-2) == ["p1", "p3", "f1"]
            assert rows(reader.search(Query("b"))) == [
                ("p1", "berta", "berta"),
                ("p3", "berta", "berta"),
            ]
            assert rows(reader.search(Query("c"))) == [("f1", "carla", "carla")]
            assert [reader.find(n) for n in (1, 2, 3, 4, 649, 650)] == [
                [],
                [],
                [],
                ["p4"],
                ["p649"],
                ["p650"],
            ]
            assert rows(reader.search(Query("a649"), limit=1)) == [("p649", "a649", "anna a649")]
            assert reader.get("profile", "p649") == doc("p649", version=2, body=b"new")
            assert reader.get("profile", "p650") == doc("p650")
            assert ids(reader.owned(["p1"])) == ["f1"]

    @pytest.mark.parametrize("expect", [0, 2])
    def test_many_puts_together_refuse_another_version(self, store: Store, expect: int) -> None:
        """``put_many`` raises where one document is stored at another version than expected.

        If this fails: compare the versions of all before anything is acknowledged.
        """
        add(store, (doc("p1"), terms("anna")), (doc("p2"), terms("berta")))
        before = look(store)
        with pytest.raises(VersionConflict), store.write() as writer:
            writer.put_many(
                [
                    (doc("p1", version=2), terms("x"), 1),
                    (doc("p2", version=expect + 1), terms("x"), expect),
                ]
            )
        assert look(store) == before

    def test_results_are_the_callers_own(self, store: Store) -> None:
        """Changing a list or dictionary that a read gave does not change the store.

        If this fails: the store gives away its own lists; give copies.
        """
        add(store, (doc("p1"), terms("anna", keys=[1])), doc("s1", "stay", owner="p1"))
        with store.write() as writer:
            writer.append([event("e1")])
        before = look(store)
        with store.read() as reader:
            many = reader.find_many([1])
            many[1].clear()
            many.clear()
            given: list[list[Any]] = [
                reader.get_many("profile", ["p1"]),
                reader.owned(["p1"]),
                reader.listing("profile", None, 10),
                reader.find(1),
                reader.search(Query("anna")),
                reader.events(),
            ]
            for result in given:
                assert result
                result.clear()
        assert look(store) == before
