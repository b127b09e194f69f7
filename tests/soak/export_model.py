"""A model of exports: the parts of two accounts, each with its files; and how they are written to a disk."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from identity import Picture
from msgspec import Struct

Kind = Literal["media", "json", "other"]
Form = Literal["folders", "zips", "tgz", "merged-folder", "merged-zip"]

PHOTOS = "Takeout/Google Photos/"
EXPORTED = int(datetime(2024, 11, 5, 9, 30, tzinfo=UTC).timestamp())
"""Modification time of files that did not change since the export. It is even, because zip archives have steps of 2
s.
"""


class File(Struct, frozen=True):
    """One file of a part."""

    data: bytes
    kind: Kind
    mtime: int = EXPORTED
    picture: Picture | None = None
    title: str = ""
    """Title of the media file; for a JSON file, title of the media file that it is about."""
    counter: int = 0
    family: int = -1
    """Family of the sidecar, or -1."""
    version: int = 0
    readable: bool = True
    """Whether the sidecar can be read."""
    edit_of: str = ""
    """Title of the picture of which it is an edited copy; "" if it is none."""
    suffix: str = ""
    """Suffix of an edited copy."""

    @property
    def about(self) -> int:
        """Family of the file; -1 for none."""
        return self.picture.family if self.picture is not None else self.family


class Part(Struct):
    """One part of an account's export: its files, by their path below the Google Photos folder."""

    account: str
    number: int
    files: dict[str, File] = {}
    present: bool = True


class Root(Struct):
    """One SOURCE argument of a run."""

    path: str
    account: str
    files: dict[str, File]
    """Files by their path below the SOURCE."""
    accounts_parts: tuple[int, ...] = ()


class Exports:
    """All parts, and the form (folders or archives) in which each account's parts are given."""

    def __init__(self) -> None:
        self.parts = [Part(account, number, {}) for account in ("A", "B") for number in (1, 2)]
        self.forms: dict[str, Form] = {"A": "folders", "B": "folders"}
        self._written: dict[str, dict[str, File]] = {}

    def part(self, account: str, number: int) -> Part:
        """Return the part with this number."""
        return next(part for part in self.parts if (part.account, part.number) == (account, number))

    def of_account(self, account: str) -> dict[str, File]:
        """Return all files of an account, present or not."""
        return {
            path: file for part in self.parts if part.account == account for path, file in part.files.items()
        }

    def found(self, kind: Kind) -> list[tuple[Part, str, File]]:
        """Return all files of a kind, in the order of their parts."""
        return [
            (part, path, file)
            for part in self.parts
            for path, file in part.files.items()
            if file.kind == kind
        ]

    def roots(self, place: Path, order: int = 0) -> list[Root]:
        """Return the SOURCEs of the present parts, in one of their orders."""
        roots = [root for account in ("A", "B") for root in self._of(account, place)]
        turned = order % max(1, len(roots))
        roots = roots[turned:] + roots[:turned]
        return roots[::-1] if order % 2 else roots

    def _of(self, account: str, place: Path) -> Iterator[Root]:
        form = self.forms[account]
        parts = [part for part in self.parts if part.account == account and part.present and part.files]
        if form.startswith("merged") and parts:
            merged = {path: file for part in reversed(parts) for path, file in part.files.items()}
            parts = [Part(account, 0, merged)]
        day = 1 if account == "A" else 2
        for part in parts:
            name = f"takeout-2024110{day}T093000Z-{max(1, part.number):03}"
            location = place / f"{account}-{form}"
            ending = {"zips": ".zip", "merged-zip": ".zip", "tgz": ".tgz"}.get(form, "")
            files = {PHOTOS + path: file for path, file in part.files.items()}
            yield Root(str(location / (name + ending)), account, files)

    def lay_out(self, place: Path, order: int = 0) -> list[Root]:
        """Write the model to the disk, changing only what differs. Return the SOURCEs."""
        roots = self.roots(place, order)
        expected = {root.path: root for root in roots}
        for path in set(self._written) - set(expected):
            _remove(path, self._written.pop(path))
        for path, root in expected.items():
            state_before = self._written.get(path)
            if state_before != root.files:
                _write(path, root.files, state_before or {})
                self._written[path] = dict(root.files)
        return roots


def _remove(path: str, files: dict[str, File]) -> None:
    if os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        for name in files:
            os.unlink(os.path.join(path, name))
        for folder, _, _ in os.walk(path, topdown=False):
            os.rmdir(folder)


def _write(path: str, files: dict[str, File], state_before: dict[str, File]) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if path.endswith(".zip"):
        _write_archive(path, _zip(files), files)
    elif path.endswith(".tgz"):
        _write_archive(path, _tgz(files), files)
    else:
        _write_folder(path, files, state_before)


def _write_archive(path: str, data: bytes, files: dict[str, File]) -> None:
    Path(path).write_bytes(data)
    newest = max((file.mtime for file in files.values()), default=EXPORTED)
    os.utime(path, (newest, newest))


def _write_folder(path: str, files: dict[str, File], state_before: dict[str, File]) -> None:
    for name in set(state_before) - set(files):
        os.unlink(os.path.join(path, name))
    for name, file in files.items():
        if state_before.get(name) == file:
            continue
        target = os.path.join(path, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        Path(target).write_bytes(file.data)
        os.utime(target, (file.mtime, file.mtime))


def _zip(files: dict[str, File]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in files.items():
            moment = datetime.fromtimestamp(file.mtime, UTC).timetuple()[:6]
            archive.writestr(zipfile.ZipInfo(name, moment), file.data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _tgz(files: dict[str, File]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1, format=tarfile.GNU_FORMAT) as archive:
        for name, file in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(file.data), file.mtime
            archive.addfile(member, io.BytesIO(file.data))
    return buffer.getvalue()
