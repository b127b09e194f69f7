from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_counts import KINDS, write_page
from forked_runs import quick_place

_TRIED: Counter[tuple[str, str]] = Counter()
"""Attempts by description, in the process that reports. Worker processes send theirs with the reports of their
tests.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-docs", action="store_true", help="write the number of attempts into docs/safety.md"
    )


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Callable[[int], None]:
    """Return a function that records how many attempts the test made without losing a file."""
    kind, description = request.function.attempt

    def record(count: int) -> None:
        request.node.user_properties.append(("tried", [kind, description, count]))

    return record


@pytest.fixture
def place() -> Iterator[Path]:
    with quick_place() as path:
        yield path


@pytest.fixture(scope="session")
def tool() -> Callable[[str], None]:
    """Return a function that skips the test if a program is missing. It fails the test if `CI` is set."""

    def need(name: str) -> None:
        if shutil.which(name) is None:
            assert not os.environ.get("CI"), f"{name} is missing"
            pytest.skip(f"{name} is not installed")

    return need


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test ten times as long on a slow disk (`on_slow_disk.py`)."""
    if "PEF_TUI_TEST_PLACE" not in os.environ:
        return
    for item in items:
        if (marker := item.get_closest_marker("timeout")) is not None:
            item.add_marker(pytest.mark.timeout(10 * marker.args[0]), append=False)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        _TRIED.update(
            {(kind, label): count for name, (kind, label, count) in _properties(report) if name == "tried"}
        )


def _properties(report: pytest.TestReport) -> list[tuple[str, tuple[str, str, int]]]:
    return [(name, value) for name, value in report.user_properties if name == "tried"]  # type: ignore[misc]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _TRIED:
        return
    for kind, heading in KINDS.items():
        count = sum(number for (item, _), number in _TRIED.items() if item == kind)
        terminalreporter.write_line(f"{count:7,} {heading}")
    failed = len(terminalreporter.stats.get("failed", [])) + len(terminalreporter.stats.get("error", []))
    terminalreporter.write_line("nothing was lost" if not failed else f"{failed} tests failed")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if (
        session.config.getoption("--write-docs")
        and exitstatus == 0
        and not hasattr(session.config, "workerinput")
    ):
        write_page({kind: count for (_, kind), count in _TRIED.items()})
