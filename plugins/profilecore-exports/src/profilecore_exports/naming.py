"""Names of files and numbers of records: made of ids alone, never of anything of a guest."""

from __future__ import annotations

import hashlib
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


def stay_number(stay_id: str, guest_id: str) -> str:
    """Give the number of a guest's stay: 20 characters, the same whoever else stays."""
    return hashlib.blake2b(f"{stay_id}/{guest_id}".encode(), digest_size=10).hexdigest()
