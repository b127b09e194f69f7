"""The units of `contrib/systemd`: systemd accepts them, their commands work, and a failure is mailed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pef_tui.testing import sidecar, takeout

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "contrib/systemd"
SHIPPED = sorted(path.name for path in UNITS.iterdir())


class Home:
    """A home directory with the program and the recipes, as docs/headless.md installs them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bin = path / ".local/bin"
        self.bin.mkdir(parents=True)
        self.script("pef-tui", f'exec "{sys.executable}" -m pef_tui --no-config "$@"')
        shutil.copy(UNITS / "pef-tui-mail-failure", self.bin)
        takeout(path, {"Photos from 2019/a.jpg": sidecar("a.jpg")})

    def script(self, name: str, commands: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{commands}\n")
        (self.bin / name).chmod(0o755)

    def values(self, unit: str, key: str, instance: str = "") -> list[str]:
        """The values of a key of a unit, with the specifiers replaced."""
        text = (UNITS / unit).read_text()
        specifiers = {"%h": str(self.path), "%i": instance, "%n": unit, "%u": "ann"}
        found = re.findall(rf"^{key}=(.*)$", text, re.M)
        return [re.sub(r"%.", lambda each: specifiers[each[0]], value) for value in found]

    def start(
        self, unit: str, instance: str = "", stderr: int = subprocess.PIPE, **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the command of a unit with its environment, as systemd does."""
        [command] = self.values(unit, "ExecStart", instance)
        own = dict(value.split("=", 1) for value in self.values(unit, "Environment", instance))
        environ = {"HOME": str(self.path), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **own, **environment}
        return subprocess.run(
            shlex.split(command), env=environ, cwd="/", stdout=subprocess.PIPE, stderr=stderr, timeout=100
        )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_the_page_installs_every_file() -> None:
    page = (ROOT / "docs/headless.md").read_text()
    for name in SHIPPED:
        pattern = f"contrib/systemd/*{Path(name).suffix}"
        assert pattern in page if Path(name).suffix else f"contrib/systemd/{name}" in page


def test_systemd_accepts_them(home: Home, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        assert not os.environ.get("CI"), "systemd-analyze is missing"
        pytest.skip("no systemd-analyze")
    folder = tmp_path / "units"
    shutil.copytree(UNITS, folder)
    units = [str(folder / name) for name in SHIPPED if name.endswith((".service", ".timer"))]
    environ = {
        **os.environ,
        "HOME": str(home.path),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "SYSTEMD_LOG_LEVEL": "warning",
    }
    result = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify", *units],
        env=environ,
        capture_output=True,
        timeout=100,
    )
    assert (result.returncode, result.stderr) == (0, b"")


def test_the_command_of_the_service_fixes_the_export(home: Home) -> None:
    result = home.start("pef-tui.service")
    assert result.returncode == 0
    assert (home.path / "Photos/Photos from 2019/a.jpg").exists()
    again = home.start("pef-tui.service")
    assert (again.returncode, again.stdout) == (0, b"")


def test_a_run_with_a_problem_fails_the_service_and_the_journal_has_its_priority(home: Home) -> None:
    (home.path / "Takeout/takeout-20260115T101112Z-001.zip").write_bytes(b"PK\x03\x04 no archive")
    reading, writing = os.pipe()
    status = os.fstat(writing)
    stream = f"{status.st_dev}:{status.st_ino}"
    result = home.start("pef-tui.service", stderr=writing, JOURNAL_STREAM=stream)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().splitlines()
    assert result.returncode == 3
    assert lines and all(line.startswith(b"<4>") for line in lines)
    assert any(b"takeout-20260115T101112Z-001.zip" in line for line in lines)
    assert home.values("pef-tui.service", "OnFailure") == ["pef-tui-mail@pef-tui.service.service"]
    assert not home.values("pef-tui.service", "SuccessExitStatus")


def test_a_failure_is_mailed(home: Home, tmp_path: Path) -> None:
    mail, calls = tmp_path / "mail", tmp_path / "calls"
    home.script("sendmail", f'echo "$@" > "{calls}"; cat > "{mail}"')
    home.script("systemctl", 'echo "systemctl $*"; echo "Active: failed (Result: exit-code)"; exit 3')
    home.script("journalctl", 'echo "journalctl $*"; echo "3 files failed: Zoë.jpg"')
    unit = "pef-tui.service"
    result = home.start("pef-tui-mail@.service", unit, MONITOR_INVOCATION_ID="abc123")
    assert (result.returncode, result.stderr) == (0, b"")
    head, body = mail.read_text().split("\n\n", 1)
    assert head.splitlines()[:2] == ["To: ann", f"Subject: {unit} failed on {os.uname().nodename}"]
    assert "Active: failed" in body and "Zoë.jpg" in body
    scope = "--user" if os.getuid() else "--system"
    assert f"systemctl {scope} --no-pager --full --lines 0 status {unit}" in body
    assert f"journalctl {scope} " in body and "_SYSTEMD_INVOCATION_ID=abc123" in body
    assert calls.read_text() == "-i -t\n"
    home.start("pef-tui-mail@.service", unit, MAILTO="bob@example.org")
    assert (
        mail.read_text().startswith("To: bob@example.org\n") and f"--unit {unit} --since" in mail.read_text()
    )


def test_a_mail_that_cannot_be_sent_is_a_failure(home: Home) -> None:
    home.script("sendmail", "exit 75")
    for name in ("systemctl", "journalctl"):
        home.script(name, "exit 1")
    assert home.start("pef-tui-mail@.service", "pef-tui.service").returncode != 0
    assert home.start("pef-tui-mail@.service").returncode != 0
