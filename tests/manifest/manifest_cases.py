"""Helpers of the tests of the manifest: entries, and a manifest with some of them."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from pef_tui.manifest import Entry, Manifest, RunOpened

RUN = RunOpened("r1", 1_700_000_000_000_000_000, "1.0", b"shape123", {"existing": "fill"}, {"gps": "1"})


def entry(key: bytes, **fields: object) -> Entry:
    base = Entry(key, 10, 20, b"sidecar1", b"shape123", b"planplan", "written", output=key, output_size=11)
    return replace(base, **fields)


FIRST_FORMAT = (
    entry(b"x/a.jpg", mtime_ns=-5, output_mtime_ns=1_561_977_296_000_000_000),
    entry(
        b"x/a.jpg\x002", output=b"2019/a (2).jpg", outcome="sidecar", xmp=True, xmp_size=300, xmp_mtime_ns=7
    ),
    entry(b"\xff/\xe9.mp4", output=b"", output_size=0, outcome="failed", reason="Größe", temporary=True),
    entry(b"top.png", outcome="copied", sidecar=b"", plan=b"", racy=True, content=b"contents"),
)


def path(tmp_path: Path) -> Path:
    return tmp_path / ".pef-tui" / "manifest"


def recorded(tmp_path: Path, *entries: Entry) -> None:
    ledger = Manifest.open(str(tmp_path), read_only=False)
    ledger.begin(RUN)
    ledger.record_batch(ledger.record_intent([(row.key, row.output) for row in entries]), entries)
    ledger.close({"written": len(entries)})
