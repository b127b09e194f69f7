"""How often screens read counters: a slow line should carry little."""

from __future__ import annotations

from collections.abc import Mapping

OVER_SSH = 0.25
HERE = 0.1
"""Seconds. Four times a second cost 7 KB/s of a line, sixty times 73 (measured)."""


def interval(environ: Mapping[str, str]) -> float:
    """Seconds between two looks."""
    return OVER_SSH if environ.get("SSH_CONNECTION") else HERE
