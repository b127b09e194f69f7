"""Publish staged copies: rename them to their final names. Only unchanged files of the program are replaced."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.model import xmp_name
from pef_tui.output.final_names import rename, rename_free
from pef_tui.output.output_dir import DestView, OutputDir, OutsideOutput, components, sync
from pef_tui.output.output_records import (
    IsSharedXmp,
    is_xmp_of_another,
    recorded_facts,
    recorded_xmp_facts,
    writes_xmp,
    xmp_target_state,
)
from pef_tui.output.replacement import FileFacts, TargetState, same_bytes, target_state
from pef_tui.output.staged_outputs import OutputRecord, PreviousOutput, Recorder, StagedOutput
from pef_tui.output.stale_outputs import folded_path
from pef_tui.output.xmp_files import xmp_target

OPEN_FOLDERS = 32
"""Number of folders of DEST that a batch opens at the same time."""
FOREIGN = "something that pef-tui did not put there has its output path; it is left as it is"
XMP_CHANGED = (
    "its output was deleted, and the XMP file of that output was changed since and is left as it is; "
    "the next run puts the picture under another name"
)


@dataclass(frozen=True, slots=True)
class InPlaceRecord:
    """An `OutputRecord` of a source file as it was scanned, for runs in place.

    In place, an output replaces its source, not an earlier output. So this record is used instead of the manifest's.
    """

    output_size: int
    output_mtime_ns: int
    xmp: bool = False
    xmp_size: int = 0
    xmp_mtime_ns: int = 0
    short_xmp: bool = False
    output_digest: bytes = b""
    xmp_digest: bytes = b""


def replaced_record(copy: StagedOutput, output_dir: DestView, recorder: Recorder) -> OutputRecord | None:
    """Return the record of the output that `copy` will replace.

    None if there is no record, or if the last output of the file is at another path. In place, the record is made from
    the scan of the source.
    """
    output = copy.plan.output or ""
    if not output_dir.in_place:
        record, _ = copy.previous_outputs(recorder)
        return record if record is not None and os.fsdecode(record.output) == output else None
    media, xmp_file = copy.plan.match.media, copy.plan.match.xmp
    if xmp_file is None:
        return InPlaceRecord(media.size, media.mtime_ns)
    short = copy.plan.short_xmp
    return InPlaceRecord(media.size, media.mtime_ns, True, xmp_file.file.size, xmp_file.file.mtime_ns, short)


def _intended(copy: StagedOutput, output_dir: DestView, recorder: Recorder) -> Sequence[PreviousOutput]:
    """Return the records of outputs that stopped runs intended to put at the output of `copy`; empty in place."""
    if output_dir.in_place:
        return ()
    output = copy.plan.output or ""
    return [
        intended_output
        for intended_output in copy.previous_outputs(recorder)[1]
        if os.fsdecode(intended_output.output) == output
    ]


def keep_if_user_changed(copy: StagedOutput, output_dir: DestView, recorder: Recorder) -> bool:
    """Return whether a user changed the output or its XMP file since it was written.

    If so, mark `copy` as `unchanged`, with a warning.
    """
    record = replaced_record(copy, output_dir, recorder)
    if record is None:
        return False
    with suppress(OSError, OutsideOutput):
        folder, name = components(copy.plan.output or "")
        intended, follow = _intended(copy, output_dir, recorder), output_dir.in_place
        with output_dir.folder(folder, create=False) as fd:
            state = target_state(fd, name, recorded_facts(record), _facts_of(intended), follow=follow)
            is_shared = _shared_xmp_test(copy, name, recorder, ())
            if state == "changed" or (
                not follow
                and state != "free"
                and _xmp_changed(copy, fd, name, record, intended, is_shared, recorder)
            ):
                copy.keep_user_change()
                return True
    return False


def publish(copies: Sequence[StagedOutput], output_dir: OutputDir, recorder: Recorder) -> None:
    """Rename copies to their final names and sync the folders that got them.

    If a copy cannot be renamed, its outcome becomes `failed`. Raises SyncFailed, and OSError if the disk is full.
    """
    folders: dict[tuple[str, ...], list[tuple[str, StagedOutput]]] = {}
    outputs: set[str] = set()
    for copy in copies:
        output = copy.plan.output or ""
        try:
            folder, name = components(output)
        except OutsideOutput as error:
            copy.fail(str(error))
            continue
        if output in outputs:
            copy.fail("another file of this run has the same output path")
            continue
        outputs.add(output)
        folders.setdefault(folder, []).append((name, copy))
    late = [
        folder
        for folder in folders
        if any("/".join(folder[:end]) in outputs for end in range(1, len(folder) + 1))
    ]
    for names in (
        [name for name in folders if name not in late],
        late,
    ):  # a folder must not get the name of an output
        for start in range(0, len(names), OPEN_FOLDERS):
            members = [_Members(name, folders[name]) for name in names[start : start + OPEN_FOLDERS]]
            _publish_folders(members, output_dir, recorder)


@dataclass(slots=True)
class _Members:
    """The copies that get their final names in one folder of DEST."""

    folder: tuple[str, ...]
    members: Sequence[tuple[str, StagedOutput]]
    """The file name of each output, and its copy."""
    fd: int = -1
    """Descriptor of the folder; -1 if it is not open."""


def _publish_folders(folders: Sequence[_Members], output_dir: OutputDir, recorder: Recorder) -> None:
    """Open the folders, rename the copies, and sync the folders. Each step is done for all folders at once."""
    queues = output_dir.queues

    def publish_group(group: tuple[_Members, Sequence[tuple[str, StagedOutput]]]) -> None:
        folder, members = group
        for name, copy in members:
            _publish_copy(copy, output_dir, folder.fd, name, recorder, folder.members)

    try:
        queues.open.run(lambda folder: _open(folder, output_dir), folders)
        opened = [folder for folder in folders if folder.fd != -1]
        groups = [(folder, group) for folder in opened for group in _groups(folder, output_dir, recorder)]
        queues.rename.run(publish_group, groups)
        queues.open.run(lambda folder: sync(folder.fd), opened)
    finally:
        for folder in folders:
            if folder.fd != -1:
                os.close(folder.fd)


def _open(folder: _Members, output_dir: OutputDir) -> None:
    try:
        folder.fd = output_dir.repeat(lambda: output_dir.open_folder(folder.folder, create=True))
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        for _, copy in folder.members:
            copy.fail(f"its output folder cannot be used: {error.strerror or error}", temporary=True)


def _groups(
    folder: _Members, output_dir: OutputDir, recorder: Recorder
) -> Iterable[Sequence[tuple[str, StagedOutput]]]:
    """Return the members in groups. The result for a copy depends only on the copies of its own group.

    Two members are in one group in these cases:

    - Some disk treats their names as equal.
    - The XMP file of one member, in this or an earlier run, could have the name of the other member or of its XMP file.
      Examples: `a.xmp` for `a.heic` and `a.mov`; `a.jpg.xmp` for `a.jpg` and `a.jpg.heic`.
    """
    groups: dict[str, list[tuple[str, StagedOutput]]] = {}
    for name, copy in folder.members:
        key = folded_path(name)
        records = (replaced_record(copy, output_dir, recorder), *_intended(copy, output_dir, recorder))
        if copy.xmp or key.endswith(".xmp") or any(record is not None and record.xmp for record in records):
            key = (
                key.partition(".")[0] + ".*"
            )  # no name has this key, because `folded_path` removes final dots
        groups.setdefault(key, []).append((name, copy))
    return groups.values()


def _publish_copy(
    copy: StagedOutput,
    output_dir: OutputDir,
    fd: int,
    name: str,
    recorder: Recorder,
    members: Sequence[tuple[str, StagedOutput]],
) -> None:
    record, intended = replaced_record(copy, output_dir, recorder), _intended(copy, output_dir, recorder)

    def choose_target() -> tuple[TargetState, bool]:
        """Return the state in DEST of the names of the copy, and whether its own name is free."""
        follow = output_dir.in_place
        state = target_state(fd, name, recorded_facts(record), _facts_of(intended), follow=follow)
        if state == "foreign" and _has_same_bytes(copy, output_dir, fd, name, recorder):
            state = "ours"
        was_deleted = state == "free"
        if copy.xmp and state not in ("changed", "foreign"):
            is_shared = _shared_xmp_test(copy, name, recorder, members)
            state = _choose_xmp(copy, output_dir, fd, name, record, intended, is_shared)
        return state, was_deleted

    try:
        if record is None and not intended and not copy.xmp and rename_free(copy, output_dir, fd, name):
            return
        state, was_deleted = output_dir.repeat(choose_target)
        if state == "changed" and was_deleted:
            copy.fail(XMP_CHANGED, temporary=True)
        elif state == "changed":
            copy.keep_user_change()
        elif state == "foreign":
            copy.fail(FOREIGN, temporary=True)
        else:
            rename(copy, output_dir, fd, name)
            if not output_dir.in_place:
                for earlier_record in (record, *intended):
                    _remove_old_xmp(copy, fd, name, earlier_record)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        copy.fail(f"cannot be put in its place: {error.strerror or error}", temporary=True)


def _has_same_bytes(
    copy: StagedOutput, output_dir: OutputDir, fd: int, name: str, recorder: Recorder
) -> bool:
    """Return whether the file at the output has no record, but the same bytes as the copy.

    Such a file may be an output whose manifest was lost, so it counts as the program's own.
    """
    return recorder.output_record(copy.plan.output or "") is None and same_bytes(
        output_dir.staging_fd, copy.name, fd, name
    )


def _choose_xmp(
    copy: StagedOutput,
    output_dir: OutputDir,
    fd: int,
    name: str,
    record: OutputRecord | None,
    intended: Sequence[PreviousOutput],
    is_shared: IsSharedXmp,
) -> TargetState:
    """Choose the name of the copy's XMP file, and return the state of this name in DEST (see `TargetState`).

    If the Plan has the short name (`a.xmp`) but a foreign file has it, choose the long name (`a.jpg.xmp`).
    """
    for short in (True, False) if copy.plan.short_xmp else (False,):
        copy.short_xmp = short
        xmp_path = xmp_target(copy, output_dir, name, short)
        state = xmp_target_state(fd, xmp_path, short, record, intended, is_shared, follow=output_dir.in_place)
        if state == "foreign" and same_bytes(output_dir.staging_fd, copy.xmp_name, fd, xmp_path):
            state = "foreign" if short and is_shared(fd, xmp_path) else "ours"
        if state != "foreign":
            break
    return state


def _xmp_changed(
    copy: StagedOutput,
    fd: int,
    name: str,
    record: OutputRecord,
    intended: Sequence[PreviousOutput],
    is_shared: IsSharedXmp,
    recorder: Recorder,
) -> bool:
    """Return whether a user changed the XMP file that the Plan writes. False if the Plan writes none.

    `_choose_xmp` repeats this check just before the rename.
    """
    plan = copy.plan
    if not writes_xmp(plan, recorder.output_record):
        return False
    for short in (True, False) if plan.short_xmp else (False,):
        state = xmp_target_state(fd, xmp_name(name, short), short, record, intended, is_shared)
        if state != "foreign":
            return state == "changed"
    return False


def _shared_xmp_test(
    copy: StagedOutput, name: str, recorder: Recorder, folder_members: Iterable[tuple[str, StagedOutput]]
) -> IsSharedXmp:
    """Return a test for XMP files in the folder of `copy`: whether a file belongs to another output than the copy's.

    The other output may be from this batch (`folder_members`), or from an earlier batch or run (`recorder`). `name`:
    the file name of the copy's output.
    """
    folder = (copy.plan.output or "")[: -len(name)]

    def has_short(neighbour: str) -> bool:
        if any(
            member.published and member.xmp and member.short_xmp
            for at, member in folder_members
            if at == neighbour
        ):
            return True
        recorded = recorder.output_record(folder + neighbour)
        return recorded is not None and recorded.xmp and recorded.short_xmp

    return lambda fd, xmp_path: is_xmp_of_another(fd, name, xmp_path, has_short)


def _facts_of(intended: Sequence[PreviousOutput]) -> list[FileFacts]:
    return [facts for intended_output in intended if (facts := recorded_facts(intended_output)) is not None]


def _remove_old_xmp(copy: StagedOutput, fd: int, name: str, record: OutputRecord | None) -> None:
    """Remove the XMP file in `record` if the program wrote it and the new output does not need it.

    It is not needed if its tags are now in the picture, or in an XMP file of the other name (`a.xmp`, `a.jpg.xmp`). An
    XMP file that a user changed stays.
    """
    if record is None or not record.xmp or copy.outcome == "failed":
        return
    if copy.xmp and copy.short_xmp == record.short_xmp:
        return
    old = xmp_name(name, record.short_xmp)
    if target_state(fd, old, recorded_xmp_facts(record, record.short_xmp)) == "ours":
        os.unlink(old, dir_fd=fd)
