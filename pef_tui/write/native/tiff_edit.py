"""Editing the TIFF block of EXIF by appending: nothing that is there moves, so maker notes keep all their offsets.

Directories that change and values that do not fit into their entry are written behind the block; of the bytes that
were there only the pointer to the first directory changes. (TIFF 6.0, section 2; EXIF 2.32, section 4.6.)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from struct import Struct, pack
from typing import Literal, NamedTuple

from pef_tui.formats.file_bytes import Bytes
from pef_tui.write.native.declined import Declined

Name = Literal["IFD0", "ExifIFD", "GPS"]
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4)
MOST_ENTRIES = 1000
_POINTERS: dict[Name, int] = {"ExifIFD": 0x8769, "GPS": 0x8825}
_STRIPS, _TILES, _SUB_DIRECTORIES, _JPEG, _JPEG_LENGTH = 0x0111, 0x0144, 0x014A, 0x0201, 0x0202


class Field(NamedTuple):
    """A value to be written."""

    type: int
    values: bytes | tuple[int, ...]
    """Bytes as they are, or SHORTs, LONGs, or both halves of RATIONALs."""

    def packed(self, order: _Order) -> tuple[int, bytes]:
        """How many values, and their bytes."""
        if isinstance(self.values, bytes):
            return len(self.values), self.values
        number = len(self.values)
        data = pack(f"{order.mark}{number}{'H' if self.type == SHORT else 'L'}", *self.values)
        return number // 2 if self.type == RATIONAL else number, data


Fields = Mapping[int, Field | None]
"""By tag number; None removes the tag."""
Changes = Mapping[Name, Fields]


@cache
def resolution(across: int = 72, down: int = 72, unit: int = 2) -> Fields:
    """What a new IFD0 must hold (EXIF 2.32, table 19); `unit` 1 none, 2 inches, 3 centimetres."""
    return {
        0x011A: Field(RATIONAL, (across, 1)),
        0x011B: Field(RATIONAL, (down, 1)),
        0x0128: Field(SHORT, (unit,)),
        0x0213: Field(SHORT, (1,)),
    }


_CAMERA: Fields = {
    0x9000: Field(UNDEFINED, b"0232"),
    0x9101: Field(UNDEFINED, b"\1\2\3\0"),
    0xA000: Field(UNDEFINED, b"0100"),
    0xA001: Field(SHORT, (0xFFFF,)),
}
_POSITION: Fields = {0x0000: Field(BYTE, b"\2\3\0\0")}


class _Order:
    """How numbers stand in a block."""

    __slots__ = ("entry", "head", "long", "mark", "short")

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.short = Struct(mark + "H")
        self.long = Struct(mark + "L")
        self.head = Struct(mark + "HHL")
        self.entry = Struct(mark + "HHLL")


_ORDERS = {b"II*\0": _Order("<"), b"MM\0*": _Order(">")}
_NEW = b"MM\0*\0\0\0\x08"


class _Directory(NamedTuple):
    entries: dict[int, bytes]
    """Each entry's twelve bytes by its tag."""
    link: int
    """Where the directory behind it begins, 0 for none."""


class Appended(NamedTuple):
    """What an edit makes of a block: bytes in it, and bytes behind it."""

    first: bytes
    """The four bytes of its header, at 4, that say where the first directory begins."""
    tail: bytes


def edit_tiff(block: bytes | None, changes: Changes, fresh: Fields, room: int = 0) -> bytes | None:
    """The block with the changes made; None makes a new one, in big-endian order as ExifTool does.

    `fresh` is what a new IFD0 holds (`resolution`), `room` how many zeros come behind everything. The same object comes
    back where nothing changes. Raises Declined for a block that cannot be taken at its word.
    """
    source = _NEW if block is None else block
    order = _order(source)
    found = {} if block is None else _directories(block, order)
    if main := found.get("IFD0"):
        _check_pictures(source, order, main)
        if main.link:
            _check_thumbnail(source, order, main.link, changes.get("IFD0", {}))
    appended = _appended(order, len(source), found, changes, fresh)
    if appended is None:
        return block
    return source[:4] + appended.first + source[8:] + appended.tail + bytes(room)


def append_to_file(file: Bytes, changes: Changes) -> Appended | None:
    """The same for a whole TIFF file, whatever pictures are in it; None where nothing changes. Raises Declined."""
    order = _order(file)
    found = _directories(file, order)
    _check_others(file, order, found["IFD0"], changes.get("IFD0", {}))
    return _appended(order, len(file), found, changes, {})


