#!/usr/bin/env python3
"""Summarize the records of run-account.sh: how the run of each account ended, and how many files it wrote.

    python gather_records.py LIST RECORDS [--json] [--again FILE]

LIST has the name of one account in each line. RECORDS is the folder of the records. Prints one line for each account
that is not finished, and the totals; with --json, one JSON object for each account, and one with the totals. --again
writes the names of the accounts that have to run again into FILE, in the form of LIST.

The exit code is 0 if all accounts are finished, 3 if all are finished but some files failed, else 1. It is 2 if LIST
cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FINISHED = {0: "finished", 3: "finished, some files failed"}
STATES = {
    **FINISHED,
    1: "failed or stopped early",
    2: "wrong usage or configuration",
    4: "ExifTool is missing or too old",
    75: "another run used the output",
    129: "stopped",
    130: "stopped",
    143: "stopped",
}
"""What each exit code of pef-tui means."""
NOT_RUN, KILLED, UNKNOWN = "has not run", "killed", "ended with an unknown code"
CORRECT_FIRST = (2, 4)
"""Exit codes after which another run is useless before a person corrects something."""


class Account(NamedTuple):
    """How the last run of one account ended."""

    name: str
    code: int | None
    """Exit code; None if no run has ended."""
    files: int
    """Number of files that are in the output."""
    bytes: int
    media: dict[str, int]
    """Number of media files by outcome."""

    @property
    def state(self) -> str:
        """The meaning of the exit code."""
        if self.code is None:
            return NOT_RUN
        return STATES.get(self.code, KILLED if self.code in (137, 139) else UNKNOWN)

    @property
    def is_finished(self) -> bool:
        """Whether the run reached its end, even if some files failed."""
        return self.code in FINISHED


def read_account(records: Path, name: str) -> Account:
    """Return the record of an account. A damaged or missing part of it counts as not recorded."""
    try:
        code: int | None = int((records / f"{name}.exit").read_text())
    except (OSError, ValueError):
        code = None
    status = read_status(records / f"{name}.jsonl")
    files, size, media = (status.get(key) for key in ("files", "bytes", "media"))
    return Account(
        name,
        code,
        files if isinstance(files, int) else 0,
        size if isinstance(size, int) else 0,
        media if isinstance(media, dict) else {},
    )


def read_status(path: Path) -> dict[str, object]:
    """Return the object of type `status` in the output of `pef-tui --status --json`; {} if there is none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                value = json.loads(line)
                if isinstance(value, dict) and value.get("type") == "status":
                    return value
    except (OSError, ValueError):
        pass
    return {}


def read_names(path: Path) -> Iterator[str]:
    """Yield the names of the accounts. Raises OSError."""
    with path.open(encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            if name := line.rstrip("\n"):
                yield name


def totals(accounts: list[Account]) -> dict[str, object]:
    """Return the numbers of accounts by state, and the sums of their files, bytes and outcomes."""
    states, media = Counter(account.state for account in accounts), Counter[str]()
    for account in accounts:
        media.update(account.media)
    return {
        "type": "total",
        "accounts": len(accounts),
        "states": dict(states.most_common()),
        "files": sum(account.files for account in accounts),
        "bytes": sum(account.bytes for account in accounts),
        "media": dict(media.most_common()),
    }


def print_text(accounts: list[Account], records: Path) -> None:
    """Print the accounts that are not finished without failures, and the totals."""
    for account in accounts:
        if account.code != 0:
            log = f": see {records / account.name}.log" if account.code is not None else ""
            print(f"{account.name}: {account.state}{log}".encode(errors="replace").decode())
    total = totals(accounts)
    for state, count in Counter(account.state for account in accounts).most_common():
        print(f"{count:,} accounts {state}" if count != 1 else f"1 account {state}")
    print(f"{total['files']:,} files with {total['bytes']:,} bytes are in the outputs")


def main() -> int:
    """Run the program and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("list", type=Path, help="file with the names of the accounts")
    parser.add_argument("records", type=Path, help="folder with the records")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    parser.add_argument(
        "--again", type=Path, metavar="FILE", help="write the accounts that have to run again"
    )
    given = parser.parse_args()
    try:
        accounts = [read_account(given.records, name) for name in read_names(given.list)]
    except OSError as error:
        print(f"{given.list}: {error.strerror}", file=sys.stderr)
        return 2
    if given.json:
        for account in accounts:
            print(json.dumps({"type": "account", **account._asdict(), "state": account.state}))
        print(json.dumps(totals(accounts)))
    else:
        print_text(accounts, given.records)
    if given.again:
        again = [
            account.name
            for account in accounts
            if not account.is_finished and account.code not in CORRECT_FIRST
        ]
        given.again.write_text(
            "".join(f"{name}\n" for name in again), encoding="utf-8", errors="surrogateescape"
        )
    if all(account.is_finished for account in accounts):
        return 3 if any(account.code for account in accounts) else 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
