"""What earlier runs did, asked while a run goes on: which files are done, and which names they have."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Collection, Sequence

from msgspec.structs import replace

from pef_tui.manifest.format import Entry
from pef_tui.manifest.ledger import Ledger
from pef_tui.model import Folder, Match, MediaFile, MediaOutcome, Outcome, Plan
from pef_tui.run.digests import OpenMedia
from pef_tui.run.identity import Identities, numbered_keys, sidecar_digest
from pef_tui.run.own_xmp import own_xmp
from pef_tui.run.paths import xmp_there
from pef_tui.run.plan import digest
from pef_tui.run.shapes import RunShape
from pef_tui.write.replacing import FAT_NS

FileId = tuple[int, str]

SAME_BYTES_AT = "the same bytes are at "
"""Begins the reason of a duplicate; an output follows. Records before 2026-12 say only there what stands for it."""
NOT_RETRIED = "not among what failed before"
"""Reason for a file that `--retry-failed` leaves out. It holds for that run only and is never recorded."""
REFRESHES = 500
"""Entries renewed in one record."""


WITH_SIDECAR = ("written", "sidecar", "copied")
"""Outcomes of what has a sidecar."""
REFUTED = "an earlier run gave it a sidecar that is not its own; what that put into the output is taken back"


class Memory:
    """The manifest as a run uses it; lives in the planning thread, but for `entry`."""

    def __init__(
        self,
        ledger: Ledger,
        dest: str,
        shape: RunShape,
        open_media: OpenMedia,
        *,
        started_ns: int,
        force: bool,
        retry_failed: bool,
        in_place: bool = False,
    ) -> None:
        """`started_ns`: before any source was scanned, by the clock of this machine."""
        self._ledger = ledger
        self._dest = os.fsencode(dest)
        self._shape = shape
        self._open_media = open_media
        self._young = started_ns - FAT_NS
        self._force = force
        self._retry = retry_failed
        self._in_place = in_place
        self._identities = Identities(ledger, open_media, in_place=in_place)
        self._renewed: list[Entry] = []
        self._lock = threading.Lock()
        self._keys: dict[FileId, bytes] = {}
        self._known: dict[FileId, Entry] = {}
        self._recalled: dict[FileId, Outcome] = {}
        self._outputs: dict[str, dict[FileId, str]] = {}

    def recall(
        self, folder: Folder, matches: Sequence[Match], later: Collection[FileId] = ()
    ) -> dict[FileId, Outcome]:
        """The outcomes of those files of a Folder that need nothing. What is not done is remembered for `settled`.

        Those of `later` are remembered for `again`.
        """
        return self._recall(folder.path, self._identities.keys(folder.path, matches), matches, later)

    def recall_copies(self, folder: str, copies: Sequence[Match]) -> dict[FileId, Outcome]:
        """The same for copies in an album that has only their sidecars; they go by the names of these."""
        keys = numbered_keys(folder, [copy.json.name if copy.json else copy.media.name for copy in copies])
        return self._recall(folder, keys, copies, ())

    def _recall(
        self, folder: str, keys: Sequence[bytes], matches: Sequence[Match], later: Collection[FileId]
    ) -> dict[FileId, Outcome]:
        recalled, outputs = {}, {}
        is_new = self._ledger.is_new(os.fsencode(folder))
        for match, key in zip(matches, keys, strict=True):
            identity = match.media.root, match.media.path
            self._keys[identity] = key
            entry = self._ledger.get(key) if not is_new else None
            if entry is None or entry.word == "excluded":
                if self._retry and identity not in later:
                    recalled[identity] = _not_retried(match, key)
                elif intended := self._ledger.intended(key):
                    outputs[identity] = os.fsdecode(intended[-1].output)
                continue
            self._known[identity] = entry
            if entry.output:
                outputs[identity] = os.fsdecode(entry.output)
            if identity not in later and (outcome := self._done(match, entry)) is not None:
                recalled[identity] = outcome
        if len(recalled) + len(later) == len(matches) and all(map(self._is_promised, later)):
            for identity in recalled:
                self._forget(identity)
        else:
            self._recalled.update(recalled)
            self._outputs[folder] = outputs
        return recalled

    def _is_promised(self, identity: FileId) -> bool:
        entry = self._known.get(identity)
        return entry is not None and entry.output != b"" and self._is_current(entry) and not self._force

    def _is_current(self, entry: Entry) -> bool:
        return entry.shape == self._shape.of(entry.word)

    def promised(self, match: Match) -> str:
        """The output that an earlier run under the same options gave to a file; "" where there is none."""
        identity = match.media.root, match.media.path
        return os.fsdecode(self._known[identity].output) if self._is_promised(identity) else ""

    def output(self, match: Match) -> str:
        """The output that an earlier run gave to a file, under whatever options; "" where there is none."""
        entry = self._known.get((match.media.root, match.media.path))
        return os.fsdecode(entry.output) if entry is not None else ""

    def key(self, match: Match) -> bytes:
        """What the manifest knows a file by, from `recall` until it is settled."""
        return self._keys.get((match.media.root, match.media.path), b"")

    def before(self, match: Match) -> bytes:
        """`sidecar_digest` of what an earlier run joined with a file that is unchanged; empty where there is none."""
        entry = self._known.get((match.media.root, match.media.path))
        if entry is None or entry.racy or entry.size != match.media.size or self._force:
            return b""
        return entry.sidecar if abs(match.media.mtime_ns - entry.mtime_ns) <= FAT_NS else b""

    def proof(self, match: Match) -> bytes:
        """`Match.proof` of what an earlier run joined with a file that is unchanged; empty where there is none."""
        entry = self._known.get((match.media.root, match.media.path))
        return entry.proof if entry is not None and self.before(match) else b""

    def again(self, match: Match) -> Outcome | None:
        """The outcome of a file that was put off, if it needs nothing; else it is remembered for `settled`."""
        identity = match.media.root, match.media.path
        entry = self._known.get(identity)
        if entry is None:
            outcome = _not_retried(match, self._keys[identity]) if self._retry else None
        else:
            outcome = self._done(match, entry)
        if outcome is not None:
            self._forget(identity)
        return outcome

    def own_xmp(self, folder: Folder) -> frozenset[str]:
        """In place, paths of the XMP files of a Folder that earlier runs wrote: they are told with their media."""
        return own_xmp(folder, self._ledger, self._identities.fingerprint) if self._in_place else frozenset()

    def outputs(self, folder: str) -> dict[FileId, str]:
        """Output paths that earlier runs gave to files of this Folder."""
        return self._outputs.pop(folder, {})

    def recalled(self, match: Match) -> Outcome | None:
        """The outcome of a file that needs nothing, in a Folder where others do."""
        identity = match.media.root, match.media.path
        if (outcome := self._recalled.pop(identity, None)) is not None:
            self._forget(identity)
        return outcome

    def settled(self, plan: Plan) -> Plan | Outcome:
        """The Plan with its key; or the outcome, if an earlier run has put there just what it says."""
        identity = plan.match.media.root, plan.match.media.path
        plan = replace(plan, key=self._keys[identity])
        entry = self._known.get(identity)
        self._forget(identity)
        if entry is None:
            return plan
        if plan.match.sidecar is None and plan.outcome != "duplicate" and _had_sidecar(entry, plan.match):
            withdraws = plan.outcome == "unmatched" and plan.output is None and not self._in_place
            plan = replace(plan, warnings=(*plan.warnings, REFUTED), withdraws=withdraws)
        if self._force or entry.word == "failed" or _is_withdrawn(entry):
            return plan
        if not self._same_source(plan.match, entry) or not self._same_plan(plan, entry):
            return plan
        if (warning := self._output_state(entry)) is None:
            return plan
        self._renew(entry, plan.match)
        return _unchanged(plan, entry, warning)

    def settled_as_is(self, entry: Entry) -> bool:
        """Is an entry, whose source is as it was, one that needs nothing and has nothing to tell?"""
        if self._force or entry.temporary or entry.racy or not self._is_current(entry):
            return False
        return not (self._retry and entry.word == "failed") and self._output_state(entry) == ""

    def _version(self, media: MediaFile) -> int:
        """The version to record. In place there is none: it changes with every output."""
        return 0 if self._in_place else media.version

    def _renew(self, entry: Entry, match: Match) -> None:
        """Record that an entry holds under this run's options too; what is old enough is racy no more."""
        mtime_ns = match.media.mtime_ns
        racy = entry.racy and mtime_ns > self._young
        shape, version = self._shape.of(entry.word), self._version(match.media)
        now = replace(entry, shape=shape, racy=racy, mtime_ns=mtime_ns, proof=match.proof, version=version)
        if now == entry:
            return
        with self._lock:
            self._renewed.append(now)
            full = len(self._renewed) >= REFRESHES
        if full:
            self.flush()

    def flush(self) -> None:
        """Put what was renewed into the manifest; may be called by any thread. Raises OSError."""
        with self._lock:
            renewed, self._renewed = self._renewed, []
            if renewed and not self._ledger.read_only:
                self._ledger.done(0, renewed)

    def _forget(self, identity: FileId) -> None:
        self._keys.pop(identity, None)
        self._known.pop(identity, None)

    def _same_plan(self, plan: Plan, entry: Entry) -> bool:
        return digest(plan) == entry.plan and os.fsencode(plan.output or "") == entry.output

    def _done(self, match: Match, entry: Entry) -> Outcome | None:
        if self._retry and entry.word != "failed":
            state = self._output_state(entry) if self._same_source(match, entry) else None
            return _not_retried(match, entry.key) if state is None else unchanged(match, entry, state)
        if self._force or self._retry or entry.temporary or not self._is_current(entry):
            return None
        if not self._same_source(match, entry) or (warning := self._output_state(entry)) is None:
            return None
        seen = match.media.mtime_ns, self._version(match.media), match.proof
        if entry.racy or (entry.mtime_ns, entry.version, entry.proof) != seen:
            self._renew(entry, match)
        return unchanged(match, entry, warning)

    def _same_source(self, match: Match, entry: Entry) -> bool:
        return sidecar_digest(match) == entry.sidecar and self._identities.unchanged(match, entry)

    def _output_state(self, entry: Entry) -> str | None:
        """None when an output is gone, a warning when somebody changed it, "" when it is as it was left.

        None, too, where a folder has its name, and while what a stopped run put anywhere for it is not followed up.
        """
        if self._ledger.is_left(entry.key):
            return None
        if not entry.output:
            return "" if entry.word != "duplicate" or self.stands(entry) else None
        path = os.path.join(self._dest, entry.output)
        try:
            present = os.lstat(path)
            if _is_no_file(present):
                return None
            same = _same_file(present, entry.output_size, entry.output_mtime_ns)
            if entry.xmp:
                xmp = os.lstat(xmp_there(os.fsdecode(path), entry.short_xmp))
                if same and _is_no_file(xmp):
                    return None
                same = same and _same_file(xmp, entry.xmp_size, entry.xmp_mtime_ns)
        except OSError:
            return None
        return "" if same else "the output was changed since and is left alone"

    def take_up(self, match: Match, key: bytes) -> None:
        """A file that was settled is planned once more, under the key it has."""
        identity = match.media.root, match.media.path
        self._keys[identity] = key
        if (entry := self._ledger.get(key)) is not None:
            self._known[identity] = entry

    def stands_at(self, output: str) -> bool:
        """Is what the manifest has at this output in place, as it was left?"""
        original = self._ledger.recorded(output)
        return original is not None and self._output_state(original) == ""

    def stands(self, entry: Entry) -> bool:
        """Is the output that stands for a duplicate in place, as it was left, and made from the same bytes?"""
        link = entry.link or os.fsencode(entry.reason.partition(SAME_BYTES_AT)[2])
        original = self._ledger.recorded(os.fsdecode(link)) if link else None
        if original is None or self._output_state(original) != "":
            return False
        return not entry.source or not original.source or entry.source == original.source


