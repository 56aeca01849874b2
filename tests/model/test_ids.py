"""Ids are UUIDs of version 7, whoever makes how many."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

from profilecore.ids import ids_by, new_id


def test_an_id_is_a_uuid_of_version_7_that_begins_with_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = [new_id(), *ids_by(new_id, 500)]
    after = time.time_ns() // 1_000_000
    assert len(set(made)) == 501
    for id in made:
        assert UUID(id).hex == id
        assert (UUID(id).variant, UUID(id).version) == (RFC_4122, 7)
        assert before <= UUID(id).int >> 80 <= after
    # Each variant digit comes, so no bit of it is lost.
    assert {id[16] for id in made} == set("89ab")


def test_a_hosts_own_ids_are_made_one_by_one() -> None:
    numbers = iter(range(3))
    assert list(ids_by(lambda: f"own-{next(numbers)}", 3)) == ["own-0", "own-1", "own-2"]
