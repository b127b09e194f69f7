"""What an entry takes over from the one before it."""

from __future__ import annotations

from msgspec.structs import replace

from pef_tui.manifest.format import Entry


def succeeding(entry: Entry, before: Entry | None) -> Entry:
    """The entry, still naming what lies in DEST where this outcome put nothing there."""
    if before is None or not before.output or entry.word not in ("failed", "unchanged"):
        return entry
    if entry.word == "failed" and entry.output:
        return entry
    return replace(
        entry,
        output=before.output,
        output_size=before.output_size,
        output_mtime_ns=before.output_mtime_ns,
        xmp=before.xmp,
        xmp_size=before.xmp_size,
        xmp_mtime_ns=before.xmp_mtime_ns,
        short_xmp=before.short_xmp,
        source=entry.source or before.source,
        photo=entry.photo or before.photo,
        output_digest=before.output_digest,
        xmp_digest=before.xmp_digest,
    )
