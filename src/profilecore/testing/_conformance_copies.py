"""Conformance, core tier: all that a store holds can be read out and put into another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from profilecore.errors import StoreError
from profilecore.store.port import Kept, Store, Terms, Writer
from profilecore.testing._conformance_base import ConformanceBase, add, doc, event, terms

SALT = bytes(range(16))


class CopyConformance(ConformanceBase):
    """A store gives everything in order, and becomes the copy of another with its salt."""

    def test_everything_comes_in_order_of_first_insertion(self, store: Store) -> None:
        """Documents of all kinds come in one order, as they are now, each once, page by page.

        If this fails: number documents over all kinds, keep the number in an update, and go on
        behind the place that was given.
        """
        add(store, doc("p1"), doc("s1", "stay", owner="p1"), doc("p2"), doc("p1", "file"))
        with store.write() as writer:
            writer.delete("profile", "p2")
            writer.put(doc("p1", version=2, body=b"new", property_id="hotel"), expect=1)
            writer.put(doc("p2", body=b"again"), expect=0)
        assert [kept.document for kept in _everything(store, 2)] == [
            doc("p1", version=2, body=b"new", property_id="hotel"),
            doc("s1", "stay", owner="p1"),
            doc("p1", "file"),
            doc("p2", body=b"again"),
        ]

    def test_everything_comes_with_its_terms(self, store: Store) -> None:
        """What finds a document comes with it: its keys and its (word, text) rows.

        If this fails: keep the terms beside the document, also those of an update and of an
        ``insert``, and give a line's text with its words.
        """
        given = {
            "p1": Terms(keys=(7, -(2**63), 2**63 - 1)),
            "p2": terms("anna maria garcia", "ana", keys=[7]),
            "p3": Terms(),
            "p4": terms("zoë ångström", "x"),
        }
        with store.write() as writer:
            writer.put(doc("p1"), terms("old", keys=[1]), expect=0)
            writer.put(doc("p1", version=2), given["p1"], expect=1)
            writer.put(doc("p2"), given["p2"], expect=0)
            writer.insert([(doc(id), given[id]) for id in ("p3", "p4")])
        found = {kept.document.id: kept.terms for kept in _everything(store, 10)}
        assert {id: (sorted(t.keys), t.rows()) for id, t in found.items()} == {
            id: (sorted(t.keys), t.rows()) for id, t in given.items()
        }

    def test_blobs_are_listed_by_id(self, store: Store) -> None:
        """Each blob that is there is listed once, by code point, page by page.

        If this fails: sort ids by code point, and list a blob of many parts once.
        """
        with store.write() as writer:
            for id in ("b", "é", "B", "a", "ab"):
                writer.put_blob(id, bytes(3 << 20) if id == "b" else b"")
            writer.delete_blob("a")
        found: list[str] = []
        with store.read() as reader:
            while page := reader.blob_ids(found[-1] if found else "", 2):
                assert len(page) <= 2
                found += page
        assert found == ["B", "ab", "b", "é"]

    def test_an_empty_store_takes_the_salt_of_another(self, store: Store) -> None:
        """The salt is the one that was given, and the store can be used at once.

        If this fails: store the salt in the place of the one that the store was made with.
        """
        store.adopt(SALT)
        assert store.salt == SALT
        add(store, doc("p1"))
        assert store.salt == SALT

    @pytest.mark.parametrize(
        "fill",
        [
            lambda writer: writer.put(doc("p1"), expect=0),
            lambda writer: writer.append([event("e1")]),
            lambda writer: writer.put_blob("b1", b""),
        ],
        ids=["a document", "an event", "a blob"],
    )
    def test_a_store_that_is_not_empty_keeps_its_salt(
        self, store: Store, fill: Callable[[Writer], object]
    ) -> None:
        """Hashes that were made with one salt must not meet another.

        If this fails: look for documents, events and blobs before the salt is replaced, in the
        same transaction.
        """
        before = store.salt
        with store.write() as writer:
            fill(writer)
        with pytest.raises(StoreError):
            store.adopt(SALT)
        assert store.salt == before != SALT


def _everything(store: Store, limit: int) -> Iterator[Kept]:
    after = 0
    with store.read() as reader:
        while page := reader.everything(after, limit):
            assert len(page) <= limit
            yield from page
            after = page[-1].place
