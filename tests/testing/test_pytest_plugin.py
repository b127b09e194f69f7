"""Test the pytest plugin that is installed with the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TEST = """
import ast
import builtins

from pef_tui.testing import make, sidecar

real, parsed = builtins.compile, []


def watched(source, filename, mode, flags=0, *more, **named):
    if flags & ast.PyCF_ONLY_AST:
        parsed.append(filename)
    return real(source, filename, mode, flags, *more, **named)


def test_no_module_of_the_program_is_rewritten(pef_run, monkeypatch):
    monkeypatch.setattr(builtins, "compile", watched)
    ran = pef_run(object(), {"Photos from 2019/a.jpg": sidecar("a.jpg")})
    import pef_tui.takeout.matcher
    import pef_tui.tui.app
    assert pef_tui.takeout.matcher.__loader__.__class__.__module__ != "_pytest.assertion.rewrite"
    assert not [name for name in parsed if "pef_tui" in str(name) and "testing" not in str(name)]
"""


def test_modules_of_the_program_are_imported_as_in_a_run(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TEST)
    command = [
        sys.executable,
        "-B",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        str(tmp_path),
    ]
    result = subprocess.run(command, capture_output=True, cwd=tmp_path, check=False, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
