"""The app over a real OpenSSH server on the loopback interface, started by the test with its own keys."""

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
from app_pilot import small_export
from slow_runs import FILES, last_run_ended, nothing_temporary, slow_export, written_count
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
    """Start a server that accepts the key in the directory."""
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
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Return a function that opens the app in an SSH session."""
    port, folder = _free_port(), tmp_path / "ssh"
    server = _server(folder, port)
    end = time.monotonic() + 20
    while not _listens(port):
        assert server.poll() is None and time.monotonic() < end, (folder / "log").read_text()
        time.sleep(0.05)
    terminals: list[Terminal] = []

    def begin(*arguments: str) -> Terminal:
        options = [word for name, value in OPTIONS.items() for word in ("-o", f"{name}={value}")]
        destination = [f"{getpass.getuser()}@127.0.0.1", "-p", f"{port}", "-i", str(folder / "client")]
        variables = environment(tmp_path)
        del variables["TERM"]  # the session has it from the client
        words = ["env", "-C", str(tmp_path), *(f"{name}={value}" for name, value in variables.items())]
        line = shlex.join([*words, *PROGRAM, *arguments])
        command = ["ssh", "-tt", "-F", "none", *options, *destination, line]
        terminals.append(Terminal(tmp_path, command=command))
        return terminals[-1]

    yield begin
    for terminal in terminals:
        terminal.close()
    server.terminate()
    server.wait(10)


def _start_run(terminal: Terminal) -> None:
    terminal.until("150 pictures")
    terminal.send(F5)
    terminal.until("planned in")
    terminal.pause()
    terminal.send(F5)
    terminal.until("writing")


def test_an_ssh_session_takes_keys_and_sizes_and_restores_the_terminal(
    tmp_path: Path, session: Session
) -> None:
    terminal = session(str(small_export(tmp_path)))
    terminal.until("3 pictures")
    terminal.resize(120, 40)
    terminal.until("[Choose]")
    terminal.send(F5)
    terminal.until("planned in")
    terminal.send(b"\x03")
    assert terminal.ended() == 0
    assert terminal.restored and b"Traceback" not in terminal.output


@pytest.mark.parametrize("on_hangup", ["finish", "stop"])
def test_a_killed_client_ends_the_run_cleanly(tmp_path: Path, session: Session, on_hangup: str) -> None:
    terminal = session(*slow_export(tmp_path), "--on-hangup", on_hangup)
    _start_run(terminal)
    terminal.process.kill()
    end = time.monotonic() + 60
    while not last_run_ended(tmp_path):
        assert time.monotonic() < end, "the run did not end"
        time.sleep(0.1)
    command = [sys.executable, "-m", "pef_tui", "--status", "--json", "-o", "Takeout-fixed"]
    process = subprocess.run(
        command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, check=True
    )
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    [run] = [line for line in lines if line["type"] == "run"]
    assert run["seconds"] is not None and run["counts"].get("written", 0) == written_count(tmp_path)
    assert (written_count(tmp_path) == FILES) is (on_hangup == "finish") and nothing_temporary(tmp_path)
