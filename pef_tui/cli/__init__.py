"""The command line: its arguments, runs without screens (`--batch`), and actions such as `--status` and `--undo`."""
