"""Saved configurations on pages that hold no script, and links that ask for a launch.

Over 400 lines: what is kept, and the links that launch it, are told apart by the same pages.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from tests.catalog.folders import chart_folder
from tests.web.stub_platform import ADA, PROJECT, stub_platform, stub_portal

from sardonyx.account.configurations.errors import ConfigurationsUnreadableError
from sardonyx.account.configurations.models import ConfigurationList, KeptConfiguration
from sardonyx.account.configurations.service import Configurations
from sardonyx.catalog.folders import CatalogSource
from sardonyx.catalog.settings import catalog_settings
from sardonyx.projects.models import Actor, Project
from sardonyx.services.launching import LaunchRequest
from sardonyx.testing.configurations import MemoryConfigurations

LAUNCH = "/launch/sardonyx/postgresql"
HEADERS = {"cookie": "sardonyx=ada", "accept": "text/html", "sec-fetch-site": "same-origin"}
MEMORY = "/resources/limits/memory"
AUTO = f"{LAUNCH}?name=Census&resources.limits.memory=«3Gi»&autoLaunch=true"


@pytest.fixture
def platform() -> SimpleNamespace:
    return stub_platform()


def client(platform: SimpleNamespace, **headers: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=stub_portal(platform)),
        base_url="http://localhost:8000",
        headers={**HEADERS, **headers},
    )


@pytest.fixture
async def browser(platform: SimpleNamespace) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(platform) as made:
        yield made


def fields(page: str) -> dict[str, str]:
    """Return the hidden fields of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {html.unescape(name): html.unescape(value) for name, value in found}


async def kept(
    platform: SimpleNamespace,
    name: str = "Census",
    *settings: str,
    actor: Actor = ADA,
    project: Project = PROJECT,
) -> KeptConfiguration:
    request = LaunchRequest(chart="postgresql", settings=settings)
    draft = await platform.services.open_request(actor, project=project.id, request=request)
    done = await platform.configurations.save(
        actor, project=project.id, draft=draft, friendly_name=name
    )
    saved: KeptConfiguration = done.result.kept
    return saved


async def listed(platform: SimpleNamespace) -> list[KeptConfiguration]:
    return list((await platform.configurations.list(ADA, PROJECT.id)).configurations)


async def test_the_launcher_saves_what_is_typed_and_opens_it_again(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(LAUNCH)).text
    assert "Keep these settings" in page
    typed = {**fields(page), "friendly_name": "Census", MEMORY: "3Gi", "save": "new"}
    answer = await browser.post(f"{LAUNCH}/save", data=typed | {"/auth/password": "hunter2"})
    assert answer.status_code == 303
    (one,) = await listed(platform)
    values = {entry.path: entry.value for entry in one.configuration.patch}
    assert values[("resources", "limits", "memory")] == "3Gi"
    shown = (await browser.get(answer.headers["location"])).text
    assert "Saved: “Census”." in shown and "auth.password" in shown
    assert "sardonyx configs save --link" in shown
    assert "Save the changes" in shown and 'value="Census"' in shown
    assert "hunter2" not in shown + json.dumps(
        await platform.configurations.export(ADA, PROJECT.id)
    )
    assert "hunter2" not in str(platform.services)


async def test_with_script_the_answer_stays_in_the_launcher(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(LAUNCH)).text
    typed = {**fields(page), "friendly_name": "Census", MEMORY: "3Gi", "save": "new"}
    script = {"hx-request": "true"}
    answer = await browser.post(f"{LAUNCH}/save", data=typed, headers=script)
    assert answer.status_code == 200 and "Saved: “Census”." in answer.text
    await kept(platform, "Census", "resources.limits.memory=5Gi")
    conflict = await browser.post(f"{LAUNCH}/save", data=typed, headers=script)
    assert "5Gi" in conflict.text and "3Gi" in conflict.text
    over = re.search(r'value="(over:[a-z]+\.\d+)"', conflict.text)
    assert over
    await browser.post(f"{LAUNCH}/save", data=typed | {"save": over[1]}, headers=script)
    (one,) = await listed(platform)
    assert one.configuration.patch[0].value == "3Gi"
    bad = await browser.post(
        f"{LAUNCH}/save", data=typed | {"friendly_name": "x" * 200}, headers=script
    )
    assert "This name cannot be used" in bad.text


