"""Every command in the pages works as it is pasted, and commands inside sentences exist."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from doc_commands import PAGES, ROOT, SHELLS, STAND_INS, Block, Reader, blocks

from pef_tui.cli.args import parse

OTHER_LANGUAGES = {"python", "toml", "json", "ini", "mermaid", "text", "yaml"}
RUN = [page for page in PAGES if any(block.language in SHELLS for block in blocks(page))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_states_what_it_is(page: Path) -> None:
    """A block of commands has the language of a shell, so that no command is left out here."""
    for block in blocks(page):
        assert block.language in SHELLS.keys() | OTHER_LANGUAGES, block.text
        if block.language == "text":
            assert not re.search(r"(?m)^(pef-tui|pip|pipx|make|sudo) [^\[\n]*$", block.text), (
                "commands, not a form"
            )


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_a_block_can_be_pasted_into_every_shell(page: Path) -> None:
    """No comments, which zsh does not accept from a terminal by default, and no explanation after a command."""
    for block in blocks(page):
        if block.language in SHELLS.keys() - {"cron"}:
            for line in block.text.splitlines():
                assert not re.search(r"(^|\s)#|\S {3,}\S", line), line
                assert not re.search(r"\$ ", line), f"a prompt: {line}"


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_the_commands_run(page: Path, tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    for block in blocks(page):
        if block.language not in SHELLS:
            continue
        for program in (SHELLS[block.language], *({"jq", "exiv2", "exiftool"} & set(block.text.split()))):
            if shutil.which(program) is None:
                assert not os.environ.get("CI"), f"{program} is missing"
                pytest.skip(f"no {program}")
        result = reader.run(block)
        assert result.returncode == 0, f"{block.text}\n{result.stdout}{result.stderr}"
    for call in reader.calls():
        assert len(call) > 1, "called without arguments"
        for word in call[1:]:
            if re.match(r"(\./)?(plugins|contrib)/", word):
                assert (ROOT / word).exists(), word
        if call[0] == "make":
            assert re.search(rf"(?m)^{re.escape(call[1])}:", (ROOT / "Makefile").read_text()), call


def test_a_command_that_fails_is_noticed(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    assert reader.run(Block("sh", "", "pef-tui --batch nothing -o Photos\npipx list\n")).returncode == 2
    assert reader.calls() == []
    assert reader.run(Block("cron", "", "0 3 * * *  pef-tui --batch --nonsense\n")).returncode == 2
    assert reader.run(Block("sh", "", "pipx install 'a b'\n")).returncode == 0
    assert reader.calls() == [["pipx", "install", "a b"]]


def test_only_programs_of_the_pages_have_stand_ins() -> None:
    words = {word for page in RUN for block in blocks(page) for word in block.text.split()}
    assert words >= set(STAND_INS)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_inside_sentences_exist(page: Path) -> None:
    text = re.sub(r"(?sm)^ *```.*?^ *```$", "", page.read_text())
    targets = set(re.findall(r"(?m)^([\w-]+):", (ROOT / "Makefile").read_text()))
    for code in re.findall(r"`([^`\n]+)`", text):
        if code.startswith("pef-tui -") and not set(code) & set("[…|"):
            parse(shlex.split(code)[1:])
        elif code.startswith("make "):
            assert code.split()[1] in targets, code
        elif match := re.match(r"python3? ((?:bench|tools|tests|contrib)/\S+\.py)", code):
            assert (ROOT / match[1]).exists(), code
        assert not code.startswith(("python -m pef_tui", "python3 -m pef_tui")), (
            f"{code}: not after pipx install"
        )
