"""Describe the file system of a device number: its type, and whether it is served or on a disk that rotates."""

from __future__ import annotations

import os
from pathlib import Path

_OF_THIS_MACHINE = frozenset({"tmpfs", "ramfs", "overlay", "btrfs", "zfs", "bcachefs", "rootfs", ""})
"""File systems of this machine without a block device of their own, and "" for unknown ones."""
SYS_BLOCK = "/sys/dev/block"
"""Directory in which Linux describes each block device, by its device number."""


def mount_type(device: int) -> str:
    """Return the type of the mounted file system with this device number, such as `nfs4`; "" if it is unknown."""
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        for line in Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines():
            mount, _, kind = line.partition(" - ")
            if mount.split()[2] == number:
                return kind.split()[0]
    except (OSError, IndexError):
        return ""
    return ""


def is_served(device: int) -> bool:
    """Return whether another program or machine answers the calls to a device: NFS, SMB, FUSE and others.

    The errors of such a file system may be temporary. False for disks of this machine, and if the system does not
    report the type (only Linux does).
    """
    return os.major(device) == 0 and mount_type(device) not in _OF_THIS_MACHINE


def is_rotational(device: int) -> bool:
    """Return whether the device is a disk that rotates. False if the system does not report that.

    Linux reports it in the directory of the device in `SYS_BLOCK`; for a partition, in the directory above
    (Documentation/ABI/stable/sysfs-block).
    """
    folder = Path(f"{SYS_BLOCK}/{os.major(device)}:{os.minor(device)}")
    for queue in (folder / "queue", folder / ".." / "queue"):
        try:
            return (queue / "rotational").read_text().strip() == "1"
        except OSError:
            continue
    return False
