"""Edit the TIFF block of EXIF by appending. No existing data moves, so offsets in maker notes stay valid.

Only the maker of the camera knows all offsets in maker notes. So changed directories, and values that do not fit into
their entry, are written after the block. Of the existing bytes, only the pointer to the first directory changes. In a
test with 131 JPEGs of 29 makers, nothing was lost. libexiv2, which rewrites the block, changed or lost tags in 29 of
them. (TIFF 6.0, section 2; EXIF 2.32, section 4.6.)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from struct import Struct, pack
from typing import Literal, NamedTuple

from pef_tui.formats.file_bytes import ByteSource
from pef_tui.formats.tiff_types import BYTE, IFD, LONG, MAX_ENTRIES, RATIONAL, SHORT, TYPE_SIZES, UNDEFINED
from pef_tui.native import Declined

DirectoryName = Literal["IFD0", "ExifIFD", "GPS"]
_POINTERS: dict[DirectoryName, int] = {"ExifIFD": 0x8769, "GPS": 0x8825}
_STRIPS, _TILES, _SUB_DIRECTORIES, _JPEG, _JPEG_LENGTH = 0x0111, 0x0144, 0x014A, 0x0201, 0x0202


class Field(NamedTuple):
    """A value to write into a directory."""

    type: int
    values: bytes | tuple[int, ...]
    """Bytes or integers: SHORTs, LONGs, or numerator and denominator of each RATIONAL in turn."""

    def pack(self, order: _Order) -> tuple[int, bytes]:
        """Return the number of values, and the bytes of all values in the byte order `order`."""
        if isinstance(self.values, bytes):
            return len(self.values), self.values
        number = len(self.values)
        data = pack(f"{order.mark}{number}{'H' if self.type == SHORT else 'L'}", *self.values)
        return number // 2 if self.type == RATIONAL else number, data


Fields = Mapping[int, Field | None]
"""The new value of each tag, by tag number; None removes the tag."""
Changes = Mapping[DirectoryName, Fields]


@cache
def resolution(across: int = 72, down: int = 72, unit: int = 2) -> Fields:
    """Return the mandatory fields of a new IFD0. (EXIF 2.32, table 19)

    `across`, `down`: resolution in pixels per `unit`. `unit`: 1 none, 2 inch, 3 centimetre.
    """
    return {
        0x011A: Field(RATIONAL, (across, 1)),
        0x011B: Field(RATIONAL, (down, 1)),
        0x0128: Field(SHORT, (unit,)),
        0x0213: Field(SHORT, (1,)),
    }


# Mandatory fields of new directories. Exif IFD: EXIF version 2.32, components Y Cb Cr, FlashPix version 1.0, colour
# space uncalibrated. GPS IFD: GPS version 2.3. (EXIF 2.32, sections 4.6.5 and 4.6.6)
_NEW_EXIF_IFD: Fields = {
    0x9000: Field(UNDEFINED, b"0232"),
    0x9101: Field(UNDEFINED, b"\1\2\3\0"),
    0xA000: Field(UNDEFINED, b"0100"),
    0xA001: Field(SHORT, (0xFFFF,)),
}
_NEW_GPS_IFD: Fields = {0x0000: Field(BYTE, b"\2\3\0\0")}


class _Order:
    """A byte order (`mark`: `<` or `>`), with its compiled `struct` formats of numbers and entries."""

    __slots__ = ("entry", "head", "long", "mark", "short")

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.short = Struct(mark + "H")
        self.long = Struct(mark + "L")
        self.head = Struct(mark + "HHL")
        self.entry = Struct(mark + "HHLL")


_ORDERS = {b"II*\0": _Order("<"), b"MM\0*": _Order(">")}
_EMPTY_BLOCK = b"MM\0*\0\0\0\x08"


class _Directory(NamedTuple):
    entries: dict[int, bytes]
    """The twelve bytes of each entry, by tag number."""
    next_start: int
    """Offset of the next directory, 0 if there is none."""


class Appended(NamedTuple):
    """The result of an edit: the changed pointer in the header, and the bytes to append to the block."""

    first_pointer: bytes
    """The four bytes at offset 4 of the block: the offset of the first directory."""
    tail: bytes
    """The bytes to append."""


def edit_tiff(block: bytes | None, changes: Changes, defaults: Fields, padding: int = 0) -> bytes | None:
    """Return the block with the changes; the same object `block` if nothing changes.

    If `block` is None, a new block is made, big-endian as ExifTool makes it. `defaults`: fields of a new IFD0
    (`resolution`). `padding`: number of zeros to append (`EmbeddedEdits.padding`). Raises Declined for an unsupported
    structure.
    """
    source = _EMPTY_BLOCK if block is None else block
    order = _order(source)
    directories = {} if block is None else _read_directories(block, order)
    if main := directories.get("IFD0"):
        _check_pictures(source, order, main)
        if main.next_start:
            _check_thumbnail(source, order, main.next_start, changes.get("IFD0", {}))
    appended = _append(order, len(source), directories, changes, defaults)
    if appended is None:
        return block
    return source[:4] + appended.first_pointer + source[8:] + appended.tail + bytes(padding)


def append_to_file(file: ByteSource, changes: Changes) -> Appended | None:
    """Return the new pointer and the bytes to append to a whole TIFF file; None if nothing changes.

    The file may hold several pictures; only the first one is edited. Raises Declined if another picture has one of the
    changed tags, or if the structure is not supported.
    """
    order = _order(file)
    directories = _read_directories(file, order)
    _check_further_directories(file, order, directories["IFD0"], changes.get("IFD0", {}))
    return _append(order, len(file), directories, changes, {})


def first_directory_bytes(file: ByteSource, tag: int) -> bytes | None:
    """Return the bytes of a tag in the first directory; None if the tag is missing.

    Raises Declined if the value has at most 4 bytes, or a type other than BYTE and UNDEFINED.
    """
    order = _order(file)
    entry = _read_directory(file, order, order.long.unpack(file[4:8])[0]).entries.get(tag)
    if entry is None:
        return None
    _, kind, count, offset = order.entry.unpack(entry)
    if kind not in (BYTE, UNDEFINED) or count <= 4:
        raise Declined("an EXIF value of an odd type")
    return file[offset : offset + count]


def _order(block: ByteSource) -> _Order:
    order = _ORDERS.get(block[:4])
    if order is None or (len(block) < 14 and block is not _EMPTY_BLOCK):
        raise Declined("the EXIF block does not begin as TIFF does")
    return order


def _read_directories(block: ByteSource, order: _Order) -> dict[DirectoryName, _Directory]:
    first = order.long.unpack(block[4:8])[0]
    main = _read_directory(block, order, first)
    directories: dict[DirectoryName, _Directory] = {"IFD0": main}
    starts = {first}
    for name, tag in _POINTERS.items():
        if tag in main.entries:
            start = _pointer(order, main.entries[tag])
            if start in starts:
                raise Declined("the EXIF directories run in a circle")
            starts.add(start)
            directories[name] = _read_directory(block, order, start)
    # Both pointers belong in IFD0. A pointer in the Exif IFD could lead back to a directory that was read before.
    if "ExifIFD" in directories and not directories["ExifIFD"].entries.keys().isdisjoint(_POINTERS.values()):
        raise Declined("the EXIF directories run in a circle")
    if main.next_start in starts:
        raise Declined("the EXIF directories run in a circle")
    return directories


def _read_directory(block: ByteSource, order: _Order, start: int) -> _Directory:
    """Read the directory at offset `start`.

    Raises Declined if the directory or one of its values is outside the block, or if the directory is damaged.
    """
    size = len(block)
    if not 8 <= start <= size - 2:
        raise Declined("an EXIF directory lies outside its block")
    number = order.short.unpack(block[start : start + 2])[0]
    end = start + 2 + 12 * number
    if not 0 < number <= MAX_ENTRIES or end > size:
        raise Declined("an EXIF directory is cut or empty")
    entries: dict[int, bytes] = {}
    data = block[start + 2 : end]
    position = 0
    for tag, kind, count, offset in order.entry.iter_unpack(data):
        if not 1 <= kind <= IFD or tag in entries:
            raise Declined("an EXIF directory has an unknown type or the same tag twice")
        length = TYPE_SIZES[kind] * count
        # A value of up to 4 bytes is in its entry. A longer one must be inside the block, outside header and directory.
        if length > 4 and (
            offset < 8 or offset + length > size or (offset < end and offset + length > start)
        ):
            raise Declined("an EXIF value lies outside its block")
        entries[tag] = data[position : position + 12]
        position += 12
    # The block may end directly after the last entry, without the offset of a next directory.
    next_start = order.long.unpack(block[end : end + 4])[0] if end + 4 <= size else 0
    return _Directory(entries, next_start)


def _pointer(order: _Order, entry: bytes) -> int:
    """Return the offset in an entry. Raises Declined unless the entry has one value of type LONG or IFD."""
    _, kind, count, value = order.entry.unpack(entry)
    if kind not in (LONG, IFD) or count != 1:
        raise Declined("an EXIF pointer of an odd type")
    return int(value)


def _check_pictures(block: ByteSource, order: _Order, directory: _Directory) -> None:
    """Raise Declined if the directory points to a picture that the edit could make unreachable.

    These are pictures in strips, tiles or sub-directories, and a thumbnail that is not completely inside the block.
    """
    entries = directory.entries
    if _STRIPS in entries or _TILES in entries or _SUB_DIRECTORIES in entries:
        raise Declined("EXIF that holds a picture of its own")
    if _JPEG in entries:
        length = _pointer(order, entries[_JPEG_LENGTH]) if _JPEG_LENGTH in entries else 0
        if _pointer(order, entries[_JPEG]) + length > len(block):
            raise Declined("the thumbnail lies outside the EXIF block")


def _check_thumbnail(block: ByteSource, order: _Order, link: int, main: Fields) -> None:
    """Raise Declined if the directory of the thumbnail is damaged, or has a changed tag or a pointer tag.

    ExifTool would change a changed tag there too. Pointer tags point to the Exif IFD and the GPS IFD. `link`: offset of
    the directory. `main`: changes of IFD0.
    """
    second = _read_directory(block, order, link)
    if second.next_start:
        raise Declined("EXIF of more than two pictures")
    if not second.entries.keys().isdisjoint({*main, *_POINTERS.values()}):
        raise Declined("the thumbnail has tags of the picture")
    _check_pictures(block, order, second)


def _check_further_directories(file: ByteSource, order: _Order, first: _Directory, main: Fields) -> None:
    """Raise Declined if a picture other than the first has a changed tag or a pointer tag.

    Sub-directories are checked too. Pointer tags point to the Exif IFD and the GPS IFD. `first`: directory of the first
    picture. `main`: changes of IFD0.
    """
    pending, visited = [first], {first.next_start}
    starts = [first.next_start] if first.next_start else []
    while pending or starts:
        if starts:
            directory = _read_directory(file, order, starts.pop())
            if not directory.entries.keys().isdisjoint({*main, *_POINTERS.values()}):
                raise Declined("a further picture has tags of the first")
            pending.append(directory)
            next_starts = [directory.next_start] if directory.next_start else []
        else:
            directory = pending.pop()
            next_starts = _sub_directories(file, order, directory)
        if not visited.isdisjoint(next_starts) or len(visited) > MAX_ENTRIES:
            raise Declined("the directories run in a circle")
        visited.update(next_starts)
        starts += next_starts


def _sub_directories(file: ByteSource, order: _Order, directory: _Directory) -> list[int]:
    """Return the offsets of the sub-directories of a directory; `[]` if there are none.

    Raises Declined if the entry with the offsets has an unknown type, or too many values.
    """
    if (entry := directory.entries.get(_SUB_DIRECTORIES)) is None:
        return []
    _, kind, count, offset = order.entry.unpack(entry)
    if kind not in (LONG, IFD) or count > MAX_ENTRIES:
        raise Declined("an EXIF pointer of an odd type")
    if count == 1:
        return [offset]
    return [start for (start,) in order.long.iter_unpack(file[offset : offset + 4 * count])]


def _effective_changes(
    directory: _Directory | None, fields: Fields, name: DirectoryName
) -> dict[int, Field | None]:
    """Return `fields` (changes of one directory) without removals of tags that the directory does not have.

    Raises Declined if ExifTool would remove the whole directory: this editor cannot.
    """
    entries = directory.entries if directory is not None else {}
    effective = {tag: field for tag, field in fields.items() if field is not None or tag in entries}
    if effective and all(field is None for field in effective.values()):
        # All changes are removals. ExifTool removes a directory that has only mandatory fields left; this editor
        # cannot.
        mandatory = {**_NEW_EXIF_IFD, **_NEW_GPS_IFD, **resolution()} if name != "IFD0" else resolution()
        if not entries.keys() - effective.keys() - mandatory.keys():
            raise Declined("the last tag of an EXIF directory goes")
    return effective


class _Tail:
    """Bytes to append to a block. Offsets count from the beginning of the block, which has `start` bytes."""

    def __init__(self, start: int) -> None:
        self._start = start
        self.data = bytearray(start % 2)  # directories and values begin at even offsets (TIFF 6.0, section 2)

    @property
    def end(self) -> int:
        return self._start + len(self.data)

    def patch(self, form: Struct, offset: int, value: int) -> None:
        form.pack_into(self.data, offset - self._start, value)


def _append(
    order: _Order,
    start: int,
    directories: Mapping[DirectoryName, _Directory],
    changes: Changes,
    defaults: Fields,
) -> Appended | None:
    """Return the bytes of the changed directories; None if nothing changes.

    IFD0 (the first directory) is always written again, as the first one: it has the pointers to the others. `start`:
    size of the block in bytes. `defaults`: fields of a new IFD0.
    """
    effective = {
        name: _effective_changes(directories.get(name), fields, name) for name, fields in changes.items()
    }
    effective = {name: fields for name, fields in effective.items() if fields}
    if not effective:
        return None
    tail = _Tail(start)
    new_directories: dict[DirectoryName, Fields] = {
        "IFD0": defaults,
        "ExifIFD": _NEW_EXIF_IFD,
        "GPS": _NEW_GPS_IFD,
    }
    # The pointers in IFD0 are first written as 0. They are set when the offsets of the directories are known.
    main = dict(effective.get("IFD0", {}))
    main.update({tag: Field(LONG, (0,)) for name, tag in _POINTERS.items() if name in effective})
    first_pointer = order.long.pack(tail.end)
    value_offsets: dict[int, int] = {}
    names: tuple[DirectoryName, ...] = ("IFD0", "ExifIFD", "GPS")
    for name in names:
        if name != "IFD0":
            if name not in effective:
                continue
            tail.patch(order.long, value_offsets[_POINTERS[name]], tail.end)
        directory = directories.get(name)
        fields = main if name == "IFD0" else effective[name]
        if directory is None:
            fields = {**new_directories[name], **fields}
        value_offsets.update(_write_directory(tail, order, directory, fields))
    return Appended(first_pointer, bytes(tail.data))


def _write_directory(
    tail: _Tail, order: _Order, directory: _Directory | None, fields: Fields
) -> dict[int, int]:
    """Append a directory and its new values to `tail`. Return the offset of each new entry's value field, by tag.

    A value of more than 4 bytes does not fit into its entry. It follows the directory, at an even offset.
    """
    entries = directory.entries if directory is not None else {}
    tags = sorted(tag for tag in {*entries, *fields} if tag not in fields or fields[tag] is not None)
    position = tail.end + 2
    values_start = position + 12 * len(tags) + 4
    parts = [order.short.pack(len(tags))]
    values = bytearray()
    value_offsets: dict[int, int] = {}
    for tag in tags:
        if (field := fields.get(tag)) is None:
            parts.append(entries[tag])  # unchanged: an offset in it still points to the old value
        else:
            count, data = field.pack(order)
            if len(data) <= 4:
                parts += (order.head.pack(tag, field.type, count), data.ljust(4, b"\0"))
            else:
                parts.append(order.entry.pack(tag, field.type, count, values_start + len(values)))
                values += data
                if len(data) % 2:
                    values.append(0)
            value_offsets[tag] = position + 8
        position += 12
    parts += (order.long.pack(directory.next_start if directory is not None else 0), bytes(values))
    tail.data += b"".join(parts)
    return value_offsets
