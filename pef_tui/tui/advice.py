"""What to do about a problem, by the words it is told in."""

from __future__ import annotations

import re

ADVICE: tuple[tuple[str, str], ...] = (
    (
        r"no space|disk of .* is full|ENOSPC|quota",
        "Make room on the disk of the output, then run again: it goes on.",
    ),
    (
        r"exiftool.*(ended|died|hang|answer|too long)",
        "ExifTool gave up on it. Retry; if it stays, the file is odd.",
    ),
    (r"permission denied|not permitted|read-only", "Give yourself the right to it, then retry what failed."),
    (
        r"input/output error",
        "The disk or the network had an error. Copy the file by hand to see, then retry.",
    ),
    (r"in the archive|this part again|incomplete", "Download this part of the export again, then run again."),
    (r"^verify", "What was read back is not what was written. Retry; if it stays, keep the source."),
    (r"cannot be read|could not be read|no such file", "See whether the file opens elsewhere, then retry."),
    (r"names|hard link|links", "It has several names on the disk: see the setting hard_links."),
    (r"no sidecar", "Google gave no JSON for it: it is copied as it is. A missing part may hold it."),
    (r"ambiguous", "Two JSON files fit equally well: choose one on the Review screen."),
    (r"no writer can put tags", "Files of this kind hold no tags: allow XMP files (setting xmp)."),
    (r"damaged", "The file itself is not whole. It is copied as it is."),
    (r"unknown zone|no zone|zone", "Set the timezone option where you know the zone, and run again."),
)
OTHERWISE = "Nothing is lost: the source is as it was. Retry, or look into the log."


def advice(cause: str) -> str:
    """One line for a cause."""
    return next((text for pattern, text in ADVICE if re.search(pattern, cause, re.I)), OTHERWISE)


NEXT_STEPS = (
    ("Immich", "immich upload --recursive {output}   (it reads the XMP files too)"),
    ("PhotoPrism", "copy the folder into its originals, then Library > Index"),
    ("Apple Photos", "File > Import; it takes dates and places from the files, not from XMP files"),
    ("digiKam", "add the folder as a collection; Settings > Metadata > Sidecars reads the XMP files"),
    ("Synology / NAS", "copy the folder into Photos; indexing begins by itself"),
    ("A backup", "keep the export until you have looked at the result"),
)
"""Where pictures go from here: who, and how."""
