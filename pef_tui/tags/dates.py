"""Make the edits of the capture date: date, offset and fraction of a second. They are one unit: decided together.

A date in the file that agrees with the capture time is kept; a missing offset is added. A partial date (`1975-06`) that
contains the capture time is kept, and empty tags are filled. Any other valid date is a conflict of the whole unit.
Invalid dates are replaced.

Texts of dates cannot be compared directly: one capture time has different forms in different tags.

- EXIF has local time; tags for its offset exist since Exif 2.31.
- QuickTime headers have UTC by definition, but some cameras write local time.
- IPTC times always have an offset, so programs that do not know it write +00:00.
- Google reads clocks of unknown zones as UTC, so the sidecar's instant may itself be local time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from pef_tui.model import CaptureTime, Match, TagEdit, Value, When
from pef_tui.tags.capture_evidence import google_instant
from pef_tui.tags.file_date import (
    ALL_DATES,
    EXIF_DATES,
    IPTC_DATES,
    KEYS_DATES,
    QUICKTIME_DATES,
    SAME_SECONDS,
    XMP_DATES,
    DateTag,
    FileDate,
    digits_text,
    local_text,
    offset_text,
    parse_date,
    read_file_date,
    utc_text,
)
from pef_tui.tags.partial_dates import PartialDate, partial_span, read_partial
from pef_tui.tags.tag_lists import tag_list, tags_of

UNIT = "date"

_QUICKTIME_LAST = 2_212_122_495  # 2040-02-06 06:28:15, the last second of a 32-bit count from 1904
_EXIF_OFFSETS = 231  # Exif 2.31 introduced the tags for offsets
_MODIFIED = (DateTag("QuickTime:ModifyDate", utc=True),)

_PICTURE_DATES = EXIF_DATES + XMP_DATES + IPTC_DATES

Verdict = Literal["same", "no offset", "no zone", "other"]

Fill = When | Literal["empty"]
"""When a tag is written. `empty`: only if it has no valid date. A partial date (`1975-06`) is a valid date."""


def dates(match: Match) -> Iterable[TagEdit]:
    """Return the edits of the date unit: date, offset and fraction of a second.

    Empty if the sidecar has no date, or if the file has the same date.
    """
    capture_time = match.capture_time
    if match.sidecar is None or capture_time is None:
        return ()
    if capture_time.source != "sidecar" and google_instant(match.sidecar) is None:
        return ()
    return date_edits(match, capture_time)


def date_edits(match: Match, capture_time: CaptureTime) -> Iterable[TagEdit]:
    """Return the edits that write `capture_time` to the file of `match`. They depend on the tags of the file."""
    return _EDITS[tag_list(match)](tags_of(match), capture_time)


def _compare(clock: FileDate, capture_time: CaptureTime) -> Verdict:
    """Return how `clock`, the date in the file, agrees with the capture time.

    `same`: the same instant. `no offset`: the same local time, but the clock has no offset. `no zone`: the same local
    time, but only in the zone of this machine, which proves nothing. `other`: they differ.
    """
    clock = clock.without_placeholder_offset(capture_time.instant)
    seconds_ahead = clock.seconds_ahead(capture_time.instant)
    if clock.offset is not None:  # compare instants: another offset may be the same instant
        return "same" if abs(seconds_ahead - clock.offset * 60) <= SAME_SECONDS else "other"
    if capture_time.offset is None or abs(seconds_ahead - capture_time.offset * 60) > SAME_SECONDS:
        return "other"
    # The zone of this machine is no evidence for the picture. So it is not added to a date in the file.
    return "no zone" if capture_time.zone == "assumed" else "no offset"


def _exif(tags: dict[str, Value], capture_time: CaptureTime) -> Iterator[TagEdit]:
    clock = read_file_date(tags, _PICTURE_DATES) if tags else None
    if clock is None:
        yield from _exif_unit(tags, capture_time, _fill_mode(tags, _PICTURE_DATES, capture_time))
        return
    verdict = _compare(clock, capture_time)
    if verdict == "other":
        yield from _exif_unit(tags, capture_time, "missing")
    elif verdict == "no zone":
        return
    elif not clock.tag.startswith("EXIF:"):  # XMP or IPTC has the right date, and only EXIF lacks it
        yield from _exif_tags(tags, local_text(capture_time), "empty")
    else:
        yield from _complete_exif(tags, capture_time, clock, verdict)


def _fill_mode(tags: dict[str, Value], sources: Sequence[DateTag], capture_time: CaptureTime) -> Fill:
    """Return how to write the date tags of a file without a complete date.

    `always`: it has no partial date (`1975-06`) either. `empty`: a partial date agrees with the capture time; it is
    kept, and empty tags are filled. `missing`: a partial date contradicts the capture time, which is a conflict.
    """
    partial = read_partial(tags, sources) if tags else None
    if partial is None:
        return "always"
    return "empty" if _agrees(partial, capture_time) else "missing"


def _agrees(partial: PartialDate, capture_time: CaptureTime) -> bool:
    """Return whether the partial date agrees with the capture time.

    If the zone is only assumed, the camera's clock may have shown UTC: then a partial date that contains the UTC time
    agrees too.
    """
    return partial.agrees_with(capture_time) or (
        capture_time.zone == "assumed" and partial.agrees_as_utc(capture_time.instant)
    )


def _complete_exif(
    tags: dict[str, Value], capture_time: CaptureTime, clock: FileDate, verdict: Verdict
) -> Iterator[TagEdit]:
    """Yield the edits that complete a right date in EXIF. `verdict`: the result of `_compare`.

    They add the offset of the date, and DateTimeOriginal if the file has only CreateDate.
    """
    offset = _clock_offset(clock, capture_time)
    text, digits = offset_text(offset), digits_text(clock.digits)
    only_created = clock.tag == "EXIF:CreateDate"
    if only_created and _is_partial(tags, "EXIF:DateTimeOriginal"):
        if verdict == "no offset":
            yield TagEdit("EXIF:OffsetTimeDigitized", text, "always", UNIT)
        return
    if only_created:
        yield TagEdit("EXIF:DateTimeOriginal", digits, "always", UNIT)
        yield from _removal(tags, "EXIF:SubSecTimeOriginal")
    if only_created or verdict == "no offset":
        yield TagEdit("EXIF:OffsetTimeOriginal", text, "always", UNIT)
    created = parse_date(tags.get("EXIF:CreateDate"))
    if verdict == "no offset" and created is not None and created[0] == clock.digits:
        yield TagEdit("EXIF:OffsetTimeDigitized", text, "always", UNIT)
    if only_created or verdict == "no offset":
        yield from _raised_version(tags)


def _clock_offset(clock: FileDate, capture_time: CaptureTime) -> int:
    """Return the offset of `clock`, a date that agrees with the capture time, in minutes.

    Without an offset in the file, it is the difference between `clock` and the capture time.
    """
    return clock.offset if clock.offset is not None else round((clock.seconds - capture_time.instant) / 60)


def _exif_unit(tags: dict[str, Value], capture_time: CaptureTime, fill: Fill) -> Iterator[TagEdit]:
    text = local_text(capture_time)
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
    """Yield the edits of each EXIF date and its offset. `text`: local time and offset.

    Also remove fractions of a second: they belong to the old date.
    """
    condition: When = "always" if fill == "empty" else fill
    date_tags = [names for names in _EXIF_TAGS if fill != "empty" or not _is_date(tags, names[0])]
    for date, _, _ in date_tags:
        yield TagEdit(date, text[:19], _write_condition(tags, date, fill), UNIT)
    for _, offset, _ in date_tags:
        yield TagEdit(offset, text[19:], condition, UNIT)
    if tags and date_tags:
        for _, _, fraction in date_tags:
            yield from _removal(tags, fraction)
        yield from _raised_version(tags)


def _edit(tags: dict[str, Value], tag: str, value: str, fill: Fill) -> Iterator[TagEdit]:
    """Yield the edit of `tag`; nothing if `fill` is `empty` (fill only empty tags) and the tag has a date."""
    if fill != "empty" or not _is_date(tags, tag):
        yield TagEdit(tag, value, _write_condition(tags, tag, fill), UNIT)


def _write_condition(tags: dict[str, Value], tag: str, fill: Fill) -> When:
    """Return when the edit of `tag` is written. `fill`: how the whole unit is written.

    An invalid date (zeros, blanks) is replaced, even if another tag has a valid date.
    """
    if fill == "empty":
        return "always"
    return "always" if fill == "missing" and tag in tags and not _is_date(tags, tag) else fill


def _is_date(tags: dict[str, Value], tag: str) -> bool:
    """Return whether the tag has a valid date, complete or partial."""
    return tag in tags and (read_file_date(tags, (DateTag(tag),)) is not None or _is_partial(tags, tag))


def _is_partial(tags: dict[str, Value], tag: str) -> bool:
    value = tags.get(tag)
    return isinstance(value, str) and partial_span(value) is not None


def _removal(tags: dict[str, Value], tag: str) -> Iterator[TagEdit]:
    if tag in tags:
        yield TagEdit(tag, None, "always", UNIT)


def _raised_version(tags: dict[str, Value]) -> Iterator[TagEdit]:
    """Yield the edit that sets the EXIF version to 2.32, if the file has a version below 2.31.

    Some readers look for offsets only from Exif 2.31 on.
    """
    version = str(tags.get("EXIF:ExifVersion", ""))
    if version.isdigit() and int(version) < _EXIF_OFFSETS:
        yield TagEdit("EXIF:ExifVersion", "0232", "always", UNIT)


def _xmp(tags: dict[str, Value], capture_time: CaptureTime) -> Iterator[TagEdit]:
    """Yield the edits of a file that gets only XMP tags, such as a raw picture.

    Its date is usually in EXIF, which is not written. If this date agrees with the capture time and has no offset, XMP
    gets the date with the offset.
    """
    clock = read_file_date(tags) if tags else None
    verdict = _compare(clock, capture_time) if clock is not None else None
    if clock is None or verdict == "other":
        fill: Fill = _fill_mode(tags, ALL_DATES, capture_time) if clock is None else "missing"
        for source in XMP_DATES:
            yield from _edit(tags, source.tag, local_text(capture_time), fill)
    elif verdict == "no offset" and clock.step == 1:
        text = digits_text(clock.digits) + offset_text(_clock_offset(clock, capture_time))
        for source in XMP_DATES:
            current = parse_date(tags.get(source.tag))
            if current[0] == clock.digits if current is not None else not _is_partial(tags, source.tag):
                yield TagEdit(source.tag, text, "always", UNIT)


def _quicktime(tags: dict[str, Value], capture_time: CaptureTime) -> Iterator[TagEdit]:
    """Yield the edits of a video: UTC in its header, local time with offset in `Keys:CreationDate`.

    If the video's date agrees with the capture time, existing dates stay, and a missing one is added.
    """
    header_date = read_file_date(tags, QUICKTIME_DATES) if tags else None
    keys = read_file_date(tags, KEYS_DATES) if tags else None
    clock = header_date or keys or (read_file_date(tags, XMP_DATES) if tags else None)
    if clock is None or _compare(clock, capture_time) == "other":
        fill = _fill_mode(tags, KEYS_DATES + XMP_DATES, capture_time) if clock is None else "missing"
        if 0 <= capture_time.instant <= _QUICKTIME_LAST:
            yield from _quicktime_tags(tags, capture_time, fill)
        if (
            clock is header_date
            and keys is None
            and header_date is not None
            and _shows_local_time(header_date, capture_time)
        ):
            yield TagEdit("Keys:CreationDate", local_text(capture_time), "always")
        else:
            yield from _edit(tags, "Keys:CreationDate", local_text(capture_time), fill)
        yield from _edit(tags, "XMP-photoshop:DateCreated", local_text(capture_time), fill)
        return
    if header_date is None and 0 <= capture_time.instant <= _QUICKTIME_LAST:
        yield from _quicktime_tags(tags, capture_time, "always")
    if keys is None and capture_time.zone != "assumed" and not _is_partial(tags, "Keys:CreationDate"):
        yield TagEdit("Keys:CreationDate", local_text(capture_time), "always", UNIT)


def _shows_local_time(header_date: FileDate, capture_time: CaptureTime) -> bool:
    """Return whether the camera stored local time in the header. (QuickTime requires UTC there.)

    The header is then wrong by exactly the offset. `Keys:CreationDate`, which has an offset, is right in any case. So
    its edit is not part of the date unit.
    """
    offset = capture_time.offset or 0
    return (
        capture_time.zone in ("gps", "file")
        and offset != 0
        and abs(header_date.seconds_ahead(capture_time.instant) - offset * 60) <= SAME_SECONDS
    )


def _quicktime_tags(tags: dict[str, Value], capture_time: CaptureTime, fill: Fill) -> Iterator[TagEdit]:
    text = utc_text(capture_time.instant)
    for name in ("CreateDate", "ModifyDate", "TrackCreateDate", "MediaCreateDate"):
        if name != "ModifyDate" or fill == "missing" or read_file_date(tags, _MODIFIED) is None:
            yield from _edit(tags, f"QuickTime:{name}", text, fill)


_EDITS = {"exif": _exif, "xmp": _xmp, "quicktime": _quicktime}
