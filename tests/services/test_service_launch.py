"""Launching: what is refused, with which words and where; what a launch gives at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.services.fakes import (
    ADA,
    EVE,
    MINE,
    NOW,
    PROJECT_PASSWORD,
)
from tests.services.world import World, world

from sardonyx.catalog.errors import ChartNotFoundError, ChartVersionNotFoundError
from sardonyx.launcher.models import PatchEntry
from sardonyx.projects.errors import ProjectNotFoundError, WorkspaceRefusedError
from sardonyx.projects.models import Actor, Project
from sardonyx.services.drafts import DRAFT_LIFE
from sardonyx.services.errors import (
    FriendlyNameError,
    IdempotencyConflictError,
    LaunchRefusedError,
    ServiceExistsError,
    ServiceNameError,
)
from sardonyx.services.launching import LaunchRequest, Opening
from sardonyx.services.models import State
from sardonyx.values import JsonObject

P = MINE.id


async def launched(w: World, **asked: object) -> str:
    request = LaunchRequest(chart="postgresql", **asked)  # type: ignore[arg-type]
    done = await w.services.launch_once(ADA, project=P, request=request)
    return done.result.name


async def test_a_launch_is_acknowledged_with_its_first_steps_and_both_tabs() -> None:
    w = world("4711")
    request = LaunchRequest(chart="postgresql", friendly_name="Census", settings=())
    done = await w.services.launch_once(ADA, project=P, request=request)
    service = done.result
    assert service.name == "postgresql-4711"
    assert service.friendly_name == "Census"
    assert service.owner == "ada"
    assert service.state is State.PREPARING
    assert [event.step for event in service.timeline] == ["asked", "checked", "values"]
    assert done.commands.platform.splitlines()[-1]
    assert "sardonyx launch postgresql" in done.commands.platform
    assert done.commands.underneath == "uv venv postgresql-4711\n"
    assert w.audit.lines == [("ada", "service.launch", "user-ada/postgresql-4711", "done")]


class Places:
    """Makes places anew, unless an administrator forbids it."""

    def __init__(self, *, forbidden: bool = False) -> None:
        self.opened: list[tuple[str, str]] = []
        self.gone: set[str] = set()
        self._forbidden = forbidden

    async def open(self, actor: Actor, project: Project) -> None:
        if self._forbidden:
            raise WorkspaceRefusedError(namespace=project.namespace, reason="it does not exist")
        self.opened.append((actor.username, project.id))
        self.gone.discard(project.id)


async def test_a_place_that_went_since_the_sign_in_is_made_ready_before_the_launch() -> None:
    places = Places()
    w = world("4711", workspaces=places)
    w.runtime.placeless = places.gone
    places.gone.add(P)
    assert await launched(w) == "postgresql-4711"
    assert places.opened == [("ada", P)]
    assert w.audit.lines == [
        ("ada", "project.open", P, "done"),
        ("ada", "service.launch", f"{P}/postgresql-4711", "done"),
    ]
    await launched(w)
    assert len(places.opened) == 1


@pytest.mark.parametrize("places", [None, Places(forbidden=True)])
async def test_a_place_that_may_not_be_made_is_told(places: Places | None) -> None:
    w = world(workspaces=places)
    w.runtime.placeless.add(P)
    with pytest.raises(WorkspaceRefusedError):
        await launched(w)
    assert w.audit.lines[-1][3] == "workspace_refused"
    assert not w.runtime.plans


async def test_no_secret_stands_in_any_command_or_shown_value() -> None:
    w = world()
    name = await launched(w)
    plan = w.runtime.plans[name]
    assert plan.values["auth"]["password"] == PROJECT_PASSWORD  # type: ignore[index,call-overload]
    shown = await w.services.show(ADA, P, name)
    values = await w.services.values(ADA, P, name)
    draft = await w.services.open_draft(ADA, project=P, opening=Opening("postgresql"))
    preview = await w.services.preview(ADA, project=P, draft=draft)
    for text in (shown.commands.platform, str(values), str(preview), str(preview.commands)):
        assert PROJECT_PASSWORD not in text
    assert "$AUTH_PASSWORD" in str(values)


async def test_wrong_values_give_one_message_and_pointer_by_file_set_and_form() -> None:
    wrong: tuple[dict[str, object], ...] = (
        {"values": {"auth": {"database": "No Good"}}},
        {"settings": ("auth.database=No Good",)},
        {"patch": (PatchEntry(("auth", "database"), "No Good"),)},
    )
    told = set()
    for asked in wrong:
        w = world()
        with pytest.raises(LaunchRefusedError) as refused:
            await launched(w, **asked)
        assert w.runtime.installs == 0
        (problem,) = refused.value.problems
        told.add((problem.pointer, problem.code, problem.message.in_language("en")))
    w = world()
    draft = await w.services.open_draft(
        ADA,
        project=P,
        opening=Opening("postgresql", patch=(PatchEntry(("auth", "database"), "No Good"),)),
    )
    with pytest.raises(LaunchRefusedError) as refused:
        await w.services.launch(ADA, project=P, draft=draft)
    (problem,) = refused.value.problems
    told.add((problem.pointer, problem.code, problem.message.in_language("en")))
    assert len(told) == 1
    assert told.pop()[0] == "/auth/database"


async def test_set_refuses_a_secret_and_says_how_to_give_it() -> None:
    w = world()
    with pytest.raises(LaunchRefusedError) as refused:
        await launched(w, settings=("auth.password=hunter2",))
    assert [(p.pointer, p.code) for p in refused.value.problems] == [
        ("/auth/password", "secret_in_open")
    ]
    assert "hunter2" not in str(refused.value.problems)
    assert await launched(w, values={"auth": {"password": "hunter2"}})


async def test_a_setting_that_is_not_understood_is_a_problem() -> None:
    w = world()
    with pytest.raises(LaunchRefusedError) as refused:
        await launched(w, settings=("auth..database=x",))
    assert refused.value.problems[0].code == "set_not_understood"


async def test_a_file_merges_maps_and_replaces_lists() -> None:
    w = world()
    values: JsonObject = {"auth": {"database": "census"}, "tolerations": [{"key": "k"}]}
    name = await launched(w, values=values)
    sent = w.runtime.plans[name].values
    assert sent["auth"]["database"] == "census"  # type: ignore[index,call-overload]
    assert sent["auth"]["username"] == "user-ada"  # type: ignore[index,call-overload]
    assert sent["tolerations"] == [{"key": "k"}]


async def test_unknown_chart_version_and_project_name_what_is_known() -> None:
    w = world()
    with pytest.raises(ChartNotFoundError):
        await w.services.open_draft(ADA, project=P, opening=Opening("nope"))
    with pytest.raises(ChartVersionNotFoundError) as version:
        await w.services.open_draft(ADA, project=P, opening=Opening("postgresql", version="9.9.9"))
    assert version.value.values["known"]
    with pytest.raises(ProjectNotFoundError):
        await w.services.open_draft(ADA, project="user-eve", opening=Opening("postgresql"))


async def test_a_name_taken_is_refused_and_audited() -> None:
    w = world()
    assert await launched(w, name="census") == "census"
    with pytest.raises(ServiceExistsError) as taken:
        await launched(w, name="census")
    assert taken.value.field == "name"
    assert w.runtime.installs == 1


async def test_two_launches_of_one_name_at_once_make_one_service() -> None:
    w = world()
    results = await asyncio.gather(
        launched(w, name="census"), launched(w, name="census"), return_exceptions=True
    )
    assert w.runtime.installs == 1
    assert results.count("census") == 1
    assert [type(r) for r in results if not isinstance(r, str)] == [ServiceExistsError]


async def test_a_drawn_name_that_is_taken_is_drawn_again() -> None:
    w = world("7", "7", "8")
    assert await launched(w) == "postgresql-7"
    assert await launched(w) == "postgresql-8"


@pytest.mark.parametrize("name", ["Upper", "-x", "x-", "1x", "a b", "x" * 54, "é", "a.b", "a\n"])
async def test_names_that_no_cluster_takes_are_refused(name: str) -> None:
    with pytest.raises(ServiceNameError) as refused:
        await launched(world(), name=name)
    assert refused.value.field == "name"


@pytest.mark.parametrize("words", [" ", "a\nb", "x" * 101, "\x1b[31m"])
async def test_words_that_cannot_be_shown_are_refused(words: str) -> None:
    with pytest.raises(FriendlyNameError):
        await launched(world(), friendly_name=words)


async def test_preflight_errors_refuse_the_launch_in_words() -> None:
    w = world()
    w.runtime.facts = {"program_missing": "postgres", "program_hint": "apt install postgresql"}
    with pytest.raises(LaunchRefusedError) as refused:
        await launched(w)
    (problem,) = refused.value.problems
    assert problem.code == "program_missing"
    assert "postgres" in problem.message.in_language("en")
    draft = await w.services.open_draft(ADA, project=P, opening=Opening("postgresql"))
    preview = await w.services.preview(ADA, project=P, draft=draft)
    assert preview.refused
    assert w.audit.lines[-1][3] == "launch_refused"


async def test_a_draft_keeps_its_random_items_until_it_expires_or_is_launched() -> None:
    w = world()

    async def suffix(draft_id: str | None) -> tuple[str, str]:
        opening = Opening("postgresql", draft_id=draft_id)
        opened = await w.services.open_draft(ADA, project=P, opening=opening)
        return opened.id, opened.seeds.suffix

    first, drawn = await suffix(None)
    assert await suffix(first) == (first, drawn)
    w.now[0] = NOW + DRAFT_LIFE + timedelta(seconds=1)
    second, again = await suffix(first)
    assert (second, again) != (first, drawn)
    opening = Opening("postgresql", draft_id=second)
    opened = await w.services.open_draft(ADA, project=P, opening=opening)
    await w.services.launch(ADA, project=P, draft=opened)
    assert (await suffix(second))[0] != second


async def test_a_draft_of_another_person_gives_none_of_its_random_items() -> None:
    w = world()
    mine = await w.services.open_draft(ADA, project=P, opening=Opening("postgresql"))
    hers = await w.services.open_draft(
        EVE, project="user-eve", opening=Opening("postgresql", draft_id=mine.id)
    )
    assert hers.seeds != mine.seeds


async def test_a_repeated_key_launches_once_and_another_content_conflicts() -> None:
    w = world()
    request = LaunchRequest(chart="postgresql", friendly_name="A")

    async def ask(asked: LaunchRequest) -> str:
        done = await w.services.launch_once(ADA, project=P, request=asked, idempotency_key="k")
        return done.result.name

    first, second = await asyncio.gather(ask(request), ask(request))
    assert first == second == await ask(request)
    assert w.runtime.installs == 1
    with pytest.raises(IdempotencyConflictError):
        await ask(LaunchRequest(chart="postgresql", friendly_name="B"))


async def test_a_refused_launch_may_be_sent_again_with_its_key() -> None:
    w = world()
    w.runtime.facts = {"program_missing": "postgres"}
    request = LaunchRequest(chart="postgresql")
    with pytest.raises(LaunchRefusedError):
        await w.services.launch_once(ADA, project=P, request=request, idempotency_key="k")
    w.runtime.facts = {}
    await w.services.launch_once(ADA, project=P, request=request, idempotency_key="k")
    assert w.runtime.installs == 1
