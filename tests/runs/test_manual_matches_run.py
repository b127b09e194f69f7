"""A sidecar that the decisions file assigns, with the command."""

from __future__ import annotations

import json
from pathlib import Path

from commands import lines_of, media_by_name, run_apart

from pef_tui.testing.export import sidecar, takeout


def test_a_sidecar_given_by_hand_goes_before_every_rule(tmp_path: Path) -> None:
    export = takeout(
        tmp_path / "Takeout",
        {
            "Photos from 2019/scan.jpg": None,
            "Photos from 2019/old.jpg": sidecar("old.jpg", taken=1_500_000_000),
        },
    )
    folder = next(path.parent for path in export.rglob("scan.jpg"))
    (folder / "Aunt Mary.json").write_text(json.dumps(sidecar("Aunt Mary", taken=-1_000_000_000)))
    decisions = tmp_path / "decisions.json"
    rule = {"file": "Photos from 2019/scan.jpg", "sidecar": "Aunt Mary.json"}
    decisions.write_text(json.dumps({"decisions": [rule]}))
    result = run_apart(export, tmp_path / "out", "--decisions", str(decisions))
    assert result.returncode == 0, result.stderr.decode()
    report = media_by_name(lines_of(result))
    assert report["scan.jpg"]["rule"] == "by-hand"
    assert report["scan.jpg"]["sidecar"].endswith("/Aunt Mary.json")
    assert report["scan.jpg"]["taken"].startswith("1938-04-24")
    assert report["old.jpg"]["rule"] == "exact"
