"""Define the records of the journal. The entries of files are packed in columns (`entry_columns`).

This is format 1. A new field with a default at the end of a record keeps the format. A new kind of record, or a field
that changes the meaning of other fields, needs format 2.

An entry takes about 113 bytes on the disk, and 48 bytes for the identity of its picture. Entries are packed for two
reasons: 10 million entries as msgspec Structs would need 5 GB of memory, and a frame of columns is loaded without
unpacking its entries.
"""

from __future__ import annotations

from struct import Struct as Packed

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pef_tui.errors import RunError
from pef_tui.model import MediaOutcome

VERSION = 1

OUTCOMES: tuple[MediaOutcome, ...] = (
    "written",
    "sidecar",
    "copied",
    "unmatched",
    "duplicate",
    "unchanged",
    "excluded",
    "failed",
)
"""The outcomes. The index of an outcome is its number on the disk. So add new ones only at the end."""

ROW = Packed("<QqQqH8s8s8sBB")
"""The row of an entry. Its fields: size and mtime of the source, size and mtime of the output, folder number, sidecar,
shape, plan, outcome number, flags.
"""
TEXTS = 5
IDENTITY = Packed("<Q8s8s8s8s8s")
"""The identity of an entry's picture: version; digests of source, photo, output and XMP file; proof of the match."""
TIME = Packed("<q")
"""The time of an entry's picture (`Entry.taken`); `NO_TIME` if unknown."""
NO_TIME = -(2**63)


class NewerFormat(RunError):
    """Raised if a newer version of the program wrote the manifest. The manifest then stays unchanged."""


class InvalidRecord(ValueError):
    """Raised for a record that has a correct checksum and impossible content."""


class Entry(Struct, frozen=True):
    """The record of one media file: its state when it was read, and its output."""

    key: bytes
    r"""Path of the Folder of the file, `/`, and the name of the file.

    For the n-th file of that name in the Folder, `\0n` follows.
    """
    size: int
    mtime_ns: int
    sidecar: bytes
    """Digest of the contents of the sidecar and the XMP file, 8 bytes; b"" if the file has neither."""
    shape: bytes
    """Digest of the options and plugins that determined the Plan, 8 bytes."""
    plan: bytes
    """Digest of the Plan, 8 bytes."""
    outcome: str
    """One of `OUTCOMES`."""
    reason: str = ""
    temporary: bool = False
    """Whether the file failed for a reason that may be gone in a later run."""
    output: bytes = b""
    """Path of the output below DEST; empty if the file has no output."""
    output_size: int = 0
    output_mtime_ns: int = 0
    """Modification time of the output as the disk of DEST stores it (it may round times)."""
    xmp: bool = False
    """Whether the program wrote an XMP file beside the output."""
    xmp_size: int = 0
    xmp_mtime_ns: int = 0
    racy: bool = False
    """Whether the file was very new when it was read: a later change may leave its modification time the same."""
    content: bytes = b""
    """Hash of the bytes of the file, 8 bytes; b"" unless `racy` is True."""
    conflict: bool = False
    """Whether a tag of the file had another value than its sidecar."""
    short_xmp: bool = False
    """Whether the XMP file is called `a.xmp`, not `a.jpg.xmp`."""
    proof: bytes = b""
    """Proof of a match with a sidecar of another Folder: `date`, or 8 bytes that identify a file with equal bytes.

    b"" without such a match.
    """
    version: int = 0
    """`MediaFile.version`; 0 if unknown. Records before 2026-12 lack this field and the following fields."""
    source: bytes = b""
    """Fingerprint (`pef_tui.filesystem.fingerprint`) of the source file, 8 bytes."""
    photo: bytes = b""
    """Digest of the `url` in the sidecar, 8 bytes. It identifies the photo in Google Photos."""
    output_digest: bytes = b""
    """Fingerprint of the output, 8 bytes."""
    xmp_digest: bytes = b""
    """Fingerprint of the XMP file, 8 bytes."""
    link: bytes = b""
    """For a `duplicate` without an output: the output with the same bytes, as a path below DEST. Else b""."""
    taken: int | None = None
    """Local time at which the picture was taken, by the tags of the output. Seconds since 1970, as if it were UTC.

    None if unknown, and in records before 2026-12.
    """


