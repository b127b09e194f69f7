"""What the fault suite tries: told by each test, counted when it runs, listed in docs/safety.md."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "safety.md"
TRIED = HERE / "tried.json"
"""How often each thing was tried by the last run that was to tell."""
BEGIN, END = "<!-- written by make test-fault-docs -->", "<!-- end -->"

Kind = Literal["kill", "fault", "input"]
KINDS: dict[Kind, str] = {
    "kill": "points at which a run was killed or stopped",
    "fault": "injected faults",
    "input": "bad inputs",
}
Test = TypeVar("Test", bound=Callable[..., Any])


def tries(kind: Kind, what: str) -> Callable[[Test], Test]:
    """Marks a test of this suite: what it tries."""

    def mark(test: Test) -> Test:
        test.told = (kind, what)  # type: ignore[attr-defined]
        return pytest.mark.fault(test)  # type: ignore[no-any-return]

    return mark


def told() -> dict[str, Kind]:
    """Everything that the suite tries, by what it is."""
    sys.path.insert(0, str(HERE))
    try:
        modules = [importlib.import_module(path.stem) for path in sorted(HERE.glob("test_*.py"))]
    finally:
        sys.path.remove(str(HERE))
    marks = [getattr(each, "told", None) for module in modules for each in vars(module).values()]
    return {mark[1]: mark[0] for mark in marks if isinstance(mark, tuple)}


def listed(tried: dict[str, int], kinds: dict[str, Kind]) -> str:
    """The list as the page has it."""
    lines = []
    for kind, heading in KINDS.items():
        mine = {what: count for what, count in tried.items() if kinds[what] == kind}
        lines += [f"**{sum(mine.values()):,} {heading}**", "", "| what | how many |", "| --- | --- |"]
        lines += [f"| {what} | {count:,} |" for what, count in mine.items()]
        lines.append("")
    return "\n".join(lines)


def write_page(tried: dict[str, int]) -> None:
    """Put counts and list where the page includes them; what was not tried this time keeps its count."""
    kinds, before = told(), json.loads(TRIED.read_text()) if TRIED.exists() else {}
    tried = {what: tried.get(what) or before[what] for what in kinds if what in tried or what in before}
    TRIED.write_text(json.dumps(tried, indent=1) + "\n")
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{listed(tried, kinds)}\n{END}{rest.split(END)[1]}")
