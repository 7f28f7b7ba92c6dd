"""A replica of the platform as a process of its own, to be killed by tests.

Run: `python -m tests.cluster.replica KUBECONFIG NAMESPACE FOLDER HELM CHARTS…`. It works through
the queue of one namespace until it is ended, and prints a line when it has begun.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path

from tests.cluster.helm_world import site

from sardonyx.catalog.models import Chart, ChartRef


async def work(kubeconfig: str, namespace: str, folder: str, helm: str, charts: str) -> None:
    async with site(
        Path(kubeconfig), namespace, Path(folder), helm=helm, limit=timedelta(minutes=2)
    ) as here:
        for told in json.loads(charts):
            here.offer(
                Chart(
                    ref=ChartRef("tests", told["name"], told["version"]),
                    folder=Path(told["folder"]),
                    title="", description="", keywords=(), app_version="", home=None,
                    sources=(), icon=None, dependencies=(), values={}, schema=None, local=None,
                    readme="",
                )
            )  # fmt: skip
        print("ready", flush=True)  # noqa: T201 - the test waits for it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:6]))
