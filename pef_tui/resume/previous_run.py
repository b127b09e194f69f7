"""Use the entries of earlier runs to find files that need no work, and the output paths of the other files.

Each file of a Folder goes through these steps:

1. `unchanged_outcomes` gives every file its key. It finds the files that need no work, without planning them.
2. If any file of the Folder needs work, all its files are passed on, in order. For each file that needs no work,
`take_unchanged` returns the outcome from step 1.
3. `reuse_if_same` compares the Plan of each other file with its entry. Other options often lead to the same output.
4. A file whose sidecar may be in another Folder is postponed in step 1. When its sidecar is known, it goes through
`recheck`, then through step 3.

The key and the entry of a file are kept in memory from step 1 until its outcome or Plan is returned. So memory does not
grow with the number of files.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Sequence

from msgspec.structs import replace

from pef_tui.filesystem.constants import MTIME_TOLERANCE_NS
from pef_tui.hooks import OpenMedia
from pef_tui.manifest.manifest import Manifest
from pef_tui.manifest.records import Entry
from pef_tui.model import FileId, Folder, Match, MediaFile, Outcome, Plan, file_id
from pef_tui.planning.own_xmp import own_xmp_paths
from pef_tui.resume.entry_inputs import RunShape
from pef_tui.resume.entry_lookup import EntryKeys, is_untouched, numbered_keys, sidecar_digest
from pef_tui.resume.entry_outcomes import (
    REFUTED,
    SIDECAR_ABSENT,
    had_sidecar,
    is_same_plan,
    is_withdrawn,
    not_retried,
    outcome_of_entry,
    unchanged_outcome,
)
from pef_tui.resume.output_check import OutputChecker
from pef_tui.resume.output_statuses import OutputStatuses
from pef_tui.resume.sidecar_names import SidecarNames

ENTRIES_PER_RECORD = 500
"""Number of renewed entries that are written to the manifest in one record."""


class PreviousRun:
    """The entries of earlier runs. Used by the planning thread alone, except `flush` and `is_output_intact`."""

    def __init__(
        self,
        manifest: Manifest,
        dest: str,
        shape: RunShape,
        open_media: OpenMedia,
        *,
        started_ns: int,
        force: bool,
        retry_failed: bool,
        in_place: bool = False,
        shares_outputs: bool = True,
    ) -> None:
        """`started_ns`: a time before any source was scanned, in nanoseconds since 1970. A file with this modification
        time, or a later one, may still change without getting another modification time.

        `shares_outputs`: whether a duplicate may have a link, or no output (`--albums none`, `tag`, `link`).
        """
        self._manifest = manifest
        self._shape = shape
        self._racy_after_ns = started_ns - MTIME_TOLERANCE_NS
        self._force = force
        self._retry_failed = retry_failed
        self._in_place = in_place
        self._shares_outputs = shares_outputs
        self._entry_keys = EntryKeys(manifest, open_media, in_place=in_place)
        self.output_statuses = OutputStatuses(dest)
        self._outputs = OutputChecker(manifest, dest, self.output_statuses)
        self.sidecar_names = SidecarNames(is_used=manifest.has_entries)
        """The names of all JSON files. The stages add them while Folders are listed."""
        self._renewed: list[Entry] = []
        self._lock = threading.Lock()
        self._keys: dict[FileId, bytes] = {}
        self._entries: dict[FileId, Entry] = {}
        self._unchanged: dict[FileId, Outcome] = {}
        self._previous_outputs: dict[str, dict[FileId, str]] = {}

    # -- a Folder

    def unchanged_outcomes(
        self, folder: Folder, matches: Sequence[Match], postponed: Collection[FileId] = ()
    ) -> dict[FileId, Outcome]:
        """Return the outcomes of the files of a Folder that need no work. The other files go through `reuse_if_same`.

        `postponed`: files whose sidecar may be in another Folder. They are not in the result, and go through `recheck`
        first.
        """
        keys = self._entry_keys.assign_keys(folder.path, matches)
        with self.output_statuses.queried(map(self._manifest.get, keys)):
            return self._look_up_entries(folder.path, keys, matches, postponed)

    def unchanged_album_copies(self, folder: str, copies: Sequence[Match]) -> dict[FileId, Outcome]:
        """Return the outcomes of album copies that need no work.

        The album `folder` has sidecars whose picture is only in another Folder. `copies`: for each such sidecar, the
        Match of the copy that the album gets. The key of a copy has the name of the sidecar.
        """
        keys = numbered_keys(folder, [copy.json.name if copy.json else copy.media.name for copy in copies])
        return self._look_up_entries(folder, keys, copies, ())

    def _look_up_entries(
        self, folder: str, keys: Sequence[bytes], matches: Sequence[Match], postponed: Collection[FileId]
    ) -> dict[FileId, Outcome]:
        unchanged: dict[FileId, Outcome] = {}
        outputs: dict[FileId, str] = {}
        is_new = self._manifest.is_new(os.fsencode(folder))
        for match, key in zip(matches, keys, strict=True):
            identity = file_id(match.media)
            self._keys[identity] = key
            entry = self._manifest.get(key) if not is_new else None
            # Releases before 2026-12 recorded excluded files. They were never planned, so they count as new. Withdrawn
            # files count as new, too: they are reported as `unmatched`, like files that never had an output.
            if entry is None or entry.outcome == "excluded" or is_withdrawn(entry):
                if self._retry_failed and identity not in postponed:
                    unchanged[identity] = not_retried(match, key)
                elif intended := self._manifest.intended_outputs(key):
                    # A stopped run put the output at the path in its intent, or was about to. Use the same path.
                    outputs[identity] = os.fsdecode(intended[-1].output)
                continue
            self._entries[identity] = entry
            if entry.output:
                outputs[identity] = os.fsdecode(entry.output)
            if identity in postponed:
                has_work = not self._is_current(entry) or not self._entry_keys.is_source_unchanged(
                    match, entry
                )
            elif (outcome := self._outcome_if_unchanged(match, entry)) is not None:
                unchanged[identity], has_work = outcome, False
            else:
                has_work = True
            if has_work and entry.output and self._shares_outputs:
                self._outputs.set_pending(outputs[identity])
        # If no file needs work now, the caller reports these outcomes and does not plan the Folder. A postponed file
        # then gets the path of its previous output, so it must have one made with the current options.
        is_complete = len(unchanged) + len(postponed) == len(matches)
        if is_complete and all(map(self._has_current_output, postponed)):
            for identity in unchanged:
                self._release(identity)
        else:
            self._unchanged.update(unchanged)
            self._previous_outputs[folder] = outputs
        return unchanged

    def take_unchanged(self, match: Match) -> Outcome | None:
        """Return the outcome that `unchanged_outcomes` found for a file, and delete it from memory.

        None if the file must be planned. None in a second call, too.
        """
        identity = file_id(match.media)
        if (outcome := self._unchanged.pop(identity, None)) is not None:
            self._release(identity)
        return outcome

    def take_previous_outputs(self, folder: str) -> dict[FileId, str]:
        """Return the output paths that earlier runs gave to a Folder. A second call returns {}."""
        return self._previous_outputs.pop(folder, {})

    def own_xmp_files(self, folder: Folder) -> frozenset[str]:
        """Return the paths of the XMP files of a Folder that earlier runs in place wrote.

        These XMP files are not files of the export. Return an empty set if this run is not in place.
        """
        if not self._in_place:
            return frozenset()
        return own_xmp_paths(folder, self._manifest, self._entry_keys.fingerprint)

    # -- a file

    def recheck(self, match: Match) -> Outcome | None:
        """Return the outcome of a postponed file that needs no work; None if it must be planned.

        `match`: the file after its sidecar was searched in other Folders.
        """
        identity = file_id(match.media)
        entry = self._entries.get(identity)
        if entry is not None:
            outcome = self._outcome_if_unchanged(match, entry)
        else:
            outcome = not_retried(match, self._keys[identity]) if self._retry_failed else None
        if outcome is not None:
            self._release(identity)
        return outcome

    def reuse_if_same(self, plan: Plan) -> Plan | Outcome:
        """Return the `unchanged` outcome if an earlier run already did what the Plan does; else the Plan with its key.

        An `unchanged` file gets a renewed entry, with the options of this run. In the next run, `unchanged_outcomes`
        then finds it.
        """
        identity = file_id(plan.match.media)
        plan = replace(plan, key=self._keys[identity])
        entry = self._entries.get(identity)
        self._release(identity)
        if entry is None:
            return plan
        if plan.match.sidecar is None and plan.outcome != "duplicate" and had_sidecar(entry, plan.match):
            if (outcome := self._without_sidecar(plan, entry)) is not None:
                return outcome
            # With `--unmatched skip`, no new output replaces the output with the wrong tags. So that output is removed.
            withdraws = plan.outcome == "unmatched" and plan.output is None and not self._in_place
            plan = replace(plan, warnings=(*plan.warnings, REFUTED), withdraws=withdraws)
        if self._force or entry.outcome == "failed" or is_withdrawn(entry):
            return plan
        if not self._is_same_source(plan.match, entry) or not is_same_plan(plan, entry):
            return plan
        check = self._outputs.check(entry)
        if check.state == "missing":
            return plan
        current = replace(check.entry, temporary=plan.temporary)
        return outcome_of_entry(plan, self._renew_entry(entry, current, plan.match), check.warning)

    def reopen(self, match: Match, key: bytes) -> None:
        """Load the key and the entry of a duplicate again. It must be planned again because its original failed."""
        identity = file_id(match.media)
        self._keys[identity] = key
        if (entry := self._manifest.get(key)) is not None:
            self._entries[identity] = entry

    def entry_key(self, match: Match) -> bytes:
        """Return the manifest key of a file; b"" if the outcome or Plan of the file was already returned."""
        return self._keys.get(file_id(match.media), b"")

    def planned_output(self, match: Match) -> str:
        """Return the output path that an earlier run with equal options gave to a file; "" if there is none."""
        identity = file_id(match.media)
        return os.fsdecode(self._entries[identity].output) if self._has_current_output(identity) else ""

    def previous_output(self, match: Match) -> str:
        """Return the output path that an earlier run with any options gave to a file; "" if there is none."""
        entry = self._entries.get(file_id(match.media))
        return os.fsdecode(entry.output) if entry is not None else ""

    def has_new_bytes(self, match: Match) -> bool:
        """Return whether a file certainly has other bytes than those from which its output was made.

        False if the file has no entry or cannot be read.
        """
        media, entry = match.media, self._entries.get(file_id(match.media))
        if entry is None or is_untouched(media, entry):
            return False
        if media.size != entry.size:
            return True
        return entry.source != b"" and self._entry_keys.fingerprint(media) not in (b"", entry.source)

    def recorded_sidecar_digest(self, match: Match) -> bytes:
        """Return the recorded hash of a file's sidecar (`sidecar_digest`).

        b"" if the file has no entry or may have changed since then, and with `--force`.
        """
        media, entry = match.media, self._entries.get(file_id(match.media))
        if entry is None or entry.racy or entry.size != media.size or self._force:
            return b""
        return entry.sidecar if abs(media.mtime_ns - entry.mtime_ns) <= MTIME_TOLERANCE_NS else b""

    def recorded_proof(self, match: Match) -> bytes:
        """Return the `Match.proof` that an earlier run recorded; b"" if `recorded_sidecar_digest` returns b""."""
        entry = self._entries.get(file_id(match.media))
        return entry.proof if entry is not None and self.recorded_sidecar_digest(match) else b""

    # -- an entry

    def _without_sidecar(self, plan: Plan, entry: Entry) -> Outcome | None:
        """Return the outcome of a file whose sidecar is missing in this run: its output stays unchanged.

        Return None if the file must be planned. Reasons: its sidecar may be among the files of this run (and now
        belongs to another picture), its source changed, its output is missing, or the run is in place.
        """
        match = plan.match
        if self._in_place or not entry.output or self.sidecar_names.may_include(match.media.path):
            return None
        check = self._outputs.check(entry)
        if check.state == "missing" or not self._entry_keys.is_source_unchanged(match, entry):
            return None
        return outcome_of_entry(
            replace(plan, output=os.fsdecode(entry.output)), entry, check.warning or SIDECAR_ABSENT
        )

    def is_settled(self, entry: Entry) -> bool:
        """Return whether the file of `entry` needs no work and no warning. The caller knows that the file is
        unchanged.
        """
        if self._force or entry.temporary or entry.racy or not self._is_current(entry):
            return False
        if self._retry_failed and entry.outcome == "failed":
            return False
        if entry.outcome == "duplicate" and (not entry.output or self._outputs.is_symbolic_link(entry)):
            return False  # its original may be in a Folder that is read later
        check = self._outputs.check(entry)
        return check.is_unchanged and check.entry is entry

    def is_output_intact(self, output: str) -> bool:
        """Return whether the output at the path `output` below DEST is, byte for byte, what the manifest recorded.

        Any thread may call it.
        """
        return self._outputs.is_intact(output)

    def _outcome_if_unchanged(self, match: Match, entry: Entry) -> Outcome | None:
        """Return the outcome of a file that needs no Plan; None for any other file."""
        if self._retry_failed and entry.outcome != "failed":
            check = self._outputs.check(entry) if self._is_same_source(match, entry) else None
            if check is None or check.state == "missing":
                return not_retried(match, entry.key)
            return unchanged_outcome(match, entry, check.warning)
        if self._force or self._retry_failed or entry.temporary or not self._is_current(entry):
            return None
        if not self._is_same_source(match, entry):
            return None
        check = self._outputs.check(entry)
        if check.state == "missing":
            return None
        return unchanged_outcome(match, self._renew_entry(entry, check.entry, match), check.warning)

    def _is_current(self, entry: Entry) -> bool:
        """Return whether the entry was recorded with the options, plugins and decisions of this run."""
        return entry.shape == self._shape.of(entry.outcome)

    def _is_same_source(self, match: Match, entry: Entry) -> bool:
        return sidecar_digest(match) == entry.sidecar and self._entry_keys.is_source_unchanged(match, entry)

    def _has_current_output(self, identity: FileId) -> bool:
        entry = self._entries.get(identity)
        return entry is not None and entry.output != b"" and self._is_current(entry) and not self._force

    def _release(self, identity: FileId) -> None:
        self._keys.pop(identity, None)
        self._entries.pop(identity, None)

    # -- entries that are recorded again

    def _renew_entry(self, entry: Entry, checked: Entry, match: Match) -> Entry:
        """Record that `entry` is valid for the options of this run, if that changes anything. Return the recorded
        entry.

        `checked`: `entry` with the present modification times of its outputs (`OutputCheck.entry`), and whether the
        next run must plan the file again (`temporary`).
        """
        # `racy` becomes False when the file is older than the run: a later change then gets another time.
        renewed = replace(
            checked,
            shape=self._shape.of(entry.outcome),
            racy=entry.racy and match.media.mtime_ns > self._racy_after_ns,
            mtime_ns=match.media.mtime_ns,
            proof=match.proof,
            version=self._recorded_version(match.media),
        )
        if renewed == entry:
            return entry
        with self._lock:
            self._renewed.append(renewed)
            is_full = len(self._renewed) >= ENTRIES_PER_RECORD
        if is_full:
            self.flush()
        return renewed

    def _recorded_version(self, media: MediaFile) -> int:
        """Return the version to record. It is 0 in place, because the run itself changes the version of the file."""
        return 0 if self._in_place else media.version

    def flush(self) -> None:
        """Write the renewed entries to the manifest. Any thread may call it.

        Raises OSError if the manifest cannot be written.
        """
        with self._lock:
            renewed, self._renewed = self._renewed, []
            if renewed and not self._manifest.read_only:
                self._manifest.record_batch(0, renewed)
