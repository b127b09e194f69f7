import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAND_IN = str(Path(__file__).with_name("stand_in.py"))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment of its own: no settings of the machine's user, modules from this tree."""
    retained = {
        name: value for name, value in os.environ.items() if not name.startswith(("PEF_TUI_", "PYTHON"))
    }
    retained.pop("NO_COLOR", None)
    return {
        **retained,
        "XDG_CONFIG_HOME": str(tmp_path / "xdg"),
        "PYTHONPATH": str(ROOT),
        "PEF_TUI_LOAD_PLUGINS": "",
    }


@pytest.fixture
def command(environ: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Runs the command with a stand-in for the run; keyword arguments are further environment variables."""

    def call(*arguments: str | bytes, **further: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, STAND_IN, *arguments],
            env={**environ, **further},
            cwd=tmp_path,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    return call


@pytest.fixture
def started(environ: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """The same, left running."""

    def start(*arguments: str, **streams: object) -> subprocess.Popen[bytes]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        return subprocess.Popen([sys.executable, STAND_IN, *arguments], env=environ, cwd=tmp_path, **pipes)  # type: ignore[call-overload, no-any-return]

    return start
