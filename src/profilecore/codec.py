"""Bodies: model values to stored JSON bytes and back.

Fields at their default are left out, unknown keys are kept out of the way, and each body
carries a format number (``_``), so that old bodies are upgraded when read.  Facets whose
plugin is not installed stay plain JSON and survive a round trip untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from cattrs.preconf.orjson import OrjsonConverter, make_converter

from profilecore.model.fields import evolve
from profilecore.model.profile import Profile

T = TypeVar("T")
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
FORMAT_KEY = "_"


class Codec:
    """Encodes and decodes attrs values.  One an engine; safe to share between threads.

    ``facets`` gives the class of each known facet; ``upgrades[n]`` turns a body of format
    ``n`` into one of format ``n + 1``.
    """

    def __init__(
        self, facets: Mapping[str, type] | None = None, upgrades: Sequence[Upgrade] = ()
    ) -> None:
        self._facets = dict(facets or {})
        self._upgrades = tuple(upgrades)
        self._converter: OrjsonConverter = make_converter(
            omit_if_default=True, detailed_validation=False
        )
        self._profile = self._converter.gen_structure_attrs_fromdict(Profile)

    def dump(self, value: Any) -> bytes:
        """Encode an attrs value."""
        return orjson.dumps(self.tree(value) | {FORMAT_KEY: len(self._upgrades)})

    def load(self, cls: type[T], body: bytes) -> T:
        """Decode a body written by :meth:`dump`, upgrading older formats."""
        tree = orjson.loads(body)
        if tree.get(FORMAT_KEY, 0) < len(self._upgrades):
            for upgrade in self._upgrades[tree.get(FORMAT_KEY, 0) :]:
                tree = upgrade(tree)
        return self.value(cls, tree)

    def tree(self, value: Any) -> dict[str, Any]:
        """Give the JSON tree of an attrs value (dates still as date objects)."""
        tree: dict[str, Any] = self._converter.unstructure(value)
        return tree

    def plain(self, value: Any) -> Any:
        """Give the pure JSON form of an attrs value, as stored and as sent."""
        return orjson.loads(orjson.dumps(self._converter.unstructure(value)))

    def value(self, cls: type[T], tree: Mapping[str, Any]) -> T:
        """Make a value of ``cls`` from its tree."""
        if cls is not Profile:
            return self._converter.structure(tree, cls)
        profile: Profile = self._profile(tree, Profile)
        known = self._facets.keys() & profile.facets.keys()
        if not known:
            return profile  # type: ignore[return-value]  # T is Profile here
        facets = dict(profile.facets)
        for name in known:
            facets[name] = self._converter.structure(facets[name], self._facets[name])
        return evolve(profile, facets=facets)  # type: ignore[return-value]  # as above
