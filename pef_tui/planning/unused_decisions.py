"""Find decisions about files that do not exist, although their folder is in the sources.

Such a file name is probably misspelled.
"""

from __future__ import annotations

from itertools import chain

from msgspec import Struct

from pef_tui.model import Folder, JsonFile, MediaFile
from pef_tui.progress import Progress
from pef_tui.sanitize import safe, utf8
from pef_tui.tags.decisions import Decisions

NOTE = "--decisions: {what} not in their folder in SOURCE, so these decisions have no effect; the first is {first!r}"


class UnusedDecisions(Struct):
    """Compares the `file` of each decision with the Folders of a run while these are listed.

    A decisions file may cover several exports. So decisions about folders that are in no SOURCE are not reported.
    """

    waiting: dict[str, None]
    """The `file` of each decision that was not listed yet, in the order of the decisions. (The dict is an ordered
    set.)
    """
    folders: set[str]
    """Folders of `decided_folders` that were listed."""
    decided_folders: frozenset[str]
    """The folders of the files of all decisions."""

    @classmethod
    def of(cls, decisions: Decisions) -> UnusedDecisions:
        """Return an object for `decisions`. Call it before Folders are listed."""
        files = dict.fromkeys(rule.file for rule in decisions.rules if rule.file)
        return cls(files, set(), frozenset(map(_folder_of, files)))

    def add_folder(self, folder: Folder) -> None:
        """Remove the files of a Folder from `waiting`, because they exist."""
        if not self.decided_folders:
            return
        files: chain[MediaFile | JsonFile] = chain(folder.media, folder.other, folder.json)
        for listed_path in (file.path for file in files):
            name = listed_path.rpartition("/")[2]
            for path in (listed_path, f"{folder.path}/{name}".lstrip("/")):
                for spelled in (path, utf8(path)):
                    if (above := _folder_of(spelled)) in self.decided_folders:
                        self.folders.add(above)
                        self.waiting.pop(spelled, None)

    def report(self, progress: Progress) -> bool:
        """Add a note to `progress` about missing files of listed folders. Return whether there are any.

        Call it after all Folders were listed. For an incomplete run, report nothing and return False.
        """
        unused = [file for file in self.waiting if _folder_of(file) in self.folders]
        if not unused or progress.stop.is_set() or progress.incomplete:
            return False
        subject = "file that decisions name is" if len(unused) == 1 else "files that decisions name are"
        progress.notes.warn(NOTE.format(what=f"{len(unused)} {subject}", first=safe(unused[0], 200)))
        return True


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]
