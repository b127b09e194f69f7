"""What the pages show works: Python runs, commands run on a small export, TOML is accepted."""

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import pef_tui
from pef_tui import hooks, reference
from pef_tui.cli import main
from pef_tui.config import load
from pef_tui.guard import YIELDS
from pef_tui.testing import plugin_host, run_plugin, sidecar, takeout

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^( *)```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^ *```$", re.S | re.M)


def blocks(page: Path, *languages: str) -> list[tuple[str, str]]:
    """Title and text of the blocks of a page."""
    found = BLOCK.findall(page.read_text())
    return [
        (title, re.sub(rf"(?m)^{indent}", "", text))
        for indent, name, title, text in found
        if name in languages
    ]


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
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        if name.startswith(("sample", "pef_tui_photos")):
            del sys.modules[name]


@pytest.mark.parametrize(("page", "text", "title"), SAMPLES)
def test_python_runs_as_a_plugin(page: Path, text: str, title: str, tmp_path: Path) -> None:
    if "def test_" in text:
        [(name, plugin)] = [pair for pair in blocks(page, "python") if pair[0]]
        (tmp_path / name).write_text(plugin)
        (tmp_path / "test_sample.py").write_text(text)
        done = subprocess.run(
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
        assert done.returncode == 0, done.stdout
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
    assert (ran.media["a.jpg"].word == "excluded") is ("pef_filters" in hooks_of_it)
    if "pef_matchers" in hooks_of_it:
        assert ran.media["c.jpg"].word == "written"
    if "pef_writers" in hooks_of_it:
        assert ran.media["b.gif"].writer == "gif-comment"
        assert b"!\xfe\x06a text\0;" in (ran.output / "Trip/b.gif").read_bytes()
    if "pef_scanners" in hooks_of_it:
        given = [str(path) for path in tmp_path.glob("Takeout/*/Trip/a.*")]
        (tmp_path / "some.list").write_text("\n".join([*given, "/nothing"]))
        listed = run_plugin(tmp_path / "listed", module, source=tmp_path / "some.list", timezone="UTC").media[
            "a.jpg"
        ]
        assert len(given) == 2 and (listed.word, listed.output) == ("written", "Listed/a.jpg")


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
        assert {each["choice"] for each in table["decisions"]} <= {"keep", "google"}
    else:
        (tmp_path / "config.toml").write_text(text)
        load({}, {}, str(tmp_path / "config.toml"))


def commands(page: Path) -> list[str]:
    """Commands that can be run here: not those that only show a form, or need another program."""
    lines = [line.strip() for _, text in blocks(page, "") for line in text.splitlines()]
    lines = [re.split(r"\s{3,}|\s[|>]\s", line)[0] for line in lines if re.match(r"\s*pef-tui\s", line)]
    forms = re.compile(r"\.\.\.|SOURCE|DEST|/volume|/data|\[|RUN")
    return [line for line in dict.fromkeys(lines) if "-" in line and not forms.search(line)]


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.stem)
def test_commands_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"Photos from 2019/a.jpg": sidecar("a.jpg", place=(48.2, 16.37)), "Trip/b.gif": sidecar("b.gif")}
    takeout(tmp_path, files)
    takeout(tmp_path / "more", {"Photos from 2020/c.jpg": sidecar("c.jpg")}).rename(tmp_path / "Takeout-2")
    shutil.make_archive(str(tmp_path / "takeout-20240101T000000Z-001"), "zip", tmp_path, "Takeout-2")
    for name, plugin in blocks(ROOT / "docs/plugins.md", "python"):
        if name:
            (tmp_path / name).write_text(plugin)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("PEF_TUI_LOAD_PLUGINS", "")
    for line in commands(page):
        words = shlex.split(line)[1:]
        shown = {
            "--batch",
            "--doctor",
            "--plugins",
            "--status",
            "--show-config",
            "--completion",
            "--undo",
            "--forget",
        }
        if not shown & set(words):
            continue  # opens screens
        assert main(words) == 0, line


def test_every_hook_is_documented_with_its_exact_arguments_and_shown() -> None:
    text = (ROOT / "docs/reference.md").read_text()
    shown = "\n".join(sample for _, sample in blocks(ROOT / "docs/plugins.md", "python"))
    for name in YIELDS:
        arguments = ", ".join(getattr(hooks.Hooks, name).__code__.co_varnames[1:])
        assert f"### `{name}({arguments})`" in text
        assert f"def {name}(" in shown


def test_every_type_and_field_is_documented() -> None:
    text = reference.reference()
    assert (ROOT / "docs/reference.md").read_text() == text, "is not current: make generated"
    for name in pef_tui.__all__:
        assert f"### `{name}`" in text
    assert not re.findall(r"^\| `.*\|  \|$", text, re.M)


@pytest.mark.exiftool
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    """A distribution from the page's own text, installed with pip, seen in --plugins, its tag read back."""
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

    listed = [json.loads(line) for line in command("--plugins").splitlines()]
    [mine] = [line for line in listed if line.get("name") == "photos-link"]
    assert (mine["state"], mine["distribution"], mine["version"]) == ("loaded", "pef-tui-photos-link", "1.0")
    command("--batch", "Takeout", "-o", "Photos")
    read = subprocess.run(
        ["exiftool", "-s3", "-XMP-dc:Source", "Photos/Trip/a.jpg"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert read.stdout.strip() == "https://example.org/1"


def test_a_plugin_holds_under_strict_types_against_the_package(tmp_path: Path) -> None:
    names = ("people", "avi")
    for name in names:
        shutil.copy(ROOT / f"plugins/pef-tui-{name}/pef_tui_{name}.py", tmp_path)
    done = subprocess.run(
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
    assert done.returncode == 0, done.stdout + done.stderr
