"""The files of the project itself: workflows, issue forms, pages for contributors, metadata of the package."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from pef_tui import __version__
from pef_tui.cli.args import parse

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
PAGES = [ROOT / "SECURITY.md", ROOT / "CODE_OF_CONDUCT.md", ROOT / "CONTRIBUTING.md"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def text(path: str) -> str:
    return (ROOT / path).read_text()


def test_every_supported_python_is_a_classifier_and_tested() -> None:
    prefix = "Programming Language :: Python :: 3."
    minors = [int(line[len(prefix) :]) for line in PROJECT["classifiers"] if line.startswith(prefix)]
    assert minors == list(range(min(minors), max(minors) + 1))
    assert PROJECT["requires-python"] == f">=3.{min(minors)}"
    (matrix,) = re.findall(r"python: \[(.*)\]", text(".github/workflows/ci.yml"))
    assert [word.strip('"') for word in matrix.split(", ")] == [f"3.{minor}" for minor in minors]


def test_the_licence_is_an_spdx_expression_with_its_file() -> None:
    assert PROJECT["license"] == "MIT" and PROJECT["license-files"] == ["LICENSE"]
    assert text("LICENSE").startswith("MIT License")
    assert not [line for line in PROJECT["classifiers"] if line.startswith("License ::")]


def test_workflows_use_the_commands_of_the_project() -> None:
    steps = re.findall(r"- (?:name: .*\n\s+)?run: (.*)", text(".github/workflows/ci.yml"))
    assert ".ci/run" in steps
    for step in (*steps, *re.findall(r"run: (.*)", text(".github/workflows/release.yml"))):
        words = shlex.split(step)
        if "pytest" in words[:4]:
            assert all((ROOT / word).is_dir() for word in words if word.startswith("tests/"))
        if words[:2] == ["python", "-m"] and words[2].startswith("pef_tui"):
            assert (ROOT / (words[2].replace(".", "/") + ".py")).is_file()
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", text("Makefile"), re.M)


def test_a_release_is_published_without_a_password_and_only_for_its_version() -> None:
    workflow = text(".github/workflows/release.yml")
    assert workflow.count("id-token: write") == 1
    assert "id-token: write" in workflow.partition("publish:")[2]
    assert "password" not in workflow.partition("name: Release")[2] and "secrets." not in workflow
    (check,) = re.findall(r"grep -Fx \"(.*)\" (\S+)", workflow)
    line = check[0].replace('\\"', '"').replace("${GITHUB_REF_NAME#v}", __version__)
    assert line in text(check[1]).splitlines()


@pytest.mark.parametrize("path", sorted(GITHUB.rglob("*.yml")), ids=lambda path: path.name)
def test_yaml_files_are_indented_by_two_spaces_without_tabs(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert not [line for line in lines if "\t" in line or line != line.rstrip()]
    assert not [line for line in lines if (len(line) - len(line.lstrip())) % 2]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_forms_have_names_and_fields_with_different_ids(form: Path) -> None:
    content = form.read_text()
    assert re.match(r"name: .+\ndescription: .+\nlabels: \[.+\]\nbody:\n", content)
    fields = re.findall(r"^  - type: (\w+)(?:\n    id: (\w+))?", content, re.M)
    names = [name for kind, name in fields if kind != "markdown"]
    assert all(names) and len(set(names)) == len(names)
    assert {kind for kind, _ in fields} <= {"markdown", "textarea", "input", "checkboxes"}


def test_the_form_for_matches_asks_for_the_listing_and_the_checks() -> None:
    form = (GITHUB / "ISSUE_TEMPLATE/matching.yml").read_text()
    assert "pef-tui --anonymise SOURCE -o case.jsonl" in form and "pef-tui --doctor --json" in form


@pytest.mark.parametrize("page", [*FORMS, *PAGES], ids=lambda page: page.name)
def test_commands_and_links_of_forms_and_pages_work(page: Path) -> None:
    content = page.read_text()
    for command in re.findall(r"`pef-tui (--[^`]+)`", content):
        if command not in ("--version",):
            parse(shlex.split(command))
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", content):
        assert (page.parent / target).exists(), target


def test_hooks_before_a_commit_are_targets_of_make() -> None:
    hooks = re.findall(r"entry: make --no-print-directory (\w+)", text(".pre-commit-config.yaml"))
    (checks,) = re.findall(r"^check: (.*)", text("Makefile"), re.M)
    assert hooks == checks.split()


def test_all_these_files_are_in_the_source_distribution() -> None:
    settings = tomllib.loads(text("pyproject.toml"))
    included = settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    for name in (
        ".github",
        "SECURITY.md",
        "CODE_OF_CONDUCT.md",
        ".pre-commit-config.yaml",
        "CONTRIBUTING.md",
    ):
        assert name in included and (ROOT / name).exists()
