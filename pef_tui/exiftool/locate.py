"""Finding ExifTool, judging its version, and saying how to install it on this system."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

OLDEST = (12, 38)
"""Before it a file name could run a program (CVE-2022-23935)."""
GOOD = (13, 9)
"""Before it: losses in HEIC gain maps, damaged QuickTime files, HEIC motion photos."""
BEST = (13, 54)
"""The version to have (CVE-2026-7580)."""

_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})")

_INSTALL = {
    "debian": "sudo apt install libimage-exiftool-perl",
    "ubuntu": "sudo apt install libimage-exiftool-perl",
    "fedora": "sudo dnf install perl-Image-ExifTool",
    "rhel": "sudo dnf install epel-release && sudo dnf install perl-Image-ExifTool",
    "arch": "sudo pacman -S perl-image-exiftool",
    "alpine": "sudo apk add exiftool",
    "suse": "sudo zypper install exiftool",
    "opensuse": "sudo zypper install exiftool",
    "gentoo": "sudo emerge media-libs/exiftool",
    "void": "sudo xbps-install exiftool",
    "nixos": "nix-env -iA nixos.exiftool",
    "darwin": "brew install exiftool",
    "win32": "winget install OliverBetz.ExifTool",
}
_ANYWHERE = "see exiftool.org, or ask your system's package manager for exiftool"


Program = tuple[str, int, int, int, int]
"""A program as a file: path, inode, size, times of modification and of change (ns)."""


class Found(Struct, frozen=True):
    """What there is of ExifTool."""

    path: str = ""
    """Of the program, absolute; "" where there is none."""
    version: str = ""
    """As it says itself, for instance `12.57`; "" where it does not answer."""
    problem: str = ""
    """Why it must not be used; "" when it may."""
    warning: str = ""
    """What is not well with a version that may be used."""
    advice: str = ""
    """What to do about the problem or the warning."""

    @property
    def usable(self) -> bool:
        """May it read and write files?"""
        return not self.problem


def locate(path: str = "") -> Found:
    """The ExifTool at this path (or under this name), else the first on PATH. Asks its version (0.1 s)."""
    found = shutil.which(os.path.expanduser(path) if path else "exiftool")
    if found is None:
        what = f"there is no ExifTool at {path}" if path else "ExifTool is not installed"
        return Found(problem=what, advice=install_advice())
    return judge(os.path.abspath(found), ask_version(found))


def judge(path: str, version: str) -> Found:
    """May an ExifTool of this version be used?"""
    found = _VERSION.fullmatch(version)
    if found is None:
        return Found(path, "", f"{path} does not answer as ExifTool does", "", install_advice())
    number = (int(found[1]), int(found[2]))
    best = f"install {BEST[0]}.{BEST[1]:02} or newer"
    if number < OLDEST:
        problem = (
            f"ExifTool {version} is too old: before {OLDEST[0]}.{OLDEST[1]} a file's name could run a program"
        )
        return Found(path, version, problem, "", f"{best} ({install_advice()})")
    if number < GOOD:
        warning = f"ExifTool {version} is old: newer ones are safer with HEIC pictures and videos"
        return Found(path, version, "", warning, f"{best} when you can (exiftool.org)")
    return Found(path, version)


def ask_version(path: str) -> str:
    """What the program says to `-ver`; "" when it says nothing within 20 s.

    Asked once for as long as the program stays the same file, so that all parts of a run go by the same answer; once
    more where it was killed before it answered.
    """
    if (program := _program(path)) is None:
        return ""
    if program not in _VERSIONS:
        version, killed = _ask_version(path)
        if killed:
            version, _ = _ask_version(path)
        if not version:
            return ""
        _VERSIONS[program] = version
    return _VERSIONS[program]


_VERSIONS: dict[Program, str] = {}
"""What programs answered."""


def _program(path: str) -> Program | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return os.path.abspath(path), found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def answered(path: str) -> tuple[Program, str] | None:
    """A program that was asked its version, and what it said; None where it was not, or is another file now."""
    program = _program(path) if path else None
    return (program, _VERSIONS[program]) if program is not None and program in _VERSIONS else None


def believe(program: Program, version: str) -> bool:
    """Take an earlier run's answer for granted while the file is the same; False where it was asked by itself."""
    return _VERSIONS.setdefault(program, version) is version


def ask_again(program: Program) -> None:
    """What was taken for granted is to be asked the next time."""
    _VERSIONS.pop(program, None)


def _ask_version(path: str) -> tuple[str, bool]:
    """Its answer, and whether a signal ended it."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    try:
        done = subprocess.run(
            [os.path.abspath(path), "-config", "", "-ver"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return "", False
    lines = done.stdout[:200].decode("ascii", "replace").split()
    return (lines[0] if lines else ""), done.returncode < 0


def install_advice(release: str = "/etc/os-release", platform: str = sys.platform) -> str:
    """The command that installs ExifTool on this system."""
    if platform != "linux":
        return _INSTALL.get(platform, _ANYWHERE)
    try:
        text = Path(release).read_text("utf-8", "replace")
    except OSError:
        return _ANYWHERE
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    names = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".replace('"', "").replace("-", " ").split()
    return next((_INSTALL[name] for name in names if name in _INSTALL), _ANYWHERE)
