"""Measure a launch: its acknowledgement, its first word, JupyterLab beside a bare one."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
from tests.e2e.platform import until
from tools.measures.platform import jupyter_environment, platform
from tools.measures.table import Asked, Measure, Table

from sardonyx.adapters.processes.home import Home, free_ports
from sardonyx.client import Client
from sardonyx.client.services import launch_body

_LOOK_SECONDS = 0.02
_START_SECONDS = 900.0


def measure(asked: Asked) -> Table:
    """Launch JupyterLab from a cached environment and start a bare one, in turn."""
    acknowledged: list[float] = []
    first: list[float] = []
    ours: list[float] = []
    bare: list[float] = []
    home = platform().home
    with Client.of_home(home) as client:
        environment = jupyter_environment(Home(home))
        client.services.list()  # the connection and the project's name are there
        # The first run builds the environment and reads it from the disk: not counted.
        for counted in [False, *[True] * asked.runs]:
            told = _ours(client)
            seconds = _bare(environment)
            if counted:
                bare.append(seconds)
                for series, value in zip((acknowledged, first, ours), told, strict=True):
                    series.append(value)
    median = statistics.median
    return Table(
        "launch",
        "Launch of JupyterLab from a cached environment",
        [
            Measure("launch acknowledged", median(acknowledged) * 1000, "ms", at_most=200),
            Measure("first timeline event", median(first) * 1000, "ms", at_most=1000),
            Measure(
                "JupyterLab answers", median(ours), "s", peer=median(bare), ratio_at_most=1.5,
                note=f"from {min(ours):.1f} to {max(ours):.1f} s",
            ),
        ],
        (
            "From sending `POST …/services` (Python client, Unix socket) until `/api` answers at "
            "the service's address; peer: `jupyter lab` of the same environment until `/api` "
            f"answers. In turn, {asked.runs} runs after one that is not counted.",
        ),
    )  # fmt: skip


def _ours(client: Client) -> tuple[float, float, float]:
    """Return seconds until acknowledged, until the first event, until JupyterLab answers."""
    sent, begun = datetime.now(UTC), time.perf_counter()
    service = client.services.submit(launch_body("jupyter-python"))
    acknowledged = time.perf_counter() - begun
    way = client.services.credential(service.name)
    answering = _until_answering(f"{way.address}/api", {way.header: way.value.reveal()}, begun)
    events = client.services.show(service.name).timeline
    client.services.delete(service.name)
    until(lambda: all(one.name != service.name for one in client.services.list()))
    return acknowledged, (events[0].at - sent).total_seconds(), answering


def _bare(environment: Path) -> float:
    """Return the seconds a bare `jupyter lab` takes until it answers."""
    (port,) = free_ports(1)
    with TemporaryDirectory(prefix="sx-bench-") as folder:
        command = [
            str(environment / "bin" / "jupyter"), "lab", "--no-browser", "--allow-root",
            f"--ServerApp.port={port}", "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=",
            f"--ServerApp.root_dir={folder}",
        ]  # fmt: skip
        path = f"{environment / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            env={"PATH": path, "HOME": folder, "LANG": "C.UTF-8"},
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return _until_answering(
                f"http://127.0.0.1:{port}/api", {}, begun, lambda: process.poll() is not None
            )
        finally:
            process.terminate()
            process.wait()


def _until_answering(
    address: str,
    headers: Mapping[str, str],
    begun: float,
    ended: Callable[[], bool] = lambda: False,
) -> float:
    with httpx2.Client(headers=dict(headers), timeout=10, trust_env=False) as http:
        while True:
            try:
                if http.get(address).is_success:
                    return time.perf_counter() - begun
            except httpx2.TransportError:
                pass
            if ended() or time.perf_counter() - begun > _START_SECONDS:
                raise RuntimeError(f"{address} does not answer")
            time.sleep(_LOOK_SECONDS)
