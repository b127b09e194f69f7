from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import quick_place
from trying import KINDS, write_page

_TRIED: Counter[tuple[str, str]] = Counter()
"""In the process that reports: workers send theirs along with the reports of their tests."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-docs", action="store_true", help="put what was tried into docs/safety.md")


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Callable[[int], None]:
    """Called with how many things a test has tried, all with nothing lost."""
    kind, what = request.function.told

    def record(count: int) -> None:
        request.node.user_properties.append(("tried", [kind, what, count]))

    return record


@pytest.fixture
def place() -> Iterator[Path]:
    with quick_place() as path:
        yield path


@pytest.fixture(scope="session")
def tool() -> Callable[[str], None]:
    """Skips a test whose tool is missing; where all must be there it fails instead."""
    import os

    def need(name: str) -> None:
        if shutil.which(name) is None:
            assert not os.environ.get("CI"), f"{name} is missing"
            pytest.skip(f"{name} is not installed")

    return need


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        _TRIED.update(
            {(kind, what): count for name, (kind, what, count) in _properties(report) if name == "tried"}
        )


def _properties(report: pytest.TestReport) -> list[tuple[str, tuple[str, str, int]]]:
    return [(name, value) for name, value in report.user_properties if name == "tried"]  # type: ignore[misc]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _TRIED:
        return
    for kind, heading in KINDS.items():
        count = sum(number for (each, _), number in _TRIED.items() if each == kind)
        terminalreporter.write_line(f"{count:7,} {heading}")
    failed = len(terminalreporter.stats.get("failed", [])) + len(terminalreporter.stats.get("error", []))
    terminalreporter.write_line("nothing was lost" if not failed else f"{failed} tests failed")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if (
        session.config.getoption("--write-docs")
        and exitstatus == 0
        and not hasattr(session.config, "workerinput")
    ):
        write_page({what: count for (_, what), count in _TRIED.items()})
