"""What the journal says: its records, and the packed columns inside them.

Format 1. A new field with a default at the end of a record is still format 1; a new kind of record, or a field that
changes what others mean, is format 2. Entries are packed (about 105 bytes each on disk, and 48 that tell pictures of
one path apart) because a msgspec Struct for each of 10 million would need 5 GB, and because a frame of columns loads
without looking at its entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from struct import Struct as Packed

import msgspec
from msgspec import Struct

from pef_tui.errors import RunError
from pef_tui.model import MediaOutcome

VERSION = 1

WORDS: tuple[MediaOutcome, ...] = (
    "written",
    "sidecar",
    "copied",
    "unmatched",
    "duplicate",
    "unchanged",
    "excluded",
    "failed",
)
"""Outcome words by their number on disk: only ever added to, at the end."""

_TEMPORARY, _RACY, _PLACED, _SAME, _CONFLICT, _SHORT_XMP = 1, 2, 4, 8, 16, 32

ROW = Packed("<QqQqH8s8s8sBB")
"""One entry: size, mtime, output size, output mtime, folder number, sidecar, shape, plan, word, flags."""
ENDS = Packed("<6I")
"""Where an entry's five texts begin and end: name, output, reason, XMP stat, content."""
TEXTS = 5
IDENTITY = Packed("<Q8s8s8s8s8s")
"""What tells one entry's picture from any other: version, source, photo, output, XMP file; and what a join rests on."""
_XMP = Packed("<Qq")
_NONE = bytes(8)
_PADDED = {_NONE: b"", b"date".ljust(8, b"\0"): b"date"}
_UNKNOWN = 0, _NONE, _NONE, _NONE, _NONE, _NONE
_MTIME_LIMIT = 2**63 - 1
_SIZE_LIMIT = 2**63 - 1


class NewerFormat(RunError):
    """The manifest was written by a newer version; it is left as it is."""


class Impossible(ValueError):
    """A record whose checksum is right says what cannot be."""


class Entry(Struct, frozen=True):
    """What is known of one media file: how it was found, and what was put where."""

    key: bytes
    """Path of its Folder, `/`, its name; the n-th file of that name in the Folder has `\\0n` behind."""
    size: int
    mtime_ns: int
    sidecar: bytes
    """8 bytes that tell its JSON (name, size, time) from any other; empty without one."""
    shape: bytes
    """8 bytes: the options and plugins that shaped the Plan."""
    plan: bytes
    """8 bytes: what the Plan said."""
    word: str
    """The outcome."""
    reason: str = ""
    temporary: bool = False
    """A failure that may pass."""
    output: bytes = b""
    """Path below DEST; empty when nothing was put there."""
    output_size: int = 0
    output_mtime_ns: int = 0
    """As the disk of DEST has it."""
    xmp: bool = False
    """Is there an XMP file of ours at output + `.xmp`?"""
    xmp_size: int = 0
    xmp_mtime_ns: int = 0
    racy: bool = False
    """The file was so young when it was looked at that a change may not show in its time."""
    content: bytes = b""
    """8 bytes: hash of the file's bytes; kept where `racy`."""
    conflict: bool = False
    """Did the file say something else than its sidecar?"""
    short_xmp: bool = False
    """Is the XMP file called `a.xmp`, not `a.jpg.xmp`?"""
    proof: bytes = b""
    """What a join with a sidecar of another Folder rests on: `date`, or 8 bytes for the file with equal bytes."""
    version: int = 0
    """`MediaFile.version` of the file; 0 where unknown, as in records before 2026-12. So are those that follow."""
    source: bytes = b""
    """8 bytes: fingerprint (`pef_tui.fingerprint`) of the file's bytes."""
    photo: bytes = b""
    """8 bytes: which photo its sidecar is of, by the `url` in it."""
    output_digest: bytes = b""
    """8 bytes: fingerprint of the output."""
    xmp_digest: bytes = b""
    """8 bytes: fingerprint of the XMP file."""
    link: bytes = b""
    """Of a `duplicate` without an output of its own: the output that stands for it, as a path below DEST."""


