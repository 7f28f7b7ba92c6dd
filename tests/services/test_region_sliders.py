"""The region's sliders bound a chart's settings where an administrator wants them to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.catalog.folders import chart_folder
from tests.services.fakes import ADA, MINE, AuditList, Contexts, MemoryRuntime

from sardonyx.catalog.registry import SchemaRegistry
from sardonyx.catalog.service import CatalogService, CatalogSource
from sardonyx.launcher.context import ContextInputs
from sardonyx.projects.models import Actor, Project
from sardonyx.services.launching import Opening
from sardonyx.services.service import Services
from sardonyx.values import JsonObject

SLIDER: JsonObject = {"sliderMin": 2, "sliderMax": 4, "sliderUnit": "", "sliderStep": 1}
SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "cores": {
            "type": "number",
            "default": 9,
            "render": "slider",
            "sliderMin": 1,
            "sliderMax": 16,
            "x-onyxia": {"useRegionSliderConfig": "cpu"},
        }
    },
}


class RegionContexts(Contexts):
    """Inputs of a region that has a slider of its own."""

    async def inputs(self, actor: Actor, project: Project) -> ContextInputs:
        region: JsonObject = {"services": {"defaultConfiguration": {"sliders": {"cpu": SLIDER}}}}
        return replace(await super().inputs(actor, project), region=region)


@pytest.mark.parametrize(("switched_on", "cores"), [(False, 9), (True, 4)])
async def test_a_region_bounds_a_launch_only_where_it_is_told_to(
    tmp_path: Path, switched_on: bool, cores: int
) -> None:
    chart_folder(tmp_path, files={"values.schema.json": json.dumps(SCHEMA)})
    services = Services(
        catalog=CatalogService(
            [CatalogSource.of_folder(tmp_path)],
            schemas=SchemaRegistry(region_sliders=switched_on),
            processes=False,
        ),
        runtime=MemoryRuntime(),
        contexts=RegionContexts(),
        audit=AuditList(),
    )
    opened = await services.open_draft(ADA, project=MINE.id, opening=Opening("tide"))
    assert opened.draft.values == {"cores": cores}
