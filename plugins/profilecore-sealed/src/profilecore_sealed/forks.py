"""What has to begin anew in the child of a fork."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from functools import partial
from typing import Protocol


class Forked(Protocol):
    """Something with locks, which other threads of the parent may have held."""

    def after_fork(self) -> None:
        """Have locks of the child's own."""


def tell_of_forks(one: Forked) -> None:
    """Have :meth:`Forked.after_fork` called in each child, as long as somebody else holds it."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=partial(_tell, weakref.ref(one)))


def _tell(reference: Callable[[], Forked | None]) -> None:
    one = reference()
    if one is not None:
        one.after_fork()
