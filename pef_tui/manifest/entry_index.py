"""Index the journal: find entries by key or by output, with little memory.

The index permanently stores only which frames have entries of a folder: some bytes for each frame, none for each entry.
When an entry of a folder is requested, a view of the folder (name -> position of the entry) is built from its frames.
Views are cached, because a run works folder by folder.
"""

from __future__ import annotations

import os
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from msgspec import Struct
from xxhash import xxh3_64_intdigest as digest

from pef_tui.manifest.entry_columns import entry_names, split_path, unpack_entry
from pef_tui.manifest.records import BatchDone, EntriesForgotten, Entry, InvalidRecord, decode

NAMES_KEPT = 200_000
"""Largest number of file names in all cached views of folders. (A name needs about 190 bytes.)"""
FOLDERS_KEPT = 64
"""Largest number of cached views of each kind: by key, and by output."""
FRAMES_KEPT = 24
"""Largest number of cached decoded frames, which are records of the journal. (An entry needs about 300 bytes.)"""

_View = dict[bytes, int]
"""A view: the names in a folder, each with the position of its entry.

A position is `frame << 16 | number`: number of the frame, and number of the entry in the frame.
"""
_Frames = dict[int, int | list[int]]
_REMOVED = -1


class _FrameView(Struct, frozen=True):
    """A decoded frame (a record of the journal). `folders`: for each folder, names of entries and their positions."""

    record: BatchDone | EntriesForgotten
    folders: dict[bytes, _View]


