"""A private copy made outside DEST, to compare it with a file there of which the manifest says nothing.

So outputs are known again after the manifest was lost, by runs and previews alike.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence

from pef_tui.errors import RunError
from pef_tui.hooks import Writer
from pef_tui.model import Plan, xmp_name
from pef_tui.run.bench import Bench
from pef_tui.run.digests import OpenMedia
from pef_tui.write.copies import Copy
from pef_tui.write.dest import Dest, DestView, Outside, components
from pef_tui.write.making import Tools, clear, make
from pef_tui.write.replacing import FAT_NS, same_bytes


class Trial:
    """Makes copies in a folder of its own, which is made when the first is asked for. Lives in the planning thread."""

    def __init__(self, writers: Sequence[Writer], open_media: OpenMedia, scratch: str) -> None:
        self._writers = writers
        self._open_media = open_media
        self._scratch = scratch
        self._folder = ""
        self._place: Dest | None = None
        self._bench: Bench | None = None

    def adoptable(self, plan: Plan, view: DestView, beside: str = "") -> bool:
        """Is what is at the output of a Plan, byte for byte, what carrying it out would put there?

        `beside`: path of the XMP file that is asked about alone, as after a run that failed between the two names.

        A file with another time than the output is to have is not: nothing is made to see that.
        """
        output = plan.output or ""
        try:
            present = os.lstat(os.path.join(view.path, beside or output))
            moment = plan.mtime_ns or plan.match.media.mtime_ns
            if abs(present.st_mtime_ns - moment) > FAT_NS:
                return False
            return self._equals(Copy(plan), output, view, beside.rpartition("/")[2])
        except (OSError, Outside, RunError):
            return False

    def _equals(self, copy: Copy, output: str, view: DestView, beside: str) -> bool:
        place, bench = self._opened()
        try:
            make((copy,), place, Tools(bench.sessions(), self._open_media, self._writers))
            if not copy.name or copy.word == "failed":
                return False
            folder, name = components(output)
            with view.folder(folder, create=False) as fd:
                if beside:
                    return copy.xmp and same_bytes(place.staging_fd, copy.xmp_name, fd, beside)
                long = xmp_name(name)  # the short one gives way where it is another's
                there = os.path.lexists(os.path.join(view.path, os.path.dirname(output), long))
                xmp_fits = not there or (copy.xmp and same_bytes(place.staging_fd, copy.xmp_name, fd, long))
                return xmp_fits and same_bytes(place.staging_fd, copy.name, fd, name)
        finally:
            clear(place, (copy,))

    def _opened(self) -> tuple[Dest, Bench]:
        if self._place is None or self._bench is None:
            self._folder = tempfile.mkdtemp(prefix="pef-tui-", dir=self._scratch or None)
            self._place, self._bench = Dest(self._folder), Bench(self._writers)
        return self._place, self._bench

    def close(self) -> None:
        """Remove the folder and let the writers go."""
        if self._bench is not None:
            self._bench.close()
        if self._place is not None:
            self._place.close()
            shutil.rmtree(self._folder, ignore_errors=True)
        self._place = self._bench = None
