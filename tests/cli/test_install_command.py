"""Advice to install a package names a command that reaches the environment of the program."""

from __future__ import annotations

import importlib.metadata
import shlex
import sys
from pathlib import Path

import pytest
from msgspec import UNSET

import pef_tui.doctor
from pef_tui.doctor.install_command import install_command
from pef_tui.settings import Settings
from pef_tui.tui.widgets import thumbnail


@pytest.fixture(params=["", "pipx_metadata.json", "uv-receipt.toml"])
def environment(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An environment with a space in its path, made by venv, pipx or uv: the file that the tool leaves in it."""
    prefix = tmp_path / "the environment"
    prefix.mkdir()
    if request.param:
        (prefix / request.param).touch()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setattr(sys, "executable", str(prefix / "bin/python"))
    return str(request.param)


def test_the_command_is_that_of_the_tool_which_made_the_environment(environment: str) -> None:
    python = sys.executable
    assert (
        shlex.split(install_command("pillow>=11"))
        == {
            "": [python, "-m", "pip", "install", "pillow>=11"],
            "pipx_metadata.json": ["pipx", "inject", "--force", "pef-tui", "pillow>=11"],
            "uv-receipt.toml": ["uv", "pip", "install", "--python", python, "pillow>=11"],
        }[environment]
    )


def test_the_doctor_and_the_thumbnails_name_it(environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: ["no-such-package>=2.0"])
    packages = next(check for check in pef_tui.doctor.pef_checks(Settings()) if check.name == "packages")
    [finding, _] = packages.run()
    assert (finding.level, finding.advice) == ("problem", install_command("no-such-package>=2.0"))
    monkeypatch.setattr(thumbnail, "find_spec", lambda _: None)
    assert thumbnail.missing_requirement(UNSET).endswith(install_command(thumbnail.PILLOW))  # type: ignore[arg-type]


def test_the_requirement_of_thumbnails_is_that_of_the_extra() -> None:
    wanted = importlib.metadata.requires("pef-tui") or []
    assert any(each.startswith(thumbnail.PILLOW) and "images" in each for each in wanted)
