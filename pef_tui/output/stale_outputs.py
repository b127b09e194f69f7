"""Remove stale outputs: outputs of earlier runs whose source file has another output path now."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Collection, Sequence
from contextlib import suppress

from pef_tui.model import Plan, xmp_name
from pef_tui.output.output_dir import OutputDir, OutsideOutput, components, sync
from pef_tui.output.output_records import recorded_facts, recorded_xmp_facts
from pef_tui.output.replacement import target_state
from pef_tui.output.staged_outputs import PreviousOutput, Recorder, StagedOutput


def remove_stale_outputs(copies: Sequence[StagedOutput], output_dir: OutputDir, recorder: Recorder) -> None:
    """Remove the outputs that earlier runs wrote for these copies at other paths. The new outputs must be on the disk.

    Call it before the batch is recorded. After a crash in between, the next run repeats the batch. So no output remains
    that is not in the manifest. An output that a user changed stays, with a warning.
    """
    if output_dir.in_place:  # in place, each output is its own source
        return
    outputs = {copy.plan.output for copy in copies}

    def remove(candidate: tuple[StagedOutput, Sequence[PreviousOutput]]) -> None:
        copy, records = candidate
        if copy.published or copy.plan.withdraws or _has_output_elsewhere(copy.plan, output_dir):
            for record in records:
                _remove_stale(copy, record, output_dir)

    candidates = [(copy, records) for copy in copies if (records := _stale_records(copy, outputs, recorder))]
    output_dir.queues.remove.run(remove, candidates)


def _stale_records(
    copy: StagedOutput, outputs: Collection[str | None], recorder: Recorder
) -> Sequence[PreviousOutput]:
    """Return the records of the stale outputs of a copy: outputs that earlier runs wrote for its file at other paths.

    An output that belongs to another file now is left out: one of the batch (`outputs` has their paths), or one that
    the manifest has for another file.
    """
    recorded, intended = copy.previous_outputs(recorder)
    records = []
    for record in (recorded, *intended):
        old_output = os.fsdecode(record.output) if record is not None else ""
        if record is None or not old_output or old_output in outputs:
            continue
        owner = recorder.output_record(old_output)
        if owner is None or owner == recorded:
            records.append(record)
    return records


def _remove_stale(copy: StagedOutput, record: PreviousOutput, output_dir: OutputDir) -> None:
    old_output = os.fsdecode(record.output)
    try:
        if not remove_output(old_output, record, copy.plan.output, output_dir):
            copy.warn(f"what was put at {old_output} before was changed since and is left there")
    except (FileNotFoundError, NotADirectoryError, OutsideOutput):
        pass  # already removed
    except OSError as error:
        copy.warn(
            f"what was put at {old_output} before cannot be removed and stays there: {error.strerror or error}"
        )


def _has_output_elsewhere(plan: Plan, output_dir: OutputDir) -> bool:
    """Return whether the Plan needs no output of its own: the output `plan.link` in DEST has its bytes."""
    if plan.output is not None or not plan.link:
        return False
    with suppress(OSError, OutsideOutput):
        folder, name = components(plan.link)
        with output_dir.folder(folder, create=False) as fd:
            return stat.S_ISREG(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)
    return False


def remove_output(old_output: str, record: PreviousOutput, new: str | None, output_dir: OutputDir) -> bool:
    """Remove an output, its XMP file, and folders that become empty. Return whether they were removed.

    If a user changed one of the two files, remove nothing. `new`: the new output path of the file. If `old_output` and
    `new` are the same file for the disk, that file stays. Raises OSError, OutsideOutput.
    """
    folder, name = components(old_output)
    with output_dir.folder(folder, create=False) as fd:
        xmp_path = xmp_name(name, record.short_xmp) if record.xmp else ""
        files = [(name, recorded_facts(record))]
        if xmp_path:
            files.append((xmp_path, recorded_xmp_facts(record, record.short_xmp)))
        states = [target_state(fd, file_name, facts) for file_name, facts in files]
        if "changed" in states:
            return False
        if new is not None and _same_file(fd, old_output, new, output_dir):
            return True
        for (file_name, _), state in zip(files, states, strict=True):
            if state == "ours":
                os.unlink(file_name, dir_fd=fd)
        sync(fd)
    _remove_empty(folder, output_dir)
    return True


def _same_file(fd: int, old_output: str, new: str, output_dir: OutputDir) -> bool:
    """Return whether both paths are the same folder entry. Some disks ignore case or Unicode form.

    Two hard links are two entries. Inodes prove nothing: with sshfs and rclone, each spelling has its own inode. So if
    some disk could treat the paths as equal, the listings of the folders decide.
    """
    (_, name), (folder, new_name) = components(old_output), components(new)
    with output_dir.folder(folder, create=False) as new_fd:
        old_stat = os.stat(name, dir_fd=fd, follow_symlinks=False)
        new_stat = os.stat(new_name, dir_fd=new_fd, follow_symlinks=False)
        if os.path.samestat(old_stat, new_stat) and old_stat.st_nlink == 1:
            return True
    return folded_path(old_output) == folded_path(new) and not (
        _is_listed(old_output, output_dir) and _is_listed(new, output_dir)
    )


def _is_listed(path: str, output_dir: OutputDir) -> bool:
    """Return whether the folders of DEST list every part of `path` in exactly this spelling. Raises OSError."""
    parts = path.split("/")
    for depth, part in enumerate(parts):
        with output_dir.folder(tuple(parts[:depth]), create=False) as fd:
            if part not in os.listdir(fd):
                return False
    return True


def folded_path(path: str) -> str:
    """Return `path` reduced to the differences that every disk sees.

    Case, Unicode form, and spaces and dots at the end of names are removed, because some disks ignore them.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
    return "/".join(part.rstrip(" .") for part in folded.split("/"))


def _remove_empty(folder: Collection[str], output_dir: OutputDir) -> None:
    """Remove `folder` if it is empty, then its parents, up to the first one that is not empty. Ignore errors."""
    parts = tuple(folder)
    with suppress(OSError):
        while parts:
            with output_dir.folder(parts[:-1], create=False) as above:
                os.rmdir(parts[-1], dir_fd=above)
            parts = parts[:-1]
