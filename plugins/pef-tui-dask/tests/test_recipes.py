"""The units, scripts and manifests of `contrib/cluster`: their commands run, with the addresses and paths of a test."""

from __future__ import annotations

import configparser
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from pef_tui.testing import Item, sidecar, takeout

CONTRIB = Path(__file__).parents[3] / "contrib" / "cluster"
ACCOUNTS = ["ann", "bob"]
PICTURES = 20


class Machines:
    """Commands of recipes, changed so that they run on this machine below `place`."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.bin = place / "environment" / "bin"
        self.bin.mkdir(parents=True)
        for name, module in (("dask", "dask"), ("pef-tui", "pef_tui")):
            self._program(name, f'exec "{sys.executable}" -m {module} "$@"')
        # srun starts its command on every node: here on this machine
        self._program("srun", 'while [ "${1#-}" != "$1" ]; do shift; done\nexec "$@"')
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        self.environment = {**os.environ, "PATH": f"{self.bin}:/usr/bin:/bin"}
        data = place / "data"
        export(data / "Takeout")
        for name in ACCOUNTS:
            export(data / "exports" / name)
        (data / "accounts.txt").write_text("\n".join(ACCOUNTS))

    def _program(self, name: str, text: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.bin / name).chmod(0o755)

    def local(self, text: str) -> str:
        """Return a text of a recipe with the addresses and paths of this test."""
        for old, new in (
            ("tcp://192.0.2.10:8786", f"tcp://127.0.0.1:{self.port}"),
            ("tcp://pef-tui-scheduler:8786", f"tcp://127.0.0.1:{self.port}"),
            ("192.0.2.10", "127.0.0.1"),
            ("/opt/pef-tui/contrib/cluster", str(CONTRIB)),
            ("/opt/pef-tui/bin", str(self.bin)),
            ("/data/", f"{self.place}/data/"),
            ("/etc/pef-tui", str(self.place)),
        ):
            text = text.replace(old, new)
        return str(self.port) if text == "8786" else text

    @contextmanager
    def started(self, command: list[str]) -> Iterator[None]:
        """Run a server for the block."""
        with subprocess.Popen(
            list(map(self.local, command)),
            cwd=self.place,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield
            finally:
                process.terminate()

    def run(self, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(map(self.local, command)),
            cwd=self.place,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def outputs(self, folder: str) -> int:
        return len(list((self.place / "data" / folder).glob("Photos from 2019/*.jpg")))


def export(folder: Path) -> None:
    takeout(
        folder,
        {f"Photos from 2019/P{n:03}.jpg": Item(sidecar(f"P{n:03}.jpg")) for n in range(PICTURES)},
    )


@pytest.fixture
def machines(tmp_path: Path) -> Machines:
    return Machines(tmp_path)


def check(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 0, result.stderr
    assert "written in threads" not in result.stderr and "was lost" not in result.stderr


def manifests(name: str) -> dict[str, Any]:
    """Return the manifests of a file by kind and name."""
    documents = yaml.safe_load_all((CONTRIB / "kubernetes" / name).read_text())
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in documents}


def container(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the only container of a Deployment or Job, after a check of what belongs together."""
    pod = manifest["spec"]["template"]["spec"]
    [only] = pod["containers"]
    assert {each["name"] for each in only.get("volumeMounts", ())} == {
        each["name"] for each in pod.get("volumes", ())
    }
    result: dict[str, Any] = only
    return result


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(CONTRIB / "systemd" / f"{name}.service")
    return parser


def test_the_systemd_units_make_a_cluster(machines: Machines) -> None:
    commands = {
        name: shlex.split(unit(f"pef-tui-{name}")["Service"]["ExecStart"])
        for name in ("scheduler", "worker", "cluster")
    }
    (machines.place / "cluster.toml").write_text(
        machines.local('[plugins.dask]\nscheduler = "tcp://192.0.2.10:8786"\nseconds = 100\n')
    )
    with machines.started(commands["scheduler"]), machines.started(commands["worker"]):
        check(machines.run(commands["cluster"]))
    assert machines.outputs("Photos") == PICTURES
    assert unit("pef-tui-cluster")["Unit"]["Requires"] == "pef-tui-scheduler.service"


def test_the_slurm_script_makes_a_cluster_for_one_export(machines: Machines) -> None:
    result = machines.run(
        ["bash", str(CONTRIB / "slurm" / "export.sbatch"), "/data/Takeout", "-o", "/data/Photos"],
        SLURM_JOB_ID="17",
        SLURM_JOB_NUM_NODES="1",
        SLURM_CPUS_PER_TASK="2",
        PEF_ENVIRONMENT=str(machines.bin.parent),
        PEF_PORT=str(machines.port),
    )
    check(result)
    assert machines.outputs("Photos") == PICTURES
    assert not list(machines.place.glob("pef-tui-17*"))


def test_the_manifests_for_kubernetes_make_a_cluster(machines: Machines) -> None:
    parts = manifests("export.yaml")
    service = parts["Service/pef-tui-scheduler"]["spec"]
    for name in ("scheduler", "worker"):
        deployment = parts[f"Deployment/pef-tui-{name}"]["spec"]
        assert deployment["selector"]["matchLabels"] == deployment["template"]["metadata"]["labels"]
    scheduler = parts["Deployment/pef-tui-scheduler"]
    assert service["selector"] == scheduler["spec"]["template"]["metadata"]["labels"]
    assert service["ports"] == [{"port": 8786}] and container(scheduler)["ports"] == [{"containerPort": 8786}]
    config = parts["ConfigMap/pef-tui"]["data"]["config.toml"]
    (machines.place / "config.toml").write_text(machines.local(config))
    job = container(parts["Job/pef-tui"])
    with ExitStack() as stack:
        for each in (scheduler, parts["Deployment/pef-tui-worker"]):
            stack.enter_context(machines.started(container(each)["command"]))
        check(machines.run(job["command"]))
    assert machines.outputs("Photos") == PICTURES


def test_the_indexed_job_for_kubernetes_runs_all_accounts(machines: Machines) -> None:
    [job] = manifests("accounts.yaml").values()
    assert job["spec"]["completionMode"] == "Indexed"
    command = [*container(job)["command"], "--no-config"]
    for index in range(2):
        result = machines.run(command, JOB_COMPLETION_INDEX=str(index), TASK_SIZE="1")
        assert result.returncode == 0, result.stderr
    assert [machines.outputs(f"photos/{name}") for name in ACCOUNTS] == [PICTURES, PICTURES]
    assert sorted(path.name for path in (machines.place / "data" / "records").glob("*.exit")) == [
        "ann.exit",
        "bob.exit",
    ]
    values = {each["name"]: each["value"] for each in container(job)["env"]}
    assert int(values["TASK_SIZE"]) * job["spec"]["completions"] == 1000


def test_failures_that_another_pod_would_repeat_end_the_job() -> None:
    for name, action in (("export.yaml", "FailJob"), ("accounts.yaml", "FailIndex")):
        [job] = [each for each in manifests(name).values() if each["kind"] == "Job"]
        [rule] = job["spec"]["podFailurePolicy"]["rules"]
        assert rule["action"] == action and rule["onExitCodes"]["values"] == [2, 3, 4]
        assert rule["onExitCodes"]["containerName"] == container(job)["name"]
        assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