def bytes_of(file: Bytes, tag: int) -> bytes | None:
    """A value of bytes in the first directory, None where it is not there. Raises Declined."""
    order = _order(file)
    entry = _read(file, order, order.long.unpack(file[4:8])[0]).entries.get(tag)
    if entry is None:
        return None
    _, kind, count, where = order.entry.unpack(entry)
    if kind not in (BYTE, UNDEFINED) or count <= 4:
        raise Declined("an EXIF value of an odd type")
    return file[where : where + count]


def _order(block: Bytes) -> _Order:
    order = _ORDERS.get(block[:4])
    if order is None or (len(block) < 14 and block is not _NEW):
        raise Declined("the EXIF block does not begin as TIFF does")
    return order


def _directories(block: Bytes, order: _Order) -> dict[Name, _Directory]:
    first = order.long.unpack(block[4:8])[0]
    main = _read(block, order, first)
    found: dict[Name, _Directory] = {"IFD0": main}
    starts = {first}
    for name, tag in _POINTERS.items():
        if tag in main.entries:
            start = _pointer(order, main.entries[tag])
            if start in starts:
                raise Declined("the EXIF directories run in a circle")
            starts.add(start)
            found[name] = _read(block, order, start)
    if "ExifIFD" in found and not found["ExifIFD"].entries.keys().isdisjoint(_POINTERS.values()):
        raise Declined("the EXIF directories run in a circle")
    if main.link in starts:
        raise Declined("the EXIF directories run in a circle")
    return found


def _read(block: Bytes, order: _Order, start: int) -> _Directory:
    """The directory at `start`, whole and with all its values inside the block. Raises Declined."""
    size = len(block)
    if not 8 <= start <= size - 2:
        raise Declined("an EXIF directory lies outside its block")
    number = order.short.unpack(block[start : start + 2])[0]
    end = start + 2 + 12 * number
    if not 0 < number <= MOST_ENTRIES or end > size:
        raise Declined("an EXIF directory is cut or empty")
    entries: dict[int, bytes] = {}
    data = block[start + 2 : end]
    at = 0
    for tag, kind, count, where in order.entry.iter_unpack(data):
        if not 1 <= kind <= 13 or tag in entries:
            raise Declined("an EXIF directory has an unknown type or the same tag twice")
        length = _SIZES[kind] * count
        if length > 4 and (where < 8 or where + length > size or (where < end and where + length > start)):
            raise Declined("an EXIF value lies outside its block")
        entries[tag] = data[at : at + 12]
        at += 12
    link = order.long.unpack(block[end : end + 4])[0] if end + 4 <= size else 0
    return _Directory(entries, link)


def _pointer(order: _Order, entry: bytes) -> int:
    """Where an entry that is a single LONG (or IFD) points to."""
    _, kind, count, value = order.entry.unpack(entry)
    if kind not in (LONG, 13) or count != 1:
        raise Declined("an EXIF pointer of an odd type")
    return int(value)


def _check_pictures(block: Bytes, order: _Order, directory: _Directory) -> None:
    """Pictures that a directory points to must lie inside the block, or they would be lost from sight."""
    entries = directory.entries
    if _STRIPS in entries or _TILES in entries or _SUB_DIRECTORIES in entries:
        raise Declined("EXIF that holds a picture of its own")
    if _JPEG in entries:
        length = _pointer(order, entries[_JPEG_LENGTH]) if _JPEG_LENGTH in entries else 0
        if _pointer(order, entries[_JPEG]) + length > len(block):
            raise Declined("the thumbnail lies outside the EXIF block")


def _check_thumbnail(block: Bytes, order: _Order, link: int, main: Fields) -> None:
    """The directory of the thumbnail must be sound, and hold nothing that is to change (ExifTool changes it there)."""
    second = _read(block, order, link)
    if second.link:
        raise Declined("EXIF of more than two pictures")
    if not second.entries.keys().isdisjoint({*main, *_POINTERS.values()}):
        raise Declined("the thumbnail has tags of the picture")
    _check_pictures(block, order, second)


