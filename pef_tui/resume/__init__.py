"""Find out what earlier runs did, and what a run may skip. `pipeline` uses the names that are listed here.

Three parts detect that nothing changed, from the cheapest to the most exact. If a part is not certain, the next part
decides:

- `RunSnapshot` (`snapshot`, written by `SnapshotRecorder`) covers a whole run. `is_current` returns True if the
  sources, the options and DEST are as the last run left them. The run then reports the stored counts, and looks at no
  Folder. The snapshot is not used if every file must be reported (`--json`, `-v`, the app) or done again (`--force`,
  `--retry-failed`).
- `FolderCache` covers one Folder. If its listing (names, sizes, times, versions) is the same as in an earlier run, its
  results come from the cache. Its JSON files are not read. Its outputs are compared with their entries.
- `PreviousRun` covers one file, after its Folder was read and matched. The file's entry in the manifest shows whether
  the file needs work. It also has the key and the output path of the file.

Other modules:

- `ManifestRecorder` writes the entries that the next run reads.
- `RunShape` has the digests of options, plugins and decisions. Snapshot, cache and entries are valid only for these.
- `entry_lookup` finds the entry of each file. `output_check` compares outputs with their entries.
- `entry_outcomes` makes outcomes from entries. `sidecar_names` stores the names of all JSON files of the run.

Names are imported on first use, because a run with a current snapshot needs only `RunShape` and `snapshot`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pef_tui.resume.entry_inputs import RunShape
    from pef_tui.resume.folder_cache import FolderCache
    from pef_tui.resume.previous_run import PreviousRun
    from pef_tui.resume.recorder import ManifestRecorder
    from pef_tui.resume.snapshot import RunSnapshot, is_current, read_snapshot
    from pef_tui.resume.snapshot_recorder import SnapshotRecorder

__all__ = [
    "FolderCache",
    "ManifestRecorder",
    "PreviousRun",
    "RunShape",
    "RunSnapshot",
    "SnapshotRecorder",
    "is_current",
    "read_snapshot",
]

_MODULES = {
    "FolderCache": "folder_cache",
    "ManifestRecorder": "recorder",
    "PreviousRun": "previous_run",
    "RunShape": "entry_inputs",
    "RunSnapshot": "snapshot",
    "SnapshotRecorder": "snapshot_recorder",
    "is_current": "snapshot",
    "read_snapshot": "snapshot",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import and return a name of `__all__`. Raises AttributeError for any other name."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
