"""Advice for a problem, chosen by the text of its cause, and the next steps after a run."""

from __future__ import annotations

import re
import shlex

from msgspec import Struct

from pef_tui.progress import Progress

ADVICE: tuple[tuple[str, str], ...] = (
    (
        r"takes one SOURCE",
        "Choose one unpacked folder as the source, or switch in_place off in the settings.",
    ),
    (
        r"another run|in progress|is locked",
        "Wait until the other run has ended, or choose another output folder.",
    ),
    (
        r"\bempty\b|no content|0 bytes",
        "The file has no content in the export either. Another export, or Google Photos, may have it.",
    ),
    (
        r"is gone|went away|disappeared|unmounted|unplugged|no such device|stale file",
        "Connect the disk or network folder again, then run again: the run continues.",
    ),
    (
        r"no space|disk of .* is full|ENOSPC|quota",
        "Free space on the disk of the output, then run again: the run continues.",
    ),
    (
        r"exiftool.*(ended|died|hang|answer|too long)",
        "ExifTool failed on this file. Retry; if it fails again, the file is unusual or damaged.",
    ),
    (r"permission denied|not permitted|read-only", "Change the permissions, then retry what failed."),
    (
        r"input/output error",
        "The disk or the network had an error. Copy the file by hand to test it, then retry.",
    ),
    (r"in the archive|this part again|incomplete", "Download this part of the export again, then run again."),
    (
        r"^verify",
        "The file read back differs from what was written. Retry; if it differs again, keep the source.",
    ),
    (
        r"cannot be read|could not be read|no such file",
        "Check whether another program opens the file, then retry.",
    ),
    (r"names|hard link|links", "The file has several names on the disk: see the setting hard_links."),
    (
        r"no sidecar",
        "The export has no JSON for it: it is copied unchanged. The JSON may be in a missing part.",
    ),
    (r"ambiguous", "Two JSON files match equally well: make a preview, and decide which one belongs to it."),
    (r"no writer can put tags", "Files of this kind cannot hold tags: allow XMP files (setting xmp)."),
    (r"damaged", "The file itself is damaged. It is copied unchanged."),
    (r"unknown zone|no zone|zone", "If you know the zone, set the timezone option and run again."),
)
DEFAULT_ADVICE = "No file is lost. The log has the details."


def advice(cause: str) -> str:
    """Return one line of advice for a problem, chosen by the text of its cause."""
    return next((text for pattern, text in ADVICE if re.search(pattern, cause, re.I)), DEFAULT_ADVICE)


IMMICH = "immich upload --recursive"
IMPORTS = (
    ("PhotoPrism", "copy the folder into its originals, then Library > Index"),
    ("Apple Photos", "File > Import; it reads dates and places from the files, not from XMP files"),
    ("digiKam", "add the folder as a collection; Settings > Metadata > Sidecars reads the XMP files"),
    ("Synology / NAS", "copy the folder into Photos; indexing starts automatically"),
    ("A backup", "keep the export until you have checked the result"),
)
"""Programs without a command that can import the output, and how to do it."""


class Step(Struct, frozen=True):
    """A next step after a run."""

    name: str
    """A program, or when to do it."""
    text: str
    """What to do."""
    command: str = ""
    """The command that does it, for a shell; "" if there is none."""


def next_steps(
    progress: Progress, ending: str, error: str, output: str, is_undone: bool = False
) -> list[Step]:
    """Return what to do after a run.

    How other programs import the output is included only if the output is complete, or if it lacks only files that
    failed.

    `ending`: `done`, `stopped` or `failed`. `error`: why the run failed. `output`: path of the output folder.
    """
    if is_undone:
        return [
            Step(
                "Nothing",
                "the run was undone, so there is nothing to import. A new run writes the files again.",
            )
        ]
    if progress.not_reached:
        text = f"{_files(progress.not_reached)} not reached. Connect the source again, then run again."
        return [Step("First", f"{text} The next run processes them.")]
    if ending == "failed":
        return [Step("First", f"{advice(error)} Then run again: the run continues.")]
    if ending == "stopped":
        return [
            Step(
                "First",
                "run again: the run continues with the remaining files. Import the output after that.",
            )
        ]
    if not progress.media_count:
        text = "the sources have no picture or video. Choose the folder that contains “Photos from …”, or the parts"
        return [Step("First", f"{text} (.zip, .tgz) as they were downloaded.")]
    available = progress.media_count - progress.failed - progress.media["excluded"]
    steps = []
    if progress.failed:
        text = f"{_files(progress.failed)} not written, because they failed. See their advice, then retry."
        steps.append(Step("First", text))
    if available <= 0:
        return steps or [Step("Nothing", "the run wrote no picture or video, so there is nothing to import.")]
    command = f"{IMMICH} {shlex.quote(output)}"
    immich = Step("Immich", "it reads the XMP files too:", command)
    return [*steps, immich, *(Step(name, text) for name, text in IMPORTS)]


def _files(count: int) -> str:
    return f"{count:,} file was" if count == 1 else f"{count:,} files were"
