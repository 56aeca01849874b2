"""Find the profiles that are the same person: in a file, without labels, with reasons.

The modules, in the order of a run: ``reading``, ``standardise``, ``frequencies``, ``table``,
``blocking``, ``comparison``, ``training`` and ``model``, ``scoring``, ``clusters``, ``finding``,
``writing``; below them ``columns``, ``measures``, ``spilling`` and ``workers``.  They are imported
when they are used, for they need polars.
"""

from profilecore_duplicates.faults import InputRefused
from profilecore_duplicates.plugin import DuplicatesPlugin

__all__ = ["DuplicatesPlugin", "InputRefused"]
