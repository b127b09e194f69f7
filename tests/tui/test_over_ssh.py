"""The app in a session of a real OpenSSH server on loopback, which the test starts with keys of its own."""

from __future__ import annotations

import getpass
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from app_cases import small_export
from slow_runs import FILES, last_run_ended, nothing_temporary, slow_export, written
from terminal import F5, PROGRAM, Terminal, environment

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(
    not ((SSHD and shutil.which("ssh")) or "CI" in os.environ), reason="OpenSSH's server is not installed"
)
OPTIONS = {
    "StrictHostKeyChecking": "no",
    "UserKnownHostsFile": "/dev/null",
    "IdentitiesOnly": "yes",
    "BatchMode": "yes",
    "LogLevel": "ERROR",
}

Session = Callable[..., Terminal]


def _server(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Begin a server that lets in whoever has the key in the folder."""
    assert SSHD, "OpenSSH's server is missing: its test must not be skipped here"
    folder.mkdir(mode=0o700)
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    settings = {
        "ListenAddress": f"127.0.0.1:{port}",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "client.pub",
        "PidFile": "none",
        "UsePAM": "no",
        "StrictModes": "no",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "PrintMotd": "no",
        "PrintLastLog": "no",
    }
    (folder / "config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    log = (folder / "log").open("wb")
    return subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=log)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Opens the app in a session of its own."""
    port, folder = _free_port(), tmp_path / "ssh"
    server = _server(folder, port)
    end = time.monotonic() + 20
    while not _listens(port):
        assert server.poll() is None and time.monotonic() < end, (folder / "log").read_text()
        time.sleep(0.05)
    opened: list[Terminal] = []

    def begin(*arguments: str) -> Terminal:
        options = [word for name, value in OPTIONS.items() for word in ("-o", f"{name}={value}")]
        where = [f"{getpass.getuser()}@127.0.0.1", "-p", f"{port}", "-i", str(folder / "client")]
        given = environment(tmp_path)
        del given["TERM"]  # the session has it from the client
        words = ["env", "-C", str(tmp_path), *(f"{name}={value}" for name, value in given.items())]
        line = shlex.join([*words, *PROGRAM, *arguments])
        command = ["ssh", "-tt", "-F", "none", *options, *where, line]
        opened.append(Terminal(tmp_path, command=command))
        return opened[-1]

    yield begin
    for each in opened:
        each.close()
    server.terminate()
    server.wait(10)


def _run_begun(terminal: Terminal) -> None:
    terminal.until("150 pictures")
    terminal.send(F5)
    terminal.until("planned in")
    terminal.send(F5)
    terminal.until("writing")


def test_a_session_takes_keys_and_sizes_and_leaves_the_terminal_as_it_was(
    tmp_path: Path, session: Session
) -> None:
    terminal = session(str(small_export(tmp_path)))
    terminal.until("3 pictures")
    terminal.resize(120, 40)
    terminal.until("[Choose]")
    terminal.send(F5)
    terminal.until("planned in")
    terminal.send(b"q")
    assert terminal.ended() == 0
    assert terminal.restored and b"Traceback" not in terminal.output


@pytest.mark.parametrize("on_hangup", ["finish", "stop"])
def test_a_killed_client_ends_the_run_well(tmp_path: Path, session: Session, on_hangup: str) -> None:
    terminal = session(*slow_export(tmp_path), "--on-hangup", on_hangup)
    _run_begun(terminal)
    terminal.process.kill()
    end = time.monotonic() + 60
    while not last_run_ended(tmp_path):
        assert time.monotonic() < end, "the run never came to its end"
        time.sleep(0.1)
    asked = [sys.executable, "-m", "pef_tui", "--status", "--json", "-o", "Takeout-fixed"]
    told = subprocess.run(asked, cwd=tmp_path, env=environment(tmp_path), capture_output=True, check=True)
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    [run] = [line for line in lines if line["type"] == "run"]
    assert run["seconds"] is not None and run["counts"].get("written", 0) == written(tmp_path)
    assert (written(tmp_path) == FILES) is (on_hangup == "finish") and nothing_temporary(tmp_path)
