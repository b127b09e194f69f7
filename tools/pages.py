"""Render the pages of the site in Chromium, and report faults that only a rendered page shows.

`python -m tools.pages [FOLDER]` checks each page of FOLDER (default: `build/site`) at the width of a desktop and of a
phone. `tools/pages_check.js` has the checks. `--pictures FOLDER` also saves each page as a PNG.

Exit code: 0 without faults, 1 with faults, 2 if the site was not built. Without Chromium the check is skipped, with a
message and code 0; with CI in the environment this is an error (1).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parents[1]
SIZES = ((1280, 900), (390, 844))
"""Width and height of the windows, in CSS pixels: a desktop and a phone."""
NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 900
"""Time limit for all pages together."""
CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
_HARNESS = """<!doctype html><title>check</title><script src="/-/check.js"></script>
<body><script>checkAll({pages}, {sizes})</script>"""
_PICTURE = """<!doctype html><body style="margin: 0">
<iframe src="/{page}" style="border: 0; width: {width}px; height: {height}px">"""


@dataclass(frozen=True)
class Fault:
    """One fault of a rendered page."""

    page: str
    """Path of the page below the site."""
    width: int
    """Width of the window, in CSS pixels."""
    text: str
    """What is wrong."""

    def __str__(self) -> str:
        return f"{self.page} ({self.width} px wide): {self.text}"


def find_chromium() -> str | None:
    """Return the path of Chromium; None if it is not installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def pages_of(site: Path) -> list[str]:
    """Return the paths of the pages of a site, sorted. The page for missing pages is not one of them."""
    return sorted(path.name for path in site.glob("*.html") if path.name != "404.html")


def check(site: Path, chromium: str) -> list[Fault]:
    """Return the faults of all pages of a built site. Raises TimeoutError if Chromium sends no result."""
    pages = pages_of(site)
    with _serve(site) as server, _browser(chromium, f"{server.address}/-/harness"):
        if not server.arrived.wait(SECONDS):
            raise TimeoutError(f"Chromium sent no result in {SECONDS} s")
    results = json.loads(server.results)
    assert len(results) == len(pages) * len(SIZES)
    return [Fault(each["page"], each["width"], text) for each in results for text in each["faults"]]


def save_pictures(site: Path, chromium: str, folder: Path) -> None:
    """Save each page at each width as `PAGE-WIDTH.png` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with _serve(site) as server, tempfile.TemporaryDirectory() as profile:
        for page in pages_of(site):
            for width, height in SIZES:
                target = folder / f"{page.removesuffix('.html')}-{width}.png"
                address = f"{server.address}/-/picture/{width}/{height * 3}/{page}"
                size = f"--window-size={width},{height * 3}"
                flags = (
                    *CHROMIUM_FLAGS,
                    f"--user-data-dir={profile}",
                    size,
                    f"--screenshot={target.resolve()}",
                )
                subprocess.run([chromium, *flags, address], capture_output=True, timeout=SECONDS, check=True)


class _Server(ThreadingHTTPServer):
    """Serves the site, the harness and the checks on the loopback address, and takes the results."""

    def __init__(self, site: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(site)))
        self.pages = pages_of(site)
        self.arrived = threading.Event()
        self.results = b""
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(SimpleHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        if self.path == "/-/harness":
            text = _HARNESS.format(pages=json.dumps(self.server.pages), sizes=json.dumps(SIZES))
            self._answer(text.encode(), "text/html")
        elif self.path == "/-/check.js":
            self._answer(Path(__file__).with_name("pages_check.js").read_bytes(), "text/javascript")
        elif self.path.startswith("/-/picture/"):
            width, height, page = self.path.removeprefix("/-/picture/").split("/", 2)
            self._answer(_PICTURE.format(page=page, width=width, height=height).encode(), "text/html")
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self.server.results = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"", "text/plain")
        self.server.arrived.set()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def _serve(site: Path) -> Iterator[_Server]:
    server = _Server(site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _browser(chromium: str, address: str) -> Iterator[None]:
    """Run Chromium with a profile of its own, and end it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            chromium,
            *CHROMIUM_FLAGS,
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            address,
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main(arguments: list[str]) -> int:
    """Check the pages, print the faults, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.pages", description="Check the rendered pages of the site."
    )
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "build/site")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="also save each page as a PNG")
    options = parser.parse_args(arguments)
    if not pages_of(options.site):
        print(f"pages: {options.site} has no pages; build them with: make docs", file=sys.stderr)
        return 2
    chromium = find_chromium()
    if chromium is None:
        print(
            "pages: not checked, because Chromium is missing (Debian: apt install chromium)", file=sys.stderr
        )
        return 1 if os.environ.get("CI") else 0
    faults = check(options.site, chromium)
    for fault in faults:
        print(fault)
    if options.pictures:
        save_pictures(options.site, chromium, options.pictures)
    print(f"{len(pages_of(options.site))} pages at {len(SIZES)} widths: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
