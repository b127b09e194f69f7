"""Plugins for an earlier release still work. `released/VERSION` has its example plugin, which never changes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_runs import command

from pef_tui import __version__
from pef_tui.testing import sidecar, takeout

RELEASED = sorted(path for path in (Path(__file__).parent / "released").iterdir() if path.name[0].isdigit())
PLUGINS = [
    pytest.param(path, id=f"{path.parent.name}-{path.stem}")
    for each in RELEASED
    for path in each.glob("pef_*.py")
]
LINK = "https://photos.google.com/photo/1"


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_plugin_of_an_earlier_release_does_what_it_did(plugin: Path, tmp_path: Path) -> None:
    source = takeout(
        tmp_path, {"Trip/a.jpg": sidecar("a.jpg", url=LINK), "Trip/b.jpg": sidecar("b.jpg", url=None)}
    )
    shutil.copy(plugin, tmp_path)
    config = tmp_path / "config.toml"
    has_table = "pef_settings" in plugin.read_text()
    config.write_text('[plugins.example]\ntag = "XMP-dc:Identifier"\n' if has_table else "")
    ended = command(source, "-p", str(tmp_path / plugin.name), "--config", str(config))
    assert ended.status == 0 and not [note for note in ended.summary.get("notes", ()) if "plugin" in note]
    tag = "XMP-dc:Identifier" if has_table else "XMP-dc:Source"
    assert [line["tags"].get(tag) for line in ended.media] == [LINK, None]


@pytest.mark.parametrize("folder", RELEASED, ids=lambda folder: folder.name)
def test_the_tests_of_an_earlier_release_still_pass(folder: Path) -> None:
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    run = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        str(folder),
    ]
    result = subprocess.run(
        run, cwd=folder, env=environ, capture_output=True, text=True, timeout=100, check=False
    )
    assert result.returncode == 0, result.stdout


def test_every_release_but_this_one_has_its_example() -> None:
    """The folder is made when a version is tagged (CONTRIBUTING.md, "A release")."""
    releases = (Path(__file__).parents[2] / "CHANGELOG.md").read_text().split("\n## [")[1:]
    expected = {".".join(release.split("]")[0].split(".")[:2]) for release in releases}
    assert expected <= {folder.name for folder in RELEASED}
    assert ".".join(__version__.split(".")[:2]) in {folder.name for folder in RELEASED}
