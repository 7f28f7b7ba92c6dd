"""Saved configurations: who keeps what, over what, and what is never kept.

Over 400 lines: one rule each, from the plain saving to people who meet in one list.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.services.fakes import ADA, EVE, GROUP, HERS, MINE, NOW
from tests.services.world import World, world

from sardonyx.account.configurations.changes import drawn_id
from sardonyx.account.configurations.errors import (
    ConfigurationBusyError,
    ConfigurationChangedError,
    ConfigurationGoneError,
    ConfigurationLimitError,
    ConfigurationNameTakenError,
    ConfigurationNotFoundError,
    ConfigurationRefusedError,
    ConfigurationTooLargeError,
)
from sardonyx.account.configurations.models import (
    ANY,
    MOST,
    NEW,
    ConfigurationList,
    Expected,
    KeptConfiguration,
    Move,
    differences,
)
from sardonyx.account.configurations.service import Configurations
from sardonyx.catalog.models import ChartRef
from sardonyx.errors import UserError
from sardonyx.launcher.configurations import SavedConfiguration
from sardonyx.launcher.links import read_query
from sardonyx.launcher.models import UNSET, PatchEntry
from sardonyx.projects.errors import ProjectNotFoundError
from sardonyx.projects.models import Actor
from sardonyx.services.errors import FriendlyNameError, LaunchRefusedError
from sardonyx.services.launching import LaunchRequest
from sardonyx.testing.configurations import MemoryConfigurations

P, G = MINE.id, GROUP.id
CHART = "postgresql"


async def saved(
    w: World,
    name: str = "Census",
    *settings: str,
    actor: Actor = ADA,
    project: str = P,
    patch: tuple[PatchEntry, ...] = (),
    expected: Expected = ANY,
    shared: bool = False,
) -> KeptConfiguration:
    request = LaunchRequest(chart=CHART, settings=settings, patch=patch)
    draft = await w.services.open_request(actor, project=project, request=request)
    done = await w.configurations.save(
        actor, project=project, draft=draft, friendly_name=name, shared=shared, expected=expected
    )
    return done.result.kept


async def names(w: World, project: str = P, actor: Actor = ADA) -> list[str]:
    listed = await w.configurations.list(actor, project)
    return [one.configuration.friendly_name for one in listed.configurations]


async def test_a_configuration_is_kept_as_launcher_13_writes_it() -> None:
    w = world()
    kept = await saved(w, "night run", "auth.database=census", "persistence.size=3Gi")
    version = w.catalog.chart(ADA, CHART).ref.version
    assert await w.configurations.export(ADA, P) == [
        {
            "friendlyName": "night run",
            "catalogId": "sardonyx",
            "chartName": "postgresql",
            "chartVersion": version,
            "helmValuesPatch": [
                {"path": ["auth", "database"], "value": "census"},
                {"path": ["persistence", "size"], "value": "3Gi"},
            ],
        }
    ]
    assert (kept.version, kept.changed_by) == (1, "ada")
    assert w.audit.lines[-1] == (
        "ada",
        "configuration.save",
        "user-ada/sardonyx/postgresql/night run",
        "done",
    )


async def test_in_a_group_whether_it_is_shared_is_kept_and_its_members_have_it() -> None:
    w = world()
    await saved(w, "ours", project=G, shared=True)
    (written,) = await w.configurations.export(EVE, G)
    assert isinstance(written, dict) and written["isShared"] is True
    assert await names(w, G, EVE) == ["ours"]
    assert await names(w) == []


async def test_saving_again_overwrites_and_the_same_again_changes_nothing() -> None:
    w = world()
    first = await saved(w, "a", "auth.database=one")
    await saved(w, "b")
    again = await saved(w, "a", "auth.database=two")
    assert (again.id, again.version) == (first.id, 2)
    assert await saved(w, "a", "auth.database=two") == again
    assert await names(w) == ["a", "b"]


async def test_no_secret_is_kept_and_the_person_is_told_which() -> None:
    w = world()
    patch = (
        PatchEntry(("auth", "password"), "hunter2"),
        PatchEntry(("auth",), {"database": "census", "postgresPassword": "hunter3"}),
        PatchEntry(("extra",), {"adminPassword": "hunter4", "note": "kept"}),
    )
    request = LaunchRequest(chart=CHART, patch=patch)
    draft = await w.services.open_request(ADA, project=P, request=request)
    done = await w.configurations.save(ADA, project=P, draft=draft, friendly_name="Census")
    kept = done.result.kept.configuration.patch
    assert kept == (
        PatchEntry(("auth", "database"), "census"),
        PatchEntry(("extra", "note"), "kept"),
    )
    assert [(one.code, one.pointer) for one in done.result.notices] == [
        ("secret_left_out", "/auth/password"),
        ("secret_left_out", "/auth/postgresPassword"),
        ("secret_left_out", "/extra/adminPassword"),
    ]
    said = json.dumps(await w.configurations.export(ADA, P)) + done.commands.platform
    assert "hunter" not in said


async def test_settings_that_cannot_be_applied_are_left_out_and_named() -> None:
    w = world()
    patch = (
        PatchEntry(("env", 3, "password"), "hunter2"),  # a gap: nobody can tell what it is
        PatchEntry(("auth", "database"), "census"),
        PatchEntry(("", "x"), 1),  # no link can hold it
        PatchEntry(("gone",), UNSET),
    )
    request = LaunchRequest(chart=CHART, patch=patch)
    draft = await w.services.open_request(ADA, project=P, request=request)
    done = await w.configurations.save(ADA, project=P, draft=draft, friendly_name="Census")
    assert [one.path for one in done.result.kept.configuration.patch] == [
        ("auth", "database"),
        ("gone",),
    ]
    assert {one.code for one in done.result.notices} == {"setting_left_out"}
    assert [one.pointer for one in done.result.notices] == ["/env/3/password", "//x"]


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "a\x00b", "x" * 101, "\x1b[31mred"])
async def test_a_hostile_name_is_refused(name: str) -> None:
    w = world()
    with pytest.raises(FriendlyNameError):
        await saved(w, name)
    kept = await saved(w, "fine")
    with pytest.raises(FriendlyNameError):
        await w.configurations.rename(ADA, P, kept.id, name)
    assert await names(w) == ["fine"]


async def test_settings_that_are_not_understood_are_not_saved_halfway() -> None:
    with pytest.raises(ConfigurationRefusedError) as told:
        await saved(world(), "x", "auth.database")
    assert told.value.problems


async def test_who_expects_it_new_does_not_replace_what_is_there() -> None:
    w = world()
    await saved(w, "a", "auth.database=theirs", expected=NEW)
    with pytest.raises(ConfigurationChangedError) as told:
        await saved(w, "a", "auth.database=mine", "persistence.size=3Gi", expected=NEW)
    error = told.value
    assert error.mine is not None and error.theirs is not None
    assert [one.pointer for one in error.problems] == ["/auth/database", "/persistence/size"]
    words = [one.message.in_language("en") for one in error.problems]
    assert words == [
        "“auth.database”: yours is mine, the saved one is theirs.",
        "“persistence.size”: yours is 3Gi, the saved one is –.",
    ]
    assert w.audit.lines[-1][3] == "configuration_changed"


async def test_of_two_people_the_second_is_told_with_both_versions_and_nothing_is_lost() -> None:
    w = world()
    seen = await saved(w, "ours", "auth.database=first", project=G)
    hers = await saved(
        w, "ours", "auth.database=eve", actor=EVE, project=G, expected=Expected(tag=seen.tag)
    )
    with pytest.raises(ConfigurationChangedError) as told:
        await saved(w, "ours", "auth.database=ada", project=G, expected=Expected(tag=seen.tag))
    error = told.value
    assert error.theirs == hers and error.mine is not None
    assert error.mine.patch == (PatchEntry(("auth", "database"), "ada"),)
    assert "eve" in error.detail_text().in_language("en")
    # What was refused is saved over hers, now that it was seen, or beside it.
    over = await w.configurations.keep(
        ADA, project=G, configuration=error.mine, expected=Expected(tag=hers.tag)
    )
    assert over.result.kept.configuration.patch == error.mine.patch
    beside = replace(error.mine, friendly_name="ours, ada")
    await w.configurations.keep(ADA, project=G, configuration=beside, expected=NEW)
    assert await names(w, G) == ["ours", "ours, ada"]


async def test_one_that_is_gone_is_not_brought_back_unasked() -> None:
    w = world()
    seen = await saved(w, "a")
    await w.configurations.delete(ADA, P, seen.id)
    with pytest.raises(ConfigurationGoneError):
        await saved(w, "a", "auth.database=x", expected=Expected(tag=seen.tag))
    again = await saved(w, "a", expected=NEW)
    assert again.tag != seen.tag


async def test_an_edit_keeps_its_place_also_under_a_new_name() -> None:
    w = world()
    first = await saved(w, "a")
    await saved(w, "b")
    request = LaunchRequest(chart=CHART, settings=("auth.database=x",))
    draft = await w.services.open_request(ADA, project=P, request=request)
    done = await w.configurations.replace(
        ADA, project=P, number=first.id, draft=draft, friendly_name="c", tag=first.tag
    )
    assert done.result.kept.id == first.id
    assert await names(w) == ["c", "b"]
    with pytest.raises(ConfigurationNameTakenError):
        await w.configurations.replace(
            ADA, project=P, number=first.id, draft=draft, friendly_name="b"
        )
    with pytest.raises(ConfigurationChangedError):
        await w.configurations.replace(
            ADA, project=P, number=first.id, draft=draft, friendly_name="d", tag=first.tag
        )


async def test_a_rename_refuses_a_taken_name_and_a_stale_view() -> None:
    w = world()
    a, b = await saved(w, "a"), await saved(w, "b")
    with pytest.raises(ConfigurationNameTakenError):
        await w.configurations.rename(ADA, P, a.id, "b")
    renamed = (await w.configurations.rename(ADA, P, a.id, " c ", tag=a.tag)).result
    assert renamed.configuration.friendly_name == "c"
    with pytest.raises(ConfigurationChangedError):
        await w.configurations.rename(ADA, P, a.id, "d", tag=a.tag)
    with pytest.raises(ConfigurationNotFoundError):
        await w.configurations.rename(ADA, P, "nope", "d")
    assert await names(w) == ["c", "b"] and b.version == 1


async def test_a_new_name_makes_a_colleagues_settings_nobody_elses() -> None:
    w = world()
    one = await saved(w, "a", actor=EVE, project=GROUP.id)
    renamed = (await w.configurations.rename(ADA, GROUP.id, one.id, "b")).result
    assert (renamed.changed_by, renamed.set_by) == ("ada", "eve")
    draft = await w.configurations.opened(ADA, GROUP, renamed.configuration, language="en")
    again = await w.configurations.replace(
        ADA, project=GROUP.id, number=one.id, draft=draft, friendly_name="c"
    )
    assert again.result.kept.set_by == "eve"  # the same settings under one more name
    changed = await w.services.open_request(
        ADA,
        project=GROUP.id,
        request=LaunchRequest(CHART, settings=("resources.limits.memory=3Gi",)),
    )
    now = await w.configurations.save(ADA, project=GROUP.id, draft=changed, friendly_name="c")
    assert now.result.kept.set_by == "ada"


async def test_the_order_is_the_persons() -> None:
    w = world()
    ids = {name: (await saved(w, name)).id for name in "abcd"}
    for name, to, order in (
        ("d", Move.TOP, "dabc"),
        ("a", Move.DOWN, "dbac"),
        ("c", Move.UP, "dbca"),
        ("d", Move.BOTTOM, "bcad"),
        ("b", Move.UP, "bcad"),
    ):
        done = await w.configurations.move(ADA, P, ids[name], to)
        assert "".join(await names(w)) == order
        assert done.commands.platform == (
            f"sardonyx configs move {ids[name]} {to.value} --project user-ada\n"
        )
    with pytest.raises(ConfigurationNotFoundError):
        await w.configurations.move(ADA, P, "nope", Move.UP)


kept_lists = st.lists(st.text("abcdef", min_size=1, max_size=3), unique=True, max_size=8)


def listed(ids: list[str]) -> ConfigurationList:
    made = [
        KeptConfiguration(one, 1, SavedConfiguration(one, "c", "x", "1"), "ada", NOW, "ada")
        for one in ids
    ]
    return ConfigurationList(1, tuple(made))


@given(kept_lists, st.sampled_from(Move), st.data())
def test_a_move_loses_and_doubles_nothing(ids: list[str], to: Move, data: st.DataObject) -> None:
    number = data.draw(st.sampled_from([*ids, "nobody"]))
    order = [one.id for one in listed(ids).moved(number, to)]
    assert sorted(order) == sorted(ids)
    assert [one for one in order if one != number] == [one for one in ids if one != number]
    if number in ids:
        ends = {Move.TOP: 0, Move.BOTTOM: len(ids) - 1}
        assert to not in ends or order.index(number) == ends[to]


async def test_a_delete_spares_what_changed_meanwhile() -> None:
    w = world()
    seen = await saved(w, "a")
    await saved(w, "a", "auth.database=x")
    with pytest.raises(ConfigurationChangedError):
        await w.configurations.delete(ADA, P, seen.id, tag=seen.tag)
    await w.configurations.delete(ADA, P, seen.id)
    with pytest.raises(ConfigurationNotFoundError):
        await w.configurations.delete(ADA, P, seen.id)
    assert await names(w) == []


async def test_strangers_reach_nothing_by_any_way() -> None:
    w = world()
    mine = await saved(w, "secret plans")
    request = LaunchRequest(chart=CHART)
    draft = await w.services.open_request(EVE, project=HERS.id, request=request)
    c = w.configurations
    ways: list[Any] = [
        c.list(EVE, P),
        c.show(EVE, P, mine.id),
        c.save(EVE, project=P, draft=draft, friendly_name="x"),
        c.replace(EVE, project=P, number=mine.id, draft=draft, friendly_name="x"),
        c.keep(EVE, project=P, configuration=mine.configuration, expected=ANY),
        c.rename(EVE, P, mine.id, "x"),
        c.move(EVE, P, mine.id, Move.TOP),
        c.delete(EVE, P, mine.id),
        c.launch(EVE, P, mine.id),
        c.export(EVE, P),
        c.values(EVE, P, mine.id),
        c.import_document(EVE, P, b"[]"),
    ]
    for way in ways:
        with pytest.raises(ProjectNotFoundError):
            await way
    with pytest.raises(ConfigurationNotFoundError):  # an id of another project finds nothing
        await c.show(EVE, HERS.id, mine.id)
    assert await names(w) == ["secret plans"]


async def test_a_draft_of_another_project_is_not_saved_here() -> None:
    w = world()
    draft = await w.services.open_request(
        ADA, project=G, request=LaunchRequest(chart=CHART, settings=("auth.username=soil",))
    )
    with pytest.raises(UserError):
        await w.configurations.save(ADA, project=P, draft=draft, friendly_name="x")


async def test_a_launch_takes_the_kept_settings_and_says_it_by_command() -> None:
    w = world()
    kept = await saved(w, "Census", "auth.database=census")
    done = await w.configurations.launch(ADA, P, kept.id, idempotency_key="k")
    again = await w.configurations.launch(ADA, P, kept.id, idempotency_key="k")
    service = done.result.service
    assert again.result.service.name == service.name and w.runtime.installs == 1
    assert service.friendly_name == "Census"
    values = w.runtime.plans[service.name].values["auth"]
    assert isinstance(values, dict) and values["database"] == "census"
    assert values["password"]  # drawn or given by the project: none was kept
    assert done.commands.platform == f"sardonyx configs launch {kept.id} --project user-ada\n"
    assert done.commands.underneath
    with pytest.raises(ConfigurationNotFoundError):
        await w.configurations.launch(ADA, P, "nope")


async def test_a_version_that_is_gone_is_replaced_and_told() -> None:
    w = world()
    kept = await saved(w, "Census", "auth.database=census")
    old = replace(kept.configuration, version="0.0.1")
    content = json.dumps(
        [
            {
                "friendlyName": "old",
                "catalogId": old.catalog,
                "chartName": old.chart,
                "chartVersion": "0.0.1",
                "helmValuesPatch": [{"path": ["auth", "database"], "value": "old"}],
            }
        ]
    ).encode()
    imported = (await w.configurations.import_document(ADA, P, content)).result
    assert imported.saved[0].configuration.version == "0.0.1"
    done = await w.configurations.launch(ADA, P, imported.saved[0].id)
    assert [one.code for one in done.result.notices] == ["version_not_listed"]
    assert done.result.service.chart == ChartRef("sardonyx", CHART, kept.configuration.version)


async def test_a_configuration_with_a_wrong_value_is_kept_and_refused_at_the_launch() -> None:
    w = world()
    kept = await saved(w, "Census", "auth.database=No Good")
    with pytest.raises(LaunchRefusedError) as told:
        await w.configurations.launch(ADA, P, kept.id)
    assert [one.pointer for one in told.value.problems] == ["/auth/database"]


async def test_the_command_of_a_saving_says_the_same_again() -> None:
    w = world()
    patch = (PatchEntry(("auth", "database"), "it’s «x»+y"), PatchEntry(("a", "b.c"), [1, None]))
    kept = await saved(w, 'it\'s "mine"', patch=patch)
    request = LaunchRequest(chart=CHART, patch=kept.configuration.patch)
    draft = await w.services.open_request(ADA, project=P, request=request)
    done = await w.configurations.save(ADA, project=P, draft=draft, friendly_name='it\'s "mine"')
    import shlex

    words = shlex.split(done.commands.platform)
    assert words[:3] == ["sardonyx", "configs", "save"]
    address = words[words.index("--link") + 1]
    path, _, query = address.partition("?")
    assert path == "/launch/sardonyx/postgresql"
    read = read_query(query)
    assert not read.problems
    assert read.link.patch == kept.configuration.patch
    assert read.link.name == 'it\'s "mine"'


async def test_the_number_and_the_size_are_bounded() -> None:
    w = world()
    with pytest.raises(ConfigurationTooLargeError):
        await saved(w, "large", patch=(PatchEntry(("note",), "é" * 40_000),))
    records = MemoryConfigurations()
    made = listed([f"{number:03}" for number in range(MOST)]).configurations
    await records.replace_configurations(P, made, number=0)
    full = Configurations(
        records=records, launcher=w.services, charts=w.catalog, audit=w.audit, stores=w.stores
    )
    draft = await w.services.open_request(ADA, project=P, request=LaunchRequest(chart=CHART))
    with pytest.raises(ConfigurationLimitError):
        await full.save(ADA, project=P, draft=draft, friendly_name="one more")
    await full.delete(ADA, P, "000")
    await full.save(ADA, project=P, draft=draft, friendly_name="one more")


async def test_all_of_a_project_together_are_bounded() -> None:
    w = world()
    note = (PatchEntry(("note",), "x" * 60_000),)
    with pytest.raises(ConfigurationLimitError):
        for number in range(20):
            await saved(w, f"n{number}", patch=note)
    assert 15 <= len(await names(w)) < 20


class Contended(MemoryConfigurations):
    """Records where somebody else is always a moment earlier, `times` times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def replace_configurations(self, project: str, kept: Any, *, number: int) -> bool:
        if self.times:
            self.times -= 1
            current = await self.configurations(project)
            other = KeptConfiguration(
                drawn_id(),
                1,
                SavedConfiguration(f"other {self.times}", "c", "x", "1"),
                "eve",
                NOW,
                "eve",
            )
            await super().replace_configurations(project, current.put(other), number=current.number)
        return await super().replace_configurations(project, kept, number=number)


