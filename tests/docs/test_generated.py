"""What is made from the program is current, and true of what the program says."""

import json
import os
import subprocess
import sys
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


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--exis"], {"--existing"}),
        (["--existing", "f"], {"fill"}),
        (["--completion", ""], {"bash", "zsh", "fish"}),
        (["-o", "fol"], {"folder one"}),
        (["fi"], {"file two"}),
        (["--timezone", ""], set()),
    ],
)
def test_bash_completes(words: list[str], expected: set[str], tmp_path: Path) -> None:
    (tmp_path / "folder one").mkdir()
    (tmp_path / "file two").touch()
    given = " ".join(f"'{word}'" for word in ["pef-tui", *words])
    script = (
        completion("bash")
        + f"COMP_WORDS=({given}); COMP_CWORD={len(words)}\ncompopt() {{ :; }}\n"
        + '_pef_tui; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert set(done.stdout.split("\n")) - {""} == expected
    assert done.stderr == ""


def test_the_command_prints_completions(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pef_tui", "--completion", "fish"], capture_output=True, text=True, check=True
    )
    assert done.stdout == completion("fish")
