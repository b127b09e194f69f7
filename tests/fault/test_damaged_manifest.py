"""Cut a manifest, flip its bits, repeat its records or use impossible values. The next run repairs it and loses no
file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_counts import tries
from fault_exports import small
from fault_injection import no_exiftool
from forked_runs import carry_out, quick_place
from run_oracle import Oracle

from pef_tui.manifest.entry_columns import pack_entries
from pef_tui.manifest.journal import HEADER, frame
from pef_tui.manifest.records import (
    BatchDone,
    EntriesForgotten,
    Entry,
    FolderListing,
    Intent,
    RunOpened,
    encode,
)

CUT_EVERY, FLIP_EVERY = 5, 7
"""Size in bytes."""


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with quick_place() as place:
        yield Oracle(small(place / "export"), place, "--workers", "1", prepare=no_exiftool)


def mended(oracle: Oracle, place: Path, manifests: list[bytes]) -> int:
    """For each of these manifests, put it into a finished DEST and run again. Return the number of manifests."""
    faults = []
    for number, manifest in enumerate(manifests):
        out = place / f"out{number}"
        shutil.copytree(oracle.whole, out)
        (out / ".pef-tui" / "manifest").write_bytes(manifest)
        if fault := oracle.finish(out, repeat=number % 10 == 0):
            faults.append((number, fault))
        shutil.rmtree(out)
    assert not faults
    return len(manifests)


def manifest_of(oracle: Oracle) -> bytes:
    return (oracle.whole / ".pef-tui" / "manifest").read_bytes()


@pytest.mark.timeout(1200)
@tries("input", "a manifest that ends anywhere")
def test_cut(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    good = manifest_of(oracle)
    tried(mended(oracle, place, [good[:end] for end in range(0, len(good), CUT_EVERY)]))


@pytest.mark.timeout(1200)
@tries("input", "a manifest with a bit flipped anywhere")
def test_flipped(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    good = manifest_of(oracle)
    places = range(0, len(good), FLIP_EVERY)
    flipped = [good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :] for at in places]
    tried(mended(oracle, place, [item for item in flipped if not _newer(item)]))


def _newer(manifest: bytes) -> bool:
    """Return whether a flipped bit states a newer format. Such a manifest is refused, which another test covers."""
    return manifest[: len(HEADER)] != HEADER


@tries("input", "a manifest followed by zeros, garbage, an old record or itself, or in pieces")
def test_spoilt(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    good = manifest_of(oracle)
    records = good[len(HEADER) :].split(b"\xabPEF")[1:]
    spoilt = [
        *(good + bytes(count) for count in (1, 3, 512, 4096)),
        good + os.urandom(1000),
        *(good + b"\xabPEF" + record for record in records),
        good + good,
        HEADER + good,
        HEADER + b"".join(b"\xabPEF" + record for record in reversed(records)),
        *(
            HEADER + b"".join(b"\xabPEF" + one_record for one_record in records if one_record is not record)
            for record in records
        ),
        b"pef-tui" * 100,
    ]
    tried(mended(oracle, place, spoilt))


@tries("input", "a manifest of complete records with impossible values")
def test_impossible(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    good = manifest_of(oracle)
    (place / "mine").write_bytes(b"mine")

    def entry(key: bytes, output: bytes) -> Entry:
        return Entry(key, 4, 0, b"", b"", b"", "copied", output=output, output_size=4)

    outside = (b"../mine", b"/etc/passwd", b".pef-tui/manifest", b"a\0b", b"x/../../mine", b"")
    batch = pack_entries(99, [entry(b"Trip/" + output, output) for output in outside])
    payloads = [
        encode(batch),
        encode(BatchDone(98, (b"x",), (), batch.rows[:-1], batch.texts, batch.ends)),
        encode(BatchDone(97, (), (), batch.rows, batch.texts, batch.ends)),
        encode(Intent(96, tuple((b"Trip/c.avi", output) for output in outside))),
        encode(Intent(2**63, ())),
        encode(FolderListing(b"Trip", b"", b"", b"\xc1\xff")),
        encode(FolderListing(b"Trip", bytes(16), bytes(8), bytes(100))),
        encode(EntriesForgotten((b"", b"..", b"\0", b"/" * 5000))),
        encode(RunOpened("\u202e", -(2**63), "x" * 10_000, b"", {"a": "b"})),
        b"\x93\xa4done",
        b"\x91" * 100_000,
        b"",
    ]
    manifests = [good + frame(1_000_000, payload) for payload in payloads]
    manifests.append(good + b"".join(frame(1_000_000 + at, payload) for at, payload in enumerate(payloads)))
    count = mended(oracle, place, [item for at, item in enumerate(manifests) if at not in ADDING])
    for number in ADDING:  # records of files that do not exist: no output may be changed because of them
        out = place / f"more{number}"
        shutil.copytree(oracle.whole, out)
        (out / ".pef-tui" / "manifest").write_bytes(manifests[number])
        assert carry_out(oracle.argv(out), no_exiftool)[0] == 0
        assert oracle.half(out) == "" and (place / "mine").read_bytes() == b"mine"
    tried(count + len(ADDING))


ADDING = (0, 2, 3, 12)


@pytest.mark.parametrize("kind", ["folder", "pipe", "link"])
@tries("input", "a manifest that is a folder, a pipe or a link")
def test_no_file(oracle: Oracle, place: Path, kind: str, tried: Callable[[int], None]) -> None:
    out = place / "out"
    shutil.copytree(oracle.whole, out)
    manifest = out / ".pef-tui" / "manifest"
    shutil.move(manifest, place / "kept")
    if kind == "folder":
        manifest.mkdir()
    elif kind == "pipe":
        os.mkfifo(manifest)
    else:
        manifest.symlink_to(place / "kept")
    bytes_before = (place / "kept").read_bytes()
    for argv in (oracle.argv(out), ["--status", "--no-config", "-o", str(out)]):
        status, words, _ = carry_out(argv, no_exiftool)
        assert (
            status == 1 and "Traceback" not in words and "unexpected" not in words and words.count("\n") <= 2
        ), words
    assert (place / "kept").read_bytes() == bytes_before
    if kind == "folder":
        manifest.rmdir()
    else:
        manifest.unlink()
    shutil.move(place / "kept", manifest)
    assert oracle.finish(out) == ""
    tried(1)
