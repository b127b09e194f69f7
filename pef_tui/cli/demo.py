"""`--demo`: make a small export, and let the app or the batch run work on it."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from pef_tui.config import ConfigError, Loaded
from pef_tui.reporting.console import Console
from pef_tui.sanitize import safe

FOLDER = "pef-tui-demo"
"""The folder of the demo if no SOURCE is given."""
_ORIGIN = "--demo"


def with_demo(loaded: Loaded, given: object, console: Console) -> Loaded:
    """Return the settings with the demo export as SOURCE, and `fixed` beside it as DEST unless `--output` is given.

    `given`: the SOURCE arguments: none, or the folder of the demo. The export is made if the folder
    does not have it yet. Raises ConfigError if the folder has other files, or cannot be written.
    """
    words = given if isinstance(given, list | tuple) else []
    if len(words) > 1:
        raise ConfigError("--demo takes one folder, in which it makes the export")
    from pef_tui.testing.demo_export import make_demo

    folder = Path(words[0] if words else FOLDER)
    try:
        source = make_demo(folder)
    except FileExistsError:
        raise ConfigError(f"--demo: {safe(str(folder))} has other files; name a new folder") from None
    except OSError as error:
        raise ConfigError(f"--demo: {safe(str(folder))}: {error.strerror or error}") from None
    console.say(
        f"The demo export is {safe(str(source))}. Delete the folder {safe(str(folder))} when you are done."
    )
    settings = replace(loaded.settings, sources=(str(source),))
    origins = loaded.origins | {"sources": _ORIGIN}
    if not (settings.output or settings.in_place):
        settings = replace(settings, output=str(folder / "fixed"))
        origins |= {"output": _ORIGIN}
    return replace(loaded, settings=settings, origins=origins)
