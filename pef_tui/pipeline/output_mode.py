"""The two output modes of a run: new files in DEST (`CopyOutput`), or changed files in SOURCE (`InPlaceOutput`).

`choose_output_mode` chooses the mode when a run begins. Methods import the modules that plan and write, because a run
without changes does not need them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pef_tui.errors import UsageError
from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.manifest.manifest import Manifest
from pef_tui.manifest.origin import state_origin
from pef_tui.model import Plan
from pef_tui.pipeline.source_args import SourceList, output_path
from pef_tui.planning.in_place import adapt_settings, adopt_own_state, in_place_plan, single_source
from pef_tui.sanitize import safe
from pef_tui.settings import Settings
from pef_tui.sources.earlier_outputs import is_earlier_output

if TYPE_CHECKING:
    from pef_tui.output.output_dir import OutputDir
    from pef_tui.output.undo_record import UndoRecord
    from pef_tui.planning.disk_names import DiskNames
    from pef_tui.planning.layout import Layout
    from pef_tui.planning.occupied_names import Occupied
    from pef_tui.resume import PreviousRun


class CopyOutput:
    """Outputs are new files in DEST."""

    may_use_snapshot = True
    """Whether a run may use the snapshot of the last run (what it found and did), and record a new one."""

    def settings(self, settings: Settings) -> Settings:
        """Return the settings that apply in this mode: here all of them."""
        return settings

    def check(self, settings: Settings) -> None:
        """Raise UsageError if an option cannot be used in this mode. Here all options can be used."""

    def output_path(self, settings: Settings, sources: SourceList) -> str:
        """Return the absolute path of DEST. Raises UsageError if it cannot be used (see `source_args.output_path`)."""
        return output_path(settings.output, sources.named, is_preview=settings.dry_run)

    def overlap_notes(self, sources: Sequence[str], output: str) -> list[str]:
        """Return a note if DEST is in a SOURCE, which is then read without DEST, and one for each SOURCE that is the
        output folder of an earlier run. `sources`: paths of the sources. `output`: path of DEST.
        """
        notes = [
            f"DEST {safe(output)}: is in SOURCE {safe(path)}; no file in DEST is read as a part of the export"
            for path in sources
            if output.startswith(path.rstrip("/") + "/")
        ]
        return notes + [
            f"SOURCE {safe(path)}: is the output folder of an earlier run (it has {STATE_DIR}), not an export"
            for path in sources
            if is_earlier_output(path)
        ]

    def root_mtime_ns(self, output: str) -> int:
        """Return the modification time of SOURCE in nanoseconds, if the run replaces files in SOURCE; here 0."""
        return 0

    def replaced_in(self, output: str) -> str:
        """Return the path of the SOURCE whose files the run replaces; here ""."""
        return ""

    def adopt_state(self, output: str) -> list[str]:
        """Prepare the locked folder `.pef-tui` in `output`, and return notes for the user. Here nothing is needed.

        Raises OSError.
        """
        return []

    def open_manifest(self, output: str, *, read_only: bool) -> Manifest:
        """Open the manifest in `output`. Raises RunError, OSError."""
        return Manifest.open(output, read_only=read_only)

    def predict_disk(self, output: str, manifest: Manifest) -> DiskNames:
        """Return which names the disk of DEST refuses. A preview finds this out without writing to DEST."""
        from pef_tui.planning.disk_names import predict_disk

        return predict_disk(output, [run.disk for run, _ in reversed(manifest.runs)])

    def probe_disk(self, output: str) -> tuple[DiskNames, str]:
        """Return which names the disk of DEST refuses, and the text for the manifest that states them. Raises
        OSError.
        """
        from pef_tui.planning.disk_names import probe_disk

        return probe_disk(output)

    def make_layout(self, settings: Settings, occupied: Occupied, names: DiskNames) -> Layout:
        """Return the Layout, which gives each file its output path in DEST."""
        from pef_tui.planning.layout import Layout

        return Layout(settings, occupied, names=names)

    def finish_plan(self, settings: Settings) -> Callable[[Plan], Plan]:
        """Return the function that completes a Plan whose output path is final. Here it returns the Plan unchanged."""
        return lambda plan: plan

    def output_check(self, previous_run: PreviousRun) -> Callable[[str], bool] | None:
        """Return a test for paths of outputs: whether the file there is what a run put there. None if no test is
        needed.
        """
        return previous_run.is_output_intact

    def unclaimed_notes(self, manifest: Manifest, output: str) -> list[str]:
        """Return notes on files in DEST that a stopped run wrote, and that have no entry in the manifest."""
        from pef_tui.planning.occupied_names import unclaimed

        return unclaimed(manifest, output)

    def begin_undo_record(
        self, output_dir: OutputDir, root_mtime_ns: int, stack: ExitStack
    ) -> UndoRecord | None:
        """Return the undo record of the run, which `stack` closes; here None, because SOURCE does not change.

        Raises OSError.
        """
        return None


class InPlaceOutput(CopyOutput):
    """Outputs replace the media files in SOURCE. The run can be undone (`--undo`)."""

    may_use_snapshot = False  # every output changes the listing of the source

    def settings(self, settings: Settings) -> Settings:
        """Return the settings without the options that rename files or move them to other folders."""
        return adapt_settings(settings)

    def check(self, settings: Settings) -> None:
        """Raise UsageError if an option would move files: `--layout`, and `--albums` other than `folder` or `tag`."""
        if settings.layout or settings.albums not in ("folder", "tag"):
            raise UsageError(
                "in place, everything stays where it is: --layout and --albums link or none cannot be"
            )

    def output_path(self, settings: Settings, sources: SourceList) -> str:
        """Return the absolute path of SOURCE. Raises UsageError if there are several, or if SOURCE is no folder."""
        return single_source(sources.paths)

    def overlap_notes(self, sources: Sequence[str], output: str) -> list[str]:
        """Return no notes, because SOURCE is the output."""
        return []

    def root_mtime_ns(self, output: str) -> int:
        """Return the modification time of SOURCE in nanoseconds. Raises OSError."""
        return os.stat(output).st_mtime_ns

    def replaced_in(self, output: str) -> str:
        """Return the path of SOURCE."""
        return output

    def adopt_state(self, output: str) -> list[str]:
        """Mark the folder `.pef-tui` in SOURCE as created here, and return notes for the user. Raises OSError.

        The caller must hold the lock.
        """
        return adopt_own_state(output)

    def open_manifest(self, output: str, *, read_only: bool) -> Manifest:
        """Open the manifest in SOURCE. Raises RunError, OSError.

        If this manifest was made for another folder and copied with it, a preview gets an empty manifest.
        """
        if read_only and state_origin(output, os.environ) == "elsewhere":
            return Manifest(None, read_only=True)
        return super().open_manifest(output, read_only=read_only)

    def predict_disk(self, output: str, manifest: Manifest) -> DiskNames:
        """Return that the disk accepts all names: files keep their names."""
        from pef_tui.planning.disk_names import DiskNames

        return DiskNames()

    def probe_disk(self, output: str) -> tuple[DiskNames, str]:
        """Return that the disk accepts all names (files keep their names), and "" as the text for the manifest."""
        from pef_tui.planning.disk_names import DiskNames

        return DiskNames(), ""

    def make_layout(self, settings: Settings, occupied: Occupied, names: DiskNames) -> Layout:
        """Return the Layout in which each file keeps its path."""
        from pef_tui.planning.layout import InPlaceLayout

        return InPlaceLayout(settings, occupied, names=names)

    def finish_plan(self, settings: Settings) -> Callable[[Plan], Plan]:
        """Return `in_place_plan` for these settings. It completes a Plan; a file without changes gets no output."""
        from pef_tui.output.undo_folder import UndoLinks

        undo_links = UndoLinks(settings.output)
        return lambda plan: in_place_plan(plan, settings, settings.output, undo_links)

    def output_check(self, previous_run: PreviousRun) -> Callable[[str], bool] | None:
        """Return None. No test is needed, because each file is its own output."""
        return None

    def unclaimed_notes(self, manifest: Manifest, output: str) -> list[str]:
        """Return no notes: all files in SOURCE belong to the user."""
        return []

    def begin_undo_record(
        self, output_dir: OutputDir, root_mtime_ns: int, stack: ExitStack
    ) -> UndoRecord | None:
        """Return the undo record of the run, which `stack` closes. Raises OSError."""
        from pef_tui.output.undo_record import UndoRecord

        output_dir.in_place = True
        undo_record = output_dir.repeat(lambda: UndoRecord(output_dir.path, root_mtime_ns))
        stack.callback(undo_record.close)
        return undo_record


def choose_output_mode(settings: Settings) -> CopyOutput:
    """Return `InPlaceOutput` for a run in place, else `CopyOutput`."""
    return InPlaceOutput() if settings.in_place else CopyOutput()
