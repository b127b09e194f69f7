"""`make changelog` moves the files of `changelog.d/` into `CHANGELOG.md`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_fragments_become_a_section_above_the_earlier_ones(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    fragments = tmp_path / "changelog.d"
    fragments.mkdir()
    shutil.copy(ROOT / "changelog.d/README.md", fragments)
    (fragments / "17.added.md").write_text("`--new` is new.\n")
    (fragments / "+lock.fixed.md").write_text("The lock is free again.\n")
    before = (tmp_path / "CHANGELOG.md").read_text()
    command = [
        sys.executable,
        "-m",
        "towncrier",
        "build",
        "--version",
        "9.8.7",
        "--date",
        "2030-01-02",
        "--yes",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    head, marker, earlier = before.partition("<!-- releases -->\n")
    after = (tmp_path / "CHANGELOG.md").read_text()
    assert after.startswith(head + marker) and after.endswith(earlier.lstrip("\n"))
    section = after.removeprefix(head + marker).removesuffix(earlier.lstrip("\n"))
    assert re.sub(r"\n+", "\n", section.strip()) == (
        "## 9.8.7 - 2030-01-02\n### Added\n- `--new` is new. (#17)\n### Fixed\n- The lock is free again."
    )
    assert [path.name for path in fragments.iterdir()] == ["README.md"]


def test_every_file_of_changelog_d_has_a_kind_that_is_shown() -> None:
    for path in (ROOT / "changelog.d").iterdir():
        assert path.name == "README.md" or re.fullmatch(r"(\d+|\+.+)\.(changed|added|fixed)\.md", path.name)
