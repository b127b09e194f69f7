"""Run over a hostile export: names, JSON, and entries that are not files. Nothing is executed, and nothing leaves
DEST.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fault_counts import tries
from forked_runs import arguments, carry_out
from run_oracle import tree

from pef_tui.testing.export import sidecar
from pef_tui.testing.media import make

NAMES = [
    b"-ver.jpg", b"#comment.jpg", b" lead.jpg", b"trail .jpg", b"line\nbreak.jpg", b"carriage\rreturn.jpg",
    b"\x1b[2J\x1b[31mred.jpg", b"\x1b]0;title\x07.jpg", b"\x1b]52;c;cm0gLXJm\x07.jpg",
    b"\x1b]8;;mailto:x\x1b\\link.jpg", b"\x9b31m-c1.jpg", "\u202egpj.exe.jpg".encode(),
    "\u2066isolate.jpg".encode(), "\u2028separator.jpg".encode(), b"\xff\xfe not utf-8.jpg", b"%s%n%x.jpg",
    b"[bold red]markup.jpg", b"{0.__class__}.jpg", b"$(touch PWNED).jpg", b"`touch PWNED`.jpg", b"| touch PWNED.jpg",
    b"a;touch PWNED;.jpg", b"CON.jpg", b"aux", b"a.jpg_exiftool_tmp", b"..jpg", b"...", b"~.jpg", b"*.jpg", b"?.jpg",
    b"n" * 251 + b".jpg", ("\u00e9" * 123 + ".jpg").encode(), ("e\u0301" * 60 + ".jpg").encode(), b"\x7f.jpg",
    b"tab\t.jpg",
]  # fmt: skip
TEXTS = [
    "plain\n-if\nsystem('touch PWNED')\n", "-o\n/tmp/PWNED", "\x1b[2J\x1b]0;x\x07", "$(touch PWNED)", "a\x00b",
    "-execute\n-ver", "\r\n-stay_open\nFalse\n", "&#10;-ver", "\u202e", "<b>&amp;</b>", "=HYPERLINK(\"x\")", "\ud800",
]  # fmt: skip
GOOD = sidecar("x.jpg", taken=1.5e9)
JSONS: dict[str, bytes] = {
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nan": json.dumps(GOOD | {"geoData": {"latitude": float("nan"), "longitude": 1}}).encode(),
    "huge number": json.dumps(GOOD).replace("1500000000", "1e999").encode(),
    "long number": json.dumps(GOOD).replace("1500000000", "1" * 5000).encode(),
    "before Christ": json.dumps(GOOD).replace("1500000000", "-99999999999").encode(),
    "latitude 91": json.dumps(GOOD | {"geoData": {"latitude": 91, "longitude": 1e308}}).encode(),
    "lone surrogate": json.dumps(GOOD | {"description": "\ud800"}).encode(),
    "byte order mark": b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
    "utf-16": json.dumps(GOOD).encode("utf-16"),
    "wrong types": json.dumps({name: [name] for name in GOOD}).encode(),
    "a list": b"[1, 2]",
    "null": b"null",
    "a number": b"7",
    "empty": b"",
    "zeros": b"\0" * 5000,
    "cut": json.dumps(GOOD).encode()[:-20],
    "twice": json.dumps(GOOD).encode() * 2,
    "not utf-8": json.dumps(GOOD).encode().replace(b"x.jpg", b"\xff\xfe"),
    "9 MB": json.dumps(GOOD | {"description": "x" * (9 << 20)}).encode(),
    "many people": json.dumps(GOOD | {"people": [{"name": f"p{n}"} for n in range(20_000)]}).encode(),
    "a title that climbs": json.dumps(GOOD | {"title": "../../../etc/passwd"}).encode(),
    "a title of 300 bytes": json.dumps(GOOD | {"title": "y" * 300 + ".jpg"}).encode(),
    "a title that is a device": json.dumps(GOOD | {"title": "CON"}).encode(),
    "a title of nothing": json.dumps(GOOD | {"title": ""}).encode(),
}


def no_exiftool() -> None:
    os.environ["PATH"] = "/nowhere"


def folder(place: Path) -> Path:
    sample = place / "export" / "Takeout" / "Google Photos" / "Photos from 2019"
    sample.mkdir(parents=True)
    return sample


def named(place: Path) -> Path:
    """Make an export with every unusual name, as picture and as title of a sidecar, and with every unusual text."""
    inside = folder(place)
    for number, name in enumerate(NAMES):
        path = os.path.join(os.fsencode(inside), name)
        Path(os.fsdecode(path)).write_bytes(make("jpeg", number))
        text = TEXTS[number % len(TEXTS)]
        sidecar_json = sidecar(
            os.fsdecode(name), taken=1.5e9, description=text, people=[text, os.fsdecode(name)]
        )
        with contextlib.suppress(OSError):  # with .json at its end, it is too long
            Path(os.fsdecode(path + b".json")).write_bytes(
                json.dumps(sidecar_json).encode("utf-8", "surrogatepass")
            )
    (inside / "broken \x1b[31m.json").write_bytes(b"\x1b[31m")
    (inside / "empty \x1b[5m.jpg").write_bytes(b"")
    return place / "export"


@tries("input", "names and texts that act on terminals, shells, ExifTool or file systems")
def test_names(place: Path, tried: Callable[[int], None], tool: Callable[[str], None]) -> None:
    tool("exiftool")
    source = named(place)
    tree_before = tree(source)
    status, words, lines = carry_out(arguments(source, place / "out"))
    assert status == 3 and "Traceback" not in words  # because of the empty file
    actual = [json.loads(line) for line in lines.splitlines()]
    outcomes = {line["outcome"] for line in actual if line["type"] == "media"}
    assert outcomes <= {"written", "sidecar", "unmatched", "copied", "failed"}
    assert sum(line.get("outcome") == "failed" for line in actual) == 1
    assert tree(source) == tree_before
    assert not list(place.rglob("*PWNED")) and not Path("PWNED").exists() and not Path("/tmp/PWNED").exists()
    assert {path.name for path in place.iterdir()} == {"export", "out"}
    status, _, lines = carry_out(arguments(source, place / "out"))
    second_run = {json.loads(line)["outcome"] for line in lines.splitlines() if b'"type":"media"' in line}
    assert second_run == {"unchanged"}
    tried(len(NAMES) + len(TEXTS))


@tries("input", "JSON files that are too deep, too large, of another form, or with impossible values")
def test_json(place: Path, tried: Callable[[int], None]) -> None:
    inside = folder(place)
    for number, (name, content) in enumerate(JSONS.items()):
        (inside / f"{name}.jpg").write_bytes(make("jpeg", number))
        (inside / f"{name}.jpg.json").write_bytes(content)
    status, words, lines = carry_out(arguments(place / "export", place / "out"), no_exiftool)
    assert status == 0 and "Traceback" not in words, words
    actual = [json.loads(line) for line in lines.splitlines()]
    assert sum(line["type"] == "json" for line in actual) == len(JSONS)
    assert all(line["reason"] for line in actual if line.get("outcome") == "invalid")
    assert len(list((place / "out").rglob("*.jpg"))) == len(JSONS)
    assert {path.name for path in place.iterdir()} == {"export", "out"}
    tried(len(JSONS))


@tries("input", "links out of the export and in circles, pipes, sockets, folders with names of pictures")
def test_no_files(place: Path, tried: Callable[[int], None]) -> None:
    inside = folder(place)
    (place / "secret.jpg").write_bytes(make("jpeg", 3))
    (inside / "out.jpg").symlink_to(place / "secret.jpg")
    (inside / "dangling.jpg").symlink_to("/nowhere")
    (inside / "circle").symlink_to("..")
    (inside / "self.jpg").symlink_to("self.jpg")
    os.mkfifo(inside / "pipe.jpg")
    os.mkfifo(inside / "pipe.jpg.json")
    (inside / "folder.jpg").mkdir()
    (inside / "a.jpg").write_bytes(make("jpeg", 4))
    (inside / "a.jpg_exiftool_tmp").symlink_to(place / "victim")
    with socket.socket(socket.AF_UNIX) as listening:
        local = os.getcwd()
        os.chdir(inside)
        try:
            listening.bind("socket.jpg")
        finally:
            os.chdir(local)
        _, words, lines = carry_out(arguments(place / "export", place / "out"), no_exiftool)
    assert "Traceback" not in words and "symbolic link" in words and "pipe" in words
    assert lines.count(b'"type":"media"') == 1
    assert [path.name for path in (place / "out").rglob("*.jpg")] == ["a.jpg"]
    assert not (place / "victim").exists()
    tried(9)


OWN = re.compile(rb"\r\x1b\[K|\x1b\[K|\x1b\[1;31mpef-tui:\x1b\[0m")
"""Escape sequences that the program itself sends to a terminal."""
ACTING = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


def on_terminal(argv: list[str], place: Path) -> str:
    """Return what the command sends to a terminal, without the program's own escape sequences."""
    master, slave = pty.openpty()
    env = {**os.environ, "PATH": "/nowhere", "TERM": "xterm", "HOME": str(place)}
    command = [sys.executable, "-m", "pef_tui", *argv]
    run = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True)
    os.close(slave)
    message = b""
    while True:
        if select.select([master], [], [], 0.2)[0]:
            try:
                block = os.read(master, 65536)
            except OSError:
                break
            if not block:
                break
            message += block
        elif run.poll() is not None:
            break
    os.close(master)
    run.wait()
    assert b"Traceback" not in message
    return OWN.sub(b"", message).decode()


