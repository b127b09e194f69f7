"""The coastlines of the map, which `bench/coastline.py` made from the land polygons of Natural Earth (1:110 million,
public domain).
"""

from __future__ import annotations

import struct
import zlib
from functools import cache
from pathlib import Path

Line = tuple[tuple[float, float], ...]
"""A line as points, each with longitude and latitude in degrees."""


@cache
def coastlines() -> tuple[Line, ...]:
    """Return all coastlines. The last point of a ring is its first point."""
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
