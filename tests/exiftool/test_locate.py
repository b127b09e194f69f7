"""Find ExifTool, and judge its version."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from pef_tui.exiftool.locate import (
    BEST,
    GOOD,
    OLDEST,
    ask_version,
    install_advice,
    judge,
    locate,
    version_text,
)


@pytest.mark.parametrize(
    ("version", "usable", "warned"),
    [
        ("12.37", False, False),
        ("9.99", False, False),
        ("12.38", True, True),
        ("12.57", True, True),
        ("13.08", True, True),
        ("13.09", True, False),
        ("13.54", True, False),
        ("14.00", True, False),
        ("", False, False),
        ("usage: exiftool", False, False),
    ],
)
def test_which_versions_may_be_used(version: str, usable: bool, warned: bool) -> None:
    actual = judge("/bin/exiftool", version)
    assert (actual.usable, bool(actual.warning)) == (usable, warned)
    assert bool(actual.problem) is not usable
    assert bool(actual.advice) == (bool(actual.problem) or warned)


@pytest.mark.parametrize(
    ("release", "advice"),
    [
        ("ID=debian\n", "apt install libimage-exiftool-perl"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "apt install"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf install"),
        ('ID="opensuse-leap"\nID_LIKE="suse opensuse"', "zypper"),
        ("ID=arch", "pacman"),
        ("ID=alpine", "apk add"),
        ("ID=unheard-of\ngarbage", "exiftool.org"),
    ],
)
def test_advice_fits_the_system(tmp_path: Path, release: str, advice: str) -> None:
    (tmp_path / "os-release").write_text(release)
    assert advice in install_advice(str(tmp_path / "os-release"), "linux")


def test_advice_elsewhere(tmp_path: Path) -> None:
    assert "brew" in install_advice(platform="darwin")
    assert "exiftool.org" in install_advice(str(tmp_path / "missing"), "linux")


def put_program(path: Path, body: str) -> str:
    path.write_text(f"#!{sys.executable} -IS\n{body}")
    path.chmod(0o755)
    return str(path)


def test_the_one_that_is_asked_for(tmp_path: Path) -> None:
    program = put_program(tmp_path / "my exiftool", "print('13.54')")
    assert (locate(program).path, locate(program).version) == (program, "13.54")


def test_the_one_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = put_program(tmp_path / "exiftool", "print('13.54')")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert locate().path == program
    Path(program).unlink()
    assert (locate().path, locate().problem) == ("", "ExifTool is not installed")
    assert locate().advice


def test_none_where_it_should_be(tmp_path: Path) -> None:
    actual = locate(str(tmp_path / "exiftool"))
    assert (actual.path, actual.usable) == ("", False)
    assert str(tmp_path) in actual.problem


@pytest.mark.parametrize("body", ["print()", "import sys; sys.exit(3)", "print('hello\\n'*1000)"])
def test_a_program_that_is_not_exiftool(tmp_path: Path, body: str) -> None:
    program = put_program(tmp_path / "exiftool", body)
    assert not locate(program).usable
    assert ask_version(str(tmp_path)) == "", "a directory is no program"


def test_asked_once_and_again_where_it_was_killed(tmp_path: Path) -> None:
    """A kill during the version query must not make parts of a run continue without ExifTool."""
    count = tmp_path / "count"
    body = (
        "import os\n"
        f"number = os.open({str(count)!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)\n"
        "os.write(number, b'.')\n"
        "if os.fstat(number).st_size == 1:\n    os.kill(os.getpid(), 9)\n"
        "print('13.54')\n"
    )
    tool = put_program(tmp_path / "exiftool", body)
    assert [locate(tool).version for _ in range(3)] == ["13.54"] * 3
    assert count.stat().st_size == 2
    put_program(tmp_path / "exiftool", "print('12.00')  # another program under the same name\n")
    assert locate(tool).version == "12.00"


def test_a_program_that_is_always_killed_is_no_exiftool(tmp_path: Path) -> None:
    tool = put_program(tmp_path / "exiftool", "import os\nos.kill(os.getpid(), 9)\n")
    assert not locate(tool).usable


def test_docs_and_advice_name_the_versions_of_the_code() -> None:
    page = (Path(__file__).parents[2] / "docs/install.md").read_text()
    oldest, good, best = map(version_text, (OLDEST, GOOD, BEST))
    assert f"Version {oldest} or newer works" in page and f"Version {good} or newer is safer" in page
    assert (
        re.search(rf"Version {best}\s+or newer is recommended", page) and f"before {good}, `--doctor`" in page
    )
    old = judge("/x", oldest)
    assert good in old.warning and best in old.advice
    assert oldest in judge("/x", "11.00").problem and best in judge("/x", "11.00").advice
    assert not judge("/x", good).warning
