"""When a picture was taken: date, offset and parts of seconds, one unit.

A date in the file that means the moment the sidecar names is kept as it is; where it has no offset, the offset
is added. Any other valid date makes a conflict of the whole unit. What is no date is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from pef_tui.model import Match, TagEdit, Taken, Value, When
from pef_tui.tags.classes import tag_list, tags_of
from pef_tui.tags.clock import (
    EXIF_DATES,
    KEYS_DATES,
    QUICKTIME_DATES,
    SAME,
    XMP_DATES,
    Clock,
    Source,
    digits_text,
    local_text,
    offset_text,
    parse_date,
    read_clock,
    utc_text,
)
from pef_tui.tags.zones import real_offset

UNIT = "date"

_QUICKTIME_LAST = 2_212_122_495  # 2040-02-06 06:28:15, the last second of a 32-bit count from 1904
_EXIF_OFFSETS = 231  # Exif 2.31 brought the tags for offsets
_MODIFIED = (Source("QuickTime:ModifyDate", utc=True),)
_TOLD = frozenset(("gps", "gps-time", "name", "option"))  # zones known from more than the camera's clock

_EXIF_OR_XMP = EXIF_DATES + XMP_DATES

Verdict = Literal["same", "no offset", "no zone", "other"]


def dates(match: Match) -> Iterable[TagEdit]:
    """Edits of the date unit: none where the sidecar has no date or the file says the same already."""
    taken = match.taken
    if match.sidecar is None or taken is None or taken.told != "sidecar":
        return ()
    return _EDITS[tag_list(match)](tags_of(match), taken)


def _compare(clock: Clock, taken: Taken) -> Verdict:
    """Does the file's clock mean the moment taken? `no zone`: same digits as UTC, and nothing tells more."""
    if clock.instant is not None:
        return "same" if abs(clock.instant - taken.instant) <= SAME else "other"
    offset = real_offset(clock.seconds - taken.instant, SAME)
    if offset is None:
        return "other"
    if offset or (taken.offset == 0 and taken.zone in _TOLD):
        return "no offset"
    return "other" if taken.zone in _TOLD else "no zone"


def _exif(tags: dict[str, Value], taken: Taken) -> Iterator[TagEdit]:
    clock = read_clock(tags, _EXIF_OR_XMP) if tags else None
    verdict = _compare(clock, taken) if clock is not None else None
    if clock is None or verdict is None:
        yield from _exif_unit(tags, taken, "always")
    elif verdict == "other":
        yield from _exif_unit(tags, taken, "missing")
    elif verdict == "no zone":
        return
    elif not clock.tag.startswith("EXIF:"):
        yield from _exif_tags(tags, local_text(taken), "always")
    else:
        yield from _complete_exif(tags, taken, clock, verdict)


def _complete_exif(tags: dict[str, Value], taken: Taken, clock: Clock, verdict: Verdict) -> Iterator[TagEdit]:
    """What is missing beside a date that is right: its offset, and DateTimeOriginal where only CreateDate is."""
    offset = _clock_offset(clock, taken)
    text, shown = offset_text(offset), digits_text(clock.digits)
    only_created = clock.tag == "EXIF:CreateDate"
    if only_created:
        yield TagEdit("EXIF:DateTimeOriginal", shown, "always", UNIT)
        yield from _without(tags, "EXIF:SubSecTimeOriginal")
    if only_created or verdict == "no offset":
        yield TagEdit("EXIF:OffsetTimeOriginal", text, "always", UNIT)
    created = parse_date(tags.get("EXIF:CreateDate"))
    if verdict == "no offset" and created is not None and created[0] == clock.digits:
        yield TagEdit("EXIF:OffsetTimeDigitized", text, "always", UNIT)
    if only_created or verdict == "no offset":
        yield from _raised_version(tags)


def _clock_offset(clock: Clock, taken: Taken) -> int:
    """Minutes by which a clock that means the moment taken is ahead of UTC."""
    return clock.offset if clock.offset is not None else round((clock.seconds - taken.instant) / 60)


def _exif_unit(tags: dict[str, Value], taken: Taken, when: When) -> Iterator[TagEdit]:
    text = local_text(taken)
    yield from _exif_tags(tags, text, when)
    yield _edit(tags, "XMP-photoshop:DateCreated", text, when)
    if tags:
        for source in XMP_DATES:
            if source.tag != "XMP-photoshop:DateCreated" and source.tag in tags:
                yield _edit(tags, source.tag, text, when)


