"""The commands ``tags``, ``segments``, ``promotions`` and ``stats``: thin, over ``Segments``."""

from __future__ import annotations

import click

from profilecore_segments.promotion_commands import promotions
from profilecore_segments.segment_commands import segments
from profilecore_segments.stats_command import stats
from profilecore_segments.tag_commands import tags

COMMANDS: tuple[click.Command, ...] = (tags, segments, promotions, stats)
