"""Which way the members of a segment are found, and why not a faster one."""

from __future__ import annotations

import attrs

from profilecore.values import frozen
from profilecore_segments.members import Members
from profilecore_segments.names import Origin, Sort, named
from profilecore_segments.nodes import Consent, Is, Leaf, Node, leaves
from profilecore_segments.planning import Route
from profilecore_segments.terms import may_be_indexed
from profilecore_segments.writing import write

_ROUTES = {
    Route.INDEX: "The index alone counts the members.",
    Route.NARROWED: "The index finds who may be a member; these people are read.",
    Route.SCAN: "Everybody is read: no part that all members share is in the index.",
}


@frozen
class Reason:
    """A comparison that is not answered by the index, and why."""

    comparison: str = attrs.field(repr=False)
    why: str


@frozen
class Explanation:
    """The expression in its normal form, the route taken, and what has to be read for what reason.

    ``is_whole`` is ``False`` where the index lacks people that are older than the plugin.
    """

    expression: str = attrs.field(repr=False)
    route: Route
    says: str
    by_index: tuple[str, ...] = attrs.field(default=(), repr=False)
    read: tuple[Reason, ...] = ()
    is_whole: bool = True


def explain(members: Members, node: Node) -> Explanation:
    """Explain how the members of an expression are found now."""
    plan = members.plan(again=True)
    is_whole = members.is_whole()
    reasons = {leaf: _why(leaf, is_whole=is_whole) for leaf in plan.read}
    by_index = dict.fromkeys(write(leaf) for leaf in leaves(node) if leaf not in reasons)
    return Explanation(
        write(node),
        plan.route,
        _ROUTES[plan.route],
        tuple(by_index),
        tuple(Reason(write(leaf), why) for leaf, why in reasons.items()),
        is_whole,
    )


def _why(leaf: Leaf, *, is_whole: bool) -> str:
    if isinstance(leaf, Consent):
        return "consent is asked of the whole history, at this moment"
    name = named(leaf.name)
    if name is None or name.origin is not Origin.PROFILE:
        return "stays and memberships are not in the index"
    if not isinstance(leaf, Is) or name.sort is Sort.DAY:
        return "the index knows equal values only"
    if name.key is not None:
        return "the expression has too many alternatives for the index"
    if not may_be_indexed(name):
        return "the index knows plain fields of texts, choices and codes only"
    if not is_whole:
        return "not everybody is indexed by it yet: profilecore reindex"
    return f"{name.name} is not among the settings' indexed"
