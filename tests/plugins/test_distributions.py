"""The distributions in `plugins/`, judged by their sources. `.ci/plugins` installs each one and runs its tests."""

import ast
import tomllib
from pathlib import Path

import pytest

from pef_tui.plugins.calls import HOOK_TYPES

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))


def implemented(folder: Path) -> set[str]:
    """Return the hooks that the modules of a distribution implement."""
    results = set()
    for path in folder.glob("pef_tui_*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and "hookimpl" in map(ast.unparse, node.decorator_list):
                results.add(node.name)
    return results


def test_together_they_use_every_hook() -> None:
    assert set[str]().union(*map(implemented, FOLDERS)) == set(HOOK_TYPES)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_is_a_distribution_with_tests_and_a_line_in_the_list(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == folder.name and f"`{folder.name}`" in (ROOT / "plugins/README.md").read_text()
    [(name, module)] = project["entry-points"]["pef_tui"].items()
    assert folder.name == f"pef-tui-{name}" and (folder / f"{module}.py").is_file()
    assert any(dependency.startswith("pef-tui>=0.1,<2") for dependency in project["dependencies"])
    assert list(folder.rglob("test_*.py"))


def test_the_template_is_short() -> None:
    files = ROOT.glob("plugins/pef-tui-example/*.*")
    assert sum(len(path.read_text().splitlines()) for path in files) <= 65
