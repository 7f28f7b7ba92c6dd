"""Changing services that run: edit, upgrade, earlier states, sharing, copies, allowances.

Over 400 lines: one service and what can be done to it, on one small world.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.catalog.folders import chart_folder
from tests.services.fakes import ADA, EVE, GROUP, MINE
from tests.services.world import World, world

from sardonyx.catalog.errors import CatalogNotFoundError
from sardonyx.catalog.models import ChartRef
from sardonyx.catalog.service import CatalogSource
from sardonyx.catalog.settings import catalog_settings
from sardonyx.launcher.context import S3ProfileInputs
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.own_profiles import OwnProfile
from sardonyx.projects.models import Actor
from sardonyx.services.errors import (
    LaunchRefusedError,
    NothingToChangeError,
    PlanRefusedError,
    RevisionNotFoundError,
    ServiceChangedError,
    ServiceNotFoundError,
    ServiceOfAnotherError,
    ServiceOwnerlessError,
)
from sardonyx.services.launching import ChangeRequest, LaunchRequest
from sardonyx.services.models import (
    LaunchPlan,
    PlannedObject,
    QuotaUse,
    Service,
    Severity,
    Standing,
    State,
)
from sardonyx.services.service import etag
from sardonyx.values import JsonObject

P = MINE.id
ADMIN = replace(EVE, username="root", is_admin=True)


async def launched(
    w: World, actor: Actor = ADA, project: str = P, *, shared: bool = False, setting: str = ""
) -> str:
    settings = (setting,) if setting else ()
    request = LaunchRequest(chart="postgresql", shared=shared, settings=settings)
    done = await w.services.launch_once(actor, project=project, request=request)
    name = done.result.name
    w.runtime.change(name, State.RUNNING, "answering")
    return name


async def edited(w: World, name: str, *settings: str) -> Service:
    change = await w.services.open_change_request(ADA, P, name, ChangeRequest(settings=settings))
    return (await w.services.change(ADA, change)).result


async def test_an_edit_keeps_all_that_was_not_touched() -> None:
    w = world()
    name = await launched(w)
    before = w.runtime.seen[name].values
    after = await edited(w, name, "resources.limits.memory=8Gi")
    seen = w.runtime.seen[name]
    assert (after.revision, after.state, seen.revision) == (2, State.STARTING, 2)
    assert seen.values["resources"]["limits"]["memory"] == "8Gi"  # type: ignore[index,call-overload]
    assert seen.values["auth"] == before["auth"]
    assert w.runtime.plans[name].owner == "ada"
    assert w.audit.lines[-1] == ("ada", "service.edit", f"{P}/{name}", "done")


async def test_a_preview_tells_values_objects_and_commands_and_no_secret() -> None:
    w = world()
    name = await launched(w)
    secret = w.runtime.seen[name].values["auth"]["password"]  # type: ignore[index,call-overload]
    change = await w.services.open_change_request(
        ADA,
        P,
        name,
        ChangeRequest(
            settings=("resources.limits.memory=8Gi",),
            values={"auth": {"password": "a-new-password"}},
        ),
    )
    preview = await w.services.preview_change(ADA, change)
    told = {one.path: (one.before, one.after, one.secret) for one in preview.values}
    assert told == {
        "resources.limits.memory": ("4Gi", "8Gi", False),
        "auth.password": (None, None, True),
    }
    assert "a-new-password" not in str(preview)
    assert str(secret) not in str(preview)
    assert preview.commands.platform.startswith(f"sardonyx services edit {name} -f - <<EOF")
    assert preview.etag == etag(w.runtime.seen[name])
    assert not preview.refused
    assert w.runtime.seen[name].revision == 1


async def test_objects_are_compared_by_their_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    w = world()
    name = await launched(w)

    async def planned(plan: LaunchPlan) -> tuple[PlannedObject, ...]:
        size = plan.values["resources"]["limits"]["memory"]  # type: ignore[index,call-overload]
        more = (PlannedObject("Secret", "more", "a: b"),) if size == "8Gi" else ()
        gone = () if more else (PlannedObject("Service", "old", "x: y"),)
        return (PlannedObject("StatefulSet", name, f"a: 1\nmemory: {size}\n"), *more, *gone)

    monkeypatch.setattr(w.runtime, "planned", planned)
    change = await w.services.open_change_request(
        ADA, P, name, ChangeRequest(settings=("resources.limits.memory=8Gi",))
    )
    preview = await w.services.preview_change(ADA, change)
    assert preview.objects is not None
    assert [(one.kind, one.change) for one in preview.objects] == [
        ("StatefulSet", "changed"),
        ("Secret", "added"),
        ("Service", "removed"),
    ]
    assert "-memory: 4Gi\n+memory: 8Gi" in preview.objects[0].diff


async def test_what_the_cluster_refuses_is_told_before(monkeypatch: pytest.MonkeyPatch) -> None:
    w = world()
    name = await launched(w)

    async def planned(plan: LaunchPlan) -> tuple[PlannedObject, ...]:
        raise PlanRefusedError(name=plan.release, reason="it makes a ClusterRole")

    monkeypatch.setattr(w.runtime, "planned", planned)
    change = await w.services.open_change_request(
        ADA, P, name, ChangeRequest(settings=("resources.limits.memory=8Gi",))
    )
    preview = await w.services.preview_change(ADA, change)
    assert preview.refused
    assert "ClusterRole" in preview.problems[-1].message.in_language("en")


async def test_masked_values_given_back_keep_their_secrets() -> None:
    w = world()
    name = await launched(w)
    shown = await w.services.values(ADA, P, name)
    assert shown["auth"]["password"] == "$AUTH_PASSWORD"  # type: ignore[index,call-overload]
    shown["resources"] = {"limits": {"memory": "2Gi"}}
    change = await w.services.open_change_request(ADA, P, name, ChangeRequest(values=shown))
    told = [one.path for one in (await w.services.preview_change(ADA, change)).values]
    assert told == ["resources.limits.memory"]


async def test_of_two_who_edit_one_service_the_second_is_told() -> None:
    w = world()
    name = await launched(w)
    first, second = [
        await w.services.open_change_request(
            ADA, P, name, ChangeRequest(settings=(f"resources.limits.memory={size}",))
        )
        for size in ("2Gi", "8Gi")
    ]
    results = await asyncio.gather(
        w.services.change(ADA, first), w.services.change(ADA, second), return_exceptions=True
    )
    assert [type(one) for one in results if isinstance(one, Exception)] == [ServiceChangedError]
    assert w.runtime.seen[name].revision == 2


async def test_wrong_values_and_no_change_are_refused() -> None:
    w = world()
    name = await launched(w)
    with pytest.raises(LaunchRefusedError):
        await edited(w, name, "auth.database=Not A Name")
    with pytest.raises(LaunchRefusedError):
        await edited(w, name, "auth.password=in-the-open")
    with pytest.raises(NothingToChangeError):
        await edited(w, name)
    w.runtime.change(name, State.FAILED)
    assert (await edited(w, name)).revision == 2  # applying again is how a failed one is mended


async def test_an_upgrade_carries_ones_own_settings_and_takes_new_defaults(tmp_path: Path) -> None:
    w = world()
    for version, color in (("1.0.0", "red"), ("2.0.0", "blue")):
        schema = {
            "type": "object",
            "properties": {
                "color": {"type": "string", "default": color},
                "size": {"type": "integer", "default": 1},
            },
        }
        chart_folder(
            tmp_path,
            "tide",
            version,
            folder=f"tide-{version}",
            files={
                "values.yaml": f"color: {color}\nsize: 1\n",
                "values.schema.json": json.dumps(schema),
                "local.yaml": "apiVersion: sardonyx.dev/v1\n",
            },
        )
    source = CatalogSource("own", {"en": "Own"}, tmp_path)
    w = world(sources=[source])
    request = LaunchRequest(chart="tide", catalog="own", version="1.0.0", settings=("size=7",))
    name = (await w.services.launch_once(ADA, project=P, request=request)).result.name
    service = await w.services.show(ADA, P, name)
    assert w.services.version_choices(ADA, service) == ("2.0.0", "1.0.0")
    change = await w.services.open_change(ADA, P, name, version="2.0.0")
    preview = await w.services.preview_change(ADA, change)
    assert (preview.before.version, preview.after.version) == ("1.0.0", "2.0.0")
    assert [(one.path, one.after) for one in preview.values] == [("color", "blue")]
    done = await w.services.change(ADA, change)
    assert done.result.chart.version == "2.0.0"
    assert w.runtime.seen[name].values == {"color": "blue", "size": 7}
    assert "--version 2.0.0" in done.commands.platform


async def test_history_and_return_to_an_earlier_state() -> None:
    w = world()
    name = await launched(w)
    await edited(w, name, "resources.limits.memory=8Gi")
    first, last = reversed(await w.services.history(ADA, P, name))
    assert [first.number, last.number, last.status] == [1, 2, "deployed"]
    assert first.values["auth"]["password"] == "$AUTH_PASSWORD"  # type: ignore[index,call-overload]
    preview = await w.services.preview_roll_back(ADA, P, name, 1)
    assert [(one.before, one.after) for one in preview.values] == [("8Gi", "4Gi")]
    with pytest.raises(ServiceChangedError):
        await w.services.roll_back(ADA, P, name, 1, expected_etag="other")
    done = await w.services.roll_back(ADA, P, name, 1, expected_etag=preview.etag)
    assert done.result.revision == 3
    assert done.commands.platform == f"sardonyx services rollback {name} 1\n"
    for number in (3, 9):
        with pytest.raises(RevisionNotFoundError):
            await w.services.roll_back(ADA, P, name, number)


async def test_only_the_owner_of_a_groups_service_changes_it() -> None:
    w = world()
    name = await launched(w, EVE, GROUP.id)
    with pytest.raises(ServiceNotFoundError):
        await w.services.open_change(ADA, GROUP.id, name)
    shared = await w.services.share(EVE, GROUP.id, name, shared=True)
    assert shared.result.shared
    assert shared.commands.platform == f"sardonyx services share {name} --project soil\n"
    assert (await w.services.show(ADA, GROUP.id, name)).standing is Standing.MEMBER
    for ask in (
        w.services.open_change(ADA, GROUP.id, name),
        w.services.roll_back(ADA, GROUP.id, name, 1),
        w.services.share(ADA, GROUP.id, name, shared=False),
        w.services.adopt(ADA, GROUP.id, name),
    ):
        with pytest.raises(ServiceOfAnotherError):
            await ask
    await w.services.share(EVE, GROUP.id, name, shared=False)
    with pytest.raises(ServiceNotFoundError):
        await w.services.show(ADA, GROUP.id, name)


async def test_a_service_of_nobody_is_for_administrators() -> None:
    w = world()
    name = await launched(w, EVE, GROUP.id, shared=True)
    w.runtime.put(replace(w.runtime.seen[name], owner=""))
    assert await w.services.list(ADA, GROUP.id) == []
    [seen] = await w.services.list(ADMIN, GROUP.id)
    assert seen.standing is Standing.ADMINISTRATOR
    with pytest.raises(ServiceOwnerlessError):
        await w.services.pause(ADMIN, GROUP.id, name)
    assert (await w.services.adopt(ADMIN, GROUP.id, name)).result.owner == "root"
    assert (await w.services.pause(ADMIN, GROUP.id, name)).result.state is State.PAUSED


async def test_names_of_owners_are_compared_without_case() -> None:
    w = world()
    name = await launched(w, EVE, GROUP.id)
    w.runtime.put(replace(w.runtime.seen[name], owner="Eve"))
    assert (await w.services.show(EVE, GROUP.id, name)).standing is Standing.OWNER


async def test_in_ones_own_project_everything_is_ones_own() -> None:
    w = world()
    name = await launched(w)
    for owner in ("", "somebody"):
        w.runtime.put(replace(w.runtime.seen[name], owner=owner))
        assert (await w.services.pause(ADA, P, name)).result.standing is Standing.OWNER


async def test_secrets_of_a_service_that_others_made_are_masked_by_their_names() -> None:
    w = world()
    name = await launched(w)
    values: JsonObject = {"s3": {"secretAccessKey": "K3Y"}, "git": {"token": "T0K"}, "color": "red"}
    w.runtime.put(replace(w.runtime.seen[name], values=values, secret_paths=frozenset()))
    shown = await w.services.values(ADA, P, name)
    assert shown["color"] == "red"
    assert "K3Y" not in str(shown)
    assert "T0K" not in str(shown)
    service = await w.services.show(ADA, P, name)
    assert "K3Y" not in service.commands.platform


async def test_a_copy_has_the_settings_and_none_of_the_secrets() -> None:
    w = world("11", "22")
    name = await launched(w, setting="resources.limits.memory=8Gi")
    copied = await w.services.copied(ADA, P, name)
    assert copied.chart == "postgresql"
    assert copied.patch == (PatchEntry(("resources", "limits", "memory"), "8Gi"),)
    done = await w.services.duplicate(ADA, P, name)
    assert done.result.name != name
    copy = w.runtime.seen[done.result.name]
    assert copy.values["resources"]["limits"]["memory"] == "8Gi"  # type: ignore[index,call-overload]


async def test_an_allowance_that_is_too_small_is_told_before() -> None:
    w = world()
    name = await launched(w)
    w.runtime.limits = [
        QuotaUse("limits.memory", "5Gi", "8Gi"),
        QuotaUse("count/pods", "2", "2"),
        QuotaUse("odd", "many", "8Gi"),
    ]
    assert [one.resource for one in w.services.quota(ADA, P)] == [
        "limits.memory",
        "count/pods",
        "odd",
    ]
    draft = await w.services.open_request(ADA, project=P, request=LaunchRequest("postgresql"))
    preview = await w.services.preview(ADA, project=P, draft=draft)
    assert [one.values["resource"] for one in preview.findings] == ["limits.memory", "count/pods"]
    assert {one.severity for one in preview.findings} == {Severity.WARNING}
    change = await w.services.open_change_request(
        ADA, P, name, ChangeRequest(settings=("resources.limits.memory=6Gi",))
    )
    assert (await w.services.preview_change(ADA, change)).findings == ()  # 2Gi more fit
    change = await w.services.open_change_request(
        ADA, P, name, ChangeRequest(settings=("resources.limits.memory=9Gi",))
    )
    [finding] = (await w.services.preview_change(ADA, change)).findings
    assert finding.values["requested"] == "5Gi"


async def test_a_launch_goes_on_when_its_client_leaves_and_answers_who_asks_again() -> None:
    w = world()
    request = LaunchRequest(chart="postgresql")
    first = asyncio.ensure_future(
        w.services.launch_once(ADA, project=P, request=request, idempotency_key="k")
    )
    await asyncio.sleep(0)
    second = asyncio.ensure_future(
        w.services.launch_once(ADA, project=P, request=request, idempotency_key="k")
    )
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (await second).result.name in w.runtime.seen
    assert w.runtime.installs == 1


@pytest.mark.parametrize("restricted", [True, False])
async def test_a_release_written_by_hand_shows_no_chart_of_a_catalogue_that_is_not_for_them(
    tmp_path: Path, restricted: bool
) -> None:
    """Whoever may write releases into the project names the chart as they like."""
    chart_folder(tmp_path, "tide")
    wanted: JsonObject = {"userAttribute": {"key": "roles", "matches": "captain"}}
    settings = catalog_settings(
        {
            "id": "sea",
            "location": tmp_path.as_uri(),
            "restrictions": [wanted] if restricted else [],
        }
    )
    w = world(sources=[CatalogSource("sea", "Sea", tmp_path, settings)])
    name = await launched(w)
    named = ChartRef("sea", "tide", "1.0.0")
    w.runtime.put(replace(w.runtime.seen[name], chart=named, revision=2))
    plan = replace(w.runtime.revisions[name][1], chart=named)
    w.runtime.revisions[name] = {1: plan, 2: plan}
    if not restricted:
        change = await w.services.open_change(ADA, P, name)
        assert change.draft.chart.ref.chart == "tide"
        return
    with pytest.raises(CatalogNotFoundError):
        await w.services.open_change(ADA, P, name)
    with pytest.raises(CatalogNotFoundError):
        await w.services.open_change_request(ADA, P, name, ChangeRequest(version="newest"))
    w.runtime.facts = {"disk_free": 0}
    preview = await w.services.preview_roll_back(ADA, P, name, 1)
    assert (preview.objects, preview.findings) == (None, ())


async def test_a_store_without_keys_stays_the_service_s_own_when_it_is_edited() -> None:
    w = world()
    w.contexts.s3 = S3ProfileInputs(
        name="default", endpoint="http://127.0.0.1:8333", working_directory="b", renewing=True
    )
    own = OwnProfile("open", 1, "https://open.example", bookmarks=(("", "data/"),))
    w.contexts.own["ada"] = own.inputs
    request = LaunchRequest(chart="jupyter-python", s3_profile="open")
    done = await w.services.launch_once(ADA, project=P, request=request)
    assert "--storage open" in done.commands.platform
    name = done.result.name
    w.runtime.change(name, State.RUNNING, "answering")
    settings = ("resources.limits.memory=9Gi",)
    change = await w.services.open_change_request(ADA, P, name, ChangeRequest(settings=settings))
    plan = change.plan
    s3 = plan.context["s3"]
    assert isinstance(s3, dict)
    assert (s3["profileName"], s3["isAnonymous"]) == ("open", True)
    assert isinstance(plan.values["s3"], dict)
    assert plan.values["s3"]["endpoint"] == "open.example"
