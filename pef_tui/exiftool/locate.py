"""Locate ExifTool, check its version, and return the command that installs it on this system."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

OLDEST = (12, 38)
"""Oldest version that may be used. In older versions a file name could run a program (CVE-2022-23935)."""
GOOD = (13, 9)
"""Oldest version that is used without a warning.

Older versions lose HEIC gain maps, and damage QuickTime files and HEIC motion photos.
"""
BEST = (13, 54)
"""The recommended version (CVE-2026-7580)."""

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
_GENERAL_ADVICE = "see exiftool.org, or ask your system's package manager for exiftool"


Program = tuple[str, int, int, int, int]
"""A program, identified by its file: path, inode, size, and times of modification and of change (ns)."""


class ExifToolInfo(Struct, frozen=True):
    """The installed ExifTool, and whether it may be used."""

    path: str = ""
    """Absolute path of ExifTool; "" if ExifTool was not found."""
    version: str = ""
    """Version as ExifTool reports it, for instance `12.57`; "" if it does not answer."""
    problem: str = ""
    """Why this ExifTool must not be used; "" if it may be used."""
    warning: str = ""
    """A problem of a version that may still be used; "" if there is none."""
    advice: str = ""
    """How to solve the problem or the warning; "" if there is neither."""

    @property
    def usable(self) -> bool:
        """Whether this ExifTool may read and write files."""
        return not self.problem


def locate(path: str = "") -> ExifToolInfo:
    """Return the ExifTool at `path` (a path, or a name on PATH). If `path` is "", use the first `exiftool` on PATH.

    Runs ExifTool to get its version (0.1 s). If there is no ExifTool, the result has a `problem`.
    """
    program = shutil.which(path or "exiftool")
    if program is None:
        problem = f"there is no ExifTool at {path}" if path else "ExifTool is not installed"
        return ExifToolInfo(problem=problem, advice=install_advice())
    return judge(os.path.abspath(program), ask_version(program))


def judge(path: str, version: str) -> ExifToolInfo:
    """Return the ExifToolInfo of a program, judged by its version.

    It has a `problem` if the version is too old, or is no version of ExifTool. It has a `warning` if the version is old
    but usable.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        return ExifToolInfo(path, "", f"{path} does not answer as ExifTool does", "", install_advice())
    number = (int(match[1]), int(match[2]))
    best = f"install {version_text(BEST)} or newer"
    if number < OLDEST:
        problem = (
            f"ExifTool {version} is too old: before {version_text(OLDEST)} a file's name could run a program"
        )
        return ExifToolInfo(path, version, problem, "", f"{best} ({install_advice()})")
    if number < GOOD:
        good = version_text(GOOD)
        warning = f"ExifTool {version} is old: {good} and newer are safer with HEIC pictures and videos"
        return ExifToolInfo(path, version, "", warning, f"{best} when you can (exiftool.org)")
    return ExifToolInfo(path, version)


def version_text(number: tuple[int, int]) -> str:
    """Return a version as ExifTool writes it: `13.09`."""
    return f"{number[0]}.{number[1]:02}"


def ask_version(path: str) -> str:
    """Return the program's answer to `-ver`; "" if there is no answer within 20 s.

    The answer is stored: all parts of a run use the same one. The program runs again only if its file changed. If a
    signal killed it before it answered, it is run a second time.
    """
    if (program := _program_file(path)) is None:
        return ""
    if program not in _VERSIONS:
        version, killed = _run_version_command(path)
        if killed:
            version, _ = _run_version_command(path)
        if not version:
            return ""
        _VERSIONS[program] = version
    return _VERSIONS[program]


_VERSIONS: dict[Program, str] = {}
"""Versions that programs reported, by the program's file."""


def _program_file(path: str) -> Program | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return os.path.abspath(path), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def known_version(path: str) -> tuple[Program, str] | None:
    """Return the program at `path`, and its stored version.

    None if no version is stored, or if the program's file changed since then.
    """
    program = _program_file(path) if path else None
    return (program, _VERSIONS[program]) if program is not None and program in _VERSIONS else None


def assume_version(program: Program, version: str) -> bool:
    """Store the version that an earlier run read. The program then need not run. Return whether it was stored.

    The version is valid while the program's file is unchanged. False if another version is stored: that one stays.
    """
    return _VERSIONS.setdefault(program, version) is version


def forget_version(program: Program) -> None:
    """Remove the stored version of `program`. It then runs when its version is needed again."""
    _VERSIONS.pop(program, None)


def _run_version_command(path: str) -> tuple[str, bool]:
    """Run the program with `-ver`. Return its answer ("" if there is none), and whether a signal ended it."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    try:
        result = subprocess.run(
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
    lines = result.stdout[:200].decode("ascii", "replace").split()
    return (lines[0] if lines else ""), result.returncode < 0


def install_advice(release: str = "/etc/os-release", platform: str = sys.platform) -> str:
    """Return the command that installs ExifTool on this system, or general advice if the system is not known.

    `release`: file that names the Linux distribution. `platform`: name of the system, as `sys.platform`.
    """
    if platform != "linux":
        return _INSTALL.get(platform, _GENERAL_ADVICE)
    try:
        text = Path(release).read_text("utf-8", "replace")
    except OSError:
        return _GENERAL_ADVICE
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    names = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".replace('"', "").replace("-", " ").split()
    return next((_INSTALL[name] for name in names if name in _INSTALL), _GENERAL_ADVICE)
