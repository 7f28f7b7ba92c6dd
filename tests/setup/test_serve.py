"""The served process: two ports, a log of JSON, an end in order and an exit code that tells."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from tests.setup.settings import tree, written

from sardonyx.adapters.processes.home import free_ports
from sardonyx.testing.parts import wait_until

ROOT = Path(__file__).parents[2]


def _settings(folder: Path, **changes: Any) -> tuple[Path, int, int]:
    port, metrics = free_ports(2)
    content = tree(folder, host="127.0.0.1", port=port, metricsPort=metrics, **changes)
    return written(folder, content), port, metrics


@contextmanager
def _serving(file: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.setup.served", str(file), *words]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _answers(address: str) -> bool:
    try:
        return httpx2.get(address, timeout=5).is_success
    except httpx2.TransportError:
        return False


def test_it_serves_until_told_to_end(tmp_path: Path) -> None:
    file, port, metrics = _settings(tmp_path)
    with _serving(file) as process:
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), "the pages")
        pages, figures = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics}"
        own = {"host": "lab.example.org"}
        assert httpx2.get(f"{pages}/readyz", headers=own).status_code == 200
        assert httpx2.get(f"{pages}/sign-in?t=hunter2", headers=own).status_code == 303
        assert httpx2.get(f"{pages}/", headers={"host": "evil.example"}).status_code == 421
        assert httpx2.get(f"{pages}/metrics", headers=own).status_code == 404
        assert httpx2.get(f"{figures}/sign-in").status_code == 404
        text = httpx2.get(f"{figures}/metrics").text
        assert 'sardonyx_requests_total{method="GET",route="/sign-in",status="303"} 1.0' in text
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    lines = [json.loads(line) for line in log.splitlines()]
    assert {"listening", "request", "ended"} <= {line["event"] for line in lines}
    assert "hunter2" not in log


def test_a_port_that_is_taken_ends_it_with_words(tmp_path: Path) -> None:
    file, port, _ = _settings(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with _serving(file) as process:
            _, log = process.communicate(timeout=60)
    assert process.returncode == 5
    assert f"127.0.0.1:{port}: Address already in use" in log
    assert "Traceback" not in log


def test_a_fault_at_the_start_is_no_success(tmp_path: Path) -> None:
    file, _, _ = _settings(tmp_path)
    with _serving(file, "broken") as process:
        _, log = process.communicate(timeout=60)
    assert process.returncode == 5, log
    assert "serve_start" in log
    assert "hunter2" not in log
