"""Find output paths in DEST that other files already occupy.

Runs and previews use this while they make Plans. So both give a file the same name. DEST is only read.
"""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec.structs import replace

from pef_tui.manifest.manifest import Manifest
from pef_tui.manifest.records import Entry
from pef_tui.model import Match, Plan, xmp_name
from pef_tui.output.output_dir import DestView, OutsideOutput, components
from pef_tui.output.output_records import (
    IsSharedXmp,
    is_xmp_of_another,
    recorded_facts,
    recorded_xmp_facts,
    writes_xmp,
    xmp_target_state,
)
from pef_tui.output.replacement import TargetState, target_state
from pef_tui.planning.layout import Layout
from pef_tui.planning.output_names import fold_name

REFUSED = "the disk of the output folder refuses its name, so it gets one with `_` for what is refused"
TAKEN = "it gets a number, because its name is taken by a file that pef-tui did not put there"
SUPERSEDED = "it gets a number, because its source has other bytes now, and what was put there before was changed since"
DELETED = (
    "it gets a number, because its output was deleted, and the XMP file of that output was changed since"
)
FOLDERS = 1_000
"""Number of folders of DEST for which `Occupied` remembers whether they existed at the first look."""


class Occupied:
    """Finds existing files in DEST that block outputs. Names are compared as the disk of DEST does."""

    def __init__(
        self,
        ledger: Manifest,
        dest: str,
        adoptable: Callable[[Plan, DestView, str], bool],
        has_new_bytes: Callable[[Match], bool],
        *,
        alike: bool,
        in_place: bool,
    ) -> None:
        """`adoptable`: returns whether a file that is not in the manifest has the bytes that a Plan would write there.
        Its third argument is the path of the XMP file to check; "" to check the output.

        `has_new_bytes`: returns whether a source has other bytes than those from which its output was made. `alike`:
        whether the disk treats names that differ in case or Unicode form as the same name.
        """
        self._ledger = ledger
        self._dest = dest
        self._adoptable = adoptable
        self._has_new_bytes = has_new_bytes
        self._in_place = in_place
        self._view: DestView | None = None
        self._alike = alike
        self._existing_folders: OrderedDict[str, bool] = OrderedDict()
        self._spelled: dict[str, dict[str, list[str]]] = {}
        """Names in the folder that was listed last, by their folded form (`fold_name`)."""

    def open(self) -> None:
        """Open DEST. If DEST does not exist yet, nothing is occupied."""
        if self._in_place:
            return
        with suppress(OSError):
            self._view = DestView(self._dest)

    def close(self) -> None:
        """Close DEST."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def recorded(self, path: str) -> bool:
        """Return whether an earlier run put something at `path`, or at a path that is the same for the disk."""
        if self._ledger.entry_of_output(path) is not None:
            return True
        return self._alike and self._ledger.entry_of_similar_output(path, fold_name) is not None

    def folder_given(self, folder: str, is_wanted: Callable[[str], bool]) -> str | None:
        """Return a folder of DEST that has outputs of the Folder `folder`: the first that `is_wanted` accepts.

        None if there is none. `is_wanted`: returns whether a folder of DEST may get outputs of this Folder again.
        """
        return self._ledger.folder_of(folder, is_wanted)

    def folder_taken(self, path: str, accepts: Callable[[str], bool]) -> bool:
        """Return whether `path`, a folder of DEST, has outputs of certain Folders.

        `accepts`: returns whether a Folder is one of these, by its path. Other spellings of `path` count too.
        """
        if self._view is None:
            return False
        above, slash, name = path.rpartition("/")
        return any(
            self._ledger.has_outputs_of(above + slash + spelling, accepts)
            for spelling in self._spellings(above, fold_name(name))
        )

    def _spellings(self, above: str, name: str) -> Sequence[str]:
        """Return the names in `above`, a folder of DEST, whose folded form is `name`."""
        if (spellings := self._spelled.get(above)) is None:
            spellings = {}
            with suppress(OSError):
                for entry_name in os.listdir(os.path.join(self._dest, above)):
                    spellings.setdefault(fold_name(entry_name), []).append(entry_name)
            self._spelled = {above: spellings}
        return spellings.get(name, ())

    def is_there(self, path: str) -> bool:
        """Return whether a file or folder is at `path` in DEST. Names are compared as the disk of DEST does."""
        return self._view is not None and os.path.lexists(os.path.join(self._dest, path))

    def is_new(self, folder: str) -> bool:
        """Return whether certainly no run put anything into `folder`, a folder of DEST."""
        return self._ledger.is_new(os.fsencode(folder))

    def may_block(self, path: str) -> bool:
        """Return whether anything is at `path` in DEST, or at the path of its XMP file."""
        return self._view is not None and (self._exists(path) or self._exists(xmp_name(path)))

    def blocks(self, plan: Plan, key: bytes, previous_output: str) -> bool:
        """Return whether carrying out a Plan would replace a file that must stay, by the output or by its XMP file.

        `previous_output`: the output of this picture in the manifest. A file at this path does not block the Plan,
        because it is checked again before it is replaced.
        """
        output = plan.output
        if self._view is None or output is None or not self.has_folder_of(plan):
            return False
        if output == previous_output:  # a file there may be the picture's own output, a folder cannot be
            return self._is_no_file(output) or self._has_lost_xmp(output, key) or self._blocks_xmp(plan, key)
        xmp_path = xmp_name(output)  # only the long name: if the short name is blocked, the long name is used
        if not self._exists(output):  # a stopped run may have put only the XMP file there
            return self._exists(xmp_path) and not (
                self._is_intended(output, key, xmp_path) or self._adoptable(plan, self._view, xmp_path)
            )
        if self._is_intended(output, key):
            return self._blocks_xmp(plan, key)
        return self.recorded(output) or not self._adoptable(plan, self._view, "")

    def _blocks_xmp(self, plan: Plan, key: bytes) -> bool:
        """Return whether the XMP file of a Plan would replace a file other than the XMP file of the same picture.

        `Plan.output` must be a path that the manifest or an intent has for the picture.
        """
        output, entry = plan.output or "", self._ledger.get(key)
        xmp_path = xmp_name(output)
        if not writes_xmp(plan, self._ledger.entry_of_output):
            return False
        if self._view is None or not self._exists(xmp_path):
            return False
        if plan.short_xmp and not self.has_short_xmp(plan, key):
            return False
        if entry is not None and entry.output == os.fsencode(output) and entry.xmp and not entry.short_xmp:
            return False  # a change of this file is detected when it is replaced
        return not (self._is_intended(output, key, xmp_path) or self._adoptable(plan, self._view, xmp_path))

    def reason_to_rename(self, match: Match, output: str, key: bytes) -> str:
        """Return why a picture must not keep `output`, the path of its earlier output; "" if it can.

        A person changed the output or its XMP file, so the changed file is not replaced. But DEST must have the present
        bytes of the source. So the picture needs another path in two cases:

        - The source has other bytes now (`SUPERSEDED`).
        - The output was deleted, and its XMP file was changed (`DELETED`).
        """
        entry = self._ledger.get(key)
        if self._view is None or entry is None or entry.output != os.fsencode(output):
            return ""
        with suppress(OSError, OutsideOutput):
            standing, xmp_standing = self._states(output, key, entry)
            if standing == "free":
                return DELETED if xmp_standing == "changed" else ""
            is_changed = standing == "changed" or (standing == "ours" and xmp_standing == "changed")
            return SUPERSEDED if is_changed and self._has_new_bytes(match) else ""
        return ""

    def _states(self, output: str, key: bytes, entry: Entry) -> tuple[TargetState, TargetState]:
        """Return the state of an entry's output, and the state of its XMP file (`free` if the entry has none).

        Raises OSError, OutsideOutput.
        """
        assert self._view is not None
        unfinished = [
            intended for intended in self._ledger.intended_outputs(key) if intended.output == entry.output
        ]
        expected = [facts for intended in unfinished if (facts := recorded_facts(intended)) is not None]
        folder, name = components(output)
        with self._view.folder(folder, create=False) as fd:
            state = target_state(fd, name, recorded_facts(entry), expected)
            if not entry.xmp:
                return state, "free"
            xmp_path, is_shared = xmp_name(name, entry.short_xmp), self._shares_short(output)
            return state, xmp_target_state(fd, xmp_path, entry.short_xmp, entry, unfinished, is_shared)

    def has_short_xmp(self, plan: Plan, key: bytes) -> bool:
        """Return whether another file has the short XMP name of a Plan (`a.xmp`, not `a.jpg.xmp`).

        The XMP file of the same picture does not count.
        """
        output = plan.output
        if self._view is None or output is None or not self._exists(short := xmp_name(output, True)):
            return False
        entry = self._ledger.get(key)
        if entry is not None and entry.xmp and entry.short_xmp and entry.output == os.fsencode(output):
            return self._is_no_file(short)
        if self._is_intended(output, key, short):
            return False
        return self._is_of_another(output, short) or not self._adoptable(plan, self._view, short)

    def _is_of_another(self, output: str, short: str) -> bool:
        """Return whether `short`, an XMP file with a short name (`a.xmp`), belongs to another output than `output`.

        Both are in the same folder.
        """
        if self._view is None:
            return False
        with suppress(OSError, OutsideOutput), self._view.folder(components(output)[0], create=False) as fd:
            return self._shares_short(output)(fd, short.rpartition("/")[2])
        return False

    def _shares_short(self, output: str) -> IsSharedXmp:
        """Return a test for XMP files with a short name (`a.xmp`) in the folder of `output`.

        It returns whether such a file belongs to another output. Example: for `a.jpg`, it is True for `a.xmp` if that
        is the XMP file of `a.mp4`.
        """
        folder, slash, name = output.rpartition("/")

        def has_short(output_name: str) -> bool:
            recorded = self._ledger.entry_of_output(folder + slash + output_name)
            return recorded is not None and recorded.xmp and recorded.short_xmp

        return lambda fd, short: is_xmp_of_another(fd, name, short, has_short)

    def _is_intended(self, output: str, key: bytes, xmp_path: str = "") -> bool:
        """Return whether a stopped run put the file at `output` there for the same picture.

        If `xmp_path` is given, the XMP file at this path is checked instead.
        """
        output_bytes = os.fsencode(output)
        unfinished = [
            intended for intended in self._ledger.intended_outputs(key) if intended.output == output_bytes
        ]
        expected = [
            recorded_xmp_facts(intended, xmp_path != xmp_name(output))
            if xmp_path
            else recorded_facts(intended)
            for intended in unfinished
        ]
        facts = [intended for intended in expected if intended is not None]
        if not facts or self._view is None:
            return False
        with suppress(OSError, OutsideOutput):
            folder, name = components(xmp_path or output)
            with self._view.folder(folder, create=False) as fd:
                return target_state(fd, name, None, facts) == "ours"
        return False

    def has_folder_of(self, plan: Plan) -> bool:
        """Return whether the folder of the Plan's output existed before. A new folder has no occupied names."""
        output = plan.output
        return self._view is not None and output is not None and self._existed(output.rpartition("/")[0])

    def _has_lost_xmp(self, output: str, key: bytes) -> bool:
        """Return whether something that is no file (such as a folder) has replaced the XMP file of `output`.

        Only XMP files with a long name (`a.jpg.xmp`) are checked.
        """
        entry = self._ledger.get(key)
        return entry is not None and entry.xmp and not entry.short_xmp and self._is_no_file(xmp_name(output))

    def _is_no_file(self, path: str) -> bool:
        try:
            mode = os.lstat(os.path.join(self._dest, path)).st_mode
        except OSError:
            return False
        return not stat.S_ISREG(mode) and not stat.S_ISLNK(mode)

    def _exists(self, path: str) -> bool:
        return self._existed(path.rpartition("/")[0]) and os.path.lexists(os.path.join(self._dest, path))

    def _existed(self, folder: str) -> bool:
        is_there = self._existing_folders.get(folder)
        if is_there is None:
            is_there = self._existing_folders[folder] = os.path.isdir(os.path.join(self._dest, folder))
            if len(self._existing_folders) > FOLDERS:
                self._existing_folders.popitem(last=False)
        return is_there


