from __future__ import annotations

from pathlib import Path

from mixed_export import STAMP, mixed_export

from pef_tui.tui.session.folder_contents import contents, parts_with


def test_each_part_has_its_state(tmp_path: Path) -> None:
    mixed_export(tmp_path, 4, 1, missing=(2,))
    cut = tmp_path / f"{STAMP}-004.zip"
    cut.write_bytes(cut.read_bytes()[:-30])
    (tmp_path / f"{STAMP}-005.zip.crdownload").touch()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "notes.txt").touch()
    entries, problem = contents(str(tmp_path))
    assert not problem
    assert [(entry.name, entry.note, entry.is_source) for entry in entries] == [
        ("Takeout", "", True),
        (f"{STAMP}-001.zip", "", True),
        (f"{STAMP}-002", "missing", False),
        (f"{STAMP}-003.zip", "", True),
        (f"{STAMP}-004.zip", "cut off", True),
        (f"{STAMP}-005.zip", "downloading", False),
    ]


def test_all_parts_of_a_folder_or_of_the_export_of_a_part(tmp_path: Path) -> None:
    mixed_export(tmp_path, 2, 1)
    other = [tmp_path / f"photos-{number:03}.zip" for number in (1, 2)]
    for path in other:
        path.touch()
    (tmp_path / "invoice.zip").touch()
    export = [str(tmp_path / name) for name in ("Takeout", f"{STAMP}-001.zip", f"{STAMP}-002.zip")]
    assert parts_with(str(tmp_path)) == tuple(sorted([*export, *map(str, other)]))
    assert parts_with(export[1]) == parts_with(export[0]) == tuple(export)
    assert parts_with(str(other[0])) == tuple(map(str, other))
    assert parts_with(str(tmp_path / "invoice.zip")) == ()
