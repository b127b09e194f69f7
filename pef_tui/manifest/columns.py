"""Entries as the packed columns of a `Done` record: put in, taken out one by one, or looked at cheaply."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from struct import Struct as Packed

from pef_tui.manifest.format import IDENTITY, ROW, TEXTS, WORDS, Done, Entry, Impossible

_TEMPORARY, _RACY, _PLACED, _SAME, _CONFLICT, _SHORT_XMP = 1, 2, 4, 8, 16, 32
ENDS = Packed("<6I")
"""Where an entry's five texts begin and end: name, output, reason, XMP stat, content."""
_XMP = Packed("<Qq")
_NONE = bytes(8)
_PADDED = {_NONE: b"", b"date".ljust(8, b"\0"): b"date"}
_UNKNOWN = 0, _NONE, _NONE, _NONE, _NONE, _NONE
_MTIME_LIMIT = 2**63 - 1
_SIZE_LIMIT = 2**63 - 1


def split(path: bytes) -> tuple[bytes, bytes]:
    """Folder and name of a key or of an output."""
    folder, _, name = path.rpartition(b"/")
    return folder, name


def pack(batch: int, entries: Sequence[Entry]) -> Done:
    """Put entries into columns."""
    folders: dict[bytes, int] = {}
    elsewhere: dict[bytes, None] = {}
    rows: list[bytes] = []
    texts: list[bytes] = []
    for entry in entries:
        folder, name = split(entry.key)
        if entry.output and (other := split(entry.output)[0]) != folder:
            elsewhere[other] = None
        rows.append(_row(entry, folders.setdefault(folder, len(folders))))
        texts += _texts(entry, name)
    failed = sum(entry.word == "failed" for entry in entries)
    return Done(
        batch,
        tuple(folders),
        tuple(elsewhere),
        b"".join(rows),
        b"".join(texts),
        _ends(texts),
        failed,
        _identities(entries),
    )


def _identities(entries: Sequence[Entry]) -> bytes:
    """The column; empty where nothing is known of any of them."""
    column = b"".join(map(_identity, entries))
    return column if column.strip(b"\0") else b""


def _identity(entry: Entry) -> bytes:
    digests = entry.source, entry.photo, entry.output_digest, entry.xmp_digest, entry.proof
    return IDENTITY.pack(entry.version, *digests)


def _row(entry: Entry, folder: int) -> bytes:
    same = entry.output == entry.key
    flags = _TEMPORARY * entry.temporary + _RACY * entry.racy + _PLACED * bool(entry.output) + _SAME * same
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
        WORDS.index(entry.word),
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


def places(done: Done) -> Iterator[tuple[int, bytes]]:
    """Folder number and name of each entry, cheaply."""
    rows, texts = done.rows, done.texts
    ends = Packed(f"<{TEXTS * done.count + 1}I").unpack(done.ends)
    low, high = rows[_FOLDER_AT :: ROW.size], rows[_FOLDER_AT + 1 :: ROW.size]
    for first, second, small, large in zip(ends[:-1:TEXTS], ends[1::TEXTS], low, high, strict=True):
        yield small | large << 8, texts[first:second]


_FOLDER_AT = Packed("<QqQq").size


def unpack(done: Done, number: int) -> Entry:
    """One entry out of the columns. Raises Impossible."""
    size, mtime, output_size, output_mtime, folder, sidecar, shape, plan, word, flags = ROW.unpack_from(
        done.rows, number * ROW.size
    )
    name, a, b, c, d, end = ENDS.unpack_from(done.ends, number * TEXTS * 4)
    texts = done.texts
    if not name <= a <= b <= c <= d <= end <= len(texts) or folder >= len(done.folders) or word >= len(WORDS):
        raise Impossible("an entry outside its frame")
    parent = done.folders[folder]
    key = parent + b"/" + texts[name:a] if parent else texts[name:a]
    output = (key if flags & _SAME else texts[a:b]) if flags & _PLACED else b""
    link = b"" if flags & _PLACED else texts[a:b]
    if (output and not below(output)) or (link and not below(link)):
        raise Impossible("an output outside DEST")
    identity = IDENTITY.unpack_from(done.identity, number * IDENTITY.size) if done.identity else _UNKNOWN
    # Fields of the identity: 8 bytes, a short word, or nothing.
    source, photo, output_digest, xmp_digest, proof = [_PADDED.get(field, field) for field in identity[1:]]
    xmp_size, xmp_mtime = _XMP.unpack(texts[c:d]) if d - c == _XMP.size else (0, 0)
    return Entry(
        key,
        size,
        mtime,
        b"" if sidecar == _NONE else sidecar,
        b"" if shape == _NONE else shape,
        b"" if plan == _NONE else plan,
        WORDS[word],
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
    )


Brief = tuple[int, bytes, int, bool, int, bytes, bytes]
"""Of an entry: folder number, name, word number, conflict, size of the output (below 2**63), reason, output."""


def briefs(done: Done, numbers: Iterable[int]) -> Iterator[Brief]:
    """The same of many entries as `unpack` tells of one, but little of each; impossible ones are left out."""
    rows = list(ROW.iter_unpack(done.rows))
    ends = Packed(f"<{TEXTS * done.count + 1}I").unpack(done.ends)
    texts, folders, words = done.texts, done.folders, len(WORDS)
    parents = [folder + b"/" if folder else b"" for folder in folders]
    plain = [not folder or below(folder) for folder in folders]
    for number in numbers:
        _, _, output_size, _, folder, _, _, _, word, flags = rows[number]
        at = number * TEXTS
        name_at, a, b, c, d, end = ends[at : at + TEXTS + 1]
        if not name_at <= a <= b <= c <= d <= end <= len(texts) or folder >= len(folders) or word >= words:
            continue
        name, output = texts[name_at:a], b""
        if flags & _PLACED:
            output = parents[folder] + name if flags & _SAME else texts[a:b]
            simple = flags & _SAME and plain[folder] and name[:1] not in _ODD and not _SPECIAL(name)
            if output and not simple and not below(output):
                continue
        elif b > a and not below(texts[a:b]):  # the output that stands for a duplicate
            continue
        yield folder, name, word, flags & _CONFLICT > 0, min(output_size, _SIZE_LIMIT), texts[b:c], output


_ODD = b".", b""
_SPECIAL = re.compile(rb"[/\0]").search


def below(output: bytes) -> bool:
    """Is it a plain path below DEST: relative, no `..`, no empty component, no NUL, not our own folder?"""
    parts = output.split(b"/")
    return not (b"" in parts or b"." in parts or b".." in parts or b"\0" in output or parts[0] == b".pef-tui")
