"""Where in the journal each entry lies, in little memory.

Kept for good is only which frames speak of which folder (some bytes a frame, nothing an entry). The files of a folder
are laid out when one of them is asked for, and kept while others of it are likely to be: a run goes folder by folder.
"""

from __future__ import annotations

import os
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from msgspec import Struct
from xxhash import xxh3_64_intdigest as digest

from pef_tui.manifest.columns import places, split, unpack
from pef_tui.manifest.format import Done, Entry, Forgotten, Impossible, decode

NAMES_KEPT = 200_000
"""Names in folders laid out (about 190 bytes each)."""
FOLDERS_KEPT = 64
"""Folders laid out."""
FRAMES_KEPT = 24
"""Decoded frames (about 300 bytes an entry)."""

_View = dict[bytes, int]
"""Names in a folder, and where their entries are: frame << 16 | number."""
_Frames = dict[int, int | list[int]]
_GONE = -1


class _Laid(Struct, frozen=True):
    """A decoded frame, and what it says of each folder."""

    record: Done | Forgotten
    folders: dict[bytes, _View]


class Index:
    """Finds entries by key and by output. Not safe for several threads by itself."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._offsets = array("Q")
        self._by_folder: _Frames = {}
        self._by_output: _Frames = {}
        self._folders: OrderedDict[bytes, _View] = OrderedDict()
        self._outputs: OrderedDict[bytes, _View] = OrderedDict()
        self._frames: OrderedDict[int, _Laid] = OrderedDict()
        self._alike: tuple[_View, dict[str, list[bytes]], int] = {}, {}, 0
        """A folder of outputs laid out, its names by what they are on a disk that takes some for the same, and how many
        of them were taken in.
        """
        self.compacted = 0
        """Entries in frames that compaction wrote."""
        self.added = 0
        """Entries in frames added since."""
        self._failed = array("Q")

    def add(self, offset: int, record: Done | Forgotten) -> None:
        """Take a frame that lies at an offset of the journal."""
        frame = len(self._offsets)
        self._offsets.append(offset)
        if isinstance(record, Forgotten):
            folders: Iterable[bytes] = {split(key)[0] for key in record.keys}
            self.added += len(record.keys)
        else:
            folders = record.folders
            for folder in record.elsewhere:
                _note(self._by_output, folder, frame)
            if record.failed:
                self._failed.append(frame)
            if record.batch:
                self.added += record.count
            else:
                self.compacted += record.count
        for folder in folders:
            _note(self._by_folder, folder, frame)
        if self._folders or self._outputs:
            self._refresh(frame, _laid(frame, record))

    def _refresh(self, frame: int, laid: _Laid) -> None:
        """Bring the folders laid out up to date."""
        for folder in laid.folders:
            if (view := self._folders.get(folder)) is not None:
                _lay(view, folder, frame, laid)
        for folder in _output_folders(laid.record):
            if (view := self._outputs.get(folder)) is not None:
                _lay_outputs(view, folder, frame, laid)

    def entry(self, key: bytes) -> Entry | None:
        """What is known of this key."""
        folder, name = split(key)
        view = self._folders.get(folder)
        if view is None:
            view = self._view(self._folders, folder, _lay, (self._by_folder,))
        place = view.get(name)
        return None if place is None else self._entry(place)

    def speaks_of(self, folder: bytes) -> bool:
        """May there be an entry with its key or its output in this folder? False is certain."""
        key = digest(folder)
        return key in self._by_folder or key in self._by_output

    def owner(self, output: bytes) -> Entry | None:
        """Whose output this path below DEST is."""
        if (usual := self.entry(output)) is not None and usual.output == output:
            return usual
        folder, name = split(output)
        view = self._outputs.get(folder)
        if view is None:
            view = self._view(self._outputs, folder, _lay_outputs, (self._by_folder, self._by_output))
        place = view.get(name)
        known = None if place is None else self._entry(place)
        if known is None or (now := self.entry(known.key)) is None or now.output != output:
            return None
        return now

    def owner_like(self, output: bytes, fold: Callable[[str], str]) -> Entry | None:
        """Whose output is in the folder of this path under a name that `fold` makes equal."""
        folder, name = split(output)
        self.owner(output)  # lays the folder out
        if (view := self._outputs.get(folder)) is None:
            view = self._view(self._outputs, folder, _lay_outputs, (self._by_folder, self._by_output))
        known, names, count = self._alike
        if known is not view:
            names, count = {}, 0
        for each in islice(view, count, None):
            names.setdefault(fold(os.fsdecode(each)), []).append(each)
        self._alike = view, names, len(view)
        for each in names.get(fold(os.fsdecode(name)), ()):
            if (entry := self.owner(folder + b"/" + each if folder else each)) is not None:
                return entry
        return None

    def owners(self, folder: bytes) -> Iterator[bytes]:
        """The folders whose files have outputs in this folder, once for each output."""
        self.owner(folder + b"/")  # lays the folder out
        view = self._outputs.get(folder)
        for name in list(view or ()):
            if (entry := self.owner(folder + b"/" + name if folder else name)) is not None:
                yield split(entry.key)[0]

    def outputs(self, folder: bytes) -> Iterator[bytes]:
        """The outputs of the files of one folder."""
        view = self._view(self._folders, folder, _lay, (self._by_folder,))
        for place in list(view.values()):
            if (entry := self._entry(place)) is not None and entry.output:
                yield entry.output

    def folder(self, folder: bytes) -> list[Entry]:
        """Every entry of one folder, in the order they were first recorded."""
        view = self._view(self._folders, folder, _lay, (self._by_folder,))
        return [entry for place in list(view.values()) if (entry := self._entry(place)) is not None]

    def live(self) -> Iterator[tuple[Done, list[int]]]:
        """Frame by frame, the numbers of the entries that still count."""
        for frame in range(len(self._offsets)):
            laid = self._frame(frame)
            if laid is not None and isinstance(laid.record, Done) and (numbers := self._live(frame, laid)):
                yield laid.record, numbers

    def failed(self) -> Iterator[Entry]:
        """Every entry that says `failed`."""
        for frame in self._failed:
            laid = self._frame(frame)
            for number in self._live(frame, laid) if laid is not None else ():
                entry = self._entry(frame << 16 | number)
                if entry is not None and entry.word == "failed":
                    yield entry

    def _live(self, frame: int, laid: _Laid) -> list[int]:
        numbers = []
        for folder, names in laid.folders.items():
            view = self._view(self._folders, folder, _lay, (self._by_folder,))
            numbers += [place & 0xFFFF for name, place in names.items() if view.get(name) == place]
        return sorted(numbers)

    def _entry(self, place: int) -> Entry | None:
        laid = self._frame(place >> 16)
        try:
            return (
                unpack(laid.record, place & 0xFFFF)
                if laid is not None and isinstance(laid.record, Done)
                else None
            )
        except Impossible:
            return None

    def _frame(self, frame: int) -> _Laid | None:
        laid = self._frames.get(frame)
        if laid is not None:
            return laid
        try:
            record = decode(self._read(self._offsets[frame]))
        except Impossible:
            return None
        if not isinstance(record, Done | Forgotten):
            return None
        laid = self._frames[frame] = _laid(frame, record)
        if len(self._frames) > FRAMES_KEPT:
            self._frames.popitem(last=False)
        return laid

    def _view(
        self,
        views: OrderedDict[bytes, _View],
        folder: bytes,
        lay: Callable[[_View, bytes, int, _Laid], None],
        tables: tuple[_Frames, ...],
    ) -> _View:
        view = views.get(folder)
        if view is not None:
            return view
        view = {}
        for frame in sorted(set(chain.from_iterable(_noted(table, folder) for table in tables))):
            laid = self._frame(frame)
            if laid is not None:
                lay(view, folder, frame, laid)
        views[folder] = view
        while len(views) > FOLDERS_KEPT or (len(views) > 1 and sum(map(len, views.values())) > NAMES_KEPT):
            views.popitem(last=False)
        return view


def _laid(frame: int, record: Done | Forgotten) -> _Laid:
    folders: dict[bytes, _View] = {}
    if isinstance(record, Forgotten):
        for key in record.keys:
            folder, name = split(key)
            folders.setdefault(folder, {})[name] = _GONE
        return _Laid(record, folders)
    views: list[_View] = [folders.setdefault(folder, {}) for folder in record.folders]
    for place, (number, name) in enumerate(places(record), frame << 16):
        if number < len(views):
            views[number][name] = place
    return _Laid(record, folders)


def _note(table: _Frames, folder: bytes, frame: int) -> None:
    key = digest(folder)
    known = table.get(key)
    if known is None:
        table[key] = frame
    elif isinstance(known, int):
        table[key] = [known, frame]
    else:
        known.append(frame)


def _noted(table: _Frames, folder: bytes) -> Iterable[int]:
    known = table.get(digest(folder), ())
    return (known,) if isinstance(known, int) else known


def _lay(view: _View, folder: bytes, frame: int, laid: _Laid) -> None:
    """Put what a frame says of a folder into its view."""
    names = laid.folders.get(folder, {})
    if isinstance(laid.record, Done):
        view.update(names)
    else:
        for name in names:
            view.pop(name, None)


def _output_folders(record: Done | Forgotten) -> tuple[bytes, ...]:
    return () if isinstance(record, Forgotten) else record.folders + record.elsewhere


def _lay_outputs(view: _View, folder: bytes, frame: int, laid: _Laid) -> None:
    """Put the outputs that a frame has in a folder into its view."""
    record = laid.record
    if not isinstance(record, Done) or folder not in _output_folders(record):
        return
    for number in range(record.count):
        try:
            output = unpack(record, number).output
        except Impossible:
            continue
        parent, name = split(output)
        if output and parent == folder:
            view[name] = frame << 16 | number
