"""The samples on the pages work: Python code runs, commands run on a small export, TOML is accepted."""

import importlib.util
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import doc_commands
import pytest

import pef_tui
from pef_tui import hooks
from pef_tui.config import load
from pef_tui.plugins.calls import HOOK_TYPES
from pef_tui.testing import plugin_host, run_plugin, sidecar, takeout
from tools import reference

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))


def blocks(page: Path, *languages: str) -> list[tuple[str, str]]:
    """Return title and text of each block of a page."""
    return [(block.title, block.text) for block in doc_commands.blocks(page) if block.language in languages]


def module_of(text: str, path: Path) -> ModuleType:
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


SAMPLES = [
    pytest.param(page, text, title or "sample.py", id=f"{page.stem}-{number}")
    for page in PAGES
    for number, (title, text) in enumerate(blocks(page, "python"))
]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    known_values = set(sys.modules)
    yield
    for name in set(sys.modules) - known_values:
        if name.startswith(("sample", "pef_tui_photos")):
            del sys.modules[name]


@pytest.mark.parametrize(("page", "text", "title"), SAMPLES)
def test_python_runs_as_a_plugin(page: Path, text: str, title: str, tmp_path: Path) -> None:
    if "def test_" in text:
        [(name, plugin)] = [pair for pair in blocks(page, "python") if pair[0]]
        (tmp_path / name).write_text(plugin)
        (tmp_path / "test_sample.py").write_text(text)
        result = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "--rootdir",
                ".",
                "test_sample.py",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert result.returncode == 0, result.stdout
        return
    module = module_of(text, tmp_path / title)
    host = plugin_host(module)
    hooks_of_it = next(plugin.hooks for plugin in host.plugins if plugin.origin == "installed")
    for hook in hooks_of_it:
        assert [name for name, _ in host.collect(hook) if name == host.plugins[-1].name]
    files = {
        "Trip/a.jpg": sidecar("a.jpg", url="x", archived=True, googlePhotosOrigin={"fromPartnerSharing": {}}),
        "Trip/b.gif": sidecar("b.gif", taken=None, description="a text"),
        "Trip/c.jpg": None,
        "Trip/dates.txt": b"c.jpg 1561977296\n",
    }
    executor = "pool" if "pef_executors" in hooks_of_it else "threads"
    ran = run_plugin(tmp_path, module, files, timezone="UTC", executor=executor)
    assert not [note for note in ran.notes if "plugin" in note]
    assert (ran.media["a.jpg"].outcome == "excluded") is ("pef_filters" in hooks_of_it)
    if "pef_matchers" in hooks_of_it:
        assert ran.media["c.jpg"].outcome == "written"
    if "pef_writers" in hooks_of_it:
        assert ran.media["b.gif"].writer == "gif-comment"
        assert b"!\xfe\x06a text\0;" in (ran.output / "Trip/b.gif").read_bytes()
    if "pef_scanners" in hooks_of_it:
        inputs = [str(path) for path in tmp_path.glob("Takeout/*/Trip/a.*")]
        (tmp_path / "some.list").write_text("\n".join([*inputs, "/nothing"]))
        listing = run_plugin(
            tmp_path / "listed", module, source=tmp_path / "some.list", timezone="UTC"
        ).media["a.jpg"]
        assert len(inputs) == 2 and (listing.outcome, listing.output) == ("written", "Listed/a.jpg")


TOML = [
    pytest.param(text, title, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, (title, text) in enumerate(blocks(page, "toml"))
]


@pytest.mark.parametrize(("text", "title"), TOML)
def test_toml_is_what_it_seems(text: str, title: str, tmp_path: Path) -> None:
    table = tomllib.loads(text)
    if title == "pyproject.toml":
        assert table["project"]["entry-points"]["pef_tui"]
    elif "decisions" in table:
        assert {decision["choice"] for decision in table["decisions"]} <= {"keep", "google"}
    else:
        (tmp_path / "config.toml").write_text(text)
        load({}, {}, str(tmp_path / "config.toml"))


def test_every_hook_is_documented_with_its_exact_arguments_and_shown() -> None:
    text = (ROOT / "docs/reference.md").read_text()
    displayed = "\n".join(sample for _, sample in blocks(ROOT / "docs/plugins.md", "python"))
    for name in HOOK_TYPES:
        arguments = ", ".join(getattr(hooks.Hooks, name).__code__.co_varnames[1:])
        assert f"### `{name}({arguments})`" in text
        assert f"def {name}(" in displayed


def test_every_type_and_field_is_documented() -> None:
    text = reference.reference()
    assert (ROOT / "docs/reference.md").read_text() == text, "is not current: make generated"
    for name in pef_tui.__all__:
        assert f"### `{name}`" in text
    assert not re.findall(r"^\| `.*\|  \|$", text, re.M)


def test_a_field_needs_a_docstring_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    source = inspect.getsource(hooks).replace('"""Struct that defines the keys of the table.', '# """', 1)
    module = SimpleNamespace(source=source)
    monkeypatch.setattr(reference, "hooks", module)
    read = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda each: getattr(each, "source", None) or read(each))
    with pytest.raises(ValueError, match=r"SettingsTable\.type has no docstring"):
        reference.reference()


@pytest.mark.exiftool
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    """Make a distribution from the text of the page, install it with pip, find it in --plugins, and read its tag
    back.
    """
    if shutil.which("exiftool") is None and not os.environ.get("CI"):
        pytest.skip("no ExifTool")
    folder = tmp_path / "plugin"
    folder.mkdir()
    for title, text in blocks(ROOT / "docs/plugins.md", "python", "toml"):
        if title:
            (folder / title).write_text(text)
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--no-build-isolation", "--no-deps", "--target"]
    subprocess.run([*pip, str(tmp_path / "site"), str(folder)], check=True, capture_output=True, timeout=100)
    takeout(tmp_path, {"Trip/a.jpg": sidecar("a.jpg", url="https://example.org/1")})
    environ = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "XDG_CONFIG_HOME": str(tmp_path)}
    environ.pop("PEF_TUI_LOAD_PLUGINS", None)

    def command(*words: str) -> str:
        run = [sys.executable, "-m", "pef_tui", "--json", *words]
        return subprocess.run(
            run, env=environ, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    listing = [json.loads(line) for line in command("--plugins").splitlines()]
    [foreign] = [line for line in listing if line.get("name") == "photos-link"]
    assert (foreign["state"], foreign["distribution"], foreign["version"]) == (
        "loaded",
        "pef-tui-photos-link",
        "1.0",
    )
    command("--batch", "Takeout", "-o", "Photos")
    content = subprocess.run(
        ["exiftool", "-s3", "-XMP-dc:Source", "Photos/Trip/a.jpg"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert content.stdout.strip() == "https://example.org/1"


def test_a_plugin_holds_under_strict_types_against_the_package(tmp_path: Path) -> None:
    names = ("people", "avi")
    for name in names:
        shutil.copy(ROOT / f"plugins/pef-tui-{name}/pef_tui_{name}.py", tmp_path)
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--cache-dir",
            str(tmp_path / "cache"),
            *(f"pef_tui_{name}.py" for name in names),
        ],
        cwd=tmp_path,
        env={"MYPYPATH": str(ROOT), "PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert result.returncode == 0, result.stdout + result.stderr
