"""How long the seal of a run holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_cases import RUN, entry, path

from pef_tui.manifest import Ledger
from pef_tui.manifest import ledger as ledger_module
from pef_tui.manifest.format import Listed


def sealed(tmp_path: Path) -> bytes:
    ledger = Ledger.open(str(tmp_path), read_only=True)
    try:
        return ledger.seal
    finally:
        ledger.release()


@pytest.mark.parametrize(
    ("then", "kept"),
    [
        (lambda ledger: ledger.close({}), b"seal"),
        (lambda ledger: ledger.close({}, b"new"), b"new"),
        (lambda ledger: ledger.release(), b"seal"),
        (lambda ledger: ledger.listed(Listed(b"x", b"listing", b"shape")), b"seal"),
        (lambda ledger: ledger.intend([(b"x/b", b"x/b")]), b""),
        (lambda ledger: ledger.done(0, [entry(b"x/b")]), b""),
        (lambda ledger: ledger.forget([b"x/a"]), b""),
    ],
)
def test_a_seal_holds_until_something_is_recorded(tmp_path: Path, then: object, kept: bytes) -> None:
    ledger = Ledger.open(str(tmp_path), read_only=False)
    ledger.begin(RUN)
    ledger.done(ledger.intend([(b"x/a", b"x/a")]), [entry(b"x/a")])
    ledger.close({"written": 1}, b"seal")
    assert sealed(tmp_path) == b"seal"
    ledger = Ledger.open(str(tmp_path), read_only=False)
    ledger.begin(RUN)
    assert callable(then)
    then(ledger)
    ledger.release()
    assert sealed(tmp_path) == kept


def test_a_seal_outlives_compaction_and_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "COMPACT_FROM", 1)
    ledger = Ledger.open(str(tmp_path), read_only=False)
    ledger.begin(RUN)
    ledger.done(ledger.intend([(b"x/a", b"x/a")]), [entry(b"x/a"), entry(b"x/b"), entry(b"x/c")])
    before = path(tmp_path).stat().st_size
    ledger.close({"written": 1}, b"seal" * 100)
    assert sealed(tmp_path) == b"seal" * 100
    assert path(tmp_path).stat().st_size < before + 600
    ledger = Ledger.open(str(tmp_path), read_only=False)
    assert [closed and closed.counts for _, closed in ledger.runs] == [{"written": 1}]
    ledger.release()
    data = bytearray(path(tmp_path).read_bytes())
    data[data.index(b"written")] ^= 1
    path(tmp_path).write_bytes(data)
    assert sealed(tmp_path) == b""
