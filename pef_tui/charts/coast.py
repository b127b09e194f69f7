"""Coastlines: Natural Earth's land of 1:110 million (public domain), as `bench/coastline.py` reduced it."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from pathlib import Path

Line = tuple[tuple[float, float], ...]
"""Longitude and latitude in degrees."""


@cache
def coastlines() -> tuple[Line, ...]:
    """Every line, rings closed."""
    data = zlib.decompress(Path(__file__).with_name("coast.bin").read_bytes())
    lines, at = [], 0
    while at < len(data):
        count, x, y = struct.unpack_from("<Hhh", data, at)
        at += 6
        steps = struct.unpack_from(f"{2 * (count - 1)}b", data, at)
        at += 2 * (count - 1)
        points = [(x / 10, y / 10)]
        for dx, dy in zip(steps[::2], steps[1::2], strict=True):
            x, y = x + dx, y + dy
            points.append((x / 10, y / 10))
        lines.append(tuple(points))
    return tuple(lines)
