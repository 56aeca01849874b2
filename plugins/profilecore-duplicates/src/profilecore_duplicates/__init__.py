"""Find the profiles that are the same person: in a file, without labels, with reasons.

The modules, in the order of a run: ``reading``, ``standardise``, ``frequencies``, ``table``,
``blocking``, ``comparison``, ``training`` and ``model``, ``scoring``, ``clusters``, ``finding``,
``writing``; below them ``columns``, ``measures``, ``spilling`` and ``workers``.  What tells about a
run: ``doubts``, ``truth``, ``report`` with ``gathering``, ``markup`` and ``drawing``, and
``explaining`` for one pair.  On a store: ``keys`` and ``matcher`` for one profile, ``scan`` for
all, ``review`` for what was found.  They are imported when they are used, for they need polars.
"""

from profilecore_duplicates.faults import InputRefused
from profilecore_duplicates.plugin import DuplicatesPlugin

__all__ = ["DuplicatesPlugin", "InputRefused"]
