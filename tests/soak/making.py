"""Steps that make and change exports. Each takes plain values, and does nothing if it cannot be applied."""

from __future__ import annotations

import json
import os
import unicodedata
from typing import Any

from export_model import EXPORTED, Exports, File, Part
from identity import MOST, STILLS, Picture, capture_time, damaged, marker, picture
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
    """An export in construction. Numbers passed to steps are taken modulo the number of existing items."""

    def __init__(self) -> None:
        self.exports = Exports()
        self.pictures: dict[int, Picture] = {}
        self._families = 0
        self._clock = EXPORTED
        self.replaced: set[int] = set()
        """Numbers of pictures that may replace each other in DEST, because they are the same photo: by name and
        sidecar.
        """
        self._same_photo: dict[tuple[str, int], set[int]] = {}
        """Numbers of the pictures that any account ever had under a name, by name and family."""

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
        """Add a picture. `json`: place of its sidecar: beside, apart (in another part), album, none."""
        name = STEMS[stem % len(STEMS)]
        if not self._fits(account, name):
            return
        title = name + EXTENSIONS[format]
        family = self._new_family()
        sample = self._picture(format, family, dated=dated)
        if sample is None:
            return
        location = FOLDERS[folder % len(FOLDERS)]
        counter = self._counter(account, location, title)
        file = File(sample.data, "media", picture=sample, title=title, counter=counter)
        if not self._put(account, part, f"{location}/{media_name(title, counter)}", file) or json == "none":
            return
        number, xmp_file = {
            "beside": (part, location),
            "apart": (3 - part, location),
            "album": (part, "Trip"),
        }[json]
        about = counter if xmp_file == location else self._counter(account, xmp_file, title)
        self._put_json(account, number, xmp_file, title, about, family, 1, naming)

    def live(self, at: int, part: int, format: str = "mp4") -> None:
        """Add the video of a live photo beside an existing still."""
        actual = self._media(at, stills=True)
        if actual is None:
            return
        owner, path, file = actual
        stem, _, _ = path.rpartition(".")
        created = self._picture(format, file.picture.family if file.picture else -1, dated=False)
        title = file.title.rpartition(".")[0] + EXTENSIONS[format]
        if created is not None:
            film = File(created.data, "media", picture=created, title=title, counter=file.counter)
            self._put(owner.account, part, stem + EXTENSIONS[format], film)

    def edited(self, at: int, part: int, suffix: str = "-edited") -> None:
        """Add an edited copy of an existing still."""
        actual_value = self._media(at, stills=True)
        if actual_value is None:
            return
        owner, path, file = actual_value
        folder, _, name = path.rpartition("/")
        format = next((each for each in STILLS if name.endswith(EXTENSIONS[each])), "jpg")
        made = self._picture(format, file.picture.family if file.picture else -1, dated=False)
        copied = media_name(file.title, file.counter, suffix)
        if made is not None and copied != name:
            copy = File(made.data, "media", picture=made, title=copied, edit_of=file.title, suffix=suffix)
            self._put(owner.account, part, f"{folder}/{copied}", copy)

    def copy(self, at: int, folder: int, part: int, json: bool = True) -> None:
        """Add the same picture to another folder of its account, with or without a sidecar there."""
        if (content := self._media(at)) is None:
            return
        owner, path, file = content
        position = FOLDERS[folder % len(FOLDERS)]
        if path.startswith(position + "/"):
            return
        if (named := self._named_in(owner.account, position, file)) is None:
            return
        target = f"{position}/{media_name(named.title, named.counter)}"
        if self._put(owner.account, part, target, named) and json and file.picture:
            self._put_json(owner.account, part, position, named.title, named.counter, file.picture.family, 1)

    def same_in_other_account(self, at: int, part: int, json: bool = True, version: int = 1) -> None:
        """Add the same picture to the other account's export. Its sidecar may differ."""
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
        """Add a sidecar without a picture."""
        title = STEMS[stem % len(STEMS)] + ".jpg"
        where = FOLDERS[folder % len(FOLDERS)]
        if self._fits(account, title):
            counter = self._counter(account, where, title)
            self._put_json(account, part, where, title, counter, self._new_family(), 1)

    def rubbish(self, account: str, part: int, folder: int, kind: int) -> None:
        """Add a file that is neither media nor a sidecar."""
        name, data = RUBBISH[kind % len(RUBBISH)]
        file = File(data, "json" if name.endswith(".json") else "other")
        self._put(account, part, f"{FOLDERS[folder % len(FOLDERS)]}/{name}", file)

    def damage(self, at: int, mode: str) -> None:
        """Damage a picture in the export."""
        if (found := self._media(at)) is None:
            return
        part, path, file = found
        if file.picture is not None and file.picture.whole:
            broken = damaged(file.picture, mode)
            self.replaced.add(file.picture.number)
            part.files[path] = replace(file, data=broken.data, picture=broken)

    def new_bytes(self, at: int, keep_time: bool = False) -> None:
        """Give a file other image data, under the same name and with the same sidecar."""
        if (found := self._media(at)) is None:
            return
        part, path, file = found
        if file.picture is None or not file.picture.whole:
            return
        format = next((item for item, ending in EXTENSIONS.items() if path.endswith(ending)), "jpg")
        if (made := self._picture(format, file.picture.family, dated=False)) is not None:
            mtime = file.mtime if keep_time else self._tick()
            self.replaced.add(file.picture.number)
            part.files[path] = replace(file, data=made.data, picture=made, mtime=mtime)

    def new_json(self, at: int, keep_time: bool = False) -> None:
        """Change the content of a sidecar."""
        found = [element for element in self.exports.found("json") if element[2].family >= 0]
        if not found:
            return
        part, path, file = found[at % len(found)]
        modified = self._json(file.title, file.counter, file.family, file.version + 1)
        mtime = file.mtime if keep_time else self._tick()
        part.files[path] = replace(modified, mtime=mtime)

    def move(self, at: int, folder: int, json: bool = True) -> None:
        """Move a picture to another folder in a newer export, with or without its sidecar."""
        if (found := self._media(at)) is None:
            return
        part, path, file = found
        where, old = FOLDERS[folder % len(FOLDERS)], path.rpartition("/")[0]
        named = self._named_in(part.account, where, file)
        if where == old or named is None:
            return
        target = f"{where}/{media_name(named.title, named.counter)}"
        if not self._put(part.account, part.number, target, named):
            return
        del part.files[path]
        if file.picture is None:
            return
        for second, name, answer in self.exports.found("json"):
            about = (answer.title, answer.counter, answer.family) == (
                file.title,
                file.counter,
                file.picture.family,
            )
            if second.account == part.account and name.rpartition("/")[0] == old and about:
                if json:
                    del second.files[name]
                    self._put_json(
                        second.account,
                        second.number,
                        where,
                        answer.title,
                        named.counter,
                        answer.family,
                        answer.version,
                    )
                return

    def rename_folder(self, account: str, folder: int, name: int) -> None:
        """Give an album another name in a newer export."""
        old, new = FOLDERS[folder % len(FOLDERS)], FOLDERS[name % len(FOLDERS)]
        if any(path.startswith(new + "/") for path in self.exports.of_account(account)):
            return
        for part in self.exports.parts:
            if part.account == account:
                part.files = {
                    new + path[len(old) :] if path.startswith(old + "/") else path: file
                    for path, file in part.files.items()
                }
                for path, file in part.files.items():
                    self._note_photo(path, file)

    def touch(self, at: int) -> None:
        """Give a source file another time."""
        if (found := self._media(at)) is not None:
            part, path, file = found
            part.files[path] = replace(file, mtime=self._tick())

    def present(self, account: str, part: int, there: bool) -> None:
        """Add or remove a part."""
        self.exports.part(account, part).present = there

    def form(self, account: str, form: str) -> None:
        """Give the parts of an account as folders or archives, separate or merged."""
        if "zip" in form and any(_odd(path) for path in self.exports.of_account(account)):
            return
        self.exports.forms[account] = form  # type: ignore[assignment]

    # -- helpers of the steps

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
        """Return how many pictures and sidecars of this title the folder has."""
        return len(
            {
                file.counter
                for path, file in self.exports.of_account(account).items()
                if path.rpartition("/")[0] == folder and file.title == title
            }
        )

    def _named_in(self, account: str, folder: str, file: File) -> File | None:
        """Return `file` with the title and counter that it gets in another folder.

        An edited copy is named after its picture there, with the same counter; None if the folder lacks the picture.
        """
        if not file.edit_of:
            return replace(file, counter=self._counter(account, folder, file.title))
        for path, other in self.exports.of_account(account).items():
            if path.rpartition("/")[0] == folder and (other.kind, other.about, other.title) == (
                "media",
                file.about,
                file.edit_of,
            ):
                return replace(file, title=media_name(other.title, other.counter, file.suffix), counter=0)
        return None

    def _has_like(self, account: str, folder: str, file: File) -> bool:
        """Return whether the folder has a file of another family with a similar name: one name begins with the
        other.
        """
        stem = _stem(file.title)
        return any(
            (stem.startswith(_stem(right_side.title)) or _stem(right_side.title).startswith(stem))
            and file.picture is not None
            and right_side.about not in (-1, file.picture.family)
            for path, right_side in self.exports.of_account(account).items()
            if path.rpartition("/")[0] == folder
        )

    def _media(self, at: int, *, stills: bool = False) -> tuple[Part, str, File] | None:
        result = [
            each
            for each in self.exports.found("media")
            if not stills or each[1].endswith(tuple(EXTENSIONS[format] for format in STILLS))
        ]
        return result[at % len(result)] if result else None

    def _put(self, account: str, part: int, path: str, file: File) -> bool:
        """Put a file into a part, if no part of the account has a file at this path."""
        if path in self.exports.of_account(account) or len(os.fsencode(path.rpartition("/")[2])) > 255:
            return False
        self.exports.part(account, part).files[path] = file
        self._note_photo(path, file)
        return True

    def _note_photo(self, path: str, file: File) -> None:
        """Record that pictures of one family under one name are one photo with other bytes, in any account."""
        if file.picture is not None:
            key = unicodedata.normalize("NFC", path), file.picture.family
            numbers = self._same_photo.setdefault(key, set())
            numbers.add(file.picture.number)
            if len(numbers) > 1:
                self.replaced |= numbers

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
        response = marker(family, version)
        fields = sidecar(
            title,
            taken=capture_time(family),
            people=[f"Person {response}"],
            description=f"about {response}",
            url=f"https://photos.google.com/photo/F{family}",
        )
        data = json.dumps(fields, ensure_ascii=False).encode()
        return File(data, "json", title=title, counter=counter, family=family, version=version)

    def _tick(self) -> int:
        self._clock += 600
        return self._clock


def _odd(name: str) -> bool:
    """Return whether a name is not UTF-8."""
    return any("\ud800" <= letter <= "\udfff" for letter in name)


def _stem(title: str) -> str:
    return unicodedata.normalize("NFC", title.rpartition(".")[0]).casefold()
