"""Count what the fault tests try: each test declares it, and counts its attempts; docs/safety.md lists them."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import pytest

FAULT_TESTS = Path(__file__).parents[1] / "fault"
PAGE = FAULT_TESTS.parents[1] / "docs" / "safety.md"
COUNTS = FAULT_TESTS / "tried.json"
"""Number of attempts by description, from the last run with --write-docs."""
BEGIN, END = "<!-- written by make test-fault-docs -->", "<!-- end -->"

Kind = Literal["kill", "fault", "input"]
KINDS: dict[Kind, str] = {
    "kill": "points at which a run was killed or stopped",
    "fault": "injected faults",
    "input": "bad inputs",
}
Test = TypeVar("Test", bound=Callable[..., Any])


def tries(kind: Kind, description: str) -> Callable[[Test], Test]:
    """Mark a test as a fault test. `description`: what it tries."""

    def mark(test: Test) -> Test:
        test.attempt = (kind, description)  # type: ignore[attr-defined]
        marked: Test = pytest.mark.fault(test)
        return marked

    return mark


def declared_attempts() -> dict[str, Kind]:
    """Return the descriptions that tests in tests/fault declare with `tries`, each with its kind."""
    sys.path.insert(0, str(FAULT_TESTS))
    try:
        modules = [importlib.import_module(path.stem) for path in sorted(FAULT_TESTS.glob("test_*.py"))]
    finally:
        sys.path.remove(str(FAULT_TESTS))
    attempts = [getattr(value, "attempt", None) for module in modules for value in vars(module).values()]
    return {attempt[1]: attempt[0] for attempt in attempts if isinstance(attempt, tuple)}


def attempts_table(counts: dict[str, int], kinds: dict[str, Kind]) -> str:
    """Return the Markdown tables for docs/safety.md, one for each kind."""
    lines = []
    for kind, heading in KINDS.items():
        of_kind = {description: count for description, count in counts.items() if kinds[description] == kind}
        lines += [f"**{sum(of_kind.values()):,} {heading}**", "", "| what | how many |", "| --- | --- |"]
        lines += [f"| {description} | {count:,} |" for description, count in of_kind.items()]
        lines.append("")
    return "\n".join(lines)


def write_page(tried: dict[str, int]) -> None:
    """Write the counts file and the tables of the page. A description that was not tried now keeps its count."""
    kinds = declared_attempts()
    stored: dict[str, int] = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    counts = {name: tried.get(name) or stored[name] for name in kinds if name in tried or name in stored}
    COUNTS.write_text(json.dumps(counts, indent=1) + "\n")
    head, tail = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n\n{attempts_table(counts, kinds)}\n{END}{tail.split(END)[1]}")