class Intended(Struct, frozen=True, array_like=True):
    """What an Intent is about to put at one output, and of which picture."""

    output: bytes
    output_size: int
    output_mtime_ns: int
    output_digest: bytes
    source: bytes
    photo: bytes
    xmp: bool = False
    xmp_size: int = 0
    xmp_mtime_ns: int = 0
    xmp_digest: bytes = b""
    short_xmp: bool = False


class RunOpened(Struct, frozen=True, array_like=True, tag="run"):
    """A run began."""

    run: str
    started_ns: int
    version: str
    shape: bytes
    options: dict[str, str] = {}
    plugins: dict[str, str] = {}


class Intent(Struct, frozen=True, array_like=True, tag="intent"):
    """A batch is about to be put into DEST: key and output of each file."""

    batch: int
    items: tuple[tuple[bytes, bytes], ...]
    details: tuple[Intended | None, ...] = ()
    """Of each item, where known; empty in records before 2026-12."""


class Done(Struct, frozen=True, array_like=True, tag="done"):
    """Entries, in columns; those of a batch close its Intent. Batch 0 stands for none."""

    batch: int
    folders: tuple[bytes, ...]
    """The folders of the keys; a row names its folder by number."""
    elsewhere: tuple[bytes, ...]
    """The folders of outputs that lie in another folder than their key."""
    rows: bytes
    texts: bytes
    ends: bytes
    failed: int = 0
    """How many of the entries say `failed`."""
    identity: bytes = b""
    """Of each entry (`IDENTITY`); empty in records before 2026-12."""

    @property
    def count(self) -> int:
        """How many entries."""
        return len(self.rows) // ROW.size


class Forgotten(Struct, frozen=True, array_like=True, tag="forgotten"):
    """Entries that no longer count."""

    keys: tuple[bytes, ...]


class Listed(Struct, frozen=True, array_like=True, tag="listed"):
    """A Folder all of whose files are settled, and the digest of its listing then."""

    folder: bytes
    listing: bytes
    shape: bytes
    told: bytes = b""
    """What a run tells of its files beyond their entries (`pef_tui.run.listings`)."""


class RunClosed(Struct, frozen=True, array_like=True, tag="closed"):
    """A run ended by itself."""

    ended_ns: int
    counts: dict[str, int] = {}
    seal: bytes = b""
    """What a later run that finds everything as it was is to tell (`pef_tui.run.seal`)."""


Payload = RunOpened | Intent | Done | Forgotten | Listed | RunClosed

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Payload)

encode = _ENCODER.encode


def decode(data: bytes) -> Payload:
    """The record in a frame. Raises Impossible."""
    try:
        payload: Payload = _DECODER.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Impossible(str(error)) from None
    if isinstance(payload, Done):
        _check(payload)
    return payload


def _check(done: Done) -> None:
    count = done.count
    if len(done.rows) != count * ROW.size or len(done.ends) != (TEXTS * count + 1) * 4:
        raise Impossible("columns of different lengths")
    if done.identity and len(done.identity) != count * IDENTITY.size:
        raise Impossible("columns of different lengths")
    if int.from_bytes(done.ends[-4:], "little") != len(done.texts):
        raise Impossible("texts of another length")


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


def _digest(field: bytes) -> bytes:
    """A field of the identity: 8 bytes, a short word, or nothing."""
    return _PADDED.get(field, field)


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
    version, source, photo, output_digest, xmp_digest, proof = identity
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
        _digest(proof),
        version,
        _digest(source),
        _digest(photo),
        _digest(output_digest),
        _digest(xmp_digest),
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
        yield folder, name, word, flags & _CONFLICT > 0, min(output_size, _SIZE_LIMIT), texts[b:c], output


_ODD = b".", b""
_SPECIAL = re.compile(rb"[/\0]").search


def below(output: bytes) -> bool:
    """Is it a plain path below DEST: relative, no `..`, no empty component, no NUL, not our own folder?"""
    parts = output.split(b"/")
    return not (b"" in parts or b"." in parts or b".." in parts or b"\0" in output or parts[0] == b".pef-tui")
