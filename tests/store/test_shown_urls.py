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
        ("postgresql:///g?pass%77ord=geheim", "postgresql:///g?pass%77ord="),
        ("postgresql:///g?sslpassword=geheim&schema=a", "postgresql:///g?sslpassword=&schema=a"),
        ("postgresql:///g?oauth_client_secret=geheim", "postgresql:///g?oauth_client_secret="),
        (
            "sealed+postgresql://app:geheim@db/g?keyring=/k",
            "sealed+postgresql://app@db/g?keyring=/k",
        ),
        (
            "postgresql:///g?replica=postgresql%3A%2F%2Fapp%40db2%2Fg",
            "postgresql:///g?replica=postgresql%3A%2F%2Fapp%40db2%2Fg",
        ),
        (
            "postgresql:///g?replica=postgresql://app:geheim@db2/g",
            "postgresql:///g?replica=postgresql://app@db2/g",
        ),
        (
            "postgresql:///g?replica=postgresql%3A%2F%2Fapp%3Ageheim%40db2%2Fg&schema=a",
            "postgresql:///g?replica=postgresql://app@db2/g&schema=a",
        ),
        (
            "postgresql:///g?replica=postgresql%3A%2F%2Fdb2%2Fg%3Fpassword%3Dgeheim%26user%3Da",
            "postgresql:///g?replica=postgresql://db2/g%3Fpassword%3D%26user%3Da",
        ),
        (
            "postgresql:///g?replica=host%3Ddb2%20password%3Dgeheim%20user%3Da",
            "postgresql:///g?replica=host%3Ddb2%20password%3D%20user%3Da",
        ),
        (
            "postgresql:///g?replica=host%3Ddb2+sslpassword%3D%27ge+he%5C%27im%27",
            "postgresql:///g?replica=host%3Ddb2%20sslpassword%3D",
        ),
    ],
)
def test_a_password_is_left_out(url: str, shown: str) -> None:
    assert without_password(url) == shown
