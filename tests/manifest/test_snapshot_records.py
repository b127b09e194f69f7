"""Test how long the snapshot of a run stays valid."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifest_cases import RUN, entry, path

from pef_tui.manifest import Manifest
from pef_tui.manifest import manifest as manifest_module
from pef_tui.manifest.records import FolderListing


def sealed(tmp_path: Path) -> bytes:
    ledger = Manifest.open(str(tmp_path), read_only=True)
    try:
        return ledger.snapshot
    finally:
        ledger.release()


@pytest.mark.parametrize(
    ("then", "retained"),
    [
        (lambda ledger: ledger.close({}), b"seal"),
        (lambda ledger: ledger.close({}, b"new"), b"new"),
        (lambda ledger: ledger.release(), b"seal"),
        (lambda ledger: ledger.record_listing(FolderListing(b"x", b"listing", b"shape")), b"seal"),
        (lambda ledger: ledger.record_intent([(b"x/b", b"x/b")]), b""),
        (lambda ledger: ledger.record_batch(0, [entry(b"x/b")]), b""),
        (lambda ledger: ledger.forget([b"x/a"]), b""),
    ],
)
def test_a_seal_holds_until_something_is_recorded(tmp_path: Path, then: object, retained: bytes) -> None:
    ledger = Manifest.open(str(tmp_path), read_only=False)
    ledger.begin(RUN)
    ledger.record_batch(ledger.record_intent([(b"x/a", b"x/a")]), [entry(b"x/a")])
    ledger.close({"written": 1}, b"seal")
    assert sealed(tmp_path) == b"seal"
    ledger = Manifest.open(str(tmp_path), read_only=False)
    ledger.begin(RUN)
    assert callable(then)
    then(ledger)
    ledger.release()
    assert sealed(tmp_path) == retained


def test_a_seal_outlives_compaction_and_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_module, "COMPACT_FROM", 1)
    ledger = Manifest.open(str(tmp_path), read_only=False)
    ledger.begin(RUN)
    ledger.record_batch(
        ledger.record_intent([(b"x/a", b"x/a")]), [entry(b"x/a"), entry(b"x/b"), entry(b"x/c")]
    )
    state_before = path(tmp_path).stat().st_size
    ledger.close({"written": 1}, b"seal" * 100)
    assert sealed(tmp_path) == b"seal" * 100
    assert path(tmp_path).stat().st_size < state_before + 600
    ledger = Manifest.open(str(tmp_path), read_only=False)
    assert [closed and closed.counts for _, closed in ledger.runs] == [{"written": 1}]
    ledger.release()
    data = bytearray(path(tmp_path).read_bytes())
    data[data.index(b"written")] ^= 1
    path(tmp_path).write_bytes(data)
    assert sealed(tmp_path) == b""
