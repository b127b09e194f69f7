"""Rules for what Google writes (folder names, file names, sidecar JSON, languages), and the matching by these rules."""
