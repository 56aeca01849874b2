"""Names of files: the format, the property and numbers, never anything of a guest."""

from __future__ import annotations

import re
from functools import lru_cache

from profilecore_exports.contract import Setting

_ODD = re.compile(r"[^A-Za-z0-9.-]+")


@lru_cache(maxsize=64)
def safe(text: str) -> str:
    """Give a text as part of a file's name on any system."""
    return _ODD.sub("-", text).strip("-.") or "property"


def file_name(format: str, setting: Setting, suffix: str) -> str:
    """Give ``<format>_<property>_<day>_<number>.<suffix>``."""
    day = f"{setting.made_at:%Y%m%d}"
    return f"{format}_{safe(setting.property_id)}_{day}_{setting.number:04d}.{suffix}"
