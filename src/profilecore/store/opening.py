"""Open a store by its URL: the scheme names the backend."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from profilecore.errors import PluginError, StoreUnavailable
from profilecore.store.memory import MemoryStore
from profilecore.store.port import Store

GROUP = "profilecore.stores"

_LOGIN = re.compile(r"(://[^/?#:@]*):[^/?#]*@")
_URL = re.compile(r"[\w+]+://")
_SECRETS = ("password", "secret")
# In settings that are no URL, as in ``host=db password='geheim'``.
_SETTING = re.compile(r"((?:password|secret)\s*=\s*)(?:'(?:\\.|[^'\\])*'?|(?:\\.|[^\s\\])*)")


def without_password(url: str) -> str:
    """Give the URL of a store as it may be shown: with no password, nor that of its replica."""
    where, mark, query = _LOGIN.sub(r"\1@", url).partition("?")
    return where + mark + "&".join(map(_shown, query.split("&")))


def _shown(parameter: str) -> str:
    name, sign, value = parameter.partition("=")
    known = unquote(name)
    if known.endswith(_SECRETS):
        return name + sign
    if known == "replica":
        given = unquote_plus(value)
        shown = without_password(given) if _URL.match(given) else _SETTING.sub(r"\1", given)
        if shown != given:
            value = quote(shown, safe=":/@")
    return name + sign + value


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
    store: Store = _opener(scheme, scheme.partition("+")[0])(url, **dict(options or {}))
    return store


def open_existing(url: str) -> Store:
    """Open a store that is not made if it is not there.

    A backend that makes stores has the option ``create`` for it; one that wraps another, as in
    ``sealed+sqlite``, hands the option on.  A backend without the option is opened as always.

    :raises StoreUnavailable: if there is none, or no installed backend knows the scheme.
    :raises PluginError: if the backend cannot be imported.
    """
    scheme, separator, _ = url.partition("://")
    name = scheme.rpartition("+")[2]
    if not separator or name == "memory":
        return open_store(url)
    can_insist = "create" in inspect.signature(_opener(scheme, name)).parameters
    return open_store(url, {"create": False} if can_insist else None)


def _opener(scheme: str, name: str) -> Callable[..., Store]:
    """Give what opens the stores of a backend."""
    from importlib.metadata import entry_points

    found = list(entry_points(group=GROUP, name=name))
    if not found:
        raise StoreUnavailable(
            f"No installed plugin opens {scheme}:// stores; install profilecore-{name}."
        )
    try:
        opener: Callable[..., Store] = found[0].load()
    except Exception as error:
        raise PluginError(name, GROUP, type(error).__name__) from error
    return opener
