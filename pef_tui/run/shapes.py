"""What an entry of the manifest depends on besides its files: options, plugins, decisions and ExifTool."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunShape:
    """Digests of everything that decides what a run does with a file whose bytes and sidecar are known."""

    plans: bytes
    """8 bytes. Another value may give another Plan."""
    attempts: bytes
    """8 bytes. Changes with `plans`, and with what may let a file succeed that failed before: the ExifTool, and the
    options for hard links and symbolic links."""

    def of(self, word: str) -> bytes:
        """The digest that an entry with this outcome is valid for."""
        return self.attempts if word == "failed" else self.plans
