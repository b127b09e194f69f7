"""Decide whether an entry of the manifest was made with the options, plugins, decisions and ExifTool of this run.

If not, its file is planned again. The file and its sidecar are compared elsewhere (`entry_lookup`).
"""

from __future__ import annotations

from msgspec import Struct


class RunShape(Struct, frozen=True):
    """Two digests of everything that decides what a run does with a file, except the file and its sidecar.

    An entry stores one of them (`Entry.shape`). If this run has another digest, the entry is not valid.
    """

    plans: bytes
    """Digest of everything that Plans depend on: options, plugins, decisions, and whether ExifTool is available. 8
    bytes.

    If it differs from the digest in an entry, the file may get another Plan.
    """
    attempts: bytes
    """Digest for files that failed. 8 bytes. If it differs from the digest in an entry, the file is tried again.

    It changes with `plans`, and with everything else that may let a failed file succeed. These are the path and version
    of ExifTool, and the options for hard links, symbolic links and archives.
    """

    def of(self, outcome: str) -> bytes:
        """Return the digest that an entry with this outcome must have: `attempts` for failed files, else `plans`."""
        return self.attempts if outcome == "failed" else self.plans
