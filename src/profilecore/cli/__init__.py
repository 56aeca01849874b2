"""The command line program.

Each command answers with tables for people, or with one JSON value; it ends with 0 if it did
its work, 1 if it was refused or found problems, 2 if it was called wrongly.
"""

from profilecore.cli.commands import main
from profilecore.cli.invocation import Invocation

__all__ = ["Invocation", "main"]