@pytest.mark.timeout(200)
@tries("input", "the same names and texts in every kind of output on a terminal")
def test_shown(place: Path, tried: Callable[[int], None]) -> None:
    source, out = named(place), place / "out \x1b[31m\n"
    bad = "\x1b]0;x\x07\n.toml"
    common = ["--no-config", "-o", str(out)]
    ways = [
        ["--batch", "-n", "-v", *common, str(source)],
        ["--batch", "-v", *common, str(source)],
        ["--batch", "--json", *common, str(source)],
        ["--batch", "--progress", "0.1", "--force", *common, str(source)],
        ["--status", "-v", *common],
        ["--status", "--json", *common],
        ["--doctor", *common],
        ["--doctor", "--json", *common],
        ["--show-config", *common, "--exclude", bad],
        ["--batch", *common, str(source / bad)],
        ["--batch", "--no-config", str(source), "-o", str(next(source.rglob("*red.jpg")))],
        ["--batch", *common, str(source), "--log", str(place / "none" / bad)],
        ["--batch", *common, str(source), "--existing", bad],
        ["--batch", *common, str(source), "-p", bad],
        ["--batch", *common, str(source), "--exiftool", bad],
        ["--config", bad, "--batch", str(source)],
        ["--" + bad],
    ]
    faults = []
    for way in ways:
        answer = on_terminal(way, place)
        if acting := ACTING.findall(answer):
            faults.append(
                (way[:3], acting, [line for line in answer.split("\r\n") if ACTING.search(line)][:2])
            )
        assert answer, way
    assert not faults
    tried(len(ways))
