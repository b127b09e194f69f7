"""What a run puts into the manifest."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import xxhash
from msgspec.structs import replace

from pef_tui.manifest.format import Entry, Intended
from pef_tui.manifest.ledger import Ledger
from pef_tui.model import Match, MediaFile, Outcome, Plan, XmpFile, xmp_name
from pef_tui.run.digests import OpenMedia, content_digest
from pef_tui.run.identity import fingerprint_of, sidecar_digest
from pef_tui.run.own_xmp import with_own_xmp
from pef_tui.run.plan import digest
from pef_tui.run.shapes import RunShape
from pef_tui.write.copies import Copy
from pef_tui.write.replacing import FAT_NS, photo_digest


class RunBooks:
    """What a run puts into the manifest (`write.copies.Books`); used from several threads."""

    def __init__(
        self,
        ledger: Ledger,
        shape: RunShape,
        open_media: OpenMedia,
        started_ns: int,
        *,
        in_place: bool = False,
    ) -> None:
        """`in_place`: an output is its own source, and known by what it is afterwards."""
        self._in_place = in_place
        self._ledger = ledger
        self._shape = shape
        self._open_media = open_media
        self._young = started_ns - FAT_NS
        self.recorded: Callable[[str], Entry | None] = ledger.recorded

    def former(self, plan: Plan) -> Entry | None:
        """What an earlier batch put anywhere for the file of this Plan."""
        return self._ledger.get(plan.key)

    def intended(self, plan: Plan) -> Sequence[Intended]:
        """What earlier runs that came to no end meant to put anywhere for the file of this Plan."""
        return self._ledger.intended(plan.key)

    def intend(self, copies: Sequence[Copy]) -> int:
        """These are about to be put at their outputs; the batch's number."""
        items = [(copy.plan.key, os.fsencode(copy.plan.output or "")) for copy in copies]
        return self._ledger.intend(items, map(_intended, copies))

    def done(self, batch: int, outcomes: Sequence[Outcome]) -> None:
        """They are there. What somebody changed since an earlier run keeps the record it has."""
        kept = [outcome for outcome in outcomes if outcome.word != "unchanged"]
        self._ledger.done(batch, [self._recorded(outcome) for outcome in kept])

    def _recorded(self, outcome: Outcome) -> Entry:
        entry = self._entry(outcome)
        if not self._in_place:
            return entry
        return with_own_xmp(entry, outcome, self._ledger, lambda file: fingerprint_of(file, self._open_media))

    def _entry(self, outcome: Outcome) -> Entry:
        media = outcome.plan.match.media
        if self._in_place and outcome.output is not None:
            media = replace(media, size=outcome.size, mtime_ns=outcome.mtime_ns)
        racy = media.mtime_ns > self._young
        xmp_size, xmp_mtime_ns = outcome.xmp or (0, 0)
        return Entry(
            outcome.plan.key,
            media.size,
            media.mtime_ns,
            sidecar_digest(self._as_found_next(outcome)),
            self._shape.of(outcome.word),
            digest(outcome.plan),
            outcome.word,
            outcome.reason,
            temporary=outcome.temporary,
            output=os.fsencode(outcome.output or ""),
            output_size=outcome.size,
            output_mtime_ns=outcome.mtime_ns,
            xmp=outcome.xmp is not None,
            xmp_size=xmp_size,
            xmp_mtime_ns=xmp_mtime_ns,
            short_xmp=outcome.short_xmp,
            racy=racy,
            content=content_digest(media, self._open_media, xxhash.xxh3_64) if racy else b"",
            conflict=bool(outcome.plan.conflicts),
            proof=outcome.plan.match.proof,
            version=0 if self._in_place else media.version,
            source=self._source_of(outcome),
            photo=photo_digest(outcome.plan.match),
            output_digest=outcome.output_digest,
            xmp_digest=outcome.xmp_digest,
            link=b"" if outcome.output else os.fsencode(outcome.plan.link),
        )

    def _source_of(self, outcome: Outcome) -> bytes:
        """Fingerprint of the source; of a duplicate that was not read, that of the same bytes elsewhere."""
        if self._in_place:
            return b""
        original = self._ledger.recorded(outcome.plan.link) if outcome.plan.link else None
        return outcome.source_digest or (original.source if original is not None else b"")

    def _as_found_next(self, outcome: Outcome) -> Match:
        """The Match; in place with the XMP file as it is now, so that the next run finds nothing new."""
        match = outcome.plan.match
        if not self._in_place or outcome.xmp is None or outcome.output is None:
            return match
        path = match.xmp.file.path if match.xmp else xmp_name(match.media.path, outcome.short_xmp)
        file = MediaFile(match.media.root, path, *outcome.xmp)
        content = content_digest(file, self._open_media, xxhash.xxh3_64)
        return replace(match, xmp=XmpFile(file, content=content))


def _intended(copy: Copy) -> Intended | None:
    """What a copy is about to be under its final name; None of a symbolic link."""
    if copy.made is None:
        return None
    xmp = copy.made_xmp
    size, mtime_ns, digest = copy.made
    return Intended(
        os.fsencode(copy.plan.output or ""),
        size,
        mtime_ns,
        digest,
        copy.source,
        photo_digest(copy.plan.match),
        *((True, xmp.size, xmp.mtime_ns, xmp.digest, copy.plan.short_xmp) if xmp is not None else ()),
    )
