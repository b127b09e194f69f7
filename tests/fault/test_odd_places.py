"""Test unusual folders and environments, and full disks: a run succeeds; or it ends with one line, and a later run
continues.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fault_counts import tries
from fault_exports import mixed, small
from forked_runs import Run, apart, arguments, carry_out, quick_place
from run_oracle import Oracle, tree

import pef_tui.pipeline.write_stages as chain
from pef_tui.output import commit
from pef_tui.testing.export import sidecar, takeout


def no_exiftool() -> None:
    os.environ["PATH"] = "/nowhere"


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with quick_place() as place:
        yield Oracle(small(place / "export"), place, "--workers", "1", prepare=no_exiftool)


def one_line(words: str) -> bool:
    return "Traceback" not in words and "unexpected" not in words and "pef-tui: " in words


@contextmanager
def mounted(place: Path, size: str) -> Iterator[Path]:
    """Mount a disk of this size in memory. Skip the test if that is not possible."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.timeout(300)
@tries("fault", "a small disk (tmpfs) that fills up, at sizes from nothing to nearly enough")
def test_a_disk_that_fills_up(place: Path, tried: Callable[[int], None], tool: Callable[[str], None]) -> None:
    tool("exiftool")
    oracle = Oracle(mixed(place / "export", 40), place)
    needed = sum(path.stat().st_size for path in (place / "whole").rglob("*") if path.is_file())
    sizes = [64 << 10, *(needed * part // 10 for part in (2, 5, 8, 9))]
    for number, size in enumerate(sizes):
        with mounted(place / f"disk{number}", str(size)) as disk:
            out = disk / "out"
            status, words, _ = oracle.run(out)
            assert status == 1 and one_line(words), (status, words)
            assert "full" in words or "free" in words or "space" in words
            assert oracle.half(out) == ""
            subprocess.run(["mount", "-o", f"remount,size={needed * 3 + (8 << 20)}", str(disk)], check=True)
            assert oracle.finish(out) == ""
    tried(len(sizes))


@pytest.mark.timeout(200)
@tries("fault", "a folder of DEST that is immutable, then writable")
def test_an_immutable_folder(oracle: Oracle, tmp_path: Path, tried: Callable[[int], None]) -> None:
    out = tmp_path / "out"
    (out / "Trip").mkdir(parents=True)
    if subprocess.run(["chattr", "+i", str(out / "Trip")], capture_output=True, check=False).returncode:
        pytest.skip("no folder can be made immutable here")
    try:
        status, words, _ = oracle.run(out)
    finally:
        subprocess.run(["chattr", "-i", str(out / "Trip")], check=True)
    assert status == 3 and "cannot be" in words, words
    assert oracle.finish(out) == ""
    tried(1)


@tries("fault", "a DEST on a disk that is mounted read-only")
def test_a_read_only_disk(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    with mounted(place / "disk", "10m") as disk:
        assert oracle.run(disk / "out")[0] == 0
        tree_before = tree(disk / "out")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        status, words, _ = oracle.run(disk / "out", "--force")
        assert status == 1 and one_line(words) and tree(disk / "out") == tree_before
        assert oracle.run(disk / "out", "--dry-run")[0] == 0
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        assert oracle.finish(disk / "out") == ""
    tried(2)


@tries("fault", "two runs into one DEST; the holder of the lock killed")
def test_two_runs(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    out = place / "out"

    def waits() -> None:
        no_exiftool()
        real = commit.carry_out

        def slow(*args: Any, **fields: Any) -> object:
            time.sleep(20)
            return real(*args, **fields)

        setattr(chain, "carry_out", slow)  # noqa: B010

    holder = Run(oracle.argv(out), waits)
    try:
        end = time.monotonic() + 20
        while not (out / ".pef-tui" / "manifest").exists() and time.monotonic() < end:
            time.sleep(0.02)
        status, words, _ = oracle.run(out)
        assert status == 75 and f"process {holder.pid} on" in words, words
        assert (
            carry_out(["--status", "-o", str(out), "--no-config"])[2].count(f"process {holder.pid}".encode())
            == 1
        )
    finally:
        holder.kill()
        holder.wait()
        holder.close()
    assert oracle.finish(out) == ""
    tried(2)


@pytest.mark.parametrize("out", ["inside", "around", "same", "file", "file/below", ".pef-tui", "link"])
@tries("input", "DEST inside SOURCE, around it, the same, a file, below a file, its own folder, a link")
def test_odd_destinations(oracle: Oracle, place: Path, out: str, tried: Callable[[int], None]) -> None:
    source = place / "around" / "export"
    shutil.copytree(oracle.source, source, copy_function=shutil.copy2)
    (place / "file").write_bytes(b"mine")
    (place / "elsewhere").mkdir()
    (place / "link").symlink_to("elsewhere")
    dest = {"inside": source / "out", "around": place / "around", "same": source}.get(out, place / out)
    tree_before = tree(source)
    for turn in range(2):
        status, words, _ = carry_out(arguments(source, dest), no_exiftool)
        retained = {name: content for name, content in tree(source).items() if not name.startswith(b"out/")}
        assert retained == tree_before
        if out in ("same", "file", "file/below"):
            assert status in (1, 2) and one_line(words)
        else:
            assert status == 0, words
            actual = tree(dest)
            sample = {name: content for name, content in actual.items() if not name.startswith(b"export/")}
            assert sample == oracle.expected, turn
    assert (place / "file").read_bytes() == b"mine"
    tried(1)


@pytest.mark.parametrize(
    ("kind", "environment"),
    [
        ("no HOME", {"HOME": None, "XDG_STATE_HOME": None, "XDG_CONFIG_HOME": None}),
        ("HOME is nowhere", {"HOME": "/nowhere/at/all"}),
        ("no locale", {"LANG": None, "LC_ALL": None, "LC_CTYPE": None}),
        ("C locale", {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}),
        ("a locale nobody has", {"LC_ALL": "xx_YY.UTF-8"}),
        ("an odd TMPDIR", {"TMPDIR": "/nowhere"}),
        ("an odd TZ", {"TZ": "Nowhere/None"}),
        (
            "options for Perl and Python",
            {"PERL5OPT": "-Mnowhere", "PERL5LIB": "/nowhere", "PYTHONWARNINGS": "error"},
        ),
    ],
)
@tries("fault", "no HOME, no locale, odd environment variables")
def test_odd_environments(
    oracle: Oracle, place: Path, kind: str, environment: dict[str, str | None], tried: Callable[[int], None]
) -> None:
    env = {**os.environ, "PATH": "/nowhere", **{name: value for name, value in environment.items() if value}}
    for name, value in environment.items():
        if value is None:
            env.pop(name, None)
    result = apart(oracle.argv(place / "out"), env=env)
    assert result.returncode == 0, result.stderr.decode()
    assert oracle.wrong(place / "out") == ""
    tried(1)


@pytest.mark.parametrize("files", [24, 48, 64])
@tries("fault", "few file descriptors (24, 48 and 64)")
def test_few_file_handles(
    oracle: Oracle, place: Path, files: int, tried: Callable[[int], None], tool: Callable[[str], None]
) -> None:
    tool("exiftool")
    source = mixed(place / "export", 40)
    complete = Oracle(source, place)

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    status, words, _ = carry_out(complete.argv(place / "out"), few)
    assert status in ((0,) if files == 64 else (0, 1, 3)), words
    assert status == 0 or one_line(words) or "Failed" in words or "not readable" in words
    assert complete.finish(place / "out") == ""
    tried(1)


@tries("fault", "little memory (200 MB of free address space)")
def test_little_memory(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    def little() -> None:
        no_exiftool()
        used_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used_bytes + (200 << 20), used_bytes + (200 << 20)))

    status, words, _ = carry_out(oracle.argv(place / "out"), little)
    assert "Traceback" not in words and status in (0, 1), words
    assert oracle.finish(place / "out") == ""
    tried(1)


@tries("fault", "standard output closed, closed early (head -1), full; standard error closed")
def test_closed_streams(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    env = {**os.environ, "PATH": "/nowhere"}
    words = " ".join(f"'{word}'" for word in oracle.argv(place / "out"))
    import sys

    python = f"{sys.executable} -m pef_tui {words}"
    ends = (">&-", "2>&-", ">&- 2>&- <&-", ">/dev/full", "2>/dev/full", "| /usr/bin/head -1 >/dev/null")
    for end in ends:
        shell = ["/bin/bash", "-o", "pipefail", "-c", f"{python} {end}"]
        result = subprocess.run(shell, capture_output=True, check=False, env=env, timeout=60)
        assert b"Traceback" not in result.stderr + result.stdout, end
        assert result.returncode in (0, 1), end
        assert oracle.finish(place / "out", repeat=False) == "", end
        shutil.rmtree(place / "out")
    tried(len(ends))


@pytest.mark.parametrize("years", [-30, 30])
@tries("fault", "the clock moved by 30 years, back and forth, between two runs")
def test_clocks_moved(
    oracle: Oracle, place: Path, years: int, monkeypatch: pytest.MonkeyPatch, tried: Callable[[int], None]
) -> None:
    moved = years * 365 * 86_400 * 10**9

    def elsewhen() -> None:
        no_exiftool()
        real = time.time_ns
        time.time_ns = lambda: real() + moved

    assert carry_out(oracle.argv(place / "out"), elsewhen)[0] == 0
    assert oracle.wrong(place / "out") == ""
    assert carry_out(oracle.argv(place / "out"), elsewhen)[0] == 0
    assert oracle.wrong(place / "out") == ""
    tried(2)


@pytest.mark.timeout(300)
@tries("input", "200,000 files in one folder")
def test_a_huge_folder(place: Path, tried: Callable[[int], None]) -> None:
    folder = place / "export" / "Photos from 2019"
    folder.mkdir(parents=True)
    for number in range(200_000):
        os.close(os.open(folder / f"IMG_{number:06}.jpg", os.O_CREAT | os.O_WRONLY))
    run = Run(["--batch", "--dry-run", "-q", "--no-config", str(place / "export")], no_exiftool)
    peak = 0
    while run.status is None:
        pid, status = os.waitpid(run.pid, os.WNOHANG)
        if pid:
            run.status = os.waitstatus_to_exitcode(status)
        else:
            answer = Path(f"/proc/{run.pid}/status").read_text("ascii", "replace").splitlines()
            peak = max([peak, *(int(line.split()[1]) for line in answer if line.startswith("RssAnon"))])
            time.sleep(0.05)
    assert run.status == 3, run.words()  # empty files are no pictures
    assert peak < 600_000
    run.close()
    tried(1)


@tries("input", "folders 2,000 deep")
def test_deep_folders(place: Path, tried: Callable[[int], None]) -> None:
    top = place / "export"
    top.mkdir()
    fd = os.open(top, os.O_RDONLY)
    for _ in range(2_000):
        os.mkdir("d", dir_fd=fd)
        below = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    for name, content in (("a.jpg", b"x" * 100), ("a.jpg.json", b"{")):
        file = os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=fd)
        os.write(file, content)
        os.close(file)
    os.close(fd)
    status, words, lines = carry_out(arguments(top, place / "out"), no_exiftool)
    assert status in (0, 3) and "Traceback" not in words, words
    assert lines.count(b'"type":"media"') == 1
    status, words, lines = carry_out(arguments(top, place / "out"), no_exiftool)
    assert status in (0, 3) and lines.count(b'"type":"media"') == 1, words
    subprocess.run(["rm", "-rf", str(top), str(place / "out")], check=True)
    tried(1)


def replaced_by(create: Callable[[Path], object]) -> Callable[[Path], object]:
    def replace(path: Path) -> None:
        path.unlink()
        create(path)

    return replace


@tries("fault", "a source that changes, grows, shrinks or disappears during the run")
def test_a_source_that_changes(place: Path, tried: Callable[[int], None]) -> None:
    changes: list[Callable[[Path], object]] = [
        lambda path: path.write_bytes(b"other"),
        lambda path: path.write_bytes(path.read_bytes() + b"more"),
        Path.unlink,
        replaced_by(lambda path: path.symlink_to("/etc/passwd")),
        replaced_by(os.mkfifo),
        replaced_by(Path.mkdir),
        lambda path: os.utime(path, (1, 1)),
    ]
    for number, change in enumerate(changes):
        source = takeout(
            place / f"e{number}", {"Trip/a.jpg": sidecar("a.jpg"), "Trip/b.jpg": sidecar("b.jpg")}
        )
        victim = source / "Google Photos" / "Trip" / "a.jpg"

        def meanwhile(change: Callable[[Path], object] = change, victim: Path = victim) -> None:
            no_exiftool()
            real = commit.carry_out

            def changed(*args: Any, **fields: Any) -> object:
                change(victim)
                return real(*args, **fields)

            setattr(chain, "carry_out", changed)  # noqa: B010

        out = place / f"out{number}"
        status, words, _ = carry_out(arguments(source, out, "--workers", "1"), meanwhile)
        assert status == 3 and "Traceback" not in words, (number, words)
        assert not (out / "Trip" / "a.jpg").exists(), number
        assert (out / "Trip" / "b.jpg").exists()
        assert not list((out / ".pef-tui" / "staging").iterdir())
    tried(len(changes))


@tries("kill", "kill -9 of a run: the lock is free immediately")
def test_the_lock_of_a_killed_run(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    for _ in range(5):
        run = Run(oracle.argv(place / "out"), no_exiftool)
        time.sleep(0.1)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        run.close()
        assert oracle.run(place / "out")[0] == 0
    assert oracle.wrong(place / "out") == ""
    tried(5)
