"""Where in the journal each entry lies, in little memory.

Kept for good is only which frames speak of which folder (some bytes a frame, nothing an entry). The files of a folder
are laid out when one of them is asked for, and kept while others of it are likely to be: a run goes folder by folder.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from xxhash import xxh3_64_intdigest as digest

from pef_tui.manifest.format import Done, Entry, Forgotten, Impossible, decode, places, split, unpack

NAMES_KEPT = 200_000
"""Names in folders laid out (about 190 bytes each)."""
FRAMES_KEPT = 48
"""Decoded frames (about 105 bytes an entry)."""

_View = dict[bytes, int]
_Frames = dict[int, int | list[int]]


class Index:
    """Finds entries by key and by output. Not safe for several threads by itself."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._offsets = array("Q")
        self._by_folder: _Frames = {}
        self._by_output: _Frames = {}
        self._folders: OrderedDict[bytes, _View] = OrderedDict()
        self._outputs: OrderedDict[bytes, _View] = OrderedDict()
        self._records: OrderedDict[int, Done | Forgotten] = OrderedDict()
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
            self._refresh(frame, record)

    def _refresh(self, frame: int, record: Done | Forgotten) -> None:
        """Bring the folders laid out up to date."""
        for folder, view in self._folders.items():
            _lay(view, folder, frame, record)
        for folder, view in self._outputs.items():
            _lay_outputs(view, folder, frame, record)

    def entry(self, key: bytes) -> Entry | None:
        """What is known of this key."""
        folder, name = split(key)
        view = self._folders.get(folder)
        if view is None:
            view = self._view(self._folders, folder, _lay, (self._by_folder,))
        place = view.get(name)
        return None if place is None else self._entry(place)

    def owner(self, output: bytes) -> Entry | None:
        """Whose output this path below DEST is."""
        folder, name = split(output)
        view = self._outputs.get(folder)
        if view is None:
            view = self._view(self._outputs, folder, _lay_outputs, (self._by_folder, self._by_output))
        place = view.get(name)
        known = None if place is None else self._entry(place)
        if known is None or (now := self.entry(known.key)) is None or now.output != output:
            return None
        return now

    def folder(self, folder: bytes) -> list[Entry]:
        """Every entry of one folder, in the order they were first recorded."""
        view = self._view(self._folders, folder, _lay, (self._by_folder,))
        return [entry for place in list(view.values()) if (entry := self._entry(place)) is not None]

    def live(self) -> Iterator[tuple[Done, list[int]]]:
        """Frame by frame, the numbers of the entries that still count."""
        for frame in range(len(self._offsets)):
            record = self._record(frame)
            if isinstance(record, Done) and (numbers := self._live(frame, record)):
                yield record, numbers

    def failed(self) -> Iterator[Entry]:
        """Every entry that says `failed`."""
        for frame in self._failed:
            record = self._record(frame)
            if isinstance(record, Done):
                for number in self._live(frame, record):
                    entry = self._entry(frame << 16 | number)
                    if entry is not None and entry.word == "failed":
                        yield entry

    def _live(self, frame: int, record: Done) -> list[int]:
        views = [self._view(self._folders, folder, _lay, (self._by_folder,)) for folder in record.folders]
        return [
            number
            for number, (folder, name) in enumerate(places(record))
            if folder < len(views) and views[folder].get(name) == frame << 16 | number
        ]

    def _entry(self, place: int) -> Entry | None:
        record = self._record(place >> 16)
        try:
            return unpack(record, place & 0xFFFF) if isinstance(record, Done) else None
        except Impossible:
            return None

    def _record(self, frame: int) -> Done | Forgotten | None:
        record = self._records.get(frame)
        if record is not None:
            return record
        try:
            found = decode(self._read(self._offsets[frame]))
        except Impossible:
            return None
        assert isinstance(found, Done | Forgotten)
        self._records[frame] = found
        if len(self._records) > FRAMES_KEPT:
            self._records.popitem(last=False)
        return found

    def _view(
        self,
        views: OrderedDict[bytes, _View],
        folder: bytes,
        lay: Callable[[_View, bytes, int, Done | Forgotten], None],
        tables: tuple[_Frames, ...],
    ) -> _View:
        view = views.get(folder)
        if view is not None:
            return view
        view = {}
        for frame in sorted(set(chain.from_iterable(_noted(table, folder) for table in tables))):
            record = self._record(frame)
            if record is not None:
                lay(view, folder, frame, record)
        views[folder] = view
        while len(views) > 1 and sum(map(len, views.values())) > NAMES_KEPT:
            views.popitem(last=False)
        return view


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


def _lay(view: _View, folder: bytes, frame: int, record: Done | Forgotten) -> None:
    """Put what a frame says of a folder into its view."""
    if isinstance(record, Forgotten):
        for key in record.keys:
            parent, name = split(key)
            if parent == folder:
                view.pop(name, None)
    elif folder in record.folders:
        number = record.folders.index(folder)
        start = frame << 16
        for place, (at, name) in enumerate(places(record), start):
            if at == number:
                view[name] = place


def _lay_outputs(view: _View, folder: bytes, frame: int, record: Done | Forgotten) -> None:
    """Put the outputs that a frame has in a folder into its view."""
    if isinstance(record, Forgotten) or (folder not in record.folders and folder not in record.elsewhere):
        return
    for number in range(record.count):
        try:
            output = unpack(record, number).output
        except Impossible:
            continue
        parent, name = split(output)
        if output and parent == folder:
            view[name] = frame << 16 | number
