"""Store the entries of a batch in little space: in packed columns of a `BatchDone` record.

Functions pack entries, unpack single entries, and read parts of entries fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from struct import Struct as Packed

from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.manifest.records import (
    IDENTITY,
    NO_TIME,
    OUTCOMES,
    ROW,
    TEXTS,
    TIME,
    BatchDone,
    Entry,
    InvalidRecord,
)

_TEMPORARY, _RACY, _HAS_OUTPUT, _SAME, _CONFLICT, _SHORT_XMP = 1, 2, 4, 8, 16, 32
ENDS = Packed("<6I")
"""Offsets in the column `texts`, for one entry: the start of each of its five texts, and the end of the last one.

The texts are: name; output; reason; size and time of the XMP file; content.
"""
_XMP = Packed("<Qq")
_NONE = bytes(8)
_PADDED = {_NONE: b"", b"date".ljust(8, b"\0"): b"date"}
_UNKNOWN = 0, _NONE, _NONE, _NONE, _NONE, _NONE
_MTIME_LIMIT = 2**63 - 1
_SIZE_LIMIT = 2**63 - 1


def split_path(path: bytes) -> tuple[bytes, bytes]:
    """Split `path` into its folder and its name. `path`: a key, or the path of an output."""
    folder, _, name = path.rpartition(b"/")
    return folder, name


def pack_entries(batch: int, entries: Sequence[Entry]) -> BatchDone:
    """Return the record of a batch, with the entries packed into columns. `batch`: the number of the batch."""
    folders: dict[bytes, int] = {}
    output_folders: dict[bytes, None] = {}
    rows: list[bytes] = []
    texts: list[bytes] = []
    for entry in entries:
        folder, name = split_path(entry.key)
        if entry.output and (output_folder := split_path(entry.output)[0]) != folder:
            output_folders[output_folder] = None
        rows.append(_row(entry, folders.setdefault(folder, len(folders))))
        texts += _texts(entry, name)
    failed = sum(entry.outcome == "failed" for entry in entries)
    return BatchDone(
        batch,
        tuple(folders),
        tuple(output_folders),
        b"".join(rows),
        b"".join(texts),
        _ends(texts),
        failed,
        _identities(entries),
        _times(entries),
    )


def _identities(entries: Sequence[Entry]) -> bytes:
    """Return the identity column of the entries (see `IDENTITY`); b"" if no entry has an identity."""
    column = b"".join(map(_identity, entries))
    return column if column.strip(b"\0") else b""


def _identity(entry: Entry) -> bytes:
    digests = entry.source, entry.photo, entry.output_digest, entry.xmp_digest, entry.proof
    return IDENTITY.pack(entry.version, *digests)


def _times(entries: Sequence[Entry]) -> bytes:
    """Return the column of the times of the pictures (see `TIME`); b"" if no time is known."""
    if all(entry.taken is None for entry in entries):
        return b""
    return b"".join([TIME.pack(NO_TIME if entry.taken is None else entry.taken) for entry in entries])


def _row(entry: Entry, folder: int) -> bytes:
    same = entry.output == entry.key
    flags = (
        _TEMPORARY * entry.temporary + _RACY * entry.racy + _HAS_OUTPUT * bool(entry.output) + _SAME * same
    )
    flags += _CONFLICT * entry.conflict + _SHORT_XMP * entry.short_xmp
    return ROW.pack(
        entry.size,
        _clamped(entry.mtime_ns),
        entry.output_size,
        _clamped(entry.output_mtime_ns),
        folder,
        entry.sidecar,
        entry.shape,
        entry.plan,
        OUTCOMES.index(entry.outcome),
        flags,
    )


def _clamped(mtime_ns: int) -> int:
    return max(-_MTIME_LIMIT, min(_MTIME_LIMIT, mtime_ns))


def _texts(entry: Entry, name: bytes) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    output = b"" if entry.output == entry.key else entry.output or entry.link
    xmp = _XMP.pack(entry.xmp_size, _clamped(entry.xmp_mtime_ns)) if entry.xmp else b""
    return name, output, entry.reason.encode("utf-8", "surrogateescape"), xmp, entry.content


def _ends(texts: Iterable[bytes]) -> bytes:
    ends, end = [0], 0
    for text in texts:
        end += len(text)
        ends.append(end)
    return Packed(f"<{len(ends)}I").pack(*ends)


def entry_names(record: BatchDone) -> Iterator[tuple[int, bytes]]:
    """Yield the folder number and the name of each entry. Entries are not unpacked for this.

    A folder number is an index in `record.folders`.
    """
    rows, texts = record.rows, record.texts
    ends = Packed(f"<{TEXTS * record.count + 1}I").unpack(record.ends)
    low, high = rows[_FOLDER_AT :: ROW.size], rows[_FOLDER_AT + 1 :: ROW.size]
    for first, second, small, large in zip(ends[:-1:TEXTS], ends[1::TEXTS], low, high, strict=True):
        yield small | large << 8, texts[first:second]


_FOLDER_AT = Packed("<QqQq").size


def unpack_entry(record: BatchDone, number: int) -> Entry:
    """Return the entry of a record at the index `number`. Raises InvalidRecord."""
    size, mtime, output_size, output_mtime, folder, sidecar, shape, plan, word, flags = ROW.unpack_from(
        record.rows, number * ROW.size
    )
    name, a, b, c, d, end = ENDS.unpack_from(record.ends, number * TEXTS * 4)
    texts = record.texts
    if (
        not name <= a <= b <= c <= d <= end <= len(texts)
        or folder >= len(record.folders)
        or word >= len(OUTCOMES)
    ):
        raise InvalidRecord("an entry outside its frame")
    parent = record.folders[folder]
    key = parent + b"/" + texts[name:a] if parent else texts[name:a]
    output = (key if flags & _SAME else texts[a:b]) if flags & _HAS_OUTPUT else b""
    link = b"" if flags & _HAS_OUTPUT else texts[a:b]
    if (output and not is_output_path(output)) or (link and not is_output_path(link)):
        raise InvalidRecord("an output outside DEST")
    identity = IDENTITY.unpack_from(record.identity, number * IDENTITY.size) if record.identity else _UNKNOWN
    # A field of the identity has 8 bytes: a digest, a word padded with NUL (`date`), or only NUL (no value).
    source, photo, output_digest, xmp_digest, proof = [_PADDED.get(field, field) for field in identity[1:]]
    time = TIME.unpack_from(record.times, number * TIME.size)[0] if record.times else NO_TIME
    xmp_size, xmp_mtime = _XMP.unpack(texts[c:d]) if d - c == _XMP.size else (0, 0)
    return Entry(
        key,
        size,
        mtime,
        b"" if sidecar == _NONE else sidecar,
        b"" if shape == _NONE else shape,
        b"" if plan == _NONE else plan,
        OUTCOMES[word],
        texts[b:c].decode("utf-8", "surrogateescape") if c > b else "",
        flags & _TEMPORARY > 0,
        output,
        output_size,
        output_mtime,
        d > c,
        xmp_size,
        xmp_mtime,
        flags & _RACY > 0,
        texts[d:end],
        flags & _CONFLICT > 0,
        flags & _SHORT_XMP > 0,
        proof,
        identity[0],
        source,
        photo,
        output_digest,
        xmp_digest,
        link,
        None if time == NO_TIME else time,
    )


def unpack_entries(record: BatchDone, numbers: Iterable[int]) -> Iterator[Entry]:
    """Yield the entries of a record at the indexes `numbers`. Invalid entries are skipped."""
    for number in numbers:
        try:
            yield unpack_entry(record, number)
        except InvalidRecord:
            continue


Brief = tuple[int, bytes, int, bool, int, bytes, bytes]
"""Parts of an entry: folder number, name, index of the outcome in `OUTCOMES`, whether there is a conflict, output size
(below 2**63), reason, output.
"""


def brief_entries(record: BatchDone, numbers: Iterable[int]) -> Iterator[Brief]:
    """Yield a `Brief` (some fields of an entry) for each index in `numbers`.

    Invalid entries are skipped. For many entries, this is much faster than `unpack_entry`.
    """
    rows = list(ROW.iter_unpack(record.rows))
    ends = Packed(f"<{TEXTS * record.count + 1}I").unpack(record.ends)
    texts, folders, words = record.texts, record.folders, len(OUTCOMES)
    parents = [folder + b"/" if folder else b"" for folder in folders]
    plain = [not folder or is_output_path(folder) for folder in folders]
    for number in numbers:
        _, _, output_size, _, folder, _, _, _, word, flags = rows[number]
        at = number * TEXTS
        name_at, a, b, c, d, end = ends[at : at + TEXTS + 1]
        if not name_at <= a <= b <= c <= d <= end <= len(texts) or folder >= len(folders) or word >= words:
            continue
        name, output = texts[name_at:a], b""
        if flags & _HAS_OUTPUT:
            output = parents[folder] + name if flags & _SAME else texts[a:b]
            simple = flags & _SAME and plain[folder] and name[:1] not in _SPECIAL_NAMES and not _SPECIAL(name)
            if output and not simple and not is_output_path(output):
                continue
        elif b > a and not is_output_path(texts[a:b]):  # `Entry.link` of a duplicate
            continue
        yield folder, name, word, flags & _CONFLICT > 0, min(output_size, _SIZE_LIMIT), texts[b:c], output


_SPECIAL_NAMES = b".", b""
_STATE_DIR = STATE_DIR.encode()
_SPECIAL = re.compile(rb"[/\0]").search


def is_output_path(output: bytes) -> bool:
    """Return whether `output` is a plain path below DEST.

    Such a path is relative, has no `.`, `..`, empty component or NUL, and is not in `.pef-tui`.
    """
    parts = output.split(b"/")
    return not (b"" in parts or b"." in parts or b".." in parts or b"\0" in output or parts[0] == _STATE_DIR)
