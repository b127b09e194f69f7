"""Generate pef_tui/reporting/charts/coast.bin, the coastlines of the map, from Natural Earth's land of 1:110 million.

    python bench/coastline.py land-110m.json pef_tui/reporting/charts/coast.bin

`land-110m.json` is that file of the npm package `world-atlas` 2.0.2 (TopoJSON). The data is Natural Earth's,
which is in the public domain. The generated file has one line after the other, compressed with zlib: number of points
(2 bytes), the first point's longitude and latitude in tenths of a degree (2 bytes each), then each step to the next
point (1 byte each for longitude and latitude).
"""

from __future__ import annotations

import itertools
import json
import struct
import sys
import zlib
from pathlib import Path

TOLERANCE = 0.15  # tolerance of the simplified line, in degrees
SMALLEST = 0.8  # degrees: smaller islands are left out
STEP = 127  # tenths of a degree in one step

Point = tuple[float, float]


def main() -> None:
    topology = json.loads(Path(sys.argv[1]).read_text())
    arcs = [_decoded(arc, topology["transform"]) for arc in topology["arcs"]]
    packed = b"".join(_packed(line) for ring in _rings(topology, arcs) for line in _lines(ring))
    data = zlib.compress(packed, 9)
    Path(sys.argv[2]).write_bytes(data)
    print(f"{len(packed)} bytes, {len(data)} compressed")


def _decoded(arc: list[list[int]], transform: dict[str, list[float]]) -> list[Point]:
    x = y = 0
    points = []
    for dx, dy in arc:
        x, y = x + dx, y + dy
        east = x * transform["scale"][0] + transform["translate"][0]
        north = y * transform["scale"][1] + transform["translate"][1]
        points.append((east, north))
    return points


def _rings(topology: dict[str, object], arcs: list[list[Point]]) -> list[list[Point]]:
    rings = []
    for geometry in topology["objects"]["land"]["geometries"]:  # type: ignore[index]
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for numbers in (ring for polygon in polygons for ring in polygon):
            points: list[Point] = []
            for number in numbers:
                arc = arcs[number] if number >= 0 else arcs[~number][::-1]
                points += arc[1:] if points else arc
            rings.append(points)
    return rings


def _lines(ring: list[Point]) -> list[list[Point]]:
    """Return the ring without the edges of the map, which are not coasts, simplified."""
    width = max(x for x, _ in ring) - min(x for x, _ in ring)
    height = max(y for _, y in ring) - min(y for _, y in ring)
    if max(width, height) < SMALLEST:
        return []
    lines: list[list[Point]] = [[]]
    for point in ring:
        if _at_edge(point):
            lines.append([])
        else:
            lines[-1].append(point)
    return [_simplified(line) for line in lines if len(line) > 1]


def _at_edge(point: Point) -> bool:
    return abs(point[0]) > 179.9 or point[1] < -89


def _simplified(line: list[Point]) -> list[Point]:
    """Simplify a line with the algorithm of Douglas and Peucker, within the tolerance."""
    first, last = line[0], line[-1]
    if len(line) < 3:
        return line
    far, at = max((_off(point, first, last), place) for place, point in enumerate(line[1:-1], 1))
    if far <= TOLERANCE:
        return [first, last]
    return _simplified(line[: at + 1])[:-1] + _simplified(line[at:])


def _off(point: Point, first: Point, last: Point) -> float:
    dx, dy = last[0] - first[0], last[1] - first[1]
    length = dx * dx + dy * dy
    along = ((point[0] - first[0]) * dx + (point[1] - first[1]) * dy) / length if length else 0
    along = min(1.0, max(0.0, along))
    return float(((point[0] - first[0] - along * dx) ** 2 + (point[1] - first[1] - along * dy) ** 2) ** 0.5)


def _packed(line: list[Point]) -> bytes:
    points = [(round(x * 10), round(y * 10)) for x, y in line]
    steps: list[tuple[int, int]] = []
    for (x, y), (x2, y2) in itertools.pairwise(points):
        parts = max(1, -(-max(abs(x2 - x), abs(y2 - y)) // STEP))
        stops = [(x + (x2 - x) * part // parts, y + (y2 - y) * part // parts) for part in range(parts + 1)]
        steps += [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(stops)]
    steps = [step for step in steps if step != (0, 0)]
    head = struct.pack("<Hhh", len(steps) + 1, *points[0])
    return head + b"".join(struct.pack("bb", *step) for step in steps)


if __name__ == "__main__":
    main()
