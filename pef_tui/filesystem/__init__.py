"""Access to the file system: copying, temporary files, directories, fingerprints."""
