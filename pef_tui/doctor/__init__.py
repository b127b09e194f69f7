"""`--doctor`: checks of the installation and of the place, as a plugin on the same hook as anybody's."""

from __future__ import annotations

import importlib.metadata
import locale
import platform
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

from pef_tui import __version__
from pef_tui.console import data_out
from pef_tui.display import safe
from pef_tui.doctor.surroundings import examine_perl, examine_terminal
from pef_tui.guard import reason, words_only
from pef_tui.hooks import Check, Finding, hookimpl
from pef_tui.plugins import PluginHost
from pef_tui.report import encoded
from pef_tui.settings import Settings

OLDEST_PYTHON = (3, 11)
PROBLEM, NO_EXIFTOOL = 1, 4
"""Exit codes."""
_MARKS = {"ok": "ok     ", "note": "note   ", "warning": "WARNING", "problem": "PROBLEM"}
_REQUIREMENT = re.compile(r"([\w.-]+)\s*(?:>=\s*([\d.]+))?")


@hookimpl
def pef_checks(settings: Settings) -> Iterator[Check]:
    """The checks of our own."""
    yield Check("python", _python, 10)
    yield Check("packages", _packages, 20)
    yield Check("exiftool", lambda: _exiftool(settings), 30)
    yield Check("locale", _locale, 40)
    yield Check("terminal", examine_terminal, 50)
    if settings.output:
        from pef_tui.doctor.place import examine_place

        yield Check("output", lambda: examine_place(settings.output), 60)


def examine(host: PluginHost) -> int:
    """Run every check and tell what was found; the exit code: 1 for a problem, 4 for ExifTool though asked for."""
    settings = host.settings
    levels: Counter[str] = Counter()
    status = 0
    with data_out() as data:
        for check, finding in _findings(host):
            levels[finding.level] += 1
            if finding.level == "problem":
                status = NO_EXIFTOOL if check == "exiftool" else status or PROBLEM
            data.write(_json(check, finding) if settings.json else _words(check, finding))
            data.flush()
        if settings.json:
            counts = {level: levels[level] for level in _MARKS}
            data.write(encoded({"v": 1, "type": "summary", **counts, "exit": status}))
    return status


def _findings(host: PluginHost) -> Iterator[tuple[str, Finding]]:
    """Every finding with the name of its check; a check that fails is a finding itself."""
    for plugin, check in host.collect("pef_checks"):
        try:
            with words_only():
                found = [finding for finding in check.run() if _is_finding(finding)]
        except (Exception, SystemExit) as error:
            yield check.name, Finding("warning", f"the check of plugin {plugin} failed: {reason(error)}")
            continue
        for finding in found:
            yield check.name, finding
    for listed in host.plugins:
        if listed.state == "broken" and listed.origin == "built-in":
            yield (
                "plugins",
                Finding("problem", f"{listed.described}: {listed.error}", "install pef-tui again"),
            )
        elif listed.state == "broken":
            advice = f"update or remove it, or leave it out: -p no:{listed.name}"
            yield "plugins", Finding("warning", f"{listed.described}: {listed.error}", advice)
    host.everything()
    for listed in host.plugins:
        for note in listed.notes:
            level: Literal["note", "warning"] = "note" if listed.state == "off" else "warning"
            yield "plugins", Finding(level, f"{listed.described}: {note}")
    for note in host.general:
        yield "plugins", Finding("warning", note)
    for line in host.trace():
        yield "plugins", Finding("note", f"trace: {line}")
    loaded = [listed.name for listed in host.plugins if listed.state == "loaded"]
    yield "plugins", Finding("ok", f"{len(loaded)} loaded: {', '.join(loaded)}")


def _is_finding(found: object) -> bool:
    if not isinstance(found, Finding) or found.level not in _MARKS:
        raise TypeError(f"yields {type(found).__name__}, not Finding")
    return True


def _json(check: str, finding: Finding) -> bytes:
    fields = {"level": finding.level, "what": finding.what, "advice": finding.advice}
    return encoded({"v": 1, "type": "finding", "check": check, **fields})


def _words(check: str, finding: Finding) -> bytes:
    line = f"{_MARKS[finding.level]} {safe(check, 20)}: {safe(finding.what)}\n"
    advice = f"{'':<8}{safe(finding.advice)}\n" if finding.advice else ""
    return (line + advice).encode()


def _python() -> Iterable[Finding]:
    what = f"pef-tui {__version__}, Python {platform.python_version()} on {platform.platform(terse=True)}"
    if sys.version_info < OLDEST_PYTHON:
        yield Finding("problem", what, "Python 3.11 or newer is needed")
    else:
        yield Finding("ok", what)


def _packages() -> Iterable[Finding]:
    try:
        required = importlib.metadata.requires("pef-tui") or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding("note", "pef-tui runs from a folder and is not installed", "pip install . installs it")
        return
    present = []
    for requirement in required:
        found = _REQUIREMENT.match(requirement)
        if "extra ==" in requirement or found is None:
            continue
        name, least = found[1], found[2] or "0"
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding("problem", f"the package {name} is missing", f"pip install '{name}>={least}'")
            continue
        if _numbers(version) < _numbers(least):
            yield Finding("problem", f"{name} {version} is too old", f"pip install '{name}>={least}'")
        present.append(f"{name} {version}")
    yield Finding("ok", ", ".join(present))


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _exiftool(settings: Settings) -> Iterable[Finding]:
    from pef_tui.exiftool.locate import locate

    found = locate(settings.exiftool)
    asked = bool(settings.exiftool) or settings.writer == "exiftool"
    if found.problem:
        what = (
            f"{found.problem}; without it tags go into most JPEG, HEIC, AVIF, PNG, WebP, GIF, TIFF, MP4 and MOV "
            "files, and for everything else into XMP files"
        )
        yield Finding("problem" if asked else "warning", found.problem if asked else what, found.advice)
        return
    what = f"ExifTool {found.version} at {found.path}"
    yield (
        Finding("warning", f"{what}: {found.warning}", found.advice) if found.warning else Finding("ok", what)
    )
    yield examine_perl()


def _locale() -> Iterable[Finding]:
    encoding = sys.getfilesystemencoding()
    what = f"file names in {encoding}, texts in {locale.getencoding()}"
    if encoding.lower() == "utf-8":
        yield Finding("ok", what)
    else:
        yield Finding("warning", what, "set PYTHONUTF8=1")
