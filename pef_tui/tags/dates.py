"""When a picture was taken: date, offset and parts of seconds, one unit.

A date in the file that means the moment taken is kept as it is; where it has no offset, the offset is added. A date
of less precision that holds the moment is kept, and what is empty beside it is filled. Any other valid date makes a
conflict of the whole unit. What is no date is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from pef_tui.model import Match, TagEdit, Taken, Value, When
from pef_tui.tags.classes import tag_list, tags_of
from pef_tui.tags.clock import (
    ALL_DATES,
    EXIF_DATES,
    IPTC_DATES,
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
from pef_tui.tags.evidence import google_instant
from pef_tui.tags.partial import Partial, partial_span, read_partial

UNIT = "date"

_QUICKTIME_LAST = 2_212_122_495  # 2040-02-06 06:28:15, the last second of a 32-bit count from 1904
_EXIF_OFFSETS = 231  # Exif 2.31 brought the tags for offsets
_MODIFIED = (Source("QuickTime:ModifyDate", utc=True),)

_PICTURE_DATES = EXIF_DATES + XMP_DATES + IPTC_DATES

Verdict = Literal["same", "no offset", "no zone", "other"]

Fill = When | Literal["empty"]
"""`empty`: only where the file has no date at all, not even a part of one."""


def dates(match: Match) -> Iterable[TagEdit]:
    """Edits of the date unit: none where the sidecar has no date or the file says the same already."""
    taken = match.taken
    if match.sidecar is None or taken is None:
        return ()
    if taken.told != "sidecar" and google_instant(match.sidecar) is None:
        return ()
    return date_edits(match, taken)


def date_edits(match: Match, taken: Taken) -> Iterable[TagEdit]:
    """Edits that make the file say this moment, by what it says already."""
    return _EDITS[tag_list(match)](tags_of(match), taken)


def _compare(clock: Clock, taken: Taken) -> Verdict:
    """Does the file's clock mean the moment taken? `no zone`: it may, but nothing tells the zone of the place."""
    clock = clock.beside(taken.instant)
    ahead = clock.ahead(taken.instant)
    if clock.offset is not None:
        return "same" if abs(ahead - clock.offset * 60) <= SAME else "other"
    if taken.offset is None or abs(ahead - taken.offset * 60) > SAME:
        return "other"
    return "no zone" if taken.zone == "assumed" else "no offset"


def _exif(tags: dict[str, Value], taken: Taken) -> Iterator[TagEdit]:
    clock = read_clock(tags, _PICTURE_DATES) if tags else None
    if clock is None:
        yield from _exif_unit(tags, taken, _fill_beside(tags, _PICTURE_DATES, taken))
        return
    verdict = _compare(clock, taken)
    if verdict == "other":
        yield from _exif_unit(tags, taken, "missing")
    elif verdict == "no zone":
        return
    elif not clock.tag.startswith("EXIF:"):
        yield from _exif_tags(tags, local_text(taken), "empty")
    else:
        yield from _complete_exif(tags, taken, clock, verdict)


def _fill_beside(tags: dict[str, Value], sources: Sequence[Source], taken: Taken) -> Fill:
    """How to write the unit of a file that has no whole date: beside a part of one that agrees, or against it."""
    partial = read_partial(tags, sources) if tags else None
    if partial is None:
        return "always"
    return "empty" if _agrees(partial, taken) else "missing"


def _agrees(partial: Partial, taken: Taken) -> bool:
    """Where only the machine tells the zone, the clock there may have shown UTC as well."""
    return partial.agrees(taken) or (taken.zone == "assumed" and partial.agrees_as_utc(taken.instant))


def _complete_exif(tags: dict[str, Value], taken: Taken, clock: Clock, verdict: Verdict) -> Iterator[TagEdit]:
    """What is missing beside a date that is right: its offset, and DateTimeOriginal where only CreateDate is."""
    offset = _clock_offset(clock, taken)
    text, shown = offset_text(offset), digits_text(clock.digits)
    only_created = clock.tag == "EXIF:CreateDate"
    if only_created and _is_partial(tags, "EXIF:DateTimeOriginal"):
        if verdict == "no offset":
            yield TagEdit("EXIF:OffsetTimeDigitized", text, "always", UNIT)
        return
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


def _exif_unit(tags: dict[str, Value], taken: Taken, fill: Fill) -> Iterator[TagEdit]:
    text = local_text(taken)
    yield from _exif_tags(tags, text, fill)
    yield from _edit(tags, "XMP-photoshop:DateCreated", text, fill)
    if tags:
        for source in XMP_DATES:
            if source.tag != "XMP-photoshop:DateCreated" and source.tag in tags:
                yield from _edit(tags, source.tag, text, fill)


