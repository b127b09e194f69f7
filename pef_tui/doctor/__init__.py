"""`--doctor`: check the installation and DEST. The built-in checks are a plugin with the hook `pef_checks`."""

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
from pef_tui.doctor.environment_checks import check_perl, check_terminal
from pef_tui.doctor.install_command import install_command
from pef_tui.hooks import Check, Finding, hookimpl
from pef_tui.plugins.calls import describe_error, stdout_to_stderr
from pef_tui.plugins.host import PluginHost
from pef_tui.reporting.console import data_out
from pef_tui.reporting.json_lines import encode_line
from pef_tui.sanitize import safe
from pef_tui.settings import Settings
from pef_tui.system_calls import IS_LINUX, missing_features

OLDEST_PYTHON = (3, 11)
PROBLEM, NO_EXIFTOOL = 1, 4
"""Exit codes: a check found a problem; ExifTool is required and cannot be used."""
_MARKS = {"ok": "ok     ", "note": "note   ", "warning": "WARNING", "problem": "PROBLEM"}
_REQUIREMENT = re.compile(r"([\w.-]+)\s*(?:>=\s*([\d.]+))?")


@hookimpl
def pef_checks(settings: Settings) -> Iterator[Check]:
    """Yield the built-in checks; the check of DEST only if `--output` is set."""
    yield Check("python", _python, 10)
    yield Check("packages", _packages, 20)
    yield Check("system", _system, 25)
    yield Check("exiftool", lambda: _exiftool(settings), 30)
    yield Check("locale", _locale, 40)
    yield Check("terminal", check_terminal, 50)
    if settings.output:
        from pef_tui.doctor.output_checks import check_output

        yield Check("output", lambda: check_output(settings.output), 60)


def run_checks(host: PluginHost) -> int:
    """Run all checks and print the findings.

    Return the exit code: 0, or 1 if there is a problem, or 4 if ExifTool is required and cannot be used.
    """
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
            data.write(encode_line({"v": 1, "type": "summary", **counts, "exit": status}))
    return status


def _findings(host: PluginHost) -> Iterator[tuple[str, Finding]]:
    """Yield each finding with the name of its check. If a check raises, the error is a finding too.

    After the findings of the checks come findings on the state of the plugins.
    """
    for plugin, check in host.collect("pef_checks"):
        try:
            with stdout_to_stderr():
                findings = [finding for finding in check.run() if _is_finding(finding)]
        except (Exception, SystemExit) as error:
            yield (
                check.name,
                Finding("warning", f"the check of plugin {plugin} failed: {describe_error(error)}"),
            )
            continue
        for finding in findings:
            yield check.name, finding
    for plugin_entry in host.plugins:
        if plugin_entry.state == "broken" and plugin_entry.origin == "built-in":
            yield (
                "plugins",
                Finding("problem", f"{plugin_entry.described}: {plugin_entry.error}", "reinstall pef-tui"),
            )
        elif plugin_entry.state == "broken":
            advice = f"update or remove it, or leave it out: -p no:{plugin_entry.name}"
            yield "plugins", Finding("warning", f"{plugin_entry.described}: {plugin_entry.error}", advice)
    host.registration_summaries()
    for plugin_entry in host.plugins:
        for note in plugin_entry.notes:
            level: Literal["note", "warning"] = "note" if plugin_entry.state == "off" else "warning"
            yield "plugins", Finding(level, f"{plugin_entry.described}: {note}")
    for note in host.general_notes:
        yield "plugins", Finding("warning", note)
    for line in host.trace():
        yield "plugins", Finding("note", f"trace: {line}")
    loaded = [plugin_entry.name for plugin_entry in host.plugins if plugin_entry.state == "loaded"]
    yield "plugins", Finding("ok", f"{len(loaded)} loaded: {', '.join(loaded)}")


def _is_finding(result: object) -> bool:
    """Return True if `result`, which a check yielded, is a valid Finding; else raise TypeError."""
    if not isinstance(result, Finding) or result.level not in _MARKS:
        raise TypeError(f"yields {type(result).__name__}, not Finding")
    return True


def _json(check: str, finding: Finding) -> bytes:
    fields = {"level": finding.level, "what": finding.what, "advice": finding.advice}
    return encode_line({"v": 1, "type": "finding", "check": check, **fields})


def _words(check: str, finding: Finding) -> bytes:
    line = f"{_MARKS[finding.level]} {safe(check, 20)}: {safe(finding.what)}\n"
    advice = f"{'':<8}{safe(finding.advice)}\n" if finding.advice else ""
    return (line + advice).encode()


def _python() -> Iterable[Finding]:
    text = f"pef-tui {__version__}, Python {platform.python_version()} on {platform.platform(terse=True)}"
    if sys.version_info < OLDEST_PYTHON:
        yield Finding("problem", text, "Python 3.11 or newer is needed")
    else:
        yield Finding("ok", text)


def _system() -> Iterable[Finding]:
    """Yield a finding for each call that this system lacks, or one that it lacks none."""
    missing = [Finding("note", f"this system lacks {text}") for text in missing_features()]
    yield from missing or [Finding("ok", "the system has all calls that a run uses")]
    if not IS_LINUX:
        yield Finding("note", f"pef-tui was never tried on {platform.system()}", "please report what fails")


def _packages() -> Iterable[Finding]:
    try:
        required = importlib.metadata.requires("pef-tui") or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding("note", "pef-tui runs from a folder and is not installed", "pip install . installs it")
        return
    present = []
    for requirement in required:
        requirement_match = _REQUIREMENT.match(requirement)
        if "extra ==" in requirement or requirement_match is None:
            continue
        name, least = requirement_match[1], requirement_match[2] or "0"
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding("problem", f"the package {name} is missing", install_command(f"{name}>={least}"))
            continue
        if _numbers(version) < _numbers(least):
            yield Finding("problem", f"{name} {version} is too old", install_command(f"{name}>={least}"))
        present.append(f"{name} {version}")
    yield Finding("ok", ", ".join(present))


def _numbers(version: str) -> list[int]:
    """Return the numbers in a version, so that versions can be compared: [13, 10] for `13.10`."""
    return [int(part) for part in re.findall(r"\d+", version)]


def _exiftool(settings: Settings) -> Iterable[Finding]:
    from pef_tui.exiftool.locate import locate

    exiftool = locate(settings.exiftool)
    is_required = bool(settings.exiftool) or settings.writer == "exiftool"
    if exiftool.problem:
        text = (
            f"{exiftool.problem}; without it tags go into most JPEG, HEIC, AVIF, PNG, WebP, GIF, TIFF, MP4 and MOV "
            "files, and for everything else into XMP files"
        )
        yield Finding(
            "problem" if is_required else "warning",
            exiftool.problem if is_required else text,
            exiftool.advice,
        )
        return
    text = f"ExifTool {exiftool.version} at {exiftool.path}"
    if exiftool.warning and not settings.no_exiftool_advice:
        yield Finding("warning", f"{text}: {exiftool.warning}", exiftool.advice)
    else:
        yield Finding("ok", text)
    yield check_perl()


def _locale() -> Iterable[Finding]:
    encoding = sys.getfilesystemencoding()
    text = f"file names in {encoding}, texts in {locale.getencoding()}"
    if encoding.lower() == "utf-8":
        yield Finding("ok", text)
    else:
        yield Finding("warning", text, "set PYTHONUTF8=1")
