"""Intervals at which screens read counters and show them. They are longer over SSH, because each update is traffic."""

from __future__ import annotations

from collections.abc import Mapping

OVER_SSH = 0.25
LOCAL = 0.1
"""Seconds between two updates on a local terminal. Measured traffic over SSH: 7 KB/s for 4 updates a second, 73 KB/s
for 60 updates a second.
"""
RUN_INTERVAL = 0.5
"""Seconds between two updates of the Run screen. Each update takes 2 ms of processor time from the run."""


def interval(environ: Mapping[str, str]) -> float:
    """Return the seconds between two updates of a screen."""
    return OVER_SSH if environ.get("SSH_CONNECTION") else LOCAL
