"""`sardonyx configs` against a portal on its socket."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from tests.account.test_configuration_files import ONE
from tests.cli.machine import Machine, Served
from tests.services.world import World, world

from sardonyx.client import AsyncClient, Client, RemoteError
from sardonyx.values import Json


def saved(machine: Machine, name: str, *words: str) -> dict[str, Json]:
    done = machine.run("configs", "save", "postgresql", "--name", name, "--json", *words)
    assert done.code == 0, done.err
    document: dict[str, Json] = json.loads(done.out)["configuration"]
    return document


def names(machine: Machine) -> list[str]:
    listed = json.loads(machine.run("configs", "list", "--json").out)
    return [one["friendlyName"] for one in listed]


def test_the_whole_life_of_a_configuration(machine: Machine) -> None:
    assert "configs save" in machine.run("configs", "list").err
    saved(machine, "Census", "--set", "auth.database=census")
    saved(machine, "Other")
    table = machine.run("configs", "list").out
    assert "Census" in table and "ada" in table
    shown = machine.run("configs", "show", "Census").out
    assert '{"path": ["auth", "database"], "value": "census"}' in shown
    assert "/launch/sardonyx/postgresql?name=Census" in shown
    moved = machine.run("configs", "move", "Other", "top")
    assert moved.out.split() == ["Other", "Census"]
    assert machine.run("configs", "rename", "Other", "Second").code == 0
    assert names(machine) == ["Second", "Census"]
    launched = machine.run("configs", "launch", "Census", "--json")
    name = json.loads(launched.out)["name"]
    auth = machine.world.runtime.plans[name].values["auth"]
    assert isinstance(auth, dict) and auth["database"] == "census"
    assert machine.run("configs", "rm", "Second").code == 0
    assert names(machine) == ["Census"]


def test_saving_refuses_to_replace_unless_asked_and_shows_both(machine: Machine) -> None:
    saved(machine, "Census", "--set", "auth.database=one")
    refused = machine.run(
        "configs", "save", "postgresql", "--name", "Census", "--set", "auth.database=two"
    )
    assert (refused.code, refused.out) == (4, "")
    assert "(configuration_changed)" in refused.err
    assert "yours is two, the saved one is one" in refused.err
    words = ("--set", "auth.database=two", "--overwrite")
    assert saved(machine, "Census", *words)["patch"] == [
        {"path": ["auth", "database"], "value": "two"}
    ]


def test_secrets_are_left_out_and_named(machine: Machine) -> None:
    done = machine.run(
        *("configs", "save", "postgresql", "--name", "Census", "-f", "-"),
        stdin=b"auth: {password: hunter2, database: census}",
    )
    assert done.code == 0 and "auth.password" in done.err
    for words in (("list", "--json"), ("export",), ("export", "Census")):
        shown = machine.run("configs", *words)
        assert shown.code == 0 and "hunter2" not in shown.out + shown.err
    refused = machine.run("configs", "save", "postgresql", "--set", "auth.password=hunter2")
    assert refused.code == 2


def test_the_command_that_is_shown_saves_the_same(machine: Machine) -> None:
    asked = ("--name", "It’s “x” & y", "--set", "auth.database=a-b", "--json")
    done = machine.run("configs", "save", "postgresql", *asked)
    document = json.loads(done.out)
    shown = shlex.split(document["commands"]["platform"])
    assert machine.run("configs", "rm", "It’s “x” & y").code == 0
    again = machine.run(*shown[1:], "--json")
    assert again.code == 0, again.err
    kept = json.loads(again.out)["configuration"]
    first = document["configuration"]
    assert {**kept, "id": "", "etag": "", "changedAt": ""} == {
        **first,
        "id": "",
        "etag": "",
        "changedAt": "",
    }


def test_files_go_out_and_come_in(machine: Machine, tmp_path: Path) -> None:
    saved(machine, "Census", "--set", "auth.database=census")
    everything, values = tmp_path / "all.json", tmp_path / "values.yaml"
    everything.write_text(machine.run("configs", "export").out)
    values.write_text(machine.run("configs", "export", "Census").out)
    assert "database: census" in values.read_text()
    machine.run("configs", "rm", "Census")
    assert machine.run("configs", "import", str(everything)).out.split() == ["Census"]
    words = ("--chart", "postgresql", "--name", "From values")
    assert machine.run("configs", "import", str(values), *words).code == 0
    assert names(machine) == ["Census", "From values"]
    told = machine.run("configs", "import", "-", stdin=json.dumps([ONE, 3]).encode())
    assert told.out.split("\n")[0] == "night run" and "Not imported" in told.err
    again = machine.run("configs", "import", str(everything), "--clash", "rename")
    assert again.out.strip() == "Census"  # the same again is no clash


def test_bad_input_has_its_exit_code(machine: Machine, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    for words, code in (
        (("show", "nope"), 3),
        (("launch", "nope"), 3),
        (("rm", "nope"), 3),
        (("save",), 2),
        (("save", "nope", "--name", "x"), 3),
        (("save", "postgresql", "--name", "a\nb"), 2),
        (("import", str(broken)), 2),
        (("import", str(tmp_path / "nothing")), 2),
        (("list", "--project", "user-eve"), 3),
    ):
        done = machine.run("configs", *words)
        assert (done.code, done.out) == (code, ""), (words, done.err)
    saved(machine, "Census")
    assert machine.run("configs", "move", "Census", "sideways").code == 2
    saved(machine, "Twice")
    saved(machine, "Twice", "--set", "x=1", "--overwrite")
    lab = machine.run("configs", "save", "jupyter-python", "--name", "Twice")
    assert lab.code == 0, lab.err
    ambiguous = machine.run("configs", "rm", "Twice")
    assert (ambiguous.code, "(configuration_ambiguous)" in ambiguous.err) == (4, True)
    assert machine.run("configs", "rm", lab.out.strip()).code == 0


async def test_both_clients_do_the_same(served: Served) -> None:
    from tests.cli.machine import put_platform
    from tests.files.fakes import World as FileWorld

    w: World = world()
    put_platform(served.app, w, FileWorld())
    async with AsyncClient.of_home(served.home) as platform:
        kept = await platform.configurations.save("Census", {"chart": "postgresql"}, new=True)
        one = kept.configuration
        assert await platform.configurations.show(one.id) == one
        assert [each.id for each in await platform.configurations.list()] == [one.id]


def test_a_stale_etag_is_refused(served: Served, machine: Machine) -> None:
    with Client.of_home(served.home) as platform:
        one = platform.configurations.save("Census", {"chart": "postgresql"}).configuration
        renamed = platform.configurations.rename(one.id, "New", etag=one.etag)
        try:
            platform.configurations.delete(one.id, etag=one.etag)
        except RemoteError as refused:
            assert (refused.remote_code, refused.status) == ("configuration_changed", 412)
        else:
            raise AssertionError
        platform.configurations.delete(one.id, etag=renamed.etag)
