"""A sidecar given by hand in the decisions file, through the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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
    command = [sys.executable, "-m", "pef_tui", "--batch", "--json", "--no-config", str(export)]
    command += ["-o", str(tmp_path / "out"), "--decisions", str(decisions)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    told = {line["source"].rpartition("/")[2]: line for line in lines if line["type"] == "media"}
    assert told["scan.jpg"]["rule"] == "by-hand"
    assert told["scan.jpg"]["sidecar"].endswith("/Aunt Mary.json")
    assert told["scan.jpg"]["taken"].startswith("1938-04-24")
    assert told["old.jpg"]["rule"] == "exact"