def _is_withdrawn(entry: Entry) -> bool:
    """Did an earlier run remove what one before had put there? Then there is nothing that could be unchanged."""
    return entry.word == "unmatched" and not entry.output


def _not_retried(match: Match, key: bytes) -> Outcome:
    plan = Plan(match, "excluded", key=key, reason=NOT_RETRIED)
    return Outcome(plan, "excluded", reason=NOT_RETRIED)


def _is_no_file(found: os.stat_result) -> bool:
    return not stat.S_ISREG(found.st_mode) and not stat.S_ISLNK(found.st_mode)


def _same_file(found: os.stat_result, size: int, mtime_ns: int) -> bool:
    return found.st_size == size and abs(found.st_mtime_ns - mtime_ns) <= FAT_NS


def unchanged(match: Match, entry: Entry, warning: str = "") -> Outcome:
    """What is told of a file that an earlier run has done."""
    plan = Plan(match, "unchanged", output=os.fsdecode(entry.output) or None, key=entry.key)
    return _unchanged(plan, entry, warning)


def _unchanged(plan: Plan, entry: Entry, warning: str) -> Outcome:
    reason = f"failed before: {entry.reason}; --retry-failed tries again" if entry.word == "failed" else ""
    word: MediaOutcome = "unchanged"
    warnings = (warning,) if warning else ()
    return Outcome(plan, word, plan.output, reason=reason, warnings=warnings, mtime_ns=entry.output_mtime_ns)


def _had_sidecar(entry: Entry, match: Match) -> bool:
    """Was what the entry tells written with a sidecar? Without one, only a date in a name is written."""
    return entry.word in WITH_SIDECAR and entry.sidecar != sidecar_digest(match)
