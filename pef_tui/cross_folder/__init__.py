"""Plan files that depend on other Folders: orphans, contested sidecars, and copies in albums.

An orphan is a media file without a sidecar in its Folder, or a sidecar without a media file there. A contested sidecar
may belong to media of several Folders.
"""
