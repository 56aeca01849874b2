"""The URL of a store is shown without its password."""

from __future__ import annotations

import pytest

from profilecore.store.opening import without_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////var/lib/guests.db", "sqlite:////var/lib/guests.db"),
        ("postgresql://app@db/guests?schema=a", "postgresql://app@db/guests?schema=a"),
        ("postgresql://app:geheim@db/guests", "postgresql://app@db/guests"),
        ("postgresql://app:ge%40h:eim@db:5432/guests", "postgresql://app@db:5432/guests"),
        ("postgresql://:geheim@/guests", "postgresql://@/guests"),
        ("postgresql:///g?password=geheim&schema=a", "postgresql:///g?password=&schema=a"),
        ("postgresql:///g?schema=a&password=geheim", "postgresql:///g?schema=a&password="),
    ],
)
def test_a_password_is_left_out(url: str, shown: str) -> None:
    assert without_password(url) == shown
