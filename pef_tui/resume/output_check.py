"""Compare outputs in DEST with their records in the manifest."""

from __future__ import annotations

import os
import stat
from typing import Literal, NamedTuple

from msgspec.structs import replace

from pef_tui.filesystem.claimed_names import NameClaims
from pef_tui.manifest.manifest import Manifest
from pef_tui.manifest.records import Entry
from pef_tui.output.output_records import media_facts, xmp_facts
from pef_tui.output.replacement import RecordComparison, compare_with_record, same_time
from pef_tui.output.staged_outputs import USER_CHANGED
from pef_tui.planning.output_names import existing_xmp_path
from pef_tui.resume.output_statuses import OutputStatuses

SAME_BYTES_AT = "the same bytes are at "
"""Start of the reason of a duplicate. The path of the original's output follows.

Records before 2026-12 have this path only in the reason.
"""


class OutputCheck(NamedTuple):
    """The result of comparing the output of an entry, together with its XMP file, with the record."""

    state: RecordComparison | Literal["missing"]
    entry: Entry
    """The entry that was checked. If an output has another modification time but the recorded bytes, a copy of the
    entry with that time.
    """

    @property
    def is_unchanged(self) -> bool:
        """Whether the output may be reported as unchanged (`state` is `same` or `similar`).

        A `similar` output may have been edited (see `RecordComparison`). So it is no proof that something may be
        replaced or removed.
        """
        return self.state in ("same", "similar")

    @property
    def warning(self) -> str:
        """The warning that somebody changed the output; "" if nobody did."""
        return USER_CHANGED if self.state == "changed" else ""


class OutputChecker:
    """Compares the outputs in one DEST with its manifest. Only reads files.

    Any thread may call `is_intact`; only the planning thread may call the other methods.
    """

    def __init__(self, manifest: Manifest, dest: str, statuses: OutputStatuses) -> None:
        """`statuses`: queries the outputs of this DEST."""
        self._manifest = manifest
        self._dest = os.fsencode(dest)
        self._prefix = os.path.join(self._dest, b"")
        self._statuses = statuses
        self._pending = NameClaims()
        """Outputs of earlier runs that this run may replace, move or remove."""

    def set_pending(self, output: str) -> None:
        """Mark an output whose file this run plans again. Its duplicates are then planned again too.

        The file may get other bytes or another output, so no duplicate may rely on this output.
        """
        self._pending.add(output)

    def check(self, entry: Entry) -> OutputCheck:
        """Compare the output of an entry, and its XMP file, with the record.

        An entry without an output has the state `same`. A duplicate has the state `missing` if the output of its
        original is not unchanged in DEST.
        """
        # A stopped run may have put the output under another name. The state `missing` causes a new Plan. Carrying it
        # out finds and removes what the stopped run left.
        if self._manifest.has_unfinished_intent(entry.key):
            return OutputCheck("missing", entry)
        if not entry.output:
            is_in_dest = entry.outcome != "duplicate" or self._is_original_intact(entry)
            return OutputCheck("same" if is_in_dest else "missing", entry)
        try:
            return self._compare_files(entry)
        except OSError:
            return OutputCheck("missing", entry)

    def _compare_files(self, entry: Entry) -> OutputCheck:
        path = self._prefix + entry.output
        present = self._statuses.lstat(entry.output)
        if _is_no_file(present):  # for example a folder: the output then gets a name with a number
            return OutputCheck("missing", entry)
        is_link = stat.S_ISLNK(present.st_mode)
        states = {compare_with_record(path, present, media_facts(entry))}
        renewed = entry
        if "same" in states and not same_time(present.st_mtime_ns, entry.output_mtime_ns):
            renewed = replace(renewed, output_mtime_ns=present.st_mtime_ns)
        if entry.xmp:
            xmp_path = os.fsencode(existing_xmp_path(os.fsdecode(path), entry.short_xmp))
            present = os.lstat(
                xmp_path
            )  # also if the picture was changed: without its XMP file, the output is incomplete
            if "changed" in states:
                return OutputCheck("changed", entry)
            if _is_no_file(present):
                return OutputCheck("missing", entry)
            xmp_state = compare_with_record(xmp_path, present, xmp_facts(entry))
            states.add(xmp_state)
            if xmp_state == "same" and not same_time(present.st_mtime_ns, entry.xmp_mtime_ns):
                renewed = replace(renewed, xmp_mtime_ns=present.st_mtime_ns)
        if "changed" in states:
            return OutputCheck("changed", entry)
        if is_link and not self._is_link_to_intact(path, entry):
            return OutputCheck("missing", entry)
        return OutputCheck("similar" if "similar" in states else "same", renewed)

    def is_intact(self, output: str) -> bool:
        """Return whether the output at the path `output` below DEST is, byte for byte, what the manifest recorded.

        False for a `similar` output: size and fingerprint are as recorded, but the modification time is not, and the
        fingerprint does not cover the whole file. The check must be strict, because a run removes the output of a
        duplicate if the output of its original is intact.
        """
        original = self._manifest.entry_of_output(output)
        return original is not None and self.check(original).state == "same"

    def is_symbolic_link(self, entry: Entry) -> bool:
        """Return whether the output of an entry is a symbolic link to another output."""
        if entry.output_digest or not entry.output:  # only links have no fingerprint
            return False
        return os.path.islink(os.path.join(self._dest, entry.output))

    def _is_link_to_intact(self, path: bytes, entry: Entry) -> bool:
        """Return whether the symbolic link at `path`, the output of an entry, leads to an intact output with the same
        bytes.

        Raises OSError if the link cannot be read.
        """
        target = os.path.join(os.path.dirname(path), os.readlink(path))
        return self._is_intact_original(os.path.relpath(os.path.normpath(target), self._dest), entry)

    def _is_original_intact(self, entry: Entry) -> bool:
        """Return whether the output of a duplicate's original is unchanged in DEST, and was made from the same
        bytes.
        """
        link = entry.link or os.fsencode(entry.reason.partition(SAME_BYTES_AT)[2])
        return bool(link) and self._is_intact_original(link, entry)

    def _is_intact_original(self, link: bytes, entry: Entry) -> bool:
        """Return whether the output `link` stays unchanged in this run, and was made from the source bytes of
        `entry`.
        """
        output = os.fsdecode(link)
        original = self._manifest.entry_of_output(output)
        if original is None or output in self._pending or not self.check(original).is_unchanged:
            return False
        return not entry.source or not original.source or entry.source == original.source


def _is_no_file(status: os.stat_result) -> bool:
    return not stat.S_ISREG(status.st_mode) and not stat.S_ISLNK(status.st_mode)