@pytest.mark.parametrize(("times", "is_kept"), [(3, True), (100, False)])
async def test_changes_of_others_meanwhile_are_kept_beside(times: int, is_kept: bool) -> None:
    w = world()
    records = Contended(times)
    c = Configurations(
        records=records, launcher=w.services, charts=w.catalog, audit=w.audit, stores=w.stores
    )
    draft = await w.services.open_request(ADA, project=P, request=LaunchRequest(chart=CHART))
    if is_kept:
        await c.save(ADA, project=P, draft=draft, friendly_name="mine")
        found = [one.configuration.friendly_name for one in (await c.list(ADA, P)).configurations]
        assert found == ["other 2", "other 1", "other 0", "mine"]
    else:
        with pytest.raises(ConfigurationBusyError):
            await c.save(ADA, project=P, draft=draft, friendly_name="mine")


async def test_many_at_once_all_arrive() -> None:
    w = world()
    await asyncio.gather(*(saved(w, f"n{number}") for number in range(6)))
    assert sorted(await names(w)) == [f"n{number}" for number in range(6)]


patches = st.lists(
    st.builds(
        PatchEntry,
        st.lists(st.sampled_from(["a", "b", 0]), min_size=1, max_size=2).map(
            lambda path: ("root", *path)
        ),
        st.one_of(st.just(UNSET), st.booleans(), st.integers(0, 2), st.sampled_from(["", "x"])),
    ),
    max_size=4,
    unique_by=lambda entry: entry.path,
).map(tuple)


@given(patches, patches)
def test_differences_are_none_for_the_same_and_mirror_each_other(
    left: tuple[PatchEntry, ...], right: tuple[PatchEntry, ...]
) -> None:
    def configuration(patch: tuple[PatchEntry, ...]) -> SavedConfiguration:
        return SavedConfiguration("n", "c", "x", "1", patch)

    assert differences(configuration(left), configuration(left[::-1])) == ()
    one = {
        (d.path, d.mine, d.theirs) for d in differences(configuration(left), configuration(right))
    }
    other = {
        (d.path, d.theirs, d.mine) for d in differences(configuration(right), configuration(left))
    }
    assert one == other


def test_ids_are_never_numbers_or_words_of_an_address() -> None:
    drawn = {drawn_id() for _ in range(200)}
    assert len(drawn) == 200
    assert all(one.isalpha() and one.islower() and len(one) == 12 for one in drawn)
