"""Steps that make and change exports. Each takes plain values and does nothing where it does not fit."""

from __future__ import annotations

import json
import os
import unicodedata
from typing import Any

from export_model import EXPORTED, Exports, File, Part
from identity import MOST, STILLS, Picture, damaged, marker, picture, taken
from msgspec.structs import replace

from pef_tui.testing import media_name, sidecar, sidecar_name

ACCENTED = "Caf\u00e9"
FOLDERS = (
    "Photos from 2019",
    "Trip",
    unicodedata.normalize("NFC", "\u00c9t\u00e9"),
    unicodedata.normalize("NFD", "\u00c9t\u00e9"),
    "Photos de 2019",
    "Trip_ Rome_",
)
STEMS = (
    "IMG_1",
    "IMG_2",
    "img_1",
    unicodedata.normalize("NFC", ACCENTED),
    unicodedata.normalize("NFD", ACCENTED),
    "\U0001f600" * 10,
    "original_0c2c8e1e-4f3a-4f7b-9d3e-1a2b3c4d5e6f_PHOTO",
    "a name that is just about as long as it may be",
    "Tom & Jerry's",
    "not utf-8 \udcff",
    "IMG_20150110_120000",
)
EXTENSIONS = {
    "jpg": ".jpg",
    "png": ".png",
    "heic": ".HEIC",
    "mp4": ".MP4",
    "mov": ".MOV",
    "gif": ".gif",
    "webp": ".webp",
    "tif": ".tif",
    "bmp": ".bmp",
    "avi": ".avi",
    "psd": ".psd",
    "jp2": ".jp2",
    "motion": ".jpg",
}
RUBBISH: tuple[tuple[str, bytes], ...] = (
    ("._IMG_1.jpg", b"\0\5\x16\7 resource"),
    ("Thumbs.db", b"thumbs"),
    ("print-subscriptions.json", b'{"printSubscriptions": []}'),
    ("user-generated-memory-titles.json", b'{"memoriesTitles": ["x"]}'),
    ("odd.json", b"[1, 2"),
    ("list.json", b"[]"),
    ("notes.txt", b"notes"),
    ("metadata.json", b'{"title": "An album", "description": "", "access": "protected"}'),
)


