"""Measure the tags: zone, mappers and policy, in microseconds a file.

    python bench/tags.py [FILES]

Budget: 25 us for mappers and policy of a JPEG without tags, with a sidecar that has all fields.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from pef_tui.model import FileMetadata, Geo, Match, MediaFile, Person, Sidecar, TagEdit, Timestamp, Value
from pef_tui.settings import Settings
from pef_tui.tags.capture_time import stage
from pef_tui.tags.plugin import pef_tag_mappers
from pef_tui.tags.policy import decide

CAMERA: dict[str, Value] = {
    "EXIF:Make": "Canon",
    "EXIF:Model": "Canon EOS 40D",
    "EXIF:DateTimeOriginal": "2019:07:01 12:00:00",
    "EXIF:CreateDate": "2019:07:01 12:00:00",
    "EXIF:SubSecTimeOriginal": "12",
    "EXIF:ExifVersion": "0221",
    "EXIF:GPSLatitude": 52.5,
    "EXIF:GPSLongitude": 13.4,
}


def matches(count: int, tags: dict[str, Value]) -> list[Match]:
    """Return pictures of one folder, with sidecars that have all fields."""
    people = (Person("Zoë"), Person("李雷"))
    return [
        Match(
            MediaFile(0, f"Photos from 2019/IMG_{number}.jpg", 1000, 0),
            "Photos from 2019",
            Sidecar(
                title=f"IMG_{number}.jpg",
                description="Under the lime trees",
                photo_taken_time=Timestamp("1561975200"),
                geo_data=Geo(52.5 + number % 100 / 1000, 13.4, 34.0),
                people=people,
                favorited=True,
            ),
            metadata=FileMetadata("jpeg", tags, "native"),
        )
        for number in range(count)
    ]


def map_and_settle(given: Iterable[Match]) -> int:
    """Run every mapper and the policy, as a run does."""
    mappers = [mapper.map for mapper in pef_tag_mappers(Settings())]
    edits = 0
    for match in given:
        wanted: list[TagEdit] = []
        for mapper in mappers:
            wanted.extend(mapper(match))
        edits += len(decide(match, wanted, "fill").edits)
    return edits


def best(work: Callable[[], object], count: int) -> float:
    """Return the processor time in microseconds an item, the minimum of five."""
    found = []
    for _ in range(5):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found) / count * 1e6


def main(arguments: Sequence[str]) -> None:
    count = int(arguments[0]) if arguments else 20_000
    zone = stage(Settings(timezone="Europe/Berlin"), lambda name: None)
    print("us a file            zone  mappers + policy")
    for name, tags in (("nothing in the file", {}), ("a camera's tags", CAMERA)):
        given = matches(count, tags)
        nowhere = [
            replace(match, sidecar=replace(match.sidecar or Sidecar(), geo_data=None)) for match in given
        ]
        taken = list(zone(iter(given)))
        of_zone = best(lambda given=given: list(zone(iter(given))), count)  # type: ignore[misc]
        of_tags = best(lambda taken=taken: map_and_settle(taken), count)  # type: ignore[misc]
        print(f"{name:<20}{of_zone:5.1f}  {of_tags:16.1f}")
        of_zone = best(lambda given=nowhere: list(zone(iter(given))), count)  # type: ignore[misc]
        print(f"{'  no place':<20}{of_zone:5.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