_EXIF_TAGS = (
    ("EXIF:DateTimeOriginal", "EXIF:OffsetTimeOriginal", "EXIF:SubSecTimeOriginal"),
    ("EXIF:CreateDate", "EXIF:OffsetTimeDigitized", "EXIF:SubSecTimeDigitized"),
)


def _exif_tags(tags: dict[str, Value], text: str, fill: Fill) -> Iterator[TagEdit]:
    """Each date with its offset, and without the fraction of another."""
    when: When = "always" if fill == "empty" else fill
    written = [names for names in _EXIF_TAGS if fill != "empty" or not _is_date(tags, names[0])]
    for date, _, _ in written:
        yield TagEdit(date, text[:19], _when(tags, date, fill), UNIT)
    for _, offset, _ in written:
        yield TagEdit(offset, text[19:], when, UNIT)
    if tags and written:
        for _, _, fraction in written:
            yield from _without(tags, fraction)
        yield from _raised_version(tags)


def _edit(tags: dict[str, Value], tag: str, value: str, fill: Fill) -> Iterator[TagEdit]:
    """One edit, or none where the tag is not empty and only what is empty is to be filled."""
    if fill != "empty" or not _is_date(tags, tag):
        yield TagEdit(tag, value, _when(tags, tag, fill), UNIT)


def _when(tags: dict[str, Value], tag: str, fill: Fill) -> When:
    """When to write a tag; what is no date (zeros, blanks) is replaced even where another tag has a valid one."""
    if fill == "empty":
        return "always"
    return "always" if fill == "missing" and tag in tags and not _is_date(tags, tag) else fill


def _is_date(tags: dict[str, Value], tag: str) -> bool:
    """Does the tag hold a valid date, or a part of one?"""
    return tag in tags and (read_clock(tags, (Source(tag),)) is not None or _is_partial(tags, tag))


def _is_partial(tags: dict[str, Value], tag: str) -> bool:
    held = tags.get(tag)
    return isinstance(held, str) and partial_span(held) is not None


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
        fill: Fill = _fill_beside(tags, ALL_DATES, taken) if clock is None else "missing"
        for source in XMP_DATES:
            yield from _edit(tags, source.tag, local_text(taken), fill)
    elif verdict == "no offset" and clock.step == 1:
        text = digits_text(clock.digits) + offset_text(_clock_offset(clock, taken))
        for source in XMP_DATES:
            held = parse_date(tags.get(source.tag))
            if held[0] == clock.digits if held is not None else not _is_partial(tags, source.tag):
                yield TagEdit(source.tag, text, "always", UNIT)


def _quicktime(tags: dict[str, Value], taken: Taken) -> Iterator[TagEdit]:
    """UTC in the film's own dates, the offset in Keys. One that is right keeps the other as it is."""
    own = read_clock(tags, QUICKTIME_DATES) if tags else None
    keys = read_clock(tags, KEYS_DATES) if tags else None
    clock = own or keys or (read_clock(tags, XMP_DATES) if tags else None)
    if clock is None or _compare(clock, taken) == "other":
        fill = _fill_beside(tags, KEYS_DATES + XMP_DATES, taken) if clock is None else "missing"
        if 0 <= taken.instant <= _QUICKTIME_LAST:
            yield from _quicktime_tags(tags, taken, fill)
        if clock is own and keys is None and own is not None and _shows_local_time(own, taken):
            yield TagEdit("Keys:CreationDate", local_text(taken), "always")
        else:
            yield from _edit(tags, "Keys:CreationDate", local_text(taken), fill)
        yield from _edit(tags, "XMP-photoshop:DateCreated", local_text(taken), fill)
        return
    if own is None and 0 <= taken.instant <= _QUICKTIME_LAST:
        yield from _quicktime_tags(tags, taken, "always")
    if keys is None and taken.zone != "assumed" and not _is_partial(tags, "Keys:CreationDate"):
        yield TagEdit("Keys:CreationDate", local_text(taken), "always", UNIT)


def _shows_local_time(own: Clock, taken: Taken) -> bool:
    """Did the camera put the clock at the place where QuickTime asks for UTC? Then the place has that very offset.

    `Keys:CreationDate`, with its offset, is right whatever is decided on the film's own dates, so it is no part of
    their unit.
    """
    offset = taken.offset or 0
    return (
        taken.zone in ("gps", "file") and offset != 0 and abs(own.ahead(taken.instant) - offset * 60) <= SAME
    )


def _quicktime_tags(tags: dict[str, Value], taken: Taken, fill: Fill) -> Iterator[TagEdit]:
    text = utc_text(taken.instant)
    for name in ("CreateDate", "ModifyDate", "TrackCreateDate", "MediaCreateDate"):
        if name != "ModifyDate" or fill == "missing" or read_clock(tags, _MODIFIED) is None:
            yield from _edit(tags, f"QuickTime:{name}", text, fill)


_EDITS = {"exif": _exif, "xmp": _xmp, "quicktime": _quicktime}