def _exif_tags(tags: dict[str, Value], text: str, when: When) -> Iterator[TagEdit]:
    yield _edit(tags, "EXIF:DateTimeOriginal", text[:19], when)
    yield _edit(tags, "EXIF:CreateDate", text[:19], when)
    yield TagEdit("EXIF:OffsetTimeOriginal", text[19:], when, UNIT)
    yield TagEdit("EXIF:OffsetTimeDigitized", text[19:], when, UNIT)
    if tags:
        yield from _without(tags, "EXIF:SubSecTimeOriginal")
        yield from _without(tags, "EXIF:SubSecTimeDigitized")
        yield from _raised_version(tags)


def _edit(tags: dict[str, Value], tag: str, value: str, when: When) -> TagEdit:
    """One edit; what is no date (zeros, blanks) is replaced even where another tag has a valid one."""
    if when == "missing" and tag in tags and read_clock(tags, (Source(tag),)) is None:
        when = "always"
    return TagEdit(tag, value, when, UNIT)


def _without(tags: dict[str, Value], tag: str) -> Iterator[TagEdit]:
    if tag in tags:
        yield TagEdit(tag, None, "always", UNIT)


def _raised_version(tags: dict[str, Value]) -> Iterator[TagEdit]:
    """Readers that go by the version look for offsets from Exif 2.31 on."""
    version = str(tags.get("EXIF:ExifVersion", ""))
    if version.isdigit() and int(version) < _EXIF_OFFSETS:
        yield TagEdit("EXIF:ExifVersion", "0232", "always", UNIT)


def _xmp(tags: dict[str, Value], taken: Taken) -> Iterator[TagEdit]:
    """XMP alone. The date of a raw picture is its EXIF date; XMP only adds the offset."""
    clock = read_clock(tags) if tags else None
    verdict = _compare(clock, taken) if clock is not None else None
    if clock is None or verdict == "other":
        when: When = "always" if clock is None else "missing"
        for source in XMP_DATES:
            yield _edit(tags, source.tag, local_text(taken), when)
    elif verdict == "no offset":
        text = digits_text(clock.digits) + offset_text(_clock_offset(clock, taken))
        for source in XMP_DATES:
            held = parse_date(tags.get(source.tag))
            if held is None or held[0] == clock.digits:
                yield TagEdit(source.tag, text, "always", UNIT)


def _quicktime(tags: dict[str, Value], taken: Taken) -> Iterator[TagEdit]:
    """UTC in the film's own dates, the offset in Keys. One that is right keeps the other as it is."""
    own = read_clock(tags, QUICKTIME_DATES) if tags else None
    keys = read_clock(tags, KEYS_DATES) if tags else None
    clock = own or keys or (read_clock(tags, XMP_DATES) if tags else None)
    if clock is None or _compare(clock, taken) == "other":
        when: When = "always" if clock is None else "missing"
        if 0 <= taken.instant <= _QUICKTIME_LAST:
            yield from _quicktime_tags(tags, taken, when)
        yield _edit(tags, "Keys:CreationDate", local_text(taken), when)
        yield _edit(tags, "XMP-photoshop:DateCreated", local_text(taken), when)
        return
    if own is None and 0 <= taken.instant <= _QUICKTIME_LAST:
        yield from _quicktime_tags(tags, taken, "always")
    if keys is None and taken.zone != "assumed":
        yield TagEdit("Keys:CreationDate", local_text(taken), "always", UNIT)


def _quicktime_tags(tags: dict[str, Value], taken: Taken, when: When) -> Iterator[TagEdit]:
    text = utc_text(taken.instant)
    yield _edit(tags, "QuickTime:CreateDate", text, when)
    if when == "missing" or read_clock(tags, _MODIFIED) is None:
        yield _edit(tags, "QuickTime:ModifyDate", text, when)
    yield _edit(tags, "QuickTime:TrackCreateDate", text, when)
    yield _edit(tags, "QuickTime:MediaCreateDate", text, when)


_EDITS = {"exif": _exif, "xmp": _xmp, "quicktime": _quicktime}
