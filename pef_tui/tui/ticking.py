"""How often screens read counters: a slow line should carry little."""

from __future__ import annotations

from collections.abc import Mapping

OVER_SSH = 0.25
HERE = 0.1
"""Seconds. Four times a second cost 7 KB/s of a line, sixty times 73 (measured)."""
WATCHING = 0.5
"""Seconds between two looks at a run: each costs it 2 ms of a processor, and no eye follows figures that go faster."""


def interval(environ: Mapping[str, str]) -> float:
    """Seconds between two looks."""
    return OVER_SSH if environ.get("SSH_CONNECTION") else HERE
