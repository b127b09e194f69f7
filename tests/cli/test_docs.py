import json
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from pef_tui.cli.args import ACTIONS, RUN_ACTIONS, parse
from pef_tui.config import load, options
from pef_tui.reporting.json_lines import JSON_WORDS, MEDIA_WORDS, JsonLine, OtherLine
from pef_tui.reporting.media_line import MediaLine

ROOT = Path(__file__).parents[2]
USAGE = (ROOT / "docs" / "usage.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
OTHER_FLAGS = {"--completion", "--config", "--no-config", "--version", "--help", "-h"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", USAGE, re.S)


def test_every_flag_is_in_the_docs_and_the_reverse() -> None:
    table = [option for option in options().values() if option.kind != "tables" and option.name != "sources"]
    flags = {option.flag for option in table} | {option.short for option in table if option.short}
    flags |= OTHER_FLAGS | {"--" + name.replace("_", "-") for name in (*ACTIONS, *RUN_ACTIONS)}
    documented = set(re.findall(r"^\| (.*?) \|", USAGE, re.M))
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", "\n".join(documented))) == flags


def test_choices_are_documented() -> None:
    for option in options().values():
        if option.choices:
            assert f"`{option.flag} " + "\\|".join(option.choices) + "`" in USAGE


def test_the_sample_configuration_is_accepted(tmp_path: Path) -> None:
    [sample] = blocks("toml")
    (tmp_path / "config.toml").write_text(sample)
    loaded = load({}, {}, str(tmp_path / "config.toml"))
    inputs = tomllib.loads(sample)
    assert loaded.settings.existing == inputs["existing"] and loaded.settings.plugins == inputs["plugins"]


def test_the_sample_lines_have_exactly_the_fields_of_the_program() -> None:
    [sample] = [text for text in blocks("json") if '"type":"start"' in text]
    types: dict[str, type[msgspec.Struct]] = {"media": MediaLine, "json": JsonLine, "other": OtherLine}
    for line in map(json.loads, sample.splitlines()):
        if line["type"] in types:
            fields = msgspec.structs.fields(types[line["type"]])
            assert list(line) == [field.name for field in fields if field.default is not msgspec.UNSET]


def test_every_outcome_is_documented() -> None:
    for word in (*MEDIA_WORDS, *JSON_WORDS):
        assert f"\n| `{word}` |" in USAGE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_shown_are_commands_that_parse_and_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for line in re.findall(r"^ *pef-tui (--.*)$", text, re.M):
        parse(re.split(r"\s{3,}|\s[|>]\s", line)[0].replace("...", "").split())
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), target
