import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct

import pef_tui
from pef_tui import hooks, model, settings, xmp
from pef_tui.model import Match, MediaFile, Sidecar
from pef_tui.plugins.calls import HOOK_TYPES
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Notes
from pef_tui.settings import Settings

SAMPLE = """
from pef_tui import Match, TagEdit, TagMapper, hookimpl

@hookimpl
def pef_tag_mappers():
    yield TagMapper("photos-link", photos_link)

def photos_link(match: Match):
    if match.sidecar and match.sidecar.url:
        yield TagEdit("XMP-dc:Source", match.sidecar.url)
"""


def test_a_whole_plugin_is_ten_lines(tmp_path: Path) -> None:
    (tmp_path / "photos_link.py").write_text(SAMPLE)
    chosen = Settings(plugin=(str(tmp_path / "photos_link.py"), "no:tags"))
    host = PluginHost(chosen, entry_points=())
    notes = Notes()
    [edit] = host.tag_mapper(notes)(
        Match(MediaFile(0, "a.jpg", 1, 0), "", Sidecar(url="https://example.org/1"))
    )
    assert (edit.tag, edit.value, edit.mapper) == ("XMP-dc:Source", "https://example.org/1", "photos-link")
    assert notes == []


def test_every_type_of_a_field_is_exported_too() -> None:
    known_values = {
        name for module in (hooks, model) for name, item in vars(module).items() if is_struct(item)
    }
    for name in known_values & set(pef_tui.__all__):
        for annotation in getattr(pef_tui, name).__annotations__.values():
            assert set(re.findall(r"\w+", annotation)) & known_values <= set(pef_tui.__all__), name


def is_struct(item: object) -> bool:
    return isinstance(item, type) and issubclass(item, Struct) and item is not Struct


MODULES = hooks, model, settings, xmp


def test_every_exported_name_is_there_and_every_registration_is_exported() -> None:
    for name in pef_tui.__all__:
        existing = next(vars(module)[name] for module in MODULES if name in vars(module))
        assert getattr(pef_tui, name) is existing
    assert {type.__name__ for type in HOOK_TYPES.values()} <= set(pef_tui.__all__)
    with pytest.raises(AttributeError):
        getattr(pef_tui, "nothing")  # noqa: B009


def test_every_hook_has_its_type() -> None:
    assert set(HOOK_TYPES) == {name for name in vars(hooks.Hooks) if name.startswith("pef_")}


def check_types(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / "cache"), name],
        cwd=folder,
        env={"MYPYPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=110,
    )


def test_the_types_of_the_reference_are_exported() -> None:
    page = (Path(__file__).parents[2] / "docs/reference.md").read_text()
    types = re.findall(r"^\| `[^`]+` \| `([^`]+)` \|", page, re.M)
    names = {name for text in types for name in re.findall(r"\b[A-Z]\w+", re.sub("'[^']*'", "", text))}
    general = {
        "Callable",
        "Executor",
        "Iterable",
        "Iterator",
        "Literal",
        "None",
        "Sequence",
        "Struct",
        "UnsetType",
    }
    assert len(names) > 20 and names - general <= set(pef_tui.__all__)
    assert set(re.findall(r"^### `(\w+)`$", page, re.M)) == set(pef_tui.__all__)


def test_unknown_names_are_errors_to_a_type_checker_and_matchers_open_every_file(tmp_path: Path) -> None:
    (tmp_path / "plugin.py").write_text(
        "from collections.abc import Iterator\n"
        "from pef_tui import Folder, Match, Matcher, OpenFile, Value, hookimpl\n"
        "def match(folder: Folder, open_file: OpenFile) -> Iterator[Match]:\n"
        "    for json in folder.json:\n"
        "        open_file(json).close()\n"
        "    for media in folder.media:\n"
        "        open_file(media).close()\n"
        "    yield from ()\n"
        "value: Value = 'x'\n"
        "matcher = Matcher('m', match, reads=True)\n"
        "from pef_tui import TagEditor\n"
    )
    result = check_types(tmp_path, "plugin.py")
    errors = [line for line in result.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 1 and 'no attribute "TagEditor"' in errors[0], result.stdout


def test_the_sample_holds_under_strict_types(tmp_path: Path) -> None:
    typed = SAMPLE.replace("():", "() -> Iterator[TagMapper]:").replace(
        "Match):", "Match) -> Iterator[TagEdit]:"
    )
    (tmp_path / "typed.py").write_text("from collections.abc import Iterator\n" + typed)
    result = check_types(tmp_path, "typed.py")
    assert result.returncode == 0, result.stdout + result.stderr
