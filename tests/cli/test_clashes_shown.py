"""What a merge plan says, on the terminal, of documents that clash."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from profilecore import Blocker, MergePlan
from profilecore.cli.merging import show_plan
from profilecore.rules.clashes import Clash


def test_a_plan_says_what_is_read_as_one_and_what_cannot_be() -> None:
    clashes = (Clash("card", ("c1", "c2"), combined=True), Clash("visa", ("v1", "v2"), False))
    blocker = Blocker("clash", "These cannot become one.")
    plan = MergePlan("a", ("b",), "", clashes=clashes, blockers=(blocker,))
    to = Console(file=StringIO(), width=80)
    show_plan(plan, to)
    shown = to.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert "2 card are read as one: c1, c2" in shown
    assert "2 visa cannot become one: v1, v2" in shown
    assert "It is refused" in shown
