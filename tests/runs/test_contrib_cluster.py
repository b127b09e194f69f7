"""The scripts in `contrib/cluster` that run many exports, and collect how each run ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pef_tui.testing import Item, sidecar, takeout

CONTRIB = Path(__file__).parents[2] / "contrib" / "cluster"
NAMES = ["ann", "bob b.", "Zoë", "missing"]
DAMAGED = "bob b."


class Accounts:
    """A list of accounts with their exports, in the form that `run-account.sh` expects."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.list = place / "accounts.txt"
        self.records = place / "records"
        program = place / "pef-tui"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pef_tui "$@"\n')
        program.chmod(0o755)
        self._environment = {**os.environ, "PEF_TUI": str(program), "PATH": "/usr/bin:/bin"}

    def add(self, name: str, pictures: int = 3, *, damaged: bool = False) -> None:
        root = takeout(
            self.place / "exports" / name,
            {f"Photos from 2019/P{n:03}.jpg": Item(sidecar(f"P{n:03}.jpg")) for n in range(pictures)},
        )
        if damaged:
            (root.parent / "takeout-001.zip").write_bytes(b"PK\x03\x04 no archive")

    def command(self, *options: str) -> list[str]:
        places = [self.list, self.place / "exports", self.place / "out", self.records]
        return [str(CONTRIB / "run-account.sh"), *map(str, places), *options]

    def run(self, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command("--no-config", *options),
            env={**self._environment, **environment},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def start(self, **environment: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command("--no-config"), env={**self._environment, **environment})

    def gather(self, *options: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            str(CONTRIB / "gather_records.py"),
            str(self.list),
            str(self.records),
            *options,
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def gathered(self) -> dict[str, dict[str, Any]]:
        lines = [json.loads(line) for line in self.gather("--json").stdout.splitlines()]
        return {line.get("name", ""): line for line in lines}


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    accounts = Accounts(tmp_path)
    accounts.list.write_text("\n".join(NAMES) + "\n")
    for name in NAMES[:3]:
        accounts.add(name, damaged=name == DAMAGED)
    return accounts


def test_tasks_of_an_array_record_how_the_run_of_each_account_ends(accounts: Accounts) -> None:
    assert accounts.run(TASK_SIZE="2", SLURM_ARRAY_TASK_ID="1").returncode == 3
    assert accounts.run(TASK_SIZE="2", JOB_COMPLETION_INDEX="1").returncode == 2
    accounts_gathered = accounts.gathered()
    total = accounts_gathered.pop("")
    assert {name: (line["code"], line["files"]) for name, line in accounts_gathered.items()} == {
        "ann": (0, 3),
        "bob b.": (3, 3),
        "Zoë": (0, 3),
        "missing": (2, 0),
    }
    assert total["files"] == 9 and total["accounts"] == 4 and total["media"] == {"written": 9}
    result = accounts.gather("--again", str(accounts.place / "again.txt"))
    assert result.returncode == 1 and "missing: wrong usage" in result.stdout
    assert "bob b.: finished, some files failed: see " in result.stdout and "ann" not in result.stdout
    assert "2 accounts finished\n" in result.stdout
    assert (accounts.place / "again.txt").read_text() == ""


@pytest.mark.long
def test_finished_accounts_are_not_repeated(accounts: Accounts) -> None:
    accounts.run(TASK_SIZE="9", TASK="1")
    accounts.add("missing")
    log = accounts.records / "ann.log"
    log.write_text("of the first run")
    assert accounts.run(TASK_SIZE="9", TASK="1").returncode == 3
    assert log.read_text() == "of the first run"
    assert accounts.gather().returncode == 3
    (accounts.place / "exports" / DAMAGED / "takeout-001.zip").unlink()
    assert accounts.run(TASK_SIZE="9", TASK="1", REPEAT="1").returncode == 0
    assert log.read_text() != "of the first run"
    assert accounts.gather().returncode == 0


@pytest.mark.long
def test_a_stopped_task_is_continued(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    accounts.list.write_text("large\nsmall")
    accounts.add("large", 400)
    accounts.add("small")
    task = accounts.start(TASK="1", TASK_SIZE="2", PEF_TUI_WORKERS="1")
    while task.poll() is None and not list(tmp_path.glob("out/large/Photos*/*")):
        time.sleep(0.01)
    task.terminate()
    assert task.wait(60) in (143, 0)
    gathered = accounts.gathered()
    if task.returncode:  # it was not finished before
        assert gathered["large"]["code"] == 143 or gathered["small"]["code"] is None
        again = tmp_path / "again.txt"
        assert accounts.gather("--again", str(again)).returncode == 1
        assert again.read_text().splitlines()[-1] == "small"
    assert accounts.run(TASK="1", TASK_SIZE="2").returncode == 0
    assert {name: line["files"] for name, line in accounts.gathered().items() if name} == {
        "large": 400,
        "small": 3,
    }


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "the number of the task is missing"),
        ({"TASK": "0"}, "the number of the task is missing"),
        ({"TASK": "1", "TASK_SIZE": "many"}, "TASK_SIZE is no number: many"),
    ],
    ids=str,
)
def test_wrong_numbers_are_refused(accounts: Accounts, environment: dict[str, str], words: str) -> None:
    result = accounts.run(**environment)
    assert result.returncode == 2 and words in result.stderr
    assert not accounts.records.exists()