async def test_of_two_people_the_second_sees_both_versions_and_loses_nothing(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    first = await kept(platform, "Census", "resources.limits.memory=2Gi")
    page = (await browser.get(f"{LAUNCH}?configuration={first.id}")).text
    await kept(platform, "Census", "resources.limits.memory=5Gi", actor=ADA)
    typed = {**fields(page), "friendly_name": "Census", MEMORY: "3Gi"}
    answer = await browser.post(f"{LAUNCH}/save", data=typed | {"save": f"edit:{first.tag}"})
    assert answer.status_code == 412
    assert all(words in answer.text for words in ("Two versions", "5Gi", "3Gi", "changed by ada"))
    (one,) = await listed(platform)
    assert one.configuration.patch[0].value == "5Gi"
    beside = fields(answer.text) | {"friendly_name": "Mine", "save": "new"}
    assert (await browser.post(f"{LAUNCH}/save", data=beside)).status_code == 303
    assert [
        (one.configuration.friendly_name, one.configuration.patch[0].value)
        for one in await listed(platform)
    ] == [("Census", "5Gi"), ("Mine", "3Gi")]


async def test_one_deleted_meanwhile_is_saved_as_a_new_one(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    first = await kept(platform, "Census")
    page = (await browser.get(f"{LAUNCH}?configuration={first.id}")).text
    await platform.configurations.delete(ADA, PROJECT.id, first.id)
    typed = {**fields(page), "friendly_name": "Census", MEMORY: "3Gi"}
    answer = await browser.post(f"{LAUNCH}/save", data=typed | {"save": f"edit:{first.tag}"})
    assert answer.status_code == 303
    assert len(await listed(platform)) == 1
    assert (await browser.get(f"{LAUNCH}?configuration={first.id}")).status_code == 404


async def test_home_shows_the_first_and_the_services_page_all_with_what_can_be_done(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    empty = (await browser.get("/services")).text
    assert "None yet." in empty and "Saved configurations" not in (await browser.get("/")).text
    for name in "abcde":
        await kept(platform, f"Run {name}")
    home = (await browser.get("/")).text
    assert "Run d" in home and "Run e" not in home and "all of them" in home
    page = (await browser.get("/services")).text
    assert "Run e" in page and "sardonyx configs list" in page
    (first, *_, last) = await listed(platform)
    moved = await browser.post(f"/configurations/{last.id}/move", data={"to": "top"})
    page = (await browser.get(moved.headers["location"])).text
    assert f"sardonyx configs move {last.id} top" in page
    assert (await listed(platform))[0].id == last.id
    assert (
        await browser.post(f"/configurations/{last.id}/move", data={"to": "sideways"})
    ).status_code == 422
    renamed = await browser.post(
        f"/configurations/{first.id}/rename", data={"friendly_name": "<b>Ö</b>", "tag": first.tag}
    )
    assert renamed.headers["location"].endswith("#configurations")
    shown = (await browser.get(renamed.headers["location"].partition("#")[0])).text
    assert "Now called “&lt;b&gt;Ö&lt;/b&gt;”." in shown and "<b>Ö" not in shown
    stale = await browser.post(
        f"/configurations/{first.id}/rename", data={"friendly_name": "x", "tag": first.tag}
    )
    assert stale.status_code == 412
    asked = (await browser.get(f"/configurations/{last.id}/delete")).text
    gone = await browser.post(f"/configurations/{last.id}/delete", data=fields(asked))
    assert gone.status_code == 303 and len(await listed(platform)) == 4


async def test_files_go_out_and_come_in_by_page(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    one = await kept(platform, "Census", "resources.limits.memory=3Gi")
    exported = await browser.get("/configurations/export")
    assert exported.json()[0]["friendlyName"] == "Census"
    values = await browser.get(f"/configurations/{one.id}/values")
    assert "memory: 3Gi" in values.text
    await platform.configurations.delete(ADA, PROJECT.id, one.id)
    unknown = {**exported.json()[0], "chartName": "nope"}
    file = {"file": ("x.json", json.dumps([*exported.json(), unknown, 3]).encode())}
    page = await browser.post("/configurations/import", files=file, data={"clash": "skip"})
    assert "1 configuration is saved." in page.text and "Not imported" in page.text
    file = {"file": ("night.values.yaml", values.content)}
    asked = {"clash": "rename", "chart": "sardonyx/postgresql"}
    page = await browser.post("/configurations/import", files=file, data=asked)
    assert [one.configuration.friendly_name for one in await listed(platform)] == [
        "Census",
        "night",
    ]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.json", b"{", "The file cannot be read"),
        ("x.json", b" " * 10_000_000, "The file is too large"),
        ("", b"", "The file cannot be read"),
    ],
)
async def test_a_bad_file_is_told(
    browser: httpx2.AsyncClient, name: str, content: bytes, words: str
) -> None:
    answer = await browser.post("/configurations/import", files={"file": (name, content)})
    assert answer.status_code == 422 and words in answer.text


async def test_ones_own_configuration_is_launched_by_its_button(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    one = await kept(platform, "Census", "resources.limits.memory=3Gi")
    answer = await browser.post(f"/configurations/{one.id}/launch")
    assert answer.headers["location"].startswith("/services/postgresql-")
    (release,) = platform.runtime.kept.values()
    assert release.values["resources"]["limits"]["memory"] == "3Gi"
    wrong = await kept(platform, "Wrong", "resources.limits.memory=lots")
    answer = await browser.post(f"/configurations/{wrong.id}/launch")
    assert answer.headers["location"].startswith(f"{LAUNCH}?configuration={wrong.id}")
    assert len(platform.runtime.kept) == 1
    assert (await browser.post("/configurations/nope/launch")).status_code == 404


# Links that ask for a launch: each row of launcher.md 13.


async def posted(browser: httpx2.AsyncClient, page: str, **more: str) -> httpx2.Response:
    action = re.search(r'action="([^"]+/auto(?:\?[^"]*)?)"', page)
    assert action, page
    return await browser.post(html.unescape(action[1]), data={**fields(page), **more})


async def test_a_link_from_elsewhere_is_confirmed_once(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(AUTO)).text
    assert not platform.runtime.kept  # a GET never installs
    assert "Launch “Census”?" in page and "You followed a link" in page
    assert all(words in page for words in ("resources.limits.memory", "3Gi", "user-ada"))
    assert "data-launch-now" not in page
    answer = await posted(browser, page)
    assert answer.headers["location"].startswith("/services/postgresql-")
    (release,) = platform.runtime.kept.values()
    assert release.friendly_name == "Census"
    again = await posted(browser, page)  # a second click on the same page launches nothing more
    assert again.headers["location"].split("?")[0] == answer.headers["location"].split("?")[0]
    assert len(platform.runtime.kept) == 1


async def test_ones_own_saved_configuration_is_launched_by_its_link(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    one = await kept(platform, "Census", "resources.limits.memory=3Gi")
    version = one.configuration.version
    link = f"{LAUNCH}?name=Census&version={version}&resources.limits.memory=«3Gi»"
    page = (await browser.get(f"{link}&autoLaunch=true")).text
    assert "Launching “Census”" in page and not platform.runtime.kept
    after = re.search(r'data-launch-now="([^"]*)"', page)
    assert after and "autoLaunch" not in after[1]  # where “back” leads
    answer = await posted(browser, page)
    assert answer.headers["location"].startswith("/services/")
    other = (await browser.get(f"{link.replace('3Gi', '4Gi')}&autoLaunch=true")).text
    assert "Launch “Census”?" in other


SOIL = Project("soil", "Soil", "soil", "soil", group="soil")


def member(name: str) -> Actor:
    """Return a person who works alone, and in the group's project."""
    own = Project(f"user-{name}", name, f"user-{name}", f"user-{name}")
    return Actor(name, name.title(), f"{name}@example.org", (own, SOIL))


class Members:
    """Ada and Eve are members of the group; the cookie says who it is."""

    async def actor(self, token: str | None) -> Actor | None:
        return member(token) if token in ("ada", "eve") else None


async def test_what_another_member_saved_is_confirmed(platform: SimpleNamespace) -> None:
    platform.sign_in = Members()
    setting = "resources.limits.memory=3Gi"
    one = await kept(platform, "Census", setting, actor=member("eve"), project=SOIL)
    assert one.changed_by == "eve"
    launch = f"/configurations/{one.id}/launch"
    async with client(platform) as ada:
        assert "Census" in (await ada.get("/services?project=soil")).text
        assert (await ada.post(f"{launch}?project=user-ada")).status_code == 404
        answer = await ada.post(f"{launch}?project=soil")
        assert "autoLaunch=true" in answer.headers["location"]
        page = (await ada.get(answer.headers["location"])).text
        assert "Launch “Census”?" in page and "data-launch-now" not in page
        assert "soil" in page and not platform.runtime.installed
        # No word of the page it comes from, as for a long link: the form itself says the project.
        assert (await posted(ada, page)).headers["location"].startswith("/services/")
    (plan,) = platform.runtime.installed
    assert (plan.project, plan.owner) == ("soil", "ada")
    assert plan.values["resources"]["limits"]["memory"] == "3Gi"
    # Who saved it is asked nothing; nor is Ada, once she has saved a change of it.
    async with client(platform, cookie="sardonyx=eve") as eve:
        answer = await eve.post(f"{launch}?project=soil")
        assert answer.headers["location"].startswith("/services/")
    await platform.configurations.rename(member("ada"), "soil", one.id, "Ours")
    async with client(platform) as ada:
        answer = await ada.post(f"{launch}?project=soil")
        page = (await ada.get(answer.headers["location"])).text
        assert "Launch “Ours”?" in page and "data-launch-now" not in page
    await platform.configurations.rename(member("eve"), "soil", one.id, "Census")
    draft = await platform.services.open_request(
        member("ada"),
        project=SOIL.id,
        request=LaunchRequest(chart="postgresql", settings=(setting.replace("3", "4"),)),
    )
    await platform.configurations.save(
        member("ada"), project=SOIL.id, draft=draft, friendly_name="Census"
    )
    async with client(platform) as ada:
        answer = await ada.post(f"{launch}?project=soil")
        assert answer.headers["location"].startswith("/services/")


async def test_a_link_within_the_administrators_list_is_launched(tmp_path: Path) -> None:
    schema = {
        "properties": {
            "cpu": {"properties": {"cores": {"type": "integer", "default": 1}}},
            "init": {"properties": {"script": {"type": "string", "default": ""}}},
        }
    }
    chart_folder(
        tmp_path,
        "tide",
        files={
            "values.schema.json": json.dumps(schema),
            "local.yaml": "apiVersion: sardonyx.dev/v1\nprogram: {name: sh}\n"
            "process: {command: [sh]}\n",
        },
    )
    settings = catalog_settings(
        {"id": "sea", "location": f"file:{tmp_path}", "autoLaunch": {"tide": ["cpu.*"]}}
    )
    platform = stub_platform(sources=[CatalogSource("sea", "Sea", tmp_path, settings=settings)])
    async with client(platform) as browser:
        asked = "/launch/sea/tide?autoLaunch=true"
        assert "data-launch-now" in (await browser.get(f"{asked}&cpu.cores=3")).text
        script = (await browser.get(f"{asked}&init.script=«curl evil»")).text
        assert "data-launch-now" not in script and "curl evil" in script
        both = (await browser.get(f"{asked}&cpu.cores=3&init.script=«x»")).text
        assert "data-launch-now" not in both


async def test_configurations_that_cannot_be_read_fail_no_link(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    class Damaged(MemoryConfigurations):
        async def configurations(self, project: str) -> ConfigurationList:
            raise ConfigurationsUnreadableError(project=project)

    platform.configurations = Configurations(
        records=Damaged(),
        launcher=platform.services,
        charts=platform.catalog,
        audit=platform.accounts,
        stores=platform.accounts.storage,
    )
    page = await browser.get(AUTO)
    assert page.status_code == 200 and 'id="launch-form"' in page.text
    assert "Your saved configurations cannot be read" in page.text
    assert "data-launch-now" not in page.text and not platform.runtime.kept


async def test_where_links_are_switched_off_the_form_warns(platform: SimpleNamespace) -> None:
    platform.auto_launch = False
    one = await kept(platform, "Census", "resources.limits.memory=3Gi")
    async with client(platform) as browser:
        page = (await browser.get(AUTO)).text
        assert "Links of other pages launch nothing here." in page and 'id="launch-form"' in page
        home = {"referer": "http://localhost:8000/services?done=x"}
        ours = (await browser.get(AUTO, headers=home)).text
        assert "Launch “Census”?" in ours
        # Its own page posts, which is none of those that may link.
        its_own = {"referer": f"http://localhost:8000{LAUNCH}"}
        action = re.search(r'action="([^"]+/auto)"', ours)
        assert action
        confirmed = await browser.post(action[1], data=fields(ours), headers=its_own)
        assert confirmed.headers["location"].startswith("/services/postgresql-")
        elsewhere = {"referer": "http://evil.test/services"}
        assert 'id="launch-form"' in (await browser.get(AUTO, headers=elsewhere)).text
        # Its button is on home and the services page: it launches.
        answer = await browser.post(f"/configurations/{one.id}/launch")
        assert answer.headers["location"].startswith("/services/")


@pytest.mark.parametrize(
    "query",
    [
        "resources.limits.memory=«lots»&autoLaunch=true",
        "resources.limits.memory=3Gi&autoLaunch=true",  # no value of a link: an error
        "autoLaunch=true&a.b=%zz",
        "env[7].x=1&autoLaunch=true",
        "name=two%0Alines&autoLaunch=true",
        "autoLaunch=TRUE",
        "autoLaunch=1",
        "autoLaunch=",
    ],
)
async def test_a_problem_or_another_word_gives_the_form(
    browser: httpx2.AsyncClient, platform: SimpleNamespace, query: str
) -> None:
    page = await browser.get(f"{LAUNCH}?{query}")
    assert page.status_code == 200 and 'id="launch-form"' in page.text
    assert "data-launch-now" not in page.text


@pytest.mark.parametrize("way", ["token", "query", "none", "session"])
async def test_a_launch_needs_the_token_of_its_own_page(
    browser: httpx2.AsyncClient, platform: SimpleNamespace, way: str
) -> None:
    page = (await browser.get(AUTO)).text
    sent: dict[str, Any] = fields(page)
    if way == "token":
        sent["token"] = "0" * 32 + "." + "0" * 64
    elif way == "query":
        sent["query"] = sent["query"].replace("3Gi", "4Gi")
    elif way == "none":
        del sent["token"]
    else:
        platform.sign_in.actor = lambda token: _ada()
        browser.headers["cookie"] = "sardonyx=another-session"
    answer = await browser.post(f"{LAUNCH}/auto", data=sent)
    assert answer.status_code in (403, 422)
    assert not platform.runtime.kept


async def _ada() -> Actor:
    return ADA


async def test_a_foreign_page_posts_nothing(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(AUTO)).text
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://evil.test"}
    for where in (f"{LAUNCH}/auto", f"{LAUNCH}/save", "/configurations/import"):
        answer = await browser.post(where, data=fields(page), headers=foreign)
        assert answer.status_code == 403
    assert not platform.runtime.kept and not await listed(platform)


async def test_an_unconfirmed_post_leads_back_to_the_question(
    browser: httpx2.AsyncClient, platform: SimpleNamespace
) -> None:
    page = (await browser.get(AUTO)).text
    answer = await posted(browser, page, confirmed="false")
    assert "autoLaunch=true" in answer.headers["location"] and not platform.runtime.kept
