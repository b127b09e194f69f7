"""The command that installs a package into the environment in which the program runs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def install_command(requirement: str) -> str:
    """Return the shell command that installs `requirement` (`pillow>=11`) for this program.

    pipx and uv hide the environments that they make, so for these the command is that of pipx or uv. Everywhere else,
    it is pip of the running Python.
    """
    environment, package = Path(sys.prefix), shlex.quote(requirement)
    if (environment / "pipx_metadata.json").is_file():
        return f"pipx inject --force pef-tui {package}"
    python = shlex.quote(sys.executable)
    if (environment / "uv-receipt.toml").is_file():
        return f"uv pip install --python {python} {package}"
    return f"{python} -m pip install {package}"
