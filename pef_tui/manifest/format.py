"""What the journal says: its records. Entries are packed in columns (`columns`).

Format 1. A new field with a default at the end of a record is still format 1; a new kind of record, or a field that
changes what others mean, is format 2. Entries are packed (about 105 bytes each on disk, and 48 that tell pictures of
one path apart) because a msgspec Struct for each of 10 million would need 5 GB, and because a frame of columns loads
without looking at its entries.
"""

from __future__ import annotations

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

ROW = Packed("<QqQqH8s8s8sBB")
"""One entry: size, mtime, output size, output mtime, folder number, sidecar, shape, plan, word, flags."""
TEXTS = 5
IDENTITY = Packed("<Q8s8s8s8s8s")
"""What tells one entry's picture from any other: version, source, photo, output, XMP file; and what a join rests on."""


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
    disk: str = ""
    """What the disk of DEST does not take (`DiskNames.noted`); empty where it was not tried."""


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