class EntryIndex:
    """Finds entries by key and by output. Threads that share the index must hold a lock during each call."""

    def __init__(self, read_frame: Callable[[int], bytes]) -> None:
        self._read_frame = read_frame
        self._offsets = array("Q")
        self._by_folder: _Frames = {}
        self._by_output: _Frames = {}
        self._folders: OrderedDict[bytes, _View] = OrderedDict()
        self._outputs: OrderedDict[bytes, _View] = OrderedDict()
        self._frames: OrderedDict[int, _FrameView] = OrderedDict()
        self._folded_names: tuple[_View, dict[str, list[bytes]], int] = {}, {}, 0
        """A view of outputs with its names grouped by folded form (see `entry_of_similar_output`), and the number of
        names.

        New names of this view are added to the groups. For another view, the groups are built again.
        """
        self.compacted = 0
        """Number of entries in frames that the last compaction wrote."""
        self.added = 0
        """Number of entries in frames that were added after the last compaction."""
        self._failed = array("Q")

    def add(self, offset: int, record: BatchDone | EntriesForgotten) -> None:
        """Add a frame (a record of the journal) to the index. `offset`: offset of the frame in the journal."""
        frame = len(self._offsets)
        self._offsets.append(offset)
        if isinstance(record, EntriesForgotten):
            folders: Iterable[bytes] = {split_path(key)[0] for key in record.keys}
            self.added += len(record.keys)
        else:
            folders = record.folders
            for folder in record.output_folders:
                _add_frame(self._by_output, folder, frame)
            if record.failed:
                self._failed.append(frame)
            if record.batch:
                self.added += record.count
            else:
                self.compacted += record.count
        for folder in folders:
            _add_frame(self._by_folder, folder, frame)
        if self._folders or self._outputs:
            self._refresh(frame, _frame_view(frame, record))

    def _refresh(self, frame: int, frame_view: _FrameView) -> None:
        """Update the cached views with a new frame."""
        for folder in frame_view.folders:
            if (view := self._folders.get(folder)) is not None:
                _apply_frame(view, folder, frame, frame_view)
        for folder in _output_folders(frame_view.record):
            if (view := self._outputs.get(folder)) is not None:
                _apply_outputs(view, folder, frame, frame_view)

    def entry(self, key: bytes) -> Entry | None:
        """Return the entry with this `Entry.key` (Folder, `/`, name of the file); None if there is none."""
        folder, name = split_path(key)
        view = self._folders.get(folder)
        if view is None:
            view = self._view(self._folders, folder, _apply_frame, (self._by_folder,))
        location = view.get(name)
        return None if location is None else self._entry(location)

    def may_have_entries(self, folder: bytes) -> bool:
        """Return False if certainly no entry has its key or its output in `folder`; else True.

        True may be wrong: the index stores only a digest of each folder, and keeps folders whose entries were removed.
        """
        key = digest(folder)
        return key in self._by_folder or key in self._by_output

    def entry_of_output(self, output: bytes) -> Entry | None:
        """Return the entry whose output has the path `output` below DEST; None if there is none."""
        if (same_name_entry := self.entry(output)) is not None and same_name_entry.output == output:
            return same_name_entry
        folder, name = split_path(output)
        view = self._outputs.get(folder)
        if view is None:
            view = self._view(self._outputs, folder, _apply_outputs, (self._by_folder, self._by_output))
        location = view.get(name)
        candidate = None if location is None else self._entry(location)
        if (
            candidate is None
            or (current_entry := self.entry(candidate.key)) is None
            or current_entry.output != output
        ):
            return None
        return current_entry

    def entry_of_similar_output(self, output: bytes, fold: Callable[[str], str]) -> Entry | None:
        """Return an entry whose output is in the folder of `output` and has an equal name after `fold`; else None.

        `fold`: returns a form of a name that ignores some differences, such as upper and lower case.
        """
        folder, name = split_path(output)
        self.entry_of_output(output)  # builds the view of the folder
        if (view := self._outputs.get(folder)) is None:
            view = self._view(self._outputs, folder, _apply_outputs, (self._by_folder, self._by_output))
        candidate, names, count = self._folded_names
        if candidate is not view:
            names, count = {}, 0
        for similar_name in islice(view, count, None):
            names.setdefault(fold(os.fsdecode(similar_name)), []).append(similar_name)
        self._folded_names = view, names, len(view)
        for similar_name in names.get(fold(os.fsdecode(name)), ()):
            if (
                entry := self.entry_of_output(folder + b"/" + similar_name if folder else similar_name)
            ) is not None:
                return entry
        return None

    def owner_folders(self, folder: bytes) -> Iterator[bytes]:
        """Yield the source folder of each output in `folder`, a folder of DEST.

        A source folder with several outputs there is yielded several times.
        """
        self.entry_of_output(folder + b"/")  # builds the view of the folder
        view = self._outputs.get(folder)
        for name in list(view or ()):
            if (entry := self.entry_of_output(folder + b"/" + name if folder else name)) is not None:
                yield split_path(entry.key)[0]

    def outputs(self, folder: bytes) -> Iterator[bytes]:
        """Yield the paths of the outputs of all files in the source folder `folder`."""
        view = self._view(self._folders, folder, _apply_frame, (self._by_folder,))
        for location in list(view.values()):
            if (entry := self._entry(location)) is not None and entry.output:
                yield entry.output

    def folder(self, folder: bytes) -> list[Entry]:
        """Return all entries of the source folder `folder`, in the order of their first records."""
        view = self._view(self._folders, folder, _apply_frame, (self._by_folder,))
        return [entry for location in list(view.values()) if (entry := self._entry(location)) is not None]

    def live(self) -> Iterator[tuple[BatchDone, list[int]]]:
        """Yield each record of entries, with the numbers of its live entries. (No later record supersedes a live
        entry.)
        """
        for frame in range(len(self._offsets)):
            frame_view = self._frame(frame)
            if (
                frame_view is not None
                and isinstance(frame_view.record, BatchDone)
                and (numbers := self._live(frame, frame_view))
            ):
                yield frame_view.record, numbers

    def failed(self) -> Iterator[Entry]:
        """Yield every entry with the outcome `failed`."""
        for frame in self._failed:
            frame_view = self._frame(frame)
            for number in self._live(frame, frame_view) if frame_view is not None else ():
                entry = self._entry(frame << 16 | number)
                if entry is not None and entry.outcome == "failed":
                    yield entry

    def _live(self, frame: int, frame_view: _FrameView) -> list[int]:
        numbers = []
        for folder, names in frame_view.folders.items():
            view = self._view(self._folders, folder, _apply_frame, (self._by_folder,))
            numbers += [location & 0xFFFF for name, location in names.items() if view.get(name) == location]
        return sorted(numbers)

    def _entry(self, location: int) -> Entry | None:
        frame_view = self._frame(location >> 16)
        try:
            return (
                unpack_entry(frame_view.record, location & 0xFFFF)
                if frame_view is not None and isinstance(frame_view.record, BatchDone)
                else None
            )
        except InvalidRecord:
            return None

    def _frame(self, frame: int) -> _FrameView | None:
        frame_view = self._frames.get(frame)
        if frame_view is not None:
            return frame_view
        try:
            record = decode(self._read_frame(self._offsets[frame]))
        except InvalidRecord:
            return None
        if not isinstance(record, BatchDone | EntriesForgotten):
            return None
        frame_view = self._frames[frame] = _frame_view(frame, record)
        if len(self._frames) > FRAMES_KEPT:
            self._frames.popitem(last=False)
        return frame_view

    def _view(
        self,
        views: OrderedDict[bytes, _View],
        folder: bytes,
        lay: Callable[[_View, bytes, int, _FrameView], None],
        tables: tuple[_Frames, ...],
    ) -> _View:
        view = views.get(folder)
        if view is not None:
            return view
        view = {}
        for frame in sorted(set(chain.from_iterable(_frames_of(table, folder) for table in tables))):
            frame_view = self._frame(frame)
            if frame_view is not None:
                lay(view, folder, frame, frame_view)
        views[folder] = view
        while len(views) > FOLDERS_KEPT or (len(views) > 1 and sum(map(len, views.values())) > NAMES_KEPT):
            views.popitem(last=False)
        return view


