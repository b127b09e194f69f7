"""The command: settings, then what was asked for. Each front is imported only when it is chosen."""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Iterable, Sequence

from pef_tui.config import ConfigError, Loaded, load
from pef_tui.console import Console, data_out
from pef_tui.display import safe
from pef_tui.flags import Arguments, parse
from pef_tui.logs import open_log
from pef_tui.plugins import PluginHost
from pef_tui.report import encoded


def main(argv: Sequence[str]) -> int:
    """The command with its arguments; the exit code."""
    try:
        return _main(list(argv))
    except ConfigError as error:
        Console().error(str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from pef_tui.guard import reason

        few = isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)
        Console().error(
            "too many open files: raise the limit (ulimit -n 1024)" if few else f"unexpected: {reason(error)}"
        )
        return 1


def _main(argv: list[str]) -> int:
    arguments = parse(argv)
    if arguments.completion:
        from pef_tui.completion import completion

        print(completion(arguments.completion), end="")
        return 0
    loaded = load(arguments.flags, os.environ, arguments.config, arguments.user_file)
    settings = loaded.settings
    console = Console(settings.quiet)
    for note in loaded.notes:
        console.say(note)
    if arguments.action == "show_config":
        return _show(_setting_lines(loaded), settings.json)
    if arguments.action == "status":
        from pef_tui.status import status

        return status(settings)
    if arguments.run:
        from pef_tui.undoing import undo_or_forget

        return undo_or_forget(settings, arguments.action, arguments.run)
    if settings.in_place:
        _refuse_names(loaded)
    if not (settings.batch or arguments.action):
        return _screens(argv, arguments, loaded, console)
    open_log(settings, os.environ)
    host = PluginHost(settings, only=os.environ.get("PEF_TUI_LOAD_PLUGINS"))
    if arguments.action == "plugins":
        _show(_plugin_lines(host), settings.json)
        for note in host.general:
            console.say(note)
        return 0
    if arguments.action == "doctor":
        from pef_tui.doctor import examine

        return examine(host)
    if not settings.sources:
        raise ConfigError("--batch needs a SOURCE: the folder of the export")
    from pef_tui import batch, pipeline

    return batch.batch(host.settings, host, pipeline.run)


def _refuse_names(loaded: Loaded) -> None:
    """In place nothing gets another name or folder. Raises ConfigError where that is asked for."""
    for name in ("output", "extensions", "layout", "albums"):
        if loaded.origins.get(name, "").startswith("flag"):
            raise ConfigError(
                f"--in-place with --{name}: in place files keep their names and folders; leave one of the two out"
            )


Line = tuple[dict[str, object], str]
"""The same thing as JSON and as words."""


def _show(lines: Iterable[Line], as_json: bool) -> int:
    """Listings are data, in words or as JSON lines."""
    with data_out() as data:
        for fields, words in lines:
            data.write(encoded({"v": 1, **fields}) if as_json else (words + "\n").encode())
    return 0


def _setting_lines(loaded: Loaded) -> Iterable[Line]:
    for name, origin in loaded.origins.items():
        value = getattr(loaded.settings, name)
        fields = {"type": "setting", "name": name, "value": value, "origin": origin}
        yield fields, f"{name:<14} {safe(_toml(value)):<24} {safe(origin)}"


def _toml(value: object) -> str:
    """A value nearly as config.toml would have it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
    return str(value)


def _plugin_lines(host: PluginHost) -> Iterable[Line]:
    registered = host.everything()
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
        told = plugin.error or "; ".join(registered.get(plugin.name, []) if plugin.state == "loaded" else [])
        where = f"{plugin.origin}: {plugin.distribution} {plugin.version}"
        first = f"{safe(plugin.name, 40):<20} {plugin.state:<7} {safe(where, 60):<32} {told}"
        more = [*plugin.notes, *(f"trace: {line}" for line in trace)]
        yield fields, "\n".join([first.rstrip(), *(f"{'':<20} {line}" for line in more)])


def _screens(argv: list[str], arguments: Arguments, loaded: Loaded, console: Console) -> int:
    """The terminal app; numbered questions where no screen can be; where nobody can answer, how it goes without."""
    settings, terminal = loaded.settings, os.isatty(0) and os.isatty(1)
    if not (terminal or settings.plain):
        given = argv if arguments.flags.get("sources") else [*argv, "SOURCE"]
        console.error("this is no terminal, so there are no screens; without them this does it:")
        console.say("  " + safe(shlex.join(["pef-tui", "--batch", *given])), always=True)
        return 2
    from pef_tui.tui.flow import Flow

    flow = Flow(loaded)
    flow.config = arguments.config
    flow.log = open_log(settings, os.environ)
    if settings.plain or os.environ.get("TERM", "dumb") in ("", "dumb"):
        from pef_tui.tui.plain import plain

        return plain(flow)
    from pef_tui.tui.front import screens

    return screens(flow)
