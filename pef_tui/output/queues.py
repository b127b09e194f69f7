"""Speed up the commit if DEST or a source is slow: queues make waiting calls in threads (see `parallel_io`)."""

from __future__ import annotations

from collections.abc import Iterable

from pef_tui.filesystem.parallel_io import io_queue


class OutputQueues:
    """One queue for each kind of call that writes into DEST. All threads of a run share them."""

    def __init__(self, dest: str, sources: Iterable[str] = ()) -> None:
        """`dest`: path of DEST. `sources`: paths of the sources, from which staging reads."""
        self.stage = io_queue(dest, *sources)
        """Copies a source file into the staging folder."""
        self.check = io_queue(dest)
        """Looks up the file under a name in DEST or in the staging folder."""
        self.finish = self.check.sibling()
        """Completes a staged copy: XMP file, permissions, time, fingerprint, sync."""
        self.open = self.check.sibling()
        """Opens, creates or syncs a folder of DEST."""
        self.rename = self.check.sibling()
        """Gives a staged copy its final name."""
        self.remove = self.check.sibling()
        """Removes a file."""

    @property
    def is_slow(self) -> bool:
        """Whether DEST or a source is slow. Calls for several files of a batch are then made at the same time."""
        return self.stage.is_slow or self.rename.is_slow
