"""A server that fails or hangs for a while, below a source or DEST: the run waits, continues and loses nothing."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fault_counts import tries
from fault_exports import archived, mixed
from forked_runs import Run, carry_out
from fuse_mount import require_fuse
from run_oracle import Oracle, tree
from slow_line import Fault
from slow_mount import SlowMount, mounted

from pef_tui.filesystem import disk_watch

ERRORS = ("EIO", "ESTALE", "ETIMEDOUT")
OF_SOURCE = ("getattr", "readdir", "open", "read")
REPEATED = ("create", "write", "mkdir", "rename", "utimens", "getattr", "unlink")
"""Kinds of calls in DEST that are repeated."""
FINAL = ("fsync",)
"""Kinds of calls in DEST whose failure ends the run."""


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    require_fuse()
    place = tmp_path_factory.mktemp("server")
    return Oracle(mixed(place / "export", 30), place, "--workers", "2")


def probe_often(wait_seconds: float = 30.0) -> None:
    disk_watch.PROBE_SECONDS = 0.1
    disk_watch.WAIT_SECONDS = wait_seconds


def through(oracle: Oracle, source: Path) -> Oracle:
    """Return an oracle for the same export at another path. It expects the same outputs."""
    other = Oracle.__new__(Oracle)
    other.__dict__ |= vars(oracle)
    other.source, other.before = source, probe_often
    return other


@contextmanager
def served(side: str, oracle: Oracle, tmp_path: Path) -> Iterator[tuple[SlowMount, Path, Path]]:
    """Mount the source or DEST through a server. Yield the server, and the paths of the source and DEST."""
    below = oracle.source if side == "source" else tmp_path / "dest"
    below.mkdir(exist_ok=True)
    (tmp_path / "slow.below").symlink_to(below)
    with mounted(tmp_path, delay_ms=0, cache_seconds=0) as server:
        yield (
            (server, server.path, tmp_path / "out")
            if side == "source"
            else (server, oracle.source, server.path)
        )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", OF_SOURCE)
@pytest.mark.parametrize("error", ERRORS)
@tries("fault", "a server with a source that answers EIO, ESTALE or ETIMEDOUT for a while, by kind of call")
def test_source_fails_for_a_while(
    error: str, kind: str, oracle: Oracle, tmp_path: Path, tried: Callable[[int], None]
) -> None:
    (tmp_path / "slow.below").symlink_to(oracle.source)
    with mounted(tmp_path, delay_ms=0, cache_seconds=0) as server:
        server.set_fault(Fault(error, seconds=1.0, kinds=[kind], after=30 if kind == "getattr" else 4))
        run = through(oracle, server.path)
        status, words, lines = run.run(tmp_path / "out")
        assert server.faults_met() > 0
        summary = json.loads(lines.splitlines()[-1])
        assert status == 0 and "failed" not in summary["media"], (status, words, summary)
        assert oracle.wrong(tmp_path / "out", again=False) == ""
    tried(1)


@pytest.fixture(scope="module", params=["zip", "tgz"])
def archive_oracle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    require_fuse()
    place = tmp_path_factory.mktemp("archive")
    return Oracle(archived(place / "export", request.param), place, "--workers", "2")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["open", "read"])
@pytest.mark.parametrize("after", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("error", ERRORS)
@tries("fault", "a server with an archive (zip, tgz) that answers EIO, ESTALE or ETIMEDOUT for a while")
def test_archive_fails_for_a_while(
    error: str, after: int, kind: str, archive_oracle: Oracle, tmp_path: Path, tried: Callable[[int], None]
) -> None:
    (tmp_path / "slow.below").symlink_to(archive_oracle.source.parent)
    with mounted(tmp_path, delay_ms=0, cache_seconds=0) as server:
        server.set_fault(Fault(error, seconds=0.5, kinds=[kind], after=after))
        run = through(archive_oracle, server.path / archive_oracle.source.name)
        status, words, lines = run.run(tmp_path / "out")
        if not server.faults_met():
            return  # the run makes fewer calls of this kind
        summary = json.loads(lines.splitlines()[-1])
        assert status == 0 and "failed" not in summary["media"], (status, words, summary)
        assert "problems" not in summary, summary
        assert archive_oracle.wrong(tmp_path / "out", again=False) == ""
    tried(1)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", REPEATED + FINAL)
@pytest.mark.parametrize("error", ERRORS)
@tries("fault", "a server with DEST that answers EIO, ESTALE or ETIMEDOUT for a while, by kind of call")
def test_dest_fails_for_a_while(
    error: str, kind: str, oracle: Oracle, tmp_path: Path, tried: Callable[[int], None]
) -> None:
    with mounted(tmp_path, delay_ms=0, cache_seconds=0) as server:
        out = server.path / "out"
        after = {"getattr": 150, "create": 12, "write": 12, "mkdir": 3, "unlink": 8, "fsync": 1}.get(kind, 5)
        server.set_fault(Fault(error, seconds=1.0, kinds=[kind], after=after))
        run = through(oracle, oracle.source)
        status, words, lines = run.run(out)
        met = server.faults_met()
        server.clear_faults()
        summary = json.loads(lines.splitlines()[-1])
        assert met > 0
        assert oracle.half(out) == ""
        assert status == (1 if kind in FINAL else 0), (status, words, summary)
        assert oracle.finish(out) == ""
    tried(1)


LOST = ("mkdir", "rename", "create", "utimens", "unlink")
"""Kinds of calls in DEST that a server carries out and whose answer is lost."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("in_place", [False, True], ids=["copies", "in place"])
@tries("fault", "a server with DEST that carries calls out although it reports an error, by kind of call")
def test_answers_are_lost(
    in_place: bool, kind: str, oracle: Oracle, tmp_path: Path, tried: Callable[[int], None]
) -> None:
    with mounted(tmp_path, delay_ms=0, cache_seconds=0) as server:
        out = server.path / "out"
        options = ["--workers", "1"]
        arguments = ["--batch", "--json", "--no-config", *options, str(out), "--in-place"]
        if in_place:
            shutil.copytree(oracle.source, out)
            expected_out = tmp_path / "expected"
            shutil.copytree(oracle.source, expected_out)
            status, words, _ = carry_out([*arguments[:-2], str(expected_out), "--in-place"])
            assert status == 0, words
        else:
            arguments = oracle.argv(out, *options)
        after = {"rename": 3, "mkdir": 2 if in_place else 4, "create": 12, "utimens": 3}.get(kind, 0)
        server.set_fault(Fault("EIO", calls=1, kinds=[kind], after=after, carried_out=True))
        status, words, lines = carry_out(arguments, probe_often)
        assert server.faults_met() == 1, server.calls()
        server.clear_faults()
        summary = json.loads(lines.splitlines()[-1])
        assert status == 0 and "failed" not in summary["media"], (status, words, summary)
        if in_place:
            assert tree(out) == tree(expected_out)
        else:
            assert oracle.wrong(out) == ""
    tried(1)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("side", ["source", "dest"])
