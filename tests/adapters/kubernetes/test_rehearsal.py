"""What a chart renders decides neither how much the cluster is asked, nor what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import pytest

from sardonyx.adapters.helm.cli import HelmOutput
from sardonyx.adapters.kubernetes.rehearsal import Asked, Rehearsals
from sardonyx.services.errors import PlanRefusedError


class Cluster:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def version(self) -> str:
        return "v1.37.0"

    async def kinds(self, api: str) -> Mapping[str, bool]:
        self.asked.append(api)
        return {"ConfigMap": True, "ClusterRole": False}


class Chart:
    """Renders the text of the chart's name, and counts how often."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts
        self.rendered: list[str] = []

    async def run(self, words: list[str], *, limit: timedelta, values: Any) -> HelmOutput:
        name = next(one for one in words if one in self.texts)
        self.rendered.append(name)
        return HelmOutput(self.texts[name], "")


def rehearsals(cluster: Cluster, chart: Chart) -> Rehearsals:
    return Rehearsals(cast(Any, cluster), cast(Any, None), cast(Any, chart))


def asked(chart: str) -> Asked:
    return Asked(namespace="mine", release="demo", chart=chart, values={})


def config_map(api: str, name: str = "a") -> str:
    return f"---\napiVersion: {api}\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"


@pytest.mark.parametrize(
    "api",
    ["../api/v1/secrets", "..", "../v1", "v1?x=y", "a/b/v1", "x%2fy", "V1", "a..b/v1", "é/v1"],
)
async def test_an_api_that_is_no_name_is_refused_unasked(api: str) -> None:
    cluster = Cluster()
    made = rehearsals(cluster, Chart(c=config_map("v1") + config_map(f'"{api}"')))
    with pytest.raises(PlanRefusedError):
        await made.check(asked("c"))
    assert cluster.asked == []


async def test_a_chart_of_very_many_apis_is_refused_unasked() -> None:
    cluster = Cluster()
    made = rehearsals(
        cluster, Chart(c="".join(config_map(f"g{number}.example/v1") for number in range(51)))
    )
    with pytest.raises(PlanRefusedError):
        await made.check(asked("c"))
    assert cluster.asked == []


async def test_an_api_is_asked_for_once_and_what_reaches_out_is_found() -> None:
    cluster = Cluster()
    role = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n"
    chart = Chart(good=config_map("v1") * 3, bad=config_map("v1") + role)
    made = rehearsals(cluster, chart)
    await made.check(asked("good"))
    assert await made.known(asked("good"))
    with pytest.raises(PlanRefusedError, match="ClusterRole"):
        await made.check(asked("bad"))
    assert sorted(cluster.asked) == ["rbac.authorization.k8s.io/v1", "v1"]
    assert chart.rendered == ["good", "bad"]


async def test_large_renderings_are_not_kept_for_long() -> None:
    large = config_map("v1") + "data: {a: &a " + "x" * 1_000_000 + ", b: [" + "*a, " * 9 + "]}\n"
    names = [f"c{number}" for number in range(8)]
    made = rehearsals(Cluster(), Chart(**dict.fromkeys(names, large), small=config_map("v1")))
    await made.check(asked("small"))
    for name in names:
        await made.check(asked(name))
    assert [await made.known(asked(name)) for name in ("small", *names)].count(True) == 6
