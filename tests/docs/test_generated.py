"""Files that are generated from the program are current and correct."""

import json
import os
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pef_tui.cli.args import all_flags
from pef_tui.cli.completion import SHELLS, completion
from pef_tui.config import options
from pef_tui.testing import Exif, Item, jpeg, sidecar, takeout
from tools import manual, schema

ROOT = Path(__file__).parents[2]
ADVICE = "is not current: make generated"


def test_the_manual_page_is_current() -> None:
    assert (ROOT / "docs/pef-tui.1").read_text() == manual.manual(), ADVICE


@pytest.mark.parametrize("name", ["lines", "config"])
def test_the_schemas_are_current_and_schemas(name: str) -> None:
    sample = getattr(schema, name)()
    assert (ROOT / f"docs/schema/{name}.json").read_text() == schema.encoded(sample), ADVICE
    jsonschema.Draft202012Validator.check_schema(sample)


def json_lines(*arguments: str, folder: Path) -> list[dict[str, Any]]:
    environ = {**os.environ, "PEF_TUI_LOAD_PLUGINS": "", "XDG_CONFIG_HOME": str(folder)}
    command = [sys.executable, "-m", "pef_tui", "--json", "--no-config", *arguments]
    result = subprocess.run(command, capture_output=True, env=environ, cwd=folder, timeout=100, check=False)
    return [json.loads(line) for line in result.stdout.splitlines()]


def strict() -> jsonschema.Draft202012Validator:
    """Return the schema without additional fields: a line must have exactly the documented fields."""
    sample = schema.lines()
    for part in sample["$defs"].values():
        part["additionalProperties"] = False
    return jsonschema.Draft202012Validator(sample)


def test_every_line_the_program_says_is_one_of_the_schema(tmp_path: Path) -> None:
    files: dict[str, Any] = {
        "Photos from 2019/a.jpg": sidecar("a.jpg", place=(48.2, 16.37), people=["Ann"]),
        "Photos from 2019/b.jpg": None,
        "Photos from 2019/c.avi": sidecar("c.avi"),
        "Photos from 2019/lost.jpg.json": {**sidecar("lost.jpg")},
        "Photos from 2019/bad.json": b"{",
        "Photos from 2019/\udcff.txt": b"text",
        "Photos from 2019/d.jpg": Item(sidecar("d.jpg"), jpeg(exif=Exif(date="2001:01:01 00:00:00"))),
        "Photos from 2019/e.jpg": Item(sidecar("e.jpg"), b""),
        "Trip/metadata.json": {"title": "Trip"},
    }
    source, out = str(takeout(tmp_path, files)), str(tmp_path / "out")
    lines = [
        *json_lines("--batch", source, "-o", out, "--verify", "--progress", "60", folder=tmp_path),
        *json_lines("--batch", source, "-o", out, "--dry-run", folder=tmp_path),
        *json_lines("--batch", str(tmp_path / "nothing"), "-o", out, folder=tmp_path),
        *json_lines("--status", "-o", out, folder=tmp_path),
        *json_lines("--plugins", folder=tmp_path),
        *json_lines("--doctor", "-o", str(tmp_path), folder=tmp_path),
        *json_lines("--show-config", folder=tmp_path),
        *json_lines("--batch", "--in-place", source, folder=tmp_path),
        *json_lines("--undo", "last", source, folder=tmp_path),
    ]
    validator = strict()
    for line in lines:
        assert not [error.message for error in validator.iter_errors(line)], line
    assert {line["type"] for line in lines} == {word for word, _ in schema.LINES}
    assert any(line.get("conflicts") for line in lines) and any("verify" in line for line in lines)
    assert {"written", "failed", "unmatched"} <= {line.get("outcome") for line in lines}


@pytest.mark.parametrize(
    ("table", "fits"),
    [
        ({"existing": "never", "exclude": ["*.gif"], "max_errors": 3, "plugins": {"disable": ["x"]}}, True),
        ({"existing": "perhaps"}, False),
        ({"workers": 1000}, False),
        ({"nonsense": 1}, False),
    ],
)
def test_the_schema_of_the_configuration(table: dict[str, Any], fits: bool) -> None:
    validator = jsonschema.Draft202012Validator(schema.config())
    assert validator.is_valid(table) is fits


