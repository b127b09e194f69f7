import fnmatch
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pef_tui.cli.args import parse
from pef_tui.config import ConfigError, load

Command = Callable[..., subprocess.CompletedProcess[bytes]]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("line", "flags"),
    [
        ("--batch a -o out b", {"batch": True, "output": "out", "sources": ["a", "b"]}),
        ("-nq a --no-dry-run", {"dry_run": False, "quiet": True, "sources": ["a"]}),
        ("--album x --album y", {"album": ["x", "y"]}),
        ("-p no:tags -p ./mine.py", {"plugin": ["no:tags", "./mine.py"]}),
        ("--tags -people a", {"tags": "-people", "sources": ["a"]}),
        ("--tags -people,+link --verify a", {"tags": "-people,+link", "verify": "100", "sources": ["a"]}),
        ("--verify 5 --tags +link -n", {"tags": "+link", "verify": "5", "dry_run": True}),
        ("--tags=-people", {"tags": "-people"}),
        ("a -q -- -strange -n", {"sources": ["a", "-strange", "-n"], "quiet": True}),
        ("", {}),
    ],
)
def test_command_lines(line: str, flags: dict[str, object]) -> None:
    assert parse(line.split()).flags == flags


@pytest.mark.parametrize(
    "line", ["--existin fill", "--in-places a", "--undoing last", "--workers", "--doctor=1"]
)
def test_what_does_not_exist_is_refused(line: str) -> None:
    with pytest.raises(ConfigError, match="pef-tui --help"):
        parse(line.split())


@pytest.mark.parametrize("pattern", ["[[]", "[0-9]", "[!]x]", "[]]*", "a]", "*"])
def test_patterns_that_can_match_are_accepted(pattern: str) -> None:
    assert load({"exclude": [pattern]}, {}).settings.exclude == (pattern,)
    regex = re.compile(fnmatch.translate(pattern))
    assert any(regex.match(text) for text in ("[", "0", "y", "]", "a]"))


def test_without_batch_the_batch_command_is_shown(command: Command) -> None:
    result = command("My Photos", "-o", "out")
    assert result.returncode == 2
    assert b"pef-tui --batch 'My Photos' -o out\n" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--batch"], "--batch needs a SOURCE"),
        (["--batch", "--existing", "x", "a"], "--existing: fill, overwrite or never"),
        (["--batch", "--log", "/nowhere/x", "a"], "--log /nowhere/x: cannot be written"),
        (["--batch", "--nope\x1b", "a"], "unrecognized arguments: --nope\\x1b"),
        (["--plugins", "-p", "no_such_plugin"], "no plugin, module or file of that name"),
        (["--plugins", "-p", "docter"], "no plugin, module or file of that name, did you mean doctor?"),
        (["--batch", "--existin", "fill", "a"], ", did you mean --existing? (see"),
        (["--batch", "--Existin=fill", "a"], "--Existin=fill, did you mean --existing? (see"),
        (["--batch", "-dry-run", "a"], "did you mean --dry-run?"),
        (["--batch", "--dry_run", "a"], "did you mean --dry-run?"),
        (["--batch", "--tags", "--dry-run", "a"], "argument --tags: expected one argument"),
        (["--batch", "--skip", "bin", "a"], "--skip: trash, archive, locked or partner, not 'bin'\n"),
        (["--batch", "--skip", "trash", "--skip", "lock", "a"], "not 'lock', did you mean locked?"),
        (["--batch", "--albums", "folders", "a"], "not 'folders', did you mean folder?"),
        (["--batch", "--timezone", "europe/berln", "a"], "did you mean Europe/Berlin?"),
        (["--batch", "--tags", "-peple", "a"], "did you mean people?"),
        (["--batch", "--exclude", "[", "a"], "--exclude: '[' has a [ without its ]; [[] matches"),
        (["--batch", "--include", "[!]", "a"], "--include: '[!]' has a [ without its ]"),
        (["--batch", "--album", "[0-9] [", "a"], "--album: '[0-9] [' has a [ without its ]"),
        (["--batch", "--album", "", "a"], "--album: a pattern is empty"),
        (["--batch", "-p", "", "a"], "--plugin: a name is empty"),
        (["--batch", "-o", "", "a"], "--output: the path is empty"),
        (["--batch", "--report", "", "a"], "--report: the path is empty"),
        (["--batch", ""], "SOURCE: a path is empty"),
    ],
)
def test_usage_errors_are_one_line_and_exit_code_2(command: Command, arguments: list[str], text: str) -> None:
    result = command(*arguments)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.decode().startswith("pef-tui: ")
    assert text in result.stderr.decode()
    assert result.stderr.count(b"\n") == 1


