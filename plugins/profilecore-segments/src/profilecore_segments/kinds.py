"""The kinds of documents that the plugin keeps."""

from __future__ import annotations

from profilecore.model import DocumentKind, OnClear
from profilecore_segments import campaigns, movements, promotions, tagging
from profilecore_segments.saved import Segment
from profilecore_segments.settings import SEGMENT, Config, SegmentKind


def of(config: Config) -> list[DocumentKind]:
    """Give the kinds for an engine with these settings."""
    return [
        SegmentKind(SEGMENT, Segment, OnClear.KEEP, personal=False, config=config),
        movements.KIND,
        tagging.KIND,
        *campaigns.KINDS,
        *promotions.KINDS,
    ]