class Making:
    """An export being made. Numbers given to steps are taken modulo what is there."""

    def __init__(self) -> None:
        self.exports = Exports()
        self.pictures: dict[int, Picture] = {}
        self._families = 0
        self._clock = EXPORTED
        self.replaced: set[int] = set()
        """Numbers of pictures that are in no source any more, for others took their names."""

    # -- steps

    def add(
        self,
        account: str,
        part: int,
        folder: int,
        stem: int,
        format: str,
        json: str = "beside",
        naming: str = "new",
        dated: bool = False,
    ) -> None:
        """A new picture; `json` says where its sidecar lies: beside, apart (another part), album, none."""
        name = STEMS[stem % len(STEMS)]
        if not self._fits(account, name):
            return
        title = name + EXTENSIONS[format]
        family = self._new_family()
        made = self._picture(format, family, dated=dated)
        if made is None:
            return
        where = FOLDERS[folder % len(FOLDERS)]
        counter = self._counter(account, where, title)
        file = File(made.data, "media", picture=made, title=title, counter=counter)
        if not self._put(account, part, f"{where}/{media_name(title, counter)}", file) or json == "none":
            return
        number, beside = {"beside": (part, where), "apart": (3 - part, where), "album": (part, "Trip")}[json]
        about = counter if beside == where else self._counter(account, beside, title)
        self._put_json(account, number, beside, title, about, family, 1, naming)

    def live(self, at: int, part: int, format: str = "mp4") -> None:
        """The film of a live photo, beside a still that is there."""
        found = self._media(at, stills=True)
        if found is None:
            return
        owner, path, file = found
        stem, _, _ = path.rpartition(".")
        made = self._picture(format, file.picture.family if file.picture else -1, dated=False)
        title = file.title.rpartition(".")[0] + EXTENSIONS[format]
        if made is not None:
            film = File(made.data, "media", picture=made, title=title, counter=file.counter)
            self._put(owner.account, part, stem + EXTENSIONS[format], film)

    def edited(self, at: int, part: int, suffix: str = "-edited") -> None:
        """An edited copy of a still that is there."""
        found = self._media(at, stills=True)
        if found is None:
            return
        owner, path, file = found
        folder, _, name = path.rpartition("/")
        format = next((each for each in STILLS if name.endswith(EXTENSIONS[each])), "jpg")
        made = self._picture(format, file.picture.family if file.picture else -1, dated=False)
        copied = media_name(file.title, file.counter, suffix)
        if made is not None and copied != name:
            copy = File(made.data, "media", picture=made, title=copied)
            self._put(owner.account, part, f"{folder}/{copied}", copy)

    def copy(self, at: int, folder: int, part: int, json: bool = True) -> None:
        """The same picture in another folder of its account, with or without a sidecar there."""
        if (found := self._media(at)) is None:
            return
        owner, path, file = found
        where = FOLDERS[folder % len(FOLDERS)]
        if path.startswith(where + "/"):
            return
        counter = self._counter(owner.account, where, file.title)
        target = f"{where}/{media_name(file.title, counter)}"
        if self._put(owner.account, part, target, replace(file, counter=counter)) and json and file.picture:
            self._put_json(owner.account, part, where, file.title, counter, file.picture.family, 1)

    def same_in_other_account(self, at: int, part: int, json: bool = True, version: int = 1) -> None:
        """The same picture in the other account's export, its sidecar perhaps another."""
        if (found := self._media(at)) is None:
            return
        owner, path, file = found
        account = "B" if owner.account == "A" else "A"
        where = path.rpartition("/")[0]
        if not self._fits(account, path) or self._has_like(account, where, file):
            return
        if self._put(account, part, path, file) and json and file.picture:
            self._put_json(account, part, where, file.title, file.counter, file.picture.family, version)

    def orphan(self, account: str, part: int, folder: int, stem: int) -> None:
        """A sidecar whose picture is nowhere."""
        title = STEMS[stem % len(STEMS)] + ".jpg"
        where = FOLDERS[folder % len(FOLDERS)]
        if self._fits(account, title):
            counter = self._counter(account, where, title)
            self._put_json(account, part, where, title, counter, self._new_family(), 1)

    def rubbish(self, account: str, part: int, folder: int, kind: int) -> None:
        """A file that is neither media nor a sidecar."""
        name, data = RUBBISH[kind % len(RUBBISH)]
        file = File(data, "json" if name.endswith(".json") else "other")
        self._put(account, part, f"{FOLDERS[folder % len(FOLDERS)]}/{name}", file)

    def damage(self, at: int, how: str) -> None:
        """A picture is damaged in the export already."""
        if (found := self._media(at)) is None:
            return
        part, path, file = found
        if file.picture is not None and file.picture.whole:
            broken = damaged(file.picture, how)
            self.replaced.add(file.picture.number)
            part.files[path] = replace(file, data=broken.data, picture=broken)

    def new_bytes(self, at: int, keep_time: bool = False) -> None:
        """Other image data under the same name and sidecar."""
        if (found := self._media(at)) is None:
            return
        part, path, file = found
        if file.picture is None or not file.picture.whole:
            return
        format = next((each for each, ending in EXTENSIONS.items() if path.endswith(ending)), "jpg")
        if (made := self._picture(format, file.picture.family, dated=False)) is not None:
            mtime = file.mtime if keep_time else self._tick()
            self.replaced.add(file.picture.number)
            part.files[path] = replace(file, data=made.data, picture=made, mtime=mtime)

    def new_json(self, at: int, keep_time: bool = False) -> None:
        """A sidecar says something else."""
        found = [each for each in self.exports.found("json") if each[2].family >= 0]
        if not found:
            return
        part, path, file = found[at % len(found)]
        changed = self._json(file.title, file.counter, file.family, file.version + 1)
        mtime = file.mtime if keep_time else self._tick()
        part.files[path] = replace(changed, mtime=mtime)

    def move(self, at: int, folder: int, json: bool = True) -> None:
        """A picture lies in another folder of a newer export, with its sidecar or without."""
        if (found := self._media(at)) is None:
            return
        part, path, file = found
        where, old = FOLDERS[folder % len(FOLDERS)], path.rpartition("/")[0]
        counter = self._counter(part.account, where, file.title)
        target = f"{where}/{media_name(file.title, counter)}"
        if where == old or not self._put(part.account, part.number, target, replace(file, counter=counter)):
            return
        del part.files[path]
        if file.picture is None:
            return
        for other, name, said in self.exports.found("json"):
            about = (said.title, said.counter, said.family) == (file.title, file.counter, file.picture.family)
            if other.account == part.account and name.rpartition("/")[0] == old and about:
                if json:
                    del other.files[name]
                    self._put_json(
                        other.account, other.number, where, said.title, counter, said.family, said.version
                    )
                return

    def rename_folder(self, account: str, folder: int, name: int) -> None:
        """An album has another name in a newer export."""
        old, new = FOLDERS[folder % len(FOLDERS)], FOLDERS[name % len(FOLDERS)]
        if any(path.startswith(new + "/") for path in self.exports.of_account(account)):
            return
        for part in self.exports.parts:
            if part.account == account:
                part.files = {
                    new + path[len(old) :] if path.startswith(old + "/") else path: file
                    for path, file in part.files.items()
                }

    def touch(self, at: int) -> None:
        """A source file gets another time."""
        if (found := self._media(at)) is not None:
            part, path, file = found
            part.files[path] = replace(file, mtime=self._tick())

    def present(self, account: str, part: int, there: bool) -> None:
        """A part is given, or is not."""
        self.exports.part(account, part).present = there

    def form(self, account: str, form: str) -> None:
        """The parts of an account are given as folders or archives, one by one or merged."""
        if "zip" in form and any(_odd(path) for path in self.exports.of_account(account)):
            return
        self.exports.forms[account] = form  # type: ignore[assignment]

    # -- their parts

    def _fits(self, account: str, name: str) -> bool:
        return not _odd(name) or "zip" not in self.exports.forms[account]

    def _new_family(self) -> int:
        self._families += 1
        return self._families % MOST

    def _picture(self, format: str, family: int, *, dated: bool) -> Picture | None:
        number = len(self.pictures) + 1
        if number >= MOST:
            return None
        made = self.pictures[number] = picture(format, number, family, dated=dated)
        return made

    def _counter(self, account: str, folder: str, title: str) -> int:
        """How many pictures and sidecars of this title the folder has already."""
        return len(
            {
                file.counter
                for path, file in self.exports.of_account(account).items()
                if path.rpartition("/")[0] == folder and file.title == title
            }
        )

    def _has_like(self, account: str, folder: str, file: File) -> bool:
        """Has the folder another family's file under a name that begins like this, or the reverse?"""
        stem = _stem(file.title)
        return any(
            (stem.startswith(_stem(other.title)) or _stem(other.title).startswith(stem))
            and file.picture is not None
            and other.about not in (-1, file.picture.family)
            for path, other in self.exports.of_account(account).items()
            if path.rpartition("/")[0] == folder
        )

    def _media(self, at: int, *, stills: bool = False) -> tuple[Part, str, File] | None:
        found = [
            each
            for each in self.exports.found("media")
            if not stills or each[1].endswith(tuple(EXTENSIONS[format] for format in STILLS))
        ]
        return found[at % len(found)] if found else None

    def _put(self, account: str, part: int, path: str, file: File) -> bool:
        """Lay a file into a part, where no part of the account has one of this path."""
        if path in self.exports.of_account(account) or len(os.fsencode(path.rpartition("/")[2])) > 255:
            return False
        self.exports.part(account, part).files[path] = file
        return True

    def _put_json(
        self,
        account: str,
        part: int,
        folder: str,
        title: str,
        counter: int,
        family: int,
        version: int,
        naming: Any = "new",
    ) -> None:
        if _odd(title):
            return
        path = f"{folder}/{sidecar_name(title, counter, naming)}"
        self._put(account, part, path, self._json(title, counter, family, version))

    def _json(self, title: str, counter: int, family: int, version: int) -> File:
        said = marker(family, version)
        fields = sidecar(
            title,
            taken=taken(family),
            people=[f"Person {said}"],
            description=f"about {said}",
            url=f"https://photos.google.com/photo/F{family}",
        )
        data = json.dumps(fields, ensure_ascii=False).encode()
        return File(data, "json", title=title, counter=counter, family=family, version=version)

    def _tick(self) -> int:
        self._clock += 600
        return self._clock


def _odd(name: str) -> bool:
    """Is it a name that is not UTF-8?"""
    return any("\ud800" <= letter <= "\udfff" for letter in name)


def _stem(title: str) -> str:
    return unicodedata.normalize("NFC", title.rpartition(".")[0]).casefold()
