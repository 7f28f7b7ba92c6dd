"""Bring up a light cluster for a measurement alone: what tests do to theirs disturbs nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.cluster import clusters, programs

HELM, KUBECTL = programs.BIN / "helm", programs.BIN / "kubectl"


@contextmanager
def cluster() -> Iterator[Path | None]:
    """Give the administrator's kubeconfig of a cluster that ends with the block.

    None where this machine cannot run one. Its programs are built first where they are missing.
    """
    own = clusters.Light(work=programs.BUILD / "bench", name="bench")
    if own.unfit():
        yield None
        return
    own.up()
    try:
        yield own.admin
    finally:
        own.down()


def kubectl(kubeconfig: Path, *words: str) -> None:
    command = [str(KUBECTL), "--kubeconfig", str(kubeconfig), *words]
    subprocess.run(command, check=True, capture_output=True)