@pytest.mark.parametrize("shell", SHELLS)
def test_completions_have_every_flag_and_choice(shell: str) -> None:
    text = completion(shell)
    for flag in all_flags():
        for name in flag.names:
            assert (
                f"-l {name[2:]} " if shell == "fish" and name[1] == "-" else name
            ) in text or shell == "fish"
        assert all(choice in text for choice in flag.choices)
    known_values = {name for flag in all_flags() for name in flag.names}
    assert {
        option.flag for option in options().values() if option.kind != "tables" and option.name != "sources"
    } <= known_values


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Return a folder with files to complete, and with the completion scripts."""
    for shell in SHELLS:
        (tmp_path / f"_{shell}").write_text(completion(shell))
    (tmp_path / "fpath").mkdir()
    (tmp_path / "fpath/_pef-tui").write_text(completion("zsh"))
    local = tmp_path / "here"
    (local / "folder one").mkdir(parents=True)
    (local / "file two").touch()
    return local


def needs(shell: str) -> None:
    if shutil.which(shell) is None:
        assert not os.environ.get("CI"), f"{shell} is missing"
        pytest.skip(f"no {shell}")


WORDS = [
    ("--exis", {"--existing"}),
    ("--existing f", {"fill"}),
    ("--completion ", {"bash", "zsh", "fish"}),
    ("--batch --only v", {"video"}),
    ("--albums=", {"folder", "link", "tag", "none"}),
    ("--albums=f", {"folder"}),
    ("--skip=t", {"trash"}),
    ("--skip trash --skip=l", {"locked"}),
    ("--output=fol", {"folder one"}),
    ("--log=fi", {"file two"}),
    ("-o fol", {"folder one"}),
    ("fi", {"file two"}),
    ("--timezone ", set()),
]


@pytest.mark.parametrize(("line", "expected"), WORDS)
def test_bash_completes(line: str, expected: set[str], here: Path) -> None:
    words = ["pef-tui", *re.split(r" |(?==)|(?<==)", line)]
    if words[-1] == "":  # bash has no empty word after `=`
        words[-2:] = words[-2:-1] if words[-2] == "=" else words[-2:]
    inputs = " ".join(f"'{word}'" for word in words)
    script = (
        f"source ../_bash; COMP_WORDS=({inputs}); COMP_CWORD={len(words) - 1}\ncompopt() {{ :; }}\n"
        + '_pef_tui; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=here, check=True)
    assert set(result.stdout.split("\n")) - {""} == expected
    assert result.stderr == ""


def test_bash_completes_without_a_break_at_the_sign(here: Path) -> None:
    script = 'source ../_bash; COMP_WORDS=(pef-tui --albums=f); COMP_CWORD=1; _pef_tui; printf "%s" "${COMPREPLY[@]}"'
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=here, check=True)
    assert (result.stdout, result.stderr) == ("--albums=folder", "")


@pytest.mark.parametrize(("line", "expected"), WORDS)
def test_fish_completes(line: str, expected: set[str], here: Path) -> None:
    needs("fish")
    script = f"source ../_fish; complete -C 'pef-tui {line}'"
    environ = {**os.environ, "HOME": str(here.parent), "XDG_CONFIG_HOME": str(here.parent)}
    result = subprocess.run(
        ["fish", "-c", script], capture_output=True, text=True, cwd=here, env=environ, check=True
    )
    assert {
        output_line.split("\t")[0].rpartition("=")[2].rstrip("/")
        for output_line in result.stdout.splitlines()
    } == expected


@pytest.mark.parametrize(
    "load", ["fpath=(../fpath $fpath); compinit -u -D", "compinit -u -D; source ../_zsh"]
)
def test_zsh_completes(load: str, here: Path) -> None:
    """Complete a line with the Tab key on a pseudo-terminal. The completed line is printed between < and >."""
    needs("zsh")
    lines = {
        "--exis": "--existing=",
        "--existing f": "--existing fill ",
        "--batch --only v": "--batch --only video ",
        "-o fol": "-o folder\\ one/",
        "--albums=f": "--albums=folder ",
        "--albums f": "--albums folder ",
        "--skip trash --skip=l": "--skip trash --skip=locked ",
        "--output=fol": "--output=folder\\ one/",
        "fi": "file\\ two ",
        "--timezone E": "--timezone E",
        "--completion z": "--completion zsh ",
    }
    start = (
        f'autoload -U compinit; {load}; unsetopt beep; show() {{ print -r -- "<$BUFFER>"; BUFFER= }}; zle -N show; '
        "bindkey '^X' show; PROMPT='ready'$'>'\n"
    )
    with terminal(["zsh", "-f", "-i"], here) as (send, wait):
        send(start.encode())
        wait(b"ready>")
        for line, expected in lines.items():
            send(f"pef-tui {line}\t\x18".encode())
            assert wait(b">\r").rpartition(b"<pef-tui ")[2] == expected.encode() + b">\r"


@contextmanager
def terminal(
    command: list[str], folder: Path
) -> Iterator[tuple[Callable[[bytes], object], Callable[[bytes], bytes]]]:
    """Start a program on a pseudo-terminal. Yield two functions: one sends keys, one waits for a text on the screen."""
    outer, inner = os.openpty()
    environ = {"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": str(folder), "LANG": "C.UTF-8"}
    child = subprocess.Popen(
        command, stdin=inner, stdout=inner, stderr=inner, cwd=folder, env=environ, start_new_session=True
    )
    os.close(inner)

    def wait(end: bytes) -> bytes:
        records = b""
        while end not in records:
            assert select.select([outer], [], [], 60)[0], records
            records += os.read(outer, 4096)
        return records.partition(end)[0] + end

    try:
        yield lambda keys: os.write(outer, keys), wait
    finally:
        child.kill()
        child.wait()
        os.close(outer)


def test_the_command_prints_completions(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pef_tui", "--completion", "fish"], capture_output=True, text=True, check=True
    )
    assert result.stdout == completion("fish")