def _frame_view(frame: int, record: BatchDone | EntriesForgotten) -> _FrameView:
    folders: dict[bytes, _View] = {}
    if isinstance(record, EntriesForgotten):
        for key in record.keys:
            folder, name = split_path(key)
            folders.setdefault(folder, {})[name] = _REMOVED
        return _FrameView(record, folders)
    views: list[_View] = [folders.setdefault(folder, {}) for folder in record.folders]
    for location, (number, name) in enumerate(entry_names(record), frame << 16):
        if number < len(views):
            views[number][name] = location
    return _FrameView(record, folders)


def _add_frame(table: _Frames, folder: bytes, frame: int) -> None:
    key = digest(folder)
    candidate = table.get(key)
    if candidate is None:
        table[key] = frame
    elif isinstance(candidate, int):
        table[key] = [candidate, frame]
    else:
        candidate.append(frame)


def _frames_of(table: _Frames, folder: bytes) -> Iterable[int]:
    candidate = table.get(digest(folder), ())
    return (candidate,) if isinstance(candidate, int) else candidate


def _apply_frame(view: _View, folder: bytes, frame: int, frame_view: _FrameView) -> None:
    """Update the view of a folder with the entries of a frame. Remove the entries that the frame forgets."""
    names = frame_view.folders.get(folder, {})
    if isinstance(frame_view.record, BatchDone):
        view.update(names)
    else:
        for name in names:
            view.pop(name, None)


def _output_folders(record: BatchDone | EntriesForgotten) -> tuple[bytes, ...]:
    return () if isinstance(record, EntriesForgotten) else record.folders + record.output_folders


def _apply_outputs(view: _View, folder: bytes, frame: int, frame_view: _FrameView) -> None:
    """Update the view of an output folder with the outputs of a frame."""
    record = frame_view.record
    if not isinstance(record, BatchDone) or folder not in _output_folders(record):
        return
    for number in range(record.count):
        try:
            output = unpack_entry(record, number).output
        except InvalidRecord:
            continue
        parent, name = split_path(output)
        if output and parent == folder:
            view[name] = frame << 16 | number