def test_a_name_that_leads_out_of_the_folders_is_refused(accounts: Accounts) -> None:
    accounts.list.write_text("../exports\nann\n.hidden\n")
    result = accounts.run(TASK="1", TASK_SIZE="3")
    assert result.returncode == 2 and "../exports in " in result.stderr and ".hidden in " in result.stderr
    assert sorted(os.listdir(accounts.place / "out")) == ["ann"]


def test_a_list_that_cannot_be_read_is_reported(accounts: Accounts) -> None:
    accounts.list.unlink()
    assert accounts.run(TASK="1").returncode == 2
    result = accounts.gather()
    assert result.returncode == 2 and "No such file" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("code", "state", "is_repeated"),
    [
        ("0\n", "", False),
        ("1\n", "failed or stopped early", True),
        ("2\n", "wrong usage or configuration", False),
        ("3\n", "finished, some files failed", False),
        ("4\n", "ExifTool is missing or too old", False),
        ("75\n", "another run used the output", True),
        ("130\n", "stopped", True),
        ("137\n", "killed", True),
        ("99\n", "ended with an unknown code", True),
        ("", "has not run", True),
        ("x", "has not run", True),
    ],
)
def test_the_meaning_of_each_code_is_stated(tmp_path: Path, code: str, state: str, is_repeated: bool) -> None:
    accounts = Accounts(tmp_path)
    accounts.list.write_text("ann\n")
    accounts.records.mkdir()
    (accounts.records / "ann.exit").write_text(code)
    (accounts.records / "ann.jsonl").write_bytes(b'{"type":"run"}\n[]\n{"type":"status","files":"\xff')
    again = tmp_path / "again.txt"
    result = accounts.gather("--again", str(again))
    assert (f"ann: {state}" if state else "1 account finished") in result.stdout
    assert again.read_text() == ("ann\n" if is_repeated else "")
    assert not result.stderr


def test_the_slurm_script_runs_its_task(accounts: Accounts) -> None:
    """Start it as `sbatch --array` does: with the variables of Slurm."""
    script = [str(CONTRIB / "slurm" / "accounts.sbatch"), *accounts.command()[1:], "--no-config"]
    environment = {
        **accounts._environment,
        "SLURM_ARRAY_TASK_ID": "3",
        "SLURM_CPUS_PER_TASK": "1",
        "PEF_CONTRIB": str(CONTRIB),
    }
    result = subprocess.run(["bash", *script], env=environment, capture_output=True, timeout=100, check=False)
    assert result.returncode == 0, result.stderr
    assert os.listdir(accounts.place / "out") == ["Zoë"]
