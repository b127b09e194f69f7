"""Constants of file systems, and the names of the directories that the program makes for its own files."""

from __future__ import annotations

import errno

STATE_DIR = ".pef-tui"
"""The program's own directory in DEST (in SOURCE for runs in place): manifest, lock, staging, undo records."""
STAGING_DIR = "staging"
"""The directory in `STATE_DIR` for staged copies (files without their final name yet) and unnamed files."""
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers for a full disk, or for the end of the user's quota of the disk."""
MTIME_TOLERANCE_NS = 2_000_000_000
"""Modification times that differ by at most this number of nanoseconds count as equal. (FAT stores steps of 2 s.)"""