def test_show_config_names_origins(command: Command) -> None:
    result = command("--show-config", "--json", "-n", PEF_TUI_WORKERS="3")
    settings = {line["name"]: line for line in map(json.loads, result.stdout.splitlines())}
    assert settings["dry_run"] == {
        "v": 1,
        "type": "setting",
        "name": "dry_run",
        "value": True,
        "origin": "flag --dry-run",
    }
    assert (settings["workers"]["value"], settings["workers"]["origin"]) == (3, "environment PEF_TUI_WORKERS")
    words = command("--show-config", "-n").stdout.decode()
    assert any(line.split() == ["dry_run", "true", "flag", "--dry-run"] for line in words.splitlines())


def test_plugins_are_listed_in_words_and_json(command: Command) -> None:
    doctor = json.loads(command("--plugins", "--json").stdout)
    assert (doctor["name"], doctor["state"], doctor["hooks"]) == ("doctor", "loaded", ["pef_checks"])
    assert command("--plugins", "-p", "no:doctor").stdout.split()[:2] == [b"doctor", b"off"]


def test_doctor_states_in_words_and_json_and_cleans_up(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    result = command("--doctor", "--json", "-o", str(out))
    *findings, summary = map(json.loads, result.stdout.splitlines())
    assert {finding["check"] for finding in findings} >= {
        "python",
        "packages",
        "exiftool",
        "locale",
        "output",
    }
    assert (summary["problem"], summary["exit"], result.returncode) == (0, 0, 0)
    assert list(out.iterdir()) == []
    assert b"output: hard links" in command("--doctor", "-o", str(out)).stdout


def test_doctor_without_an_exiftool_asked_for_is_exit_code_4(command: Command) -> None:
    assert command("--doctor", "--exiftool", "/nowhere/exiftool").returncode == 4
    result = command("--doctor", PATH="/nowhere")
    assert result.returncode == 0
    assert b"WARNING exiftool: ExifTool is not installed" in result.stdout


def test_doctor_names_a_place_that_cannot_be_used(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = command("--doctor", "-o", "file")
    assert result.returncode == 1
    assert b"PROBLEM output:" in result.stdout


def test_file_names_of_any_bytes_pass_in_any_locale(command: Command) -> None:
    second = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    name = b"caf\xe9/\xc3\xa9.zip"
    result = command("--show-config", "--json", name, **second)
    line = json.loads(result.stdout.splitlines()[0])
    assert line["value"] == ["caf\\xe9/é.zip"]


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--plugins"], ["--doctor"], ["--batch", "/nowhere"], ["--help"]]
)
def test_nothing_without_a_screen_loads_the_screens_library(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import sys, runpy\n"
        f"sys.argv = ['pef-tui', *{arguments!r}]\n"
        "try: runpy.run_module('pef_tui', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "assert not {'textual', 'rich'} & set(sys.modules), 'loaded'\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr.decode()


def test_version_loads_next_to_nothing() -> None:
    code = "import sys; sys.argv[1:] = ['--version']; import pef_tui.__main__ as m; m._command(); print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    version, modules = result.stdout.splitlines()
    assert version.startswith("pef-tui ")
    assert not {"argparse", "pluggy", "msgspec", "lxml"} & set(modules.split())


@pytest.mark.parametrize("action", ["--help", "--show-config", "--version"])
def test_a_reader_that_goes_away_is_no_error(action: str, environ: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        [sys.executable, "-m", "pef_tui", action],
        env=environ,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(writing)
    assert result.stderr == b""


def test_modules_of_the_working_directory_are_never_loaded(tmp_path: Path) -> None:
    (tmp_path / "evil_plugin.py").write_text("open('PWNED', 'w')")
    result = subprocess.run(
        [sys.executable, "-m", "pef_tui", "--plugins", "-p", "evil_plugin"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
    )
    assert result.returncode == 2
    assert not (tmp_path / "PWNED").exists()
