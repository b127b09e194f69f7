"""Make an output outside of DEST, and compare it with a file in DEST that is not in the manifest.

After a loss of the manifest, runs and previews recognise their outputs in this way.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence

from pef_tui.errors import RunError
from pef_tui.execution.sessions import SessionPool
from pef_tui.filesystem.constants import MTIME_TOLERANCE_NS
from pef_tui.hooks import OpenMedia, Writer
from pef_tui.model import Plan, xmp_name
from pef_tui.output.output_dir import DestView, OutputDir, OutsideOutput, components
from pef_tui.output.produce import WorkerTools, clear_staged, produce
from pef_tui.output.replacement import same_bytes
from pef_tui.output.staged_outputs import StagedOutput


class TrialCopies:
    """Makes outputs in a temporary folder, which it creates for the first output. Used by the planning thread alone."""

    def __init__(self, writers: Sequence[Writer], open_media: OpenMedia, scratch: str) -> None:
        self._writers = writers
        self._open_media = open_media
        self._scratch = scratch
        self._temp_folder = ""
        self._output_dir: OutputDir | None = None
        self._sessions: SessionPool | None = None

    def is_adoptable(self, plan: Plan, view: DestView, xmp_path: str = "") -> bool:
        """Return whether the file at the output path of a Plan is, byte for byte, what the Plan would write.

        `view`: DEST. `xmp_path`: if given, only the XMP file at this path is compared. (A stopped run may have
        published an XMP file without its picture.) False if a file cannot be read. False, without making an output, if
        the file has another modification time than the Plan would set.
        """
        output = plan.output or ""
        try:
            present = os.lstat(os.path.join(view.path, xmp_path or output))
            moment = plan.mtime_ns or plan.match.media.mtime_ns
            if abs(present.st_mtime_ns - moment) > MTIME_TOLERANCE_NS:
                return False
            return self._equals(StagedOutput(plan), output, view, xmp_path.rpartition("/")[2])
        except (OSError, OutsideOutput, RunError):
            return False

    def _equals(self, copy: StagedOutput, output: str, view: DestView, own_xmp_name: str) -> bool:
        output_dir, sessions = self._open()
        try:
            produce((copy,), output_dir, WorkerTools(sessions.sessions(), self._open_media, self._writers))
            if not copy.name or copy.outcome == "failed":
                return False
            folder, name = components(output)
            with view.folder(folder, create=False) as fd:
                if own_xmp_name:
                    return copy.xmp and same_bytes(output_dir.staging_fd, copy.xmp_name, fd, own_xmp_name)
                long_name = xmp_name(name)  # the short name may belong to another file
                has_long = os.path.lexists(os.path.join(view.path, os.path.dirname(output), long_name))
                is_same_xmp = not has_long or (
                    copy.xmp and same_bytes(output_dir.staging_fd, copy.xmp_name, fd, long_name)
                )
                return is_same_xmp and same_bytes(output_dir.staging_fd, copy.name, fd, name)
        finally:
            clear_staged(output_dir, (copy,))

    def _open(self) -> tuple[OutputDir, SessionPool]:
        if self._output_dir is None or self._sessions is None:
            self._temp_folder = tempfile.mkdtemp(prefix="pef-tui-", dir=self._scratch or None)
            self._output_dir, self._sessions = OutputDir(self._temp_folder), SessionPool(self._writers)
        return self._output_dir, self._sessions

    def close(self) -> None:
        """Remove the temporary folder and close the writers."""
        if self._sessions is not None:
            self._sessions.close()
        if self._output_dir is not None:
            self._output_dir.close()
            shutil.rmtree(self._temp_folder, ignore_errors=True)
        self._output_dir = self._sessions = None
