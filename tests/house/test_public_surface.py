"""What ``import profilecore`` offers is what ``__all__`` lists."""

from __future__ import annotations

import profilecore


def test_the_list_of_public_names_is_sorted() -> None:
    assert list(profilecore.__all__) == sorted(set(profilecore.__all__))


def test_every_public_name_can_be_imported() -> None:
    missing = [name for name in profilecore.__all__ if not hasattr(profilecore, name)]
    assert missing == []


def test_no_public_name_is_private() -> None:
    assert [name for name in profilecore.__all__ if name.startswith("_")] == []
