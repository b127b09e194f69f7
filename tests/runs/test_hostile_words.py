"""Arbitrary texts in the JSON, with the whole command, into files of every class; read back by ExifTool."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from commands import media, run_here
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from pef_tui.formats import FORMATS
from pef_tui.testing import Item, make, sidecar, takeout

pytestmark = [
    pytest.mark.exiftool,
    pytest.mark.skipif(
        shutil.which("exiftool") is None and not os.environ.get("CI"), reason="ExifTool is not installed"
    ),
]
FORMS = ("jpeg", "png", "heic", "tiff", "mp4", "gif", "nef", "avi")
"""Formats for: EXIF natively and by ExifTool, QuickTime, XMP alone, XMP files."""
HOSTILE = [
    "\n-if\nsystem('touch PWNED')",
    "-overwrite_original",
    "#[CSTR]\\n",
    "$5 $FileName ${x} @args.txt %d",
    "&amp;&#10;&lt;b&gt; <b> ]]> <!-- -->",
    "a|b/c",
    "\u202egnp.exe\u2066",
    "e\u0301 vs \u00e9",
    "tab\tand\rreturn\r\nline",
    "\x00\x07\x1b]0;title\x07",
    "\ufffe\uffff\u0085\u2028",
    "0",
    "=",
    "😀" * 40,
    "x" * 2500,
]
MEANT = {"&amp;&#10;&lt;b&gt; <b> ]]> <!-- -->": "&&#10;<b> <b> ]]> <!-- -->"}
"""Texts that are written in another form than in the JSON."""
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(HOSTILE)
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """Return the part of a text that XML 1.0 can hold. Google's escapes are decoded once."""
    text = MEANT.get(text, text)
    return _ILLEGAL.sub("", text).strip()


def names_meant(people: list[str]) -> list[str]:
    names = (legal(unicodedata.normalize("NFC", name)) for name in people)
    return list(dict.fromkeys(name for name in names if name))


def as_list(value: Any) -> list[str]:
    return [] if value is None else value if isinstance(value, list) else [value]


def read_tags(folder: Path) -> dict[str, dict[str, Any]]:
    """Return every tag as text, marked so that numbers stay texts."""
    command = ["exiftool", "-j", "-G1", "-api", "Filter=s/^/=/", str(folder)]
    text = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {Path(item["SourceFile"].removeprefix("=")).name: item for item in text}


@pytest.mark.long
@settings(
    max_examples=1,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@example([(text, HOSTILE[number::8]) for number, text in enumerate(HOSTILE[:8])])
@example([(text, HOSTILE[number::7]) for number, text in enumerate(HOSTILE[8:])])
@given(st.lists(st.tuples(ANY_TEXT, st.lists(ANY_TEXT, max_size=3)), min_size=6, max_size=6))
def test_any_words_in_every_class(said: list[tuple[str, list[str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files: dict[str, Any] = {}
        for number, (description, people) in enumerate(said):
            for form in FORMS:
                name = f"{number}-{form}{FORMATS[form].extensions[0]}"
                report = sidecar(name, description=description, people=people)
                files[f"P/{name}"] = Item(report, make(form, number))
        takeout(root, files)
        lines = media(run_here(root / "Takeout", root / "out"))
        assert {line["outcome"] for line in lines.values()} <= {"written", "sidecar"}
        results = read_tags(root / "out" / "P")
        for json_file in (root / "Takeout").rglob("*.json"):
            shutil.copy(json_file, root / "out" / "P")
        second_run = media(run_here(root / "out", root / "again"))
        assert {name: line["tags"] for name, line in second_run.items() if line["outcome"] != "copied"} == {}
        results |= {
            name.removesuffix(".xmp"): tags for name, tags in results.items() if name.endswith(".xmp")
        }
        assert not [*root.rglob("PWNED*"), *Path().glob("PWNED*")]
        for number, (description, people) in enumerate(said):
            for form in FORMS:
                check(results, f"{number}-{form}{FORMATS[form].extensions[0]}", form, description, people)


def check(actual: dict[str, Any], name: str, form: str, description: str, people: list[str]) -> None:
    tags, text, names = actual[name], legal(description), names_meant(people)
    assert as_list(tags.get("XMP-dc:Description")) == (["=" + text] if text else []), (name, description)
    assert as_list(tags.get("XMP-dc:Subject")) == ["=" + file_name for file_name in names], (name, people)
    assert as_list(tags.get("XMP-iptcExt:PersonInImage")) == ["=" + file_name for file_name in names], (
        name,
        people,
    )
    if form in ("jpeg", "png", "heic", "tiff"):
        assert tags.get("IFD0:ImageDescription", "=") == "=" + text[:2000].rstrip(), (name, description)
    if form == "mp4":
        assert tags.get("Keys:Description", "=") == "=" + text, (name, description)