def _check_others(file: Bytes, order: _Order, first: _Directory, main: Fields) -> None:
    """The same for every further picture of a file: those behind the first, and those inside another."""
    waiting, seen = [first], {first.link}
    starts = [first.link] if first.link else []
    while waiting or starts:
        if starts:
            directory = _read(file, order, starts.pop())
            if not directory.entries.keys().isdisjoint({*main, *_POINTERS.values()}):
                raise Declined("a further picture has tags of the first")
            waiting.append(directory)
            more = [directory.link] if directory.link else []
        else:
            directory = waiting.pop()
            more = _sub_directories(file, order, directory)
        if not seen.isdisjoint(more) or len(seen) > MOST_ENTRIES:
            raise Declined("the directories run in a circle")
        seen.update(more)
        starts += more


def _sub_directories(file: Bytes, order: _Order, directory: _Directory) -> list[int]:
    """Where the directories of pictures inside a picture begin."""
    if (entry := directory.entries.get(_SUB_DIRECTORIES)) is None:
        return []
    _, kind, count, where = order.entry.unpack(entry)
    if kind not in (LONG, 13) or count > MOST_ENTRIES:
        raise Declined("an EXIF pointer of an odd type")
    if count == 1:
        return [where]
    return [start for (start,) in order.long.iter_unpack(file[where : where + 4 * count])]


def _effective(directory: _Directory | None, fields: Fields, name: Name) -> dict[int, Field | None]:
    """The changes that change something. Raises Declined where ExifTool would take the whole directory away."""
    there = directory.entries if directory is not None else {}
    made = {tag: field for tag, field in fields.items() if field is not None or tag in there}
    if made and all(field is None for field in made.values()):
        least = {**_CAMERA, **_POSITION, **resolution()} if name != "IFD0" else resolution()
        if not there.keys() - made.keys() - least.keys():
            raise Declined("the last tag of an EXIF directory goes")
    return made


class _Tail:
    """Bytes that come behind a block, by their place in both together."""

    def __init__(self, start: int) -> None:
        self._start = start
        self.data = bytearray(start % 2)

    @property
    def end(self) -> int:
        return self._start + len(self.data)

    def put(self, form: Struct, where: int, value: int) -> None:
        form.pack_into(self.data, where - self._start, value)


def _appended(
    order: _Order, start: int, found: Mapping[Name, _Directory], changes: Changes, fresh: Fields
) -> Appended | None:
    """Every directory that changes, behind `start`: IFD0 first, as it holds the pointers to the others."""
    wanted = {name: _effective(found.get(name), fields, name) for name, fields in changes.items()}
    wanted = {name: fields for name, fields in wanted.items() if fields}
    if not wanted:
        return None
    out = _Tail(start)
    new: dict[Name, Fields] = {"IFD0": fresh, "ExifIFD": _CAMERA, "GPS": _POSITION}
    main = dict(wanted.get("IFD0", {}))
    main.update({tag: Field(LONG, (0,)) for name, tag in _POINTERS.items() if name in wanted})
    first = order.long.pack(out.end)
    places: dict[int, int] = {}
    names: tuple[Name, ...] = ("IFD0", "ExifIFD", "GPS")
    for name in names:
        if name != "IFD0":
            if name not in wanted:
                continue
            out.put(order.long, places[_POINTERS[name]], out.end)
        directory = found.get(name)
        fields = main if name == "IFD0" else wanted[name]
        if directory is None:
            fields = {**new[name], **fields}
        places.update(_lay(out, order, directory, fields))
    return Appended(first, bytes(out.data))


def _lay(out: _Tail, order: _Order, directory: _Directory | None, fields: Fields) -> dict[int, int]:
    """Put a directory and the values that are new behind the block; where the value of each new entry stands.

    A value that does not fit into its entry goes behind the directory, on an even place.
    """
    there = directory.entries if directory is not None else {}
    tags = sorted(tag for tag in {*there, *fields} if tag not in fields or fields[tag] is not None)
    at = out.end + 2
    behind = at + 12 * len(tags) + 4
    parts = [order.short.pack(len(tags))]
    values = bytearray()
    places: dict[int, int] = {}
    for tag in tags:
        if (field := fields.get(tag)) is None:
            parts.append(there[tag])
        else:
            count, data = field.packed(order)
            if len(data) <= 4:
                parts += (order.head.pack(tag, field.type, count), data.ljust(4, b"\0"))
            else:
                parts.append(order.entry.pack(tag, field.type, count, behind + len(values)))
                values += data
                if len(data) % 2:
                    values.append(0)
            places[tag] = at + 8
        at += 12
    parts += (order.long.pack(directory.link if directory is not None else 0), bytes(values))
    out.data += b"".join(parts)
    return places
