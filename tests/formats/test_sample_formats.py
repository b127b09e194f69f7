from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pef_tui.formats import HEAD, by_extension, detect

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"
FILES = [path for path in sorted(SAMPLES.rglob("*.*")) if path.suffix != ".md"]
ALSO = {"apng": "png", "extended webp": "webp", "mpeg": "mpg", "mpo": "jpeg", "jxl codestream": "jxl-bare"}

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not FILES, reason="needs ../shared")]


def head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


@pytest.mark.exiftool
@pytest.mark.skipif(not shutil.which("exiftool") and "CI" not in os.environ, reason="needs ExifTool")
def test_every_sample_is_what_exiftool_calls_it() -> None:
    run = subprocess.run(["exiftool", "-j", "-FileType", *map(str, FILES)], capture_output=True, check=False)
    answer = {entry["SourceFile"]: entry["FileType"].lower() for entry in json.loads(run.stdout)}
    actual = {str(path): getattr(detect(head(path)), "name", None) for path in FILES}
    assert actual == {path: ALSO.get(name, name) for path, name in answer.items()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_extension_of_a_sample_fits_its_content(path: Path) -> None:
    actual, promised = detect(head(path)), by_extension(path.name)
    assert actual is not None and promised is not None
    assert path.suffix.lower() in actual.extensions
