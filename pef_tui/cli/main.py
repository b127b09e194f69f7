"""The command `pef-tui`: read the settings, then start an action, the batch run or the app.

The modules of an action, of the batch run and of the app are imported only when they are needed.
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Iterable, Sequence

from pef_tui.cli.args import Arguments, parse
from pef_tui.config import ConfigError, Loaded, load
from pef_tui.log_file import open_log
from pef_tui.plugins.host import PluginHost
from pef_tui.reporting.console import Console, data_out
from pef_tui.reporting.json_lines import encode_line
from pef_tui.sanitize import safe


def main(argv: Sequence[str]) -> int:
    """Run the command with the arguments `argv`. Return the exit code. Every error becomes one line for the user."""
    try:
        return _main(list(argv))
    except ConfigError as error:
        Console().error(str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from pef_tui.plugins.calls import describe_error

        is_file_limit = isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)
        Console().error(
            "too many open files: raise the limit (ulimit -n 1024)"
            if is_file_limit
            else f"unexpected: {describe_error(error)}"
        )
        return 1


def _main(argv: list[str]) -> int:
    arguments = parse(argv)
    if arguments.completion:
        from pef_tui.cli.completion import completion

        print(completion(arguments.completion), end="")
        return 0
    loaded = load(arguments.flags, os.environ, arguments.config, arguments.user_file)
    settings = loaded.settings
    console = Console(settings.quiet)
    for note in loaded.notes:
        console.say(note, always=True)
    if arguments.action == "show_config":
        return _show(_setting_lines(loaded), settings.json)
    if arguments.action == "status":
        from pef_tui.cli.status import status

        return status(settings)
    if arguments.run:
        from pef_tui.cli.undo import undo_or_forget

        return undo_or_forget(settings, arguments.action, arguments.run)
    if settings.in_place:
        _refuse_names(loaded)
    is_demo = arguments.action == "demo"
    if is_demo and (settings.batch or settings.plain or _has_terminal()):
        from pef_tui.cli.demo import with_demo

        loaded = with_demo(loaded, arguments.flags.get("sources"), console)
        settings = loaded.settings
    if not settings.batch and (is_demo or not arguments.action):
        return _screens(argv, arguments, loaded, console)
    open_log(settings, os.environ)
    host = PluginHost(settings, only=os.environ.get("PEF_TUI_LOAD_PLUGINS"))
    if arguments.action == "plugins":
        _show(_plugin_lines(host), settings.json)
        for note in host.general_notes:
            console.say(note)
        return 0
    if arguments.action == "doctor":
        from pef_tui.doctor import run_checks

        return run_checks(host)
    if arguments.action == "anonymise":
        from pef_tui.cli.anonymise import anonymise

        return anonymise(host)
    if not settings.sources:
        raise ConfigError("--batch needs a SOURCE: the folder of the export")
    from pef_tui.cli import batch
    from pef_tui.pipeline import run as pipeline

    return batch.batch(host.settings, host, pipeline.run)


def _refuse_names(loaded: Loaded) -> None:
    """Raise ConfigError if a flag that renames or moves files is given, because an in-place run must not do this.

    Values from the environment or a file are only ignored.
    """
    for name in ("output", "extensions", "layout", "albums"):
        if loaded.origins.get(name, "").startswith("flag"):
            raise ConfigError(
                f"--in-place with --{name}: in place files keep their names and folders; leave one of the two out"
            )


Line = tuple[dict[str, object], str]
"""A line of output in both forms: as fields of a JSON line, and as text."""


def _show(lines: Iterable[Line], as_json: bool) -> int:
    """Print the lines to standard output, as JSON lines if `as_json`, else as text. Return the exit code 0."""
    with data_out() as data:
        for fields, words in lines:
            data.write(encode_line({"v": 1, **fields}) if as_json else (words + "\n").encode())
    return 0


def _setting_lines(loaded: Loaded) -> Iterable[Line]:
    for name, origin in loaded.origins.items():
        value = getattr(loaded.settings, name)
        fields = {"type": "setting", "name": name, "value": value, "origin": origin}
        yield fields, f"{name:<14} {safe(_toml(value)):<24} {safe(origin)}"


def _toml(value: object) -> str:
    """Return the value of a setting as text, similar to its notation in `config.toml`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    return str(value)


def _plugin_lines(host: PluginHost) -> Iterable[Line]:
    registered = host.registration_summaries()
    for plugin in host.plugins:
        fields: dict[str, object] = {
            "type": "plugin",
            "name": plugin.name,
            "origin": plugin.origin,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "state": plugin.state,
            "hooks": plugin.hooks,
            "registered": registered.get(plugin.name, []) if plugin.state == "loaded" else [],
            "error": plugin.error,
            "notes": plugin.notes,
            "fingerprint": host.fingerprint(plugin),
        }
        trace = list(host.trace(plugin.name))
        if host.settings.trace_plugins:
            fields["trace"] = trace
        text = plugin.error or "; ".join(registered.get(plugin.name, []) if plugin.state == "loaded" else [])
        origin = f"{plugin.origin}: {plugin.distribution} {plugin.version}"
        first = f"{safe(plugin.name, 40):<20} {plugin.state:<7} {safe(origin, 60):<32} {text}"
        extra_lines = [*plugin.notes, *(f"trace: {line}" for line in trace)]
        yield fields, "\n".join([first.rstrip(), *(f"{'':<20} {line}" for line in extra_lines)])


def _has_terminal() -> bool:
    return os.isatty(0) and os.isatty(1)


def _screens(argv: list[str], arguments: Arguments, loaded: Loaded, console: Console) -> int:
    """Start the app and return its exit code.

    With `--plain`, or in a terminal that cannot show screens, start the plain app. Without a terminal, print the
    command with `--batch` that would do the same, and return 2.
    """
    settings = loaded.settings
    if not (settings.plain or _has_terminal()):
        command = argv if arguments.flags.get("sources") or arguments.action else [*argv, "SOURCE"]
        console.error("the app needs a terminal. Without one, use:")
        console.say("  " + safe(shlex.join(["pef-tui", "--batch", *command])), always=True)
        return 2
    from pef_tui.tui.session.session import Session

    flow = Session(loaded)
    flow.config = arguments.config
    flow.log = open_log(settings, os.environ)
    if settings.plain or os.environ.get("TERM", "dumb") in ("", "dumb"):
        from pef_tui.tui.plain.app import plain

        return plain(flow)
    from pef_tui.tui.launcher import screens

    return screens(flow)