def keep_output(entry: Entry, previous: Entry | None) -> Entry:
    """Return `entry`, with the output of `previous` if the outcome of `entry` wrote nothing into DEST.

    `previous`: the previous entry of the same key. If a file fails or needs no work, the output of the earlier run is
    still in DEST, so it must stay recorded.
    """
    if previous is None or not previous.output or entry.outcome not in ("failed", "unchanged"):
        return entry
    if entry.outcome == "failed" and entry.output:
        return entry
    return replace(
        entry,
        output=previous.output,
        output_size=previous.output_size,
        output_mtime_ns=previous.output_mtime_ns,
        xmp=previous.xmp,
        xmp_size=previous.xmp_size,
        xmp_mtime_ns=previous.xmp_mtime_ns,
        short_xmp=previous.short_xmp,
        source=entry.source or previous.source,
        photo=entry.photo or previous.photo,
        output_digest=previous.output_digest,
        xmp_digest=previous.xmp_digest,
    )


class Intended(Struct, frozen=True, array_like=True):
    """An output that a batch intends to write, and the identity of its picture."""

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
    """Records that a run began."""

    run: str
    started_ns: int
    version: str
    shape: bytes
    options: dict[str, str] = {}
    plugins: dict[str, str] = {}
    disk: str = ""
    """What the disk of DEST does not accept, as `DiskNames.encode` returns it; "" if not tested."""


class Intent(Struct, frozen=True, array_like=True, tag="intent"):
    """Records that a batch is about to be published: key and output of each file."""

    batch: int
    items: tuple[tuple[bytes, bytes], ...]
    details: tuple[Intended | None, ...] = ()
    """One value for each item, in the same order; None if unknown. Empty in records before 2026-12."""


class BatchDone(Struct, frozen=True, array_like=True, tag="done"):
    """Records entries, packed in columns. If `batch` is not 0, the record closes the Intent of this number."""

    batch: int
    folders: tuple[bytes, ...]
    """The folders of the keys. A row refers to its folder by the index in this tuple."""
    output_folders: tuple[bytes, ...]
    """The folders of outputs that are not in the folder of their key."""
    rows: bytes
    texts: bytes
    ends: bytes
    failed: int = 0
    """Number of entries with the outcome `failed`."""
    identity: bytes = b""
    """The identities of the entries (`IDENTITY`); empty in records before 2026-12."""
    times: bytes = b""
    """The times of the pictures (`TIME`); empty if no time is known, and in records before 2026-12."""

    @property
    def count(self) -> int:
        """Number of entries."""
        return len(self.rows) // ROW.size


class EntriesForgotten(Struct, frozen=True, array_like=True, tag="forgotten"):
    """Records that the entries with these keys are removed."""

    keys: tuple[bytes, ...]


class FolderListing(Struct, frozen=True, array_like=True, tag="listed"):
    """Records that all files of a Folder are complete, with a digest of its listing.

    The listing consists of the names, sizes, modification times and versions of the files. If a later run finds the
    same digest, it need not read the JSON files of the Folder.
    """

    folder: bytes
    listing: bytes
    shape: bytes
    report: bytes = b""
    """What a run reports about the files of the Folder beyond their entries (`pef_tui.resume.folder_cache`)."""


class RunClosed(Struct, frozen=True, array_like=True, tag="closed"):
    """Records that a run ended normally."""

    ended_ns: int
    counts: dict[str, int] = {}
    snapshot: bytes = b""
    """What the next run reports if nothing changed (`pef_tui.resume.snapshot`); b"" for no new snapshot."""
    exit_code: int = -1
    """Exit code of the run; -1 in records before 2026-12."""
    stopped: str = ""
    """Why the run was stopped before its end (`Progress.stop_reason`); "" if it was not."""


Payload = RunOpened | Intent | BatchDone | EntriesForgotten | FolderListing | RunClosed

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Payload)

encode = _ENCODER.encode


def decode(data: bytes) -> Payload:
    """Decode the payload of a frame of the journal and return the record in it. Raises InvalidRecord."""
    try:
        payload: Payload = _DECODER.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRecord(str(error)) from None
    if isinstance(payload, BatchDone):
        _check(payload)
    return payload


def _check(record: BatchDone) -> None:
    count = record.count
    if len(record.rows) != count * ROW.size or len(record.ends) != (TEXTS * count + 1) * 4:
        raise InvalidRecord("columns of different lengths")
    if record.identity and len(record.identity) != count * IDENTITY.size:
        raise InvalidRecord("columns of different lengths")
    if record.times and len(record.times) != count * TIME.size:
        raise InvalidRecord("columns of different lengths")
    if int.from_bytes(record.ends[-4:], "little") != len(record.texts):
        raise InvalidRecord("texts of another length")
