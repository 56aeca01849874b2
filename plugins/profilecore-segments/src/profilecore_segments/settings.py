"""What a host may set, and how the plugin's verbs come by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from profilecore import PluginError
from profilecore.model import DocumentKind
from profilecore.values import frozen
from profilecore_segments import terms

if TYPE_CHECKING:
    from profilecore import Engine

SEGMENT = "segment"


def _indexed(_config: Any, _attribute: Any, value: tuple[str, ...]) -> None:
    terms.fields_of(value)


@frozen
class Config:
    """The settings of the plugin, read from ``config["segments"]``.

    ``indexed`` names the fields whose equal values the index finds, besides tags, classes,
    categories and marketing sources; after a change the store needs ``profilecore reindex``.
    ``sources`` are the chain's marketing sources: code to label.  Where ``sources_closed``, no
    profile takes another.
    """

    indexed: tuple[str, ...] = attrs.field(default=terms.DEFAULT, validator=_indexed)
    sources: dict[str, str] = attrs.field(factory=dict)
    sources_closed: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """The indexed names in their own spelling, sorted."""
        return terms.fields_of(self.indexed)


class Seen:
    """What was seen of an engine's index: whether it is whole, and how many have which key."""

    def __init__(self) -> None:
        self.is_whole = False
        self.holders: dict[terms.Key, int] = {}


@frozen
class SegmentKind(DocumentKind):
    """The kind of saved segments; it carries what the verbs of an engine share.

    Settings come to verbs by what the plugin registered with the engine: there is no other
    state, and each engine has its own.
    """

    config: Config = attrs.field(factory=Config)
    seen: Seen = attrs.field(factory=Seen, eq=False, repr=False)


def kind_of(engine: Engine) -> SegmentKind:
    """Give the plugin's kind of segments in an engine.

    :raises PluginError: if the engine does not have the plugin.
    """
    kind = engine.plugins.contributions.kinds.get(SEGMENT)
    if not isinstance(kind, SegmentKind):
        raise PluginError("segments", "loading", "is not among the plugins of this engine")
    return kind
