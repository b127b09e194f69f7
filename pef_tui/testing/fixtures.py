"""The pytest plugin `pef_tui`: installed with the package, so that its fixtures are there in every test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pef_tui.testing.running import Ran


class ProgramFinder(MetaPathFinder):
    """Finds the modules of the program as a run without pytest does.

    pytest rewrites the assertions of every package that brings a pytest plugin, so it parses each module to an AST on
    import. A run imports modules in several threads, and Python before 3.11.8 (python/cpython#106905) may raise
    `SystemError: AST constructor recursion depth mismatch` when two threads build an AST at the same time.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of `pef_tui`; None for `pef_tui.testing` and everything else."""
        if not fullname.startswith("pef_tui.") or fullname.startswith("pef_tui.testing"):
            return None
        return PathFinder.find_spec(fullname, path, target)


if not any(isinstance(finder, ProgramFinder) for finder in sys.meta_path):
    sys.meta_path.insert(0, ProgramFinder())


@pytest.fixture
def pef_run(tmp_path: Path) -> Callable[..., Ran]:
    """`pef_run(plugin, files, ...)`: `run_plugin` in a folder of the test's own."""
    from pef_tui.testing.running import run_plugin

    return partial(run_plugin, tmp_path)
