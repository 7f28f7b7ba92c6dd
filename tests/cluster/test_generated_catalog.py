"""Sixty charts after Onyxia's, and one of every widget: their releases pass a server's dry run."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.catalog.generated import TRAITS, write_catalog
from tests.cluster.conftest import RunningCluster
from tests.e2e.every_widget import CHART as EVERYTHING

from sardonyx.catalog.models import Chart
from sardonyx.catalog.read import read_chart
from sardonyx.catalog.registry import built_in_schemas
from sardonyx.launcher.draft import make_draft
from sardonyx.launcher.sample import sample_context

AT_ONCE = 4


@pytest.mark.cluster
def test_every_release_passes_a_server_dry_run(
    light_cluster: RunningCluster, namespace: str, tmp_path: Path
) -> None:
    registry = built_in_schemas()
    folder = write_catalog(tmp_path / "catalog", registry)

    def refusal(place: Path) -> str:
        chart = read_chart(place, "generated")
        assert isinstance(chart, Chart), chart
        made = make_draft(chart=chart, context=sample_context(), registry=registry)
        values = tmp_path / f"{place.name}.json"
        values.write_text(json.dumps(made.values))
        command = [
            "install",
            f"{place.name}-73105"[-53:],
            str(chart.folder),
            "--namespace",
            namespace,
        ]
        homes = ("HOME", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")
        done = subprocess.run(
            [
                str(light_cluster.programs / "helm"),
                *command,
                *("--dry-run=server", "--values", str(values), "--output", "json"),
            ],
            check=False,
            capture_output=True,
            text=True,
            env={
                "PATH": os.environ["PATH"],
                "KUBECONFIG": str(light_cluster.kubeconfig),
                **{home: str(tmp_path / home) for home in homes},
            },
        )
        return "" if done.returncode == 0 else done.stderr

    places = [*(folder / one.name for one in TRAITS), EVERYTHING]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(refusal, places)
        refused = {one.name: said for one, said in zip(places, found, strict=True) if said}
    assert refused == {}
