"""The ExifTool process gives a complete answer or an error, whatever ExifTool does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pef_tui.exiftool import Died, ExifToolProcess, ProcessError, Refused, TimedOut

MakeProcess = Callable[..., ExifToolProcess]


def put_stand_in(folder: Path, *script: str) -> str:
    """Create an executable that plays the script. Return its path."""
    program = folder / "exiftool"
    text = (Path(__file__).parent / "stand_in.py").read_text()
    program.write_text(f"#!{sys.executable} -IS\n{text}")
    program.chmod(0o755)
    (folder / "script.json").write_text(json.dumps(script))
    return str(program)


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[MakeProcess]:
    samples: list[ExifToolProcess] = []

    def make(*script: str, seconds: float = 20, recycle: int = 500) -> ExifToolProcess:
        samples.append(ExifToolProcess(put_stand_in(tmp_path, *script), seconds, recycle))
        return samples[-1]

    yield make
    for process in samples:
        process.close()


def alive(pid: int) -> bool:
    """Return whether the process is running. (A zombie is not.)"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def has_ended(pid: int, within: float = 10) -> bool:
    end = time.monotonic() + within
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("die before", Died),
        ("die inside", Died),
        ("other number", Died),
        ("garbage", Died),
        ("hang", TimedOut),
        ("deaf", TimedOut),
        ("endless", ProcessError),  # too much or too late, whichever is first
    ],
)
def test_a_fault_is_an_error_and_the_next_command_works(
    stand_in: MakeProcess, fault: str, error: type[ProcessError]
) -> None:
    process = stand_in("answer", fault, seconds=1.5)
    assert process.run(["-n"]).status == 0
    pid = process.pid
    assert pid
    with pytest.raises(error) as raised:
        process.run(["-n"])
    assert str(raised.value).startswith("ExifTool ")
    assert "\n" not in str(raised.value)
    assert has_ended(pid)
    assert process.run(["-n"]).status == 0


def test_a_death_after_the_answer_shows_at_the_next_command(stand_in: MakeProcess) -> None:
    process = stand_in("die after")
    assert process.run(["-n"]).status == 0
    with pytest.raises(Died):
        process.run(["-n"])
    assert process.run(["-n"]).status == 0


def test_killed_from_outside_is_died(stand_in: MakeProcess) -> None:
    process = stand_in()
    process.run(["-n"])
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(Died):
        process.run(["-n"])


def test_more_than_a_pipe_holds_on_both_outputs(stand_in: MakeProcess) -> None:
    answer = stand_in("flood").run(["-n"])
    assert len(answer.warnings) == 60_000
    assert len(answer.stdout) >= 300_000


def test_a_command_larger_than_a_pipe(stand_in: MakeProcess, tmp_path: Path) -> None:
    long = "-XMP-dc:Description=" + "ä" * 1_000_000
    stand_in().run([long])
    assert json.loads((tmp_path / "log").read_text())[4] == long


def test_a_new_process_after_so_many_commands(stand_in: MakeProcess) -> None:
    process = stand_in(recycle=2)
    pids = []
    for _ in range(5):
        process.run(["-n"])
        pids.append(process.pid)
    assert [pids[0] == pids[1], pids[1] == pids[2], pids[2] == pids[3], pids[3] == pids[4]] == [
        True,
        False,
        True,
        False,
    ]
    assert pids[0] and has_ended(pids[0])


def test_where_and_how_it_runs(stand_in: MakeProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PERL5OPT", "PERL5LIB", "EXIFTOOL_HOME", "PERLLIB", "PERL_UNICODE"):
        monkeypatch.setenv(name, "-Mevil")
    text = json.loads(stand_in("tell").run(["-n"]).stdout)
    assert set(text["env"]) <= {"PATH", "LC_ALL", "TZ", "SYSTEMROOT", "LC_CTYPE"}
    assert text["sid"] == text["pid"] != os.getsid(0)
    if sys.platform == "linux":
        assert text["cwd"] == "/proc"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel kills it, on Linux")
def test_it_dies_with_a_program_that_is_killed(tmp_path: Path) -> None:
    program = put_stand_in(tmp_path, "answer", "hang")
    code = (
        "import os, signal, sys, threading\n"
        "from pef_tui.exiftool.process import ExifToolProcess\n"
        "process = ExifToolProcess(sys.argv[1])\n"
        "process.run(['-n'])\n"
        "print(process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    result = subprocess.run([sys.executable, "-c", code, program], capture_output=True, text=True, timeout=60)
    assert result.returncode == -signal.SIGKILL, result.stderr
    assert has_ended(int(result.stdout))


@pytest.mark.parametrize(
    "argument",
    [
        "",
        "-",
        "#x",
        " -n",
        "\t-n",
        "-XMP-dc:Description=a\n-if\nsystem('touch PWNED')",
        "-XMP-dc:Description=a\r-if",
        "-n\0",
        "-XMP-dc:Description=\ud800",
        "-execute",
        "-execute5",
        "-Stay_Open",
        "-@",
        "-if",
        "-config",
        b"-n\n",
        b"",
    ],
)
def test_what_the_pipe_refuses(stand_in: MakeProcess, tmp_path: Path, argument: str | bytes) -> None:
    process = stand_in()
    with pytest.raises(Refused):
        process.run(["-n", argument])
    assert not (tmp_path / "log").exists()
    assert process.run(["-n"]).status == 0


def test_a_path_goes_through_byte_for_byte(stand_in: MakeProcess, tmp_path: Path) -> None:
    stand_in().run([b"/a\xff\xe4 b"])
    assert os.fsencode(json.loads((tmp_path / "log").read_text())[4]) == b"/a\xff\xe4 b"


def test_close_ends_it_and_may_be_repeated(stand_in: MakeProcess) -> None:
    process = stand_in()
    process.run(["-n"])
    pid = process.pid
    process.close()
    process.close()
    assert pid
    assert has_ended(pid)
    assert process.run(["-n"]).status == 0, "and it can be used again"


def test_no_program_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="exiftool"):
        ExifToolProcess(str(tmp_path / "exiftool")).run(["-n"])
    (tmp_path / "exiftool").write_text("not a program")
    with pytest.raises(OSError, match="exiftool"):
        ExifToolProcess(str(tmp_path / "exiftool")).run(["-n"])


def test_a_program_that_is_not_exiftool_has_died() -> None:
    with pytest.raises(Died):
        ExifToolProcess(shutil.which("true") or "/bin/true").run(["-n"])


def test_errors_and_warnings_apart_and_without_the_name(stand_in: MakeProcess) -> None:
    answer = stand_in("damaged").run(["-n"])
    assert (answer.status, answer.errors, answer.warnings) == (1, ("Bad IFD0 directory",), ())
    assert (answer.updated, answer.unchanged) == (0, 0)


def test_counts(stand_in: MakeProcess) -> None:
    assert stand_in("nothing").run(["-n"]).unchanged == 1


@pytest.mark.exiftool
@pytest.mark.skipif(
    shutil.which("exiftool") is None and not os.environ.get("CI"), reason="ExifTool is not installed"
)
def test_the_real_one(tmp_path: Path) -> None:
    with ExifToolProcess(shutil.which("exiftool") or "") as process:
        answer = process.run(["-ver"])
        assert float(answer.stdout) > 12
        failed = process.run(["-j", os.fsencode(tmp_path / "missing.jpg")])
        assert (failed.status, failed.errors) == (1, ("File not found",))
