"""A store with every capability passes the suite whole: no test is skipped for lack of one."""

from __future__ import annotations

from file_store import FileConformance


class TestFileStore(FileConformance):
    pass
