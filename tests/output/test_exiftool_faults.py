"""The writer `exiftool` with a stand-in that fails: the copy is written once, or stays unchanged."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from exiftool_cases import EXIF, XMP, stage, xmp_files_of

from pef_tui.exiftool import ExifToolProcess
from pef_tui.hooks import Staged, WriterSession, Written
from pef_tui.output.exiftool_writer import exiftool_writer
from pef_tui.testing.jpeg import jpeg

Play = Callable[..., WriterSession]


class TestWithAStandIn:
    @pytest.fixture
    def play(self, tmp_path: Path) -> Iterator[Play]:
        stream: list[WriterSession] = []
        folder = tmp_path / "program"
        folder.mkdir()
        program = folder / "exiftool"
        text = (Path(__file__).parents[1] / "exiftool" / "stand_in.py").read_text()
        program.write_text(f"#!{sys.executable} -IS\n{text}")
        program.chmod(0o755)

        def play(*script: str) -> WriterSession:
            (folder / "script.json").write_text(json.dumps(script))
            writer = exiftool_writer(str(program), process=lambda path: ExifToolProcess(path, seconds=1.5))
            stream.append(writer.open())
            return stream[-1]

        yield play
        for session in stream:
            session.close()

    def run(self, session: WriterSession, path: Path) -> Written:
        (outputs,) = session.write([stage(path, jpeg(), EXIF | XMP)])
        return outputs

    @pytest.mark.parametrize(
        "fault",
        ["die before", "die inside", "die after", "other number", "garbage", "replace and die", "hang"],
    )
    def test_one_fault_is_survived(self, play: Play, tmp_path: Path, fault: str) -> None:
        path = tmp_path / "1.jpg"
        assert self.run(play(fault), path).outcome == "written"
        assert path.read_bytes() == jpeg() + b"+", "written once, on the unchanged copy"
        assert xmp_files_of(path) == ["program"]

    @pytest.mark.parametrize("fault", ["die before", "die inside", "garbage", "replace and die"])
    def test_two_faults_leave_the_copy_and_may_pass(self, play: Play, tmp_path: Path, fault: str) -> None:
        path = tmp_path / "1.jpg"
        session = play(fault, fault)
        written_files = self.run(session, path)
        assert (written_files.outcome, written_files.temporary) == ("failed", True)
        assert written_files.reason.startswith("ExifTool")
        assert (path.read_bytes(), xmp_files_of(path)) == (jpeg(), ["program"])
        assert self.run(session, path).outcome == "written", "the next file is not concerned"

    @pytest.mark.parametrize(
        ("script", "word", "warning"),
        [
            (["nothing"], "unchanged", ""),
            (["interop"], "written", "Interop"),
            (["interop", "interop"], "written", "only XMP"),
            (["damaged"], "written", "only XMP"),
            (["lossy"], "written", "only XMP"),
            (["lossy", "lossy"], "sidecar", ""),
            (["damaged", "damaged"], "sidecar", ""),
            (["no picture"], "failed", ""),
            (["lie"], "failed", ""),
        ],
    )
    def test_the_ladder(self, play: Play, tmp_path: Path, script: list[str], word: str, warning: str) -> None:
        path = tmp_path / "1.jpg"
        written = self.run(play(*script), path)
        assert (written.outcome, any(warning in each for each in written.warnings)) == (
            word,
            bool(warning),
        ), written
        assert path.read_bytes() == jpeg() + b"+" * (word == "written")
        assert xmp_files_of(path) == ["1.jpg.xmp"] * (word == "sidecar") + ["program"]

    def test_a_full_disk_is_raised(self, play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "1.jpg"

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "posix_fallocate", full)
        with pytest.raises(OSError, match="No space") as raised:
            self.run(play("no space"), path)
        assert (raised.value.errno, path.read_bytes(), xmp_files_of(path)) == (
            errno.ENOSPC,
            jpeg(),
            ["program"],
        )

    def test_a_write_error_with_room_on_the_disk_is_tried_again(self, play: Play, tmp_path: Path) -> None:
        path = tmp_path / "1.jpg"
        assert self.run(play("no space"), path) == Written("written")
        assert (path.read_bytes(), xmp_files_of(path)) == (jpeg() + b"+", ["program"])

    def test_without_hard_links_a_changed_copy_is_not_written_again(
        self, play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_links(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, "no hard links here")

        monkeypatch.setattr(os, "link", no_links)
        path = tmp_path / "1.jpg"
        written = self.run(play("replace and die"), path)
        assert (written.outcome, written.temporary) == ("failed", True)
        assert self.run(play("die before"), path).outcome == "written", "an unchanged one is"

    def test_no_exiftool(self, tmp_path: Path) -> None:
        session = exiftool_writer(str(tmp_path / "missing")).open()
        written = self.run(session, tmp_path / "1.jpg")
        assert (written.outcome, written.temporary) == ("failed", True)

    def test_a_link_is_not_followed(self, play: Play, tmp_path: Path) -> None:
        target, path = tmp_path / "target.jpg", tmp_path / "1.jpg"
        staged = stage(target, jpeg(), EXIF)
        path.symlink_to(target)
        (written,) = play().write([Staged(staged.plan, str(path))])
        assert (written.outcome, target.read_bytes()) == ("failed", jpeg())
