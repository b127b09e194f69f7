"""What is made from the program is current, and true of what the program says."""

import json
import os
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

from pef_tui import manual, schema
from pef_tui.completion import SHELLS, completion
from pef_tui.config import options
from pef_tui.flags import every_flag
from pef_tui.testing import Exif, Item, jpeg, sidecar, takeout

ROOT = Path(__file__).parents[2]
ADVICE = "is not current: make generated"


def test_the_manual_page_is_current() -> None:
    assert (ROOT / "docs/pef-tui.1").read_text() == manual.manual(), ADVICE


@pytest.mark.parametrize("name", ["lines", "config"])
def test_the_schemas_are_current_and_schemas(name: str) -> None:
    made = getattr(schema, name)()
    assert (ROOT / f"docs/schema/{name}.json").read_text() == schema.written(made), ADVICE
    jsonschema.Draft202012Validator.check_schema(made)


def said(*arguments: str, folder: Path) -> list[dict[str, Any]]:
    environ = {**os.environ, "PEF_TUI_LOAD_PLUGINS": "", "XDG_CONFIG_HOME": str(folder)}
    command = [sys.executable, "-m", "pef_tui", "--json", "--no-config", *arguments]
    done = subprocess.run(command, capture_output=True, env=environ, cwd=folder, timeout=100, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def strict() -> jsonschema.Draft202012Validator:
    """The schema with no field left open: what the program says has exactly the fields that are told."""
    made = schema.lines()
    for part in made["$defs"].values():
        part["additionalProperties"] = False
    return jsonschema.Draft202012Validator(made)


def test_every_line_the_program_says_is_one_of_the_schema(tmp_path: Path) -> None:
    files = {
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
        *said("--batch", source, "-o", out, "--verify", folder=tmp_path),
        *said("--batch", source, "-o", out, "--dry-run", folder=tmp_path),
        *said("--batch", str(tmp_path / "nothing"), "-o", out, folder=tmp_path),
        *said("--status", "-o", out, folder=tmp_path),
        *said("--plugins", folder=tmp_path),
        *said("--doctor", "-o", str(tmp_path), folder=tmp_path),
        *said("--show-config", folder=tmp_path),
        *said("--batch", "--in-place", source, folder=tmp_path),
        *said("--undo", "last", source, folder=tmp_path),
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
    for flag in every_flag():
        for name in flag.names:
            assert (
                f"-l {name[2:]} " if shell == "fish" and name[1] == "-" else name
            ) in text or shell == "fish"
        assert all(choice in text for choice in flag.choices)
    known = {name for flag in every_flag() for name in flag.names}
    assert {
        option.flag for option in options().values() if option.kind != "tables" and option.name != "sources"
    } <= known


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with something to complete, and the scripts beside it."""
    for shell in SHELLS:
        (tmp_path / f"_{shell}").write_text(completion(shell))
    (tmp_path / "fpath").mkdir()
    (tmp_path / "fpath/_pef-tui").write_text(completion("zsh"))
    here = tmp_path / "here"
    (here / "folder one").mkdir(parents=True)
    (here / "file two").touch()
    return here


def needs(shell: str) -> None:
    if shutil.which(shell) is None:
        assert not os.environ.get("CI"), f"{shell} is missing"
        pytest.skip(f"no {shell}")


WORDS = [
    ("--exis", {"--existing"}),
    ("--existing f", {"fill"}),
    ("--completion ", {"bash", "zsh", "fish"}),
    ("--batch --only v", {"video"}),
    ("-o fol", {"folder one"}),
    ("fi", {"file two"}),
    ("--timezone ", set()),
]


@pytest.mark.parametrize(("line", "expected"), WORDS)
def test_bash_completes(line: str, expected: set[str], here: Path) -> None:
    words = ["pef-tui", *line.split(" ")]
    given = " ".join(f"'{word}'" for word in words)
    script = (
        f"source ../_bash; COMP_WORDS=({given}); COMP_CWORD={len(words) - 1}\ncompopt() {{ :; }}\n"
        + '_pef_tui; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=here, check=True)
    assert set(done.stdout.split("\n")) - {""} == expected
    assert done.stderr == ""


@pytest.mark.parametrize(("line", "expected"), WORDS)
def test_fish_completes(line: str, expected: set[str], here: Path) -> None:
    needs("fish")
    script = f"source ../_fish; complete -C 'pef-tui {line}'"
    environ = {**os.environ, "HOME": str(here.parent), "XDG_CONFIG_HOME": str(here.parent)}
    done = subprocess.run(
        ["fish", "-c", script], capture_output=True, text=True, cwd=here, env=environ, check=True
    )
    assert {found.split("\t")[0].rstrip("/") for found in done.stdout.splitlines()} == expected


@pytest.mark.parametrize(
    "load", ["fpath=(../fpath $fpath); compinit -u -D", "compinit -u -D; source ../_zsh"]
)
def test_zsh_completes(load: str, here: Path) -> None:
    """On a terminal of its own, by the Tab key: what a line has become is printed between < and >."""
    needs("zsh")
    lines = {
        "--exis": "--existing ",
        "--existing f": "--existing fill ",
        "--batch --only v": "--batch --only video ",
        "-o fol": "-o folder\\ one/",
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
    """A program on a terminal: what sends it keys, and what waits until it has shown something."""
    outer, inner = os.openpty()
    environ = {"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": str(folder), "LANG": "C.UTF-8"}
    child = subprocess.Popen(
        command, stdin=inner, stdout=inner, stderr=inner, cwd=folder, env=environ, start_new_session=True
    )
    os.close(inner)

    def wait(end: bytes) -> bytes:
        seen = b""
        while end not in seen:
            assert select.select([outer], [], [], 60)[0], seen
            seen += os.read(outer, 4096)
        return seen.partition(end)[0] + end

    try:
        yield lambda keys: os.write(outer, keys), wait
    finally:
        child.kill()
        child.wait()
        os.close(outer)


def test_the_command_prints_completions(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pef_tui", "--completion", "fish"], capture_output=True, text=True, check=True
    )
    assert done.stdout == completion("fish")
