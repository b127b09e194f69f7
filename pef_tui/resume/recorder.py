"""Record in the manifest what a run is about to write (intents), and what it did (entries)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import xxhash
from msgspec.structs import replace

from pef_tui.filesystem.constants import MTIME_TOLERANCE_NS
from pef_tui.filesystem.parallel_io import IoQueue, io_queue
from pef_tui.hooks import OpenMedia
from pef_tui.manifest.manifest import Manifest
from pef_tui.manifest.records import Entry, Intended
from pef_tui.model import Match, MediaFile, Outcome, Plan, XmpFile, xmp_name
from pef_tui.output.replacement import photo_digest
from pef_tui.output.staged_outputs import StagedOutput
from pef_tui.planning.digests import content_digest
from pef_tui.planning.own_xmp import with_own_xmp
from pef_tui.planning.planner import plan_digest
from pef_tui.reporting.local_time import local_time
from pef_tui.resume.entry_inputs import RunShape
from pef_tui.resume.entry_lookup import fingerprint_of, sidecar_digest


class ManifestRecorder:
    """Writes the intents and entries of a run to the manifest (a `staged_outputs.Recorder`). Used by several
    threads.
    """

    def __init__(
        self,
        manifest: Manifest,
        shape: RunShape,
        open_media: OpenMedia,
        started_ns: int,
        *,
        in_place: bool = False,
        queue: IoQueue | None = None,
    ) -> None:
        """`in_place`: whether each output is its own source. The entry then has the size and time after the run.

        `queue`: runs the calls that read source files; None for a new queue.
        """
        self._queue = queue or io_queue()
        self._in_place = in_place
        self._manifest = manifest
        self._shape = shape
        self._open_media = open_media
        self._racy_after_ns = started_ns - MTIME_TOLERANCE_NS
        self.output_record: Callable[[str], Entry | None] = manifest.entry_of_output

    def previous_output(self, plan: Plan) -> Entry | None:
        """Return the entry of the file of a Plan, from an earlier run or batch; None if there is none.

        The output of the entry may have another path than the Plan's.
        """
        return self._manifest.get(plan.key)

    def intended_outputs(self, plan: Plan) -> Sequence[Intended]:
        """Return the outputs that stopped runs intended to put into DEST for the file of a Plan. They may have any
        path.
        """
        return self._manifest.intended_outputs(plan.key)

    def record_intent(self, copies: Sequence[StagedOutput]) -> int:
        """Record the intent to give these staged outputs their final names. Return the number of the batch.

        Raises OSError if the manifest cannot be written.
        """
        items = [(copy.plan.key, os.fsencode(copy.plan.output or "")) for copy in copies]
        return self._manifest.record_intent(items, map(_intended, copies))

    def record_outcomes(self, batch: int, outcomes: Sequence[Outcome]) -> None:
        """Record the outcomes of a batch. Raises OSError if the manifest cannot be written.

        An output that somebody changed is `unchanged`: its entry stays, and the next run detects the change again.
        """
        new_outcomes = [outcome for outcome in outcomes if outcome.outcome != "unchanged"]
        racy_files = [media for outcome in new_outcomes if self._is_racy(media := self._next_media(outcome))]
        contents = iter(self._queue.run(self._content, racy_files))
        entries = [
            self._complete_entry(outcome, next(contents) if self._is_racy(self._next_media(outcome)) else b"")
            for outcome in new_outcomes
        ]
        self._manifest.record_batch(batch, entries)

    def _content(self, media: MediaFile) -> bytes:
        return content_digest(media, self._open_media, xxhash.xxh3_64)

    def _is_racy(self, media: MediaFile) -> bool:
        """Return whether the file is so new that a later change might not show in its modification time."""
        return media.mtime_ns > self._racy_after_ns

    def _next_media(self, outcome: Outcome) -> MediaFile:
        """Return the media file as the next run will list it. In place, it is the output."""
        media = outcome.plan.match.media
        if self._in_place and outcome.output is not None:
            return replace(media, size=outcome.size, mtime_ns=outcome.mtime_ns)
        return media

    def _complete_entry(self, outcome: Outcome, content: bytes) -> Entry:
        entry = self._entry(outcome, content)
        if not self._in_place:
            return entry
        return with_own_xmp(
            entry, outcome, self._manifest, lambda file: fingerprint_of(file, self._open_media)
        )

    def _entry(self, outcome: Outcome, content: bytes) -> Entry:
        """Return the entry of an outcome.

        `content`: digest of the file's bytes if the file is racy (`_is_racy`), else b"".
        """
        media = self._next_media(outcome)
        xmp_size, xmp_mtime_ns = outcome.xmp or (0, 0)
        return Entry(
            outcome.plan.key,
            media.size,
            media.mtime_ns,
            sidecar_digest(self._next_match(outcome)),
            self._shape.of(outcome.outcome),
            plan_digest(outcome.plan),
            outcome.outcome,
            outcome.reason,
            temporary=outcome.temporary,
            output=os.fsencode(outcome.output or ""),
            output_size=outcome.size,
            output_mtime_ns=outcome.mtime_ns,
            xmp=outcome.xmp is not None,
            xmp_size=xmp_size,
            xmp_mtime_ns=xmp_mtime_ns,
            short_xmp=outcome.short_xmp,
            racy=self._is_racy(media),
            content=content,
            conflict=bool(outcome.plan.conflicts),
            proof=outcome.plan.match.proof,
            version=0 if self._in_place else media.version,
            source=self._source_fingerprint(outcome),
            photo=photo_digest(outcome.plan.match),
            output_digest=outcome.output_digest,
            xmp_digest=outcome.xmp_digest,
            link=b"" if outcome.output else os.fsencode(outcome.plan.link),
            taken=local_time(outcome),
        )

    def _source_fingerprint(self, outcome: Outcome) -> bytes:
        """Return the fingerprint of the source; for a duplicate that was not read, the fingerprint of its original.

        Empty in place.
        """
        if self._in_place:
            return b""
        original = self._manifest.entry_of_output(outcome.plan.link) if outcome.plan.link else None
        return outcome.source_digest or (original.source if original is not None else b"")

    def _next_match(self, outcome: Outcome) -> Match:
        """Return the Match that the next run makes if nothing changes.

        In place, it has the XMP file that this run wrote.
        """
        match = outcome.plan.match
        if not self._in_place or outcome.xmp is None or outcome.output is None:
            return match
        path = match.xmp.file.path if match.xmp else xmp_name(match.media.path, outcome.short_xmp)
        file = MediaFile(match.media.root, path, *outcome.xmp)
        content = content_digest(file, self._open_media, xxhash.xxh3_64)
        return replace(match, xmp=XmpFile(file, content=content))


def _intended(copy: StagedOutput) -> Intended | None:
    """Return the intent for a staged output and its final name; None for a symbolic link."""
    if copy.facts is None:
        return None
    xmp = copy.xmp_facts
    size, mtime_ns, digest = copy.facts
    return Intended(
        os.fsencode(copy.plan.output or ""),
        size,
        mtime_ns,
        digest,
        copy.source_digest,
        photo_digest(copy.plan.match),
        *((True, xmp.size, xmp.mtime_ns, xmp.digest, copy.plan.short_xmp) if xmp is not None else ()),
    )
