from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pef_tui.formats import HEAD, by_extension, detect

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"
FILES = [path for path in sorted(SAMPLES.rglob("*.*")) if path.suffix != ".md"]
SAME = {
    "apng": "png",
    "extended webp": "webp",
    "m2ts": "m2ts",
    "mpeg": "mpg",
    "mpo": "jpeg",
    "jxl": "jxl-bare",
}
needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="needs ExifTool")


def head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


@pytest.mark.shared
@pytest.mark.exiftool
@needs_exiftool
@pytest.mark.skipif(not FILES, reason="needs ../shared")
def test_every_sample_is_what_exiftool_calls_it() -> None:
    answer = subprocess.run(
        ["exiftool", "-j", "-FileType", *map(str, FILES)], capture_output=True, check=False
    ).stdout
    said = {entry["SourceFile"]: entry.get("FileType", "").lower() for entry in json.loads(answer)}
    for path in FILES:
        found = detect(head(path))
        assert found is not None, path.name
        assert found.name == SAME.get(said[str(path)], said[str(path)]), path.name


@pytest.mark.shared
@pytest.mark.skipif(not FILES, reason="needs ../shared")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_extension_of_a_sample_fits_its_content(path: Path) -> None:
    found, promised = detect(head(path)), by_extension(path.name)
    assert found is not None and promised is not None
    assert path.suffix.lower() in found.extensions