def unclaimed(ledger: Manifest, dest: str) -> list[str]:
    """Return a list with one note about outputs of stopped runs that belong to no source of this run.

    The list is empty if there are no such outputs.
    """
    outputs = [output for each in ledger.unfinished.values() for output in each]
    paths = sorted(os.fsdecode(output) for output in outputs)
    unclaimed_paths = [
        path
        for path in paths
        if ledger.entry_of_output(path) is None and os.path.lexists(os.path.join(dest, path))
    ]
    if not unclaimed_paths:
        return []
    return [
        f"{len(unclaimed_paths)} files that a stopped run put there belong to no source of this run, and stay as "
        f"they are: {', '.join(map(repr, unclaimed_paths[:3]))}{', …' if len(unclaimed_paths) > 3 else ''}"
    ]


def with_free_name(plan: Plan, key: bytes, previous_output: str, occupied: Occupied, layout: Layout) -> Plan:
    """Return the Plan with an output path that no other file in DEST blocks.

    A warning is added if it is not the path that the Plan had claimed. `key`: key of the file in the manifest.
    `previous_output`: the output of the file in the manifest.
    """
    claimed_output, reason = plan.output, TAKEN
    if claimed_output is not None and layout.refused(plan.match):
        plan = replace(plan, warnings=(*plan.warnings, REFUSED))
    is_earlier = claimed_output is not None and claimed_output == previous_output
    if is_earlier and (rename_reason := occupied.reason_to_rename(plan.match, previous_output, key)):
        plan, reason = replace(plan, output=layout.claim_next(plan.match)), rename_reason
    while plan.output is not None and occupied.blocks(plan, key, previous_output):
        plan = replace(plan, output=layout.claim_next(plan.match))
    if plan.output == claimed_output:
        return plan
    return replace(plan, warnings=(*plan.warnings, f"{reason}: {claimed_output}"))
