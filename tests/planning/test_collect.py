from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from pef_tui.hooks import Filter, Matcher
from pef_tui.model import Album, Folder, JsonFile, Match, MediaFile, Sidecar
from pef_tui.planning.collect import collect_folder

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
CONTENT = {"a.jpg": b"aaaa", "b.jpg": b"bbbb", "film": PNG, "notes.txt": b"hello"}


def open_media(media: MediaFile | JsonFile) -> BinaryIO:
    if media.root == 9:
        raise OSError(5, "Input/output error")
    return io.BytesIO(CONTENT[media.name])


def media(name: str, root: int = 0, size: int = 4) -> MediaFile:
    return MediaFile(root, f"F/{name}", size, 0)


def sidecar(name: str) -> JsonFile:
    return JsonFile(0, f"F/{name}", 10, 0, "sidecar", Sidecar(title=name.removesuffix(".json")))


def by_title(folder: Folder) -> Iterator[Match]:
    for file in folder.json:
        for media_file in folder.media:
            if file.sidecar is not None and media_file.name == file.sidecar.title:
                yield Match(media_file, folder.path, file.sidecar, file, "exact")


EXACT = Matcher("by-title", by_title)


def test_every_file_is_in_one_place() -> None:
    album = JsonFile(0, "F/metadata.json", 10, 0, "album", album=Album("Trip"))
    broken = JsonFile(0, "F/x.json", 10, 0, "invalid", reason="not JSON")
    folder = Folder(
        "F",
        (media("a.jpg"), media("b.jpg")),
        (sidecar("a.jpg.json"), sidecar("gone.jpg.json"), album, broken),
        (media("film"), media("notes.txt")),
    )
    actual = collect_folder(folder, [EXACT], [], open_media)
    assert [(match.media.name, match.rule, match.reason) for match in actual.matches] == [
        ("a.jpg", "exact", ""),
        ("b.jpg", None, "no sidecar"),
        ("film", None, "no sidecar"),
    ]
    assert [record.outcome for record in actual.json] == ["used", "orphan", "album", "invalid"]
    assert [record.file.name for record in actual.other_records] == ["notes.txt"]
    assert {match.album for match in actual.matches} == {Album("Trip")}


def test_a_later_matcher_sees_only_what_is_left() -> None:
    calls: list[Folder] = []

    def looks(folder: Folder) -> Iterator[Match]:
        calls.append(folder)
        return iter(())

    folder = Folder("F", (media("a.jpg"), media("b.jpg")), (sidecar("a.jpg.json"), sidecar("c.jpg.json")))
    collect_folder(folder, [EXACT, Matcher("second", looks)], [], open_media)
    assert [media_file.name for media_file in calls[0].media] == ["b.jpg"]
    assert [file.name for file in calls[0].json] == ["c.jpg.json"]


def test_what_a_filter_leaves_out_still_uses_its_sidecar() -> None:
    folder = Folder("F", (media("a.jpg"),), (sidecar("a.jpg.json"),))
    actual = collect_folder(folder, [EXACT], [Filter("none", lambda match: "not wanted")], open_media)
    assert [match.excluded for match in actual.matches] == ["not wanted"]
    assert actual.json[0].outcome == "used"


def test_the_same_picture_in_two_parts_is_found_by_its_bytes() -> None:
    folder = Folder("F", (media("a.jpg"), media("a.jpg", root=1), media("a.jpg", root=2, size=9)))
    assert collect_folder(folder, [], [], open_media).duplicates == {(1, "F/a.jpg"): folder.media[0]}


def test_a_file_that_cannot_be_read_is_nobodys_twin() -> None:
    folder = Folder("F", (media("a.jpg"), media("a.jpg", root=9)))
    assert collect_folder(folder, [], [], open_media).duplicates == {}
