"""Read all files of a source."""

from __future__ import annotations

from pef_tui.hooks import SourceReader


def content(source: SourceReader) -> dict[str, bytes]:
    """Return the bytes of each listed file, by path. Raises OSError for a file that cannot be opened."""
    files = {}
    for listing in source.listings():
        for file in listing.files:
            with source.open(file.path) as stream:
                files[file.path] = stream.read()
            assert len(files[file.path]) == file.size
    return files


def refused(source: SourceReader) -> dict[str, str]:
    """Return the error of each listed file that cannot be opened, by path."""
    errors = {}
    for listing in source.listings():
        for file in listing.files:
            try:
                source.open(file.path).close()
            except OSError as error:
                errors[file.path] = str(error)
    return errors
