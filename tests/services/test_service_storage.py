"""The storage profile of a launch stays known: its copies and commands name it, and never pair
the address of one store with the keys of another."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.catalog.folders import chart_folder
from tests.services.fakes import ADA, EVE, GROUP, MINE
from tests.services.world import World, world

from sardonyx.catalog.service import CatalogSource
from sardonyx.launcher.context import S3ProfileInputs
from sardonyx.projects.models import Actor
from sardonyx.services.launching import ChangeRequest, LaunchRequest
from sardonyx.services.models import LaunchPlan, State
from sardonyx.values import Json, JsonObject, Secret


def profile(name: str, host: str, *, of_region: bool = False) -> S3ProfileInputs:
    return S3ProfileInputs(
        name=name,
        endpoint=f"https://{host}",
        access_key_id=f"key of {host}",
        secret_access_key=Secret(f"secret of {host}"),
        working_directory="bucket/work",
        is_from_region=of_region,
        created=None if of_region else 7,
    )


REGION = profile("default", "region.example", of_region=True)
NAS = profile("nas", "nas.example")


def with_stores(**own: S3ProfileInputs) -> World:
    w = world()
    w.contexts.s3, w.contexts.own = REGION, own
    return w


async def launched(
    w: World,
    actor: Actor,
    project: str = MINE.id,
    *,
    s3_profile: str | None = "nas",
    settings: tuple[str, ...] = (),
) -> str:
    request = LaunchRequest(
        "jupyter-python", s3_profile=s3_profile, shared=project == GROUP.id, settings=settings
    )
    done = await w.services.launch_once(actor, project=project, request=request)
    w.runtime.change(done.result.name, State.RUNNING, "answering")
    return done.result.name


def storage(plan: LaunchPlan) -> JsonObject:
    found = plan.values["s3"]
    assert isinstance(found, dict)
    return found


def store(plan: LaunchPlan) -> tuple[Json, Json]:
    """Return the address and the key that a launch sends."""
    return storage(plan)["endpoint"], storage(plan)["accessKeyId"]


async def copy(w: World, actor: Actor, project: str, name: str) -> LaunchPlan:
    done = await w.services.duplicate(actor, project, name)
    return w.runtime.plans[done.result.name]


async def test_a_copy_works_with_the_store_of_what_it_copies() -> None:
    w = with_stores(ada=NAS)
    made = await copy(w, ADA, MINE.id, await launched(w, ADA))
    assert store(made) == ("nas.example", "key of nas.example")
    assert made.s3_profile == "nas"


async def test_the_copy_of_another_member_gets_their_own_usual_store() -> None:
    w = with_stores(ada=NAS, eve=profile("nas", "other.example"))
    name = await launched(w, ADA, GROUP.id)
    assert store(await copy(w, EVE, GROUP.id, name)) == ("other.example", "key of other.example")
    del w.contexts.own["eve"]
    made = await copy(w, EVE, GROUP.id, name)
    assert store(made) == ("region.example", "key of region.example")
    assert made.s3_profile == "default"


async def test_a_copy_of_which_nobody_kept_the_profile_gets_the_usual_store() -> None:
    w = with_stores(ada=NAS)
    name = await launched(w, ADA, settings=("s3.enabled=false",))
    w.runtime.put(replace(w.runtime.seen[name], s3_profile=None))
    made = await copy(w, ADA, MINE.id, name)
    assert store(made) == ("region.example", "key of region.example")
    assert storage(made)["enabled"] is False


LISTS: JsonObject = {
    "type": "object",
    "properties": {
        "stores": {
            "type": "array",
            "x-onyxia": {"overwriteDefaultWith": "s3_array"},
            "items": {
                "type": "object",
                "properties": {
                    "AWS_S3_ENDPOINT": {"type": "string"},
                    "AWS_ACCESS_KEY_ID": {"type": "string"},
                },
            },
        },
        "note": {"type": "string", "default": ""},
    },
}


@pytest.mark.parametrize(
    ("chosen", "listed"),
    # Every member reads the pods of a group: nobody's own keys are there unasked.
    [(None, ["region.example"]), ("nas", ["region.example", "nas.example"])],
)
async def test_a_list_of_stores_is_never_copied_beside_other_keys(
    tmp_path: Path, chosen: str | None, listed: list[str]
) -> None:
    chart_folder(tmp_path, "pond", files={"values.schema.json": json.dumps(LISTS)})
    w = world(sources=[CatalogSource("lab", "Lab", tmp_path)])
    w.contexts.s3, w.contexts.own = REGION, {"ada": NAS, "eve": profile("nas", "other.example")}
    request = LaunchRequest(
        "pond", catalog="lab", shared=True, settings=("note=mine",), s3_profile=chosen
    )
    done = await w.services.launch_once(ADA, project=GROUP.id, request=request)
    name = done.result.name
    made = await copy(w, EVE, GROUP.id, name)
    assert made.values["note"] == "mine"
    for plan, hosts in ((w.runtime.plans[name], listed), (made, ["region.example"])):
        assert plan.values["stores"] == [
            {"AWS_S3_ENDPOINT": host, "AWS_ACCESS_KEY_ID": f"key of {host}"} for host in hosts
        ]
    # In a project of one's own the list is of all.
    request = replace(request, shared=False, s3_profile=None)
    alone = (await w.services.launch_once(ADA, project=MINE.id, request=request)).result.name
    stores = w.runtime.plans[alone].values["stores"]
    assert isinstance(stores, list)
    assert len(stores) == 2


async def test_an_address_written_by_hand_is_not_copied_without_its_keys() -> None:
    w = with_stores()
    name = await launched(w, ADA, s3_profile=None, settings=("s3.endpoint=by-hand.example",))
    assert store(await copy(w, ADA, MINE.id, name)) == ("region.example", "key of region.example")


async def test_a_folder_written_by_hand_is_copied() -> None:
    w = with_stores(ada=NAS)
    name = await launched(w, ADA, settings=("s3.workingDirectoryPath=bucket/mine/",))
    assert storage(await copy(w, ADA, MINE.id, name))["workingDirectoryPath"] == "bucket/mine/"


@pytest.mark.parametrize("kept", [True, False])
async def test_its_command_names_the_profile_or_no_store_at_all(kept: bool) -> None:
    w = with_stores(ada=NAS)
    name = await launched(w, ADA)
    if not kept:
        w.runtime.put(replace(w.runtime.seen[name], s3_profile=None))
    text = (await w.services.show(ADA, MINE.id, name)).commands.platform
    assert ("--storage nas" in text) is kept
    assert ("nas.example" in text) is kept
    assert "secret of" not in text


async def test_an_edit_keeps_the_profile_and_the_keys() -> None:
    w = with_stores(ada=NAS)
    name = await launched(w, ADA)
    asked = ChangeRequest(settings=("resources.limits.memory=6Gi",))
    change = await w.services.open_change_request(ADA, MINE.id, name, asked)
    await w.services.change(ADA, change)
    plan = w.runtime.plans[name]
    assert store(plan) == ("nas.example", "key of nas.example")
    assert plan.s3_profile == "nas"
    s3 = plan.context["s3"]
    assert isinstance(s3, dict)
    assert s3["profileName"] == "nas"


async def test_a_change_says_where_its_storage_is_not_there_and_keeps_it() -> None:
    w = with_stores(ada=NAS)
    name = await launched(w, ADA)
    w.contexts.own.clear()
    asked = ChangeRequest(settings=("resources.limits.memory=6Gi",))
    change = await w.services.open_change_request(ADA, MINE.id, name, asked)
    (problem,) = change.opened.problems
    assert (problem.code, problem.level) == ("s3_profile_gone", "warning")
    assert "“nas”" in problem.message.in_language("en")
    await w.services.change(ADA, change)
    assert store(w.runtime.plans[name]) == ("nas.example", "key of nas.example")
