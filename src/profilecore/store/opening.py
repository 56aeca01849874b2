"""Open a store by its URL: the scheme names the backend."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from profilecore.errors import PluginError, StoreUnavailable
from profilecore.store.memory import MemoryStore
from profilecore.store.port import Store

GROUP = "profilecore.stores"


_SECRET = re.compile(r"(://[^/?#:@]*):[^/?#]*@|([?&]password=)[^&#]*")


def without_password(url: str) -> str:
    """Give the URL of a store as it may be shown."""
    return _SECRET.sub(lambda found: f"{found[1]}@" if found[1] else found[2], url)


def open_store(url: str, options: Mapping[str, Any] | None = None) -> Store:
    """Open the store that a URL names, as in ``sqlite:///guests.db`` or ``memory://``.

    The backend is looked up among the entry points of the group ``profilecore.stores`` by
    the URL's scheme and only then imported.  Of a scheme as in ``sealed+sqlite`` the part before
    the sign names it: a backend that wraps another.  ``options`` go to the backend.

    :raises StoreUnavailable: if no installed backend knows the scheme.
    :raises PluginError: if the backend cannot be imported.
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise StoreUnavailable("A store is named by a URL, as in sqlite:///guests.db.")
    if scheme == "memory":
        return MemoryStore()
    from importlib.metadata import entry_points

    name = scheme.partition("+")[0]
    found = list(entry_points(group=GROUP, name=name))
    if not found:
        raise StoreUnavailable(
            f"No installed plugin opens {scheme}:// stores; install profilecore-{name}."
        )
    try:
        opener = found[0].load()
    except Exception as error:
        raise PluginError(name, GROUP, type(error).__name__) from error
    store: Store = opener(url, **dict(options or {}))
    return store