@tries(
    "fault",
    "a server of a source or of DEST that does not answer any more: the run ends after the waiting time",
)
def test_server_does_not_come_back(
    side: str, oracle: Oracle, tmp_path: Path, tried: Callable[[int], None]
) -> None:
    (tmp_path / "slow.below").symlink_to(oracle.source if side == "source" else tmp_path)
    with mounted(tmp_path, delay_ms=0, cache_seconds=0) as server:
        source, out = (
            (server.path, tmp_path / "out") if side == "source" else (oracle.source, server.path / "o")
        )
        server.set_fault(Fault("ETIMEDOUT", after=150))
        run = through(oracle, source)
        run.before = lambda: probe_often(0.5)
        status, words, lines = run.run(out)
        assert server.faults_met() > 0
        server.clear_faults()
        summary = json.loads(lines.splitlines()[-1])
        name = f"the source {source}" if side == "source" else f"the output folder {out}"
        assert status == 1 and f"{name} does not answer" in words, words
        assert "failed" not in summary["media"] and "invalid" not in summary["json"]
        assert oracle.half(out) == ""
        assert through(oracle, source).run(out)[0] == 0
        assert oracle.wrong(out, again=False) == ""
    tried(1)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("end", ["crash", "detach"])
@pytest.mark.parametrize("side", ["source", "dest"])
@tries("fault", "a FUSE server of a source or of DEST that ends or is detached in the middle of a run")
def test_server_ends(
    end: str, side: str, oracle: Oracle, tmp_path: Path, tried: Callable[[int], None]
) -> None:
    with served(side, oracle, tmp_path) as (server, source, out):
        server.set_fault(Fault(after=150))
        run = Run(through(oracle, source).argv(out), probe_often)
        try:
            server.await_fault()
            if end == "detach":
                server.detach()
                server.clear_faults()
            else:
                server.crash()
            status, words = run.wait(), run.words()
        finally:
            run.kill_group()
        name = f"the source {source}" if side == "source" else "the output folder"
        summary = json.loads(run.lines().splitlines()[-1])
        run.close()
        assert "Traceback" not in words and "failed" not in summary["media"], (words, summary)
        assert status == 1 and name in words, words
        if end == "detach":
            assert side == "source" or list(server.path.iterdir()) == []
    finished = tmp_path / ("dest" if side == "dest" else "out")
    assert oracle.half(finished) == ""
    assert oracle.finish(finished) == ""
    tried(1)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("side", ["source", "dest"])
@tries("fault", "a mount of a source or of DEST that hangs, then answers: the run continues by itself")
def test_mount_hangs(side: str, oracle: Oracle, tmp_path: Path, tried: Callable[[int], None]) -> None:
    with served(side, oracle, tmp_path) as (server, source, out):
        server.set_fault(Fault(seconds=3.0, after=150))
        status, words, lines = through(oracle, source).run(out)
        assert server.faults_met() > 0
        assert status == 0 and "failed" not in json.loads(lines.splitlines()[-1])["media"], words
        assert oracle.wrong(out, again=False) == ""
    tried(1)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("side", ["source", "dest"])
@tries("kill", "Ctrl-C, once and twice, while the mount of a source or of DEST hangs")
def test_interrupt_while_a_mount_hangs(
    side: str, times: int, oracle: Oracle, tmp_path: Path, tried: Callable[[int], None]
) -> None:
    with served(side, oracle, tmp_path) as (server, source, out):
        server.set_fault(Fault(after=150))
        run = Run(through(oracle, source).argv(out), probe_often)
        try:
            server.await_fault()
            for _ in range(times):
                run.kill(signal.SIGINT)
                time.sleep(0.5)
            # The system cannot end a process that waits for an answer of a FUSE server. So the server answers now.
            server.clear_faults()
            assert run.wait() == 130, run.words()
            words = "Stopped immediately" if times == 2 else "Stopping after the current batch"
            assert words in run.words()
        finally:
            run.kill_group()
            server.clear_faults()
            run.close()
        assert oracle.half(out) == ""
        assert through(oracle, source).run(out)[0] == 0
        assert oracle.wrong(out, again=False) == ""
    tried(1)
