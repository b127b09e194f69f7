"""The pytest plugin `pef_tui`, which is installed with the package, so that all tests can use its fixtures."""

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
    """Finds the modules of the program with the standard loader, so that pytest does not rewrite their assertions.

    pytest rewrites the assertions of every package that has a pytest plugin, and for this it parses each module to an
    AST on import. A run imports modules in several threads, and Python before 3.11.8 (python/cpython#106905) may raise
    `SystemError: AST constructor recursion depth mismatch` if two threads build an AST at the same time.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of `pef_tui`; None for modules of `pef_tui.testing` and of all other packages."""
        if not fullname.startswith("pef_tui.") or fullname.startswith("pef_tui.testing"):
            return None
        return PathFinder.find_spec(fullname, path, target)


if not any(isinstance(finder, ProgramFinder) for finder in sys.meta_path):
    sys.meta_path.insert(0, ProgramFinder())


@pytest.fixture
def pef_run(tmp_path: Path) -> Callable[..., Ran]:
    """Return `run_plugin` bound to the temporary directory of the test. Call it as `pef_run(plugin, files, ...)`."""
    from pef_tui.testing.running import run_plugin

    return partial(run_plugin, tmp_path)
