"""A manifest that is cut, flipped, repeated or says what cannot be: the next run mends it, and no file is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from exports import small
from injecting import no_exiftool
from oracle import Oracle
from running import carry_out, quick_place
from trying import tries

from pef_tui.manifest.columns import pack
from pef_tui.manifest.format import Done, Entry, Forgotten, Intent, Listed, RunOpened, encode
from pef_tui.manifest.journal import HEADER, frame

CUT_EVERY, FLIP_EVERY = 5, 7
"""Bytes."""


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with quick_place() as place:
        yield Oracle(small(place / "export"), place, "--workers", "1", before=no_exiftool)


def mended(oracle: Oracle, place: Path, manifests: list[bytes]) -> int:
    """A finished DEST with each of these manifests, and a run into it; how many."""
    faults = []
    for number, manifest in enumerate(manifests):
        out = place / f"out{number}"
        shutil.copytree(oracle.whole, out)
        (out / ".pef-tui" / "manifest").write_bytes(manifest)
        if fault := oracle.finish(out, again=number % 10 == 0):
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
    tried(mended(oracle, place, [each for each in flipped if not _newer(each)]))


def _newer(manifest: bytes) -> bool:
    """Does a flipped bit make another, higher format of it? That is refused, and another test's."""
    return manifest[: len(HEADER)] != HEADER


@tries("input", "a manifest with zeros, garbage, an old record or itself behind it, or in pieces")
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
            HEADER + b"".join(b"\xabPEF" + each for each in records if each is not record)
            for record in records
        ),
        b"pef-tui" * 100,
    ]
    tried(mended(oracle, place, spoilt))


@tries("input", "a manifest whose records are whole and say what cannot be")
def test_impossible(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    good = manifest_of(oracle)
    (place / "mine").write_bytes(b"mine")

    def entry(key: bytes, output: bytes) -> Entry:
        return Entry(key, 4, 0, b"", b"", b"", "copied", output=output, output_size=4)

    outside = (b"../mine", b"/etc/passwd", b".pef-tui/manifest", b"a\0b", b"x/../../mine", b"")
    done = pack(99, [entry(b"Trip/" + output, output) for output in outside])
    payloads = [
        encode(done),
        encode(Done(98, (b"x",), (), done.rows[:-1], done.texts, done.ends)),
        encode(Done(97, (), (), done.rows, done.texts, done.ends)),
        encode(Intent(96, tuple((b"Trip/c.avi", output) for output in outside))),
        encode(Intent(2**63, ())),
        encode(Listed(b"Trip", b"", b"", b"\xc1\xff")),
        encode(Listed(b"Trip", bytes(16), bytes(8), bytes(100))),
        encode(Forgotten((b"", b"..", b"\0", b"/" * 5000))),
        encode(RunOpened("\u202e", -(2**63), "x" * 10_000, b"", {"a": "b"})),
        b"\x93\xa4done",
        b"\x91" * 100_000,
        b"",
    ]
    manifests = [good + frame(1_000_000, payload) for payload in payloads]
    manifests.append(good + b"".join(frame(1_000_000 + at, payload) for at, payload in enumerate(payloads)))
    count = mended(oracle, place, [each for at, each in enumerate(manifests) if at not in ADDING])
    for number in ADDING:  # records of files that are not there: nothing of ours may be touched for them
        out = place / f"more{number}"
        shutil.copytree(oracle.whole, out)
        (out / ".pef-tui" / "manifest").write_bytes(manifests[number])
        assert carry_out(oracle.argv(out), no_exiftool)[0] == 0
        assert oracle.half(out) == "" and (place / "mine").read_bytes() == b"mine"
    tried(count + len(ADDING))


ADDING = (0, 2, 3, 12)


@pytest.mark.parametrize("what", ["folder", "pipe", "link"])
@tries("input", "a manifest that is a folder, a pipe or a link")
def test_no_file(oracle: Oracle, place: Path, what: str, tried: Callable[[int], None]) -> None:
    out = place / "out"
    shutil.copytree(oracle.whole, out)
    manifest = out / ".pef-tui" / "manifest"
    shutil.move(manifest, place / "kept")
    {
        "folder": manifest.mkdir,
        "pipe": lambda: os.mkfifo(manifest),
        "link": lambda: manifest.symlink_to(place / "kept"),
    }[what]()
    before = (place / "kept").read_bytes()
    for argv in (oracle.argv(out), ["--status", "--no-config", "-o", str(out)]):
        status, words, _ = carry_out(argv, no_exiftool)
        assert (
            status == 1 and "Traceback" not in words and "unexpected" not in words and words.count("\n") <= 2
        ), words
    assert (place / "kept").read_bytes() == before
    if what == "folder":
        manifest.rmdir()
    else:
        manifest.unlink()
    shutil.move(place / "kept", manifest)
    assert oracle.finish(out) == ""
    tried(1)
