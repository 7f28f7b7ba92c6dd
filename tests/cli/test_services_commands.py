"""`sardonyx launch` and `sardonyx services` against a portal on its socket.

Over 400 lines: every command of a service once, on one portal.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.cli.machine import Machine
from tests.services.fakes import NOW

from sardonyx.services.errors import ServiceBusyError, ServiceNotFoundError
from sardonyx.services.evidence import EventEvidence
from sardonyx.services.models import Loss, QuotaUse, State, StepStatus
from sardonyx.text import translations

FIELDS = {
    *("name", "friendlyName", "chart", "version", "project", "owner", "shared", "state"),
    *("urls", "address", "startedAt", "findings"),
}


def launched(machine: Machine, *words: str) -> str:
    done = machine.run("launch", "postgresql", "--json", *words)
    assert done.code == 0, done.err
    name: str = json.loads(done.out)["name"]
    return name


def test_launch_json_is_one_document_with_timeline_and_commands(machine: Machine) -> None:
    done = machine.run("launch", "postgresql", "--name", "Census", "--json")
    assert done.code == 0
    document = json.loads(done.out)
    assert document.keys() >= FIELDS | {"timeline", "commands"}
    assert document["friendlyName"] == "Census"


def test_launch_prints_the_name_alone_and_talks_on_stderr(machine: Machine) -> None:
    done = machine.run("launch", "postgresql")
    assert done.out.strip() in machine.world.runtime.seen
    assert "services open" in done.err


@pytest.mark.parametrize(
    ("said", "linked", "shared"),
    [
        ((), "", False),
        (("--shared",), "", True),
        (("--no-shared",), "", False),
        ((), "&shared=true", True),
        (("--no-shared",), "&shared=true", False),
        (("--shared",), "&shared=false", True),
    ],
)
def test_a_group_sees_a_service_as_one_says_and_else_as_the_link_says(
    machine: Machine, said: tuple[str, ...], linked: str, shared: bool
) -> None:
    link = f"/launch/sardonyx/postgresql?name=Census{linked}"
    done = machine.run("launch", "--link", link, "--project", "soil", *said, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert (found["project"], found["shared"]) == ("soil", shared)
    assert ("--shared" in shlex.split(found["commands"]["platform"])) is shared
    assert machine.world.runtime.seen[found["name"]].shared is shared


def test_values_come_by_set_by_file_and_by_standard_input(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("auth:\n  database: from_file\n  username: me\n")
    by_file = launched(machine, "-f", str(file), "--set", "auth.database=by_set")
    sent = machine.world.runtime.plans[by_file].values["auth"]
    assert isinstance(sent, dict)
    assert (sent["database"], sent["username"]) == ("by_set", "me")
    done = machine.run(
        "launch", "postgresql", "-f", "-", "--json", stdin=b"auth: {password: hunter2}"
    )
    plan = machine.world.runtime.plans[json.loads(done.out)["name"]]
    assert plan.values["auth"]["password"] == "hunter2"  # type: ignore[index,call-overload]
    assert "hunter2" not in done.out + done.err


@pytest.mark.parametrize("way", ["--set", "file", "stdin"])
def test_wrong_values_are_told_with_their_pointer(
    machine: Machine, tmp_path: Path, way: str
) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("auth: {database: No Good}")
    words = {
        "--set": ("--set", "auth.database=No Good"),
        "file": ("-f", str(file)),
        "stdin": ("-f", "-"),
    }[way]
    done = machine.run("launch", "postgresql", *words, stdin=file.read_bytes())
    assert (done.code, done.out) == (2, "")
    assert "(launch_refused)" in done.err
    (line,) = [line for line in done.err.splitlines() if line.startswith("  - ")]
    assert line.startswith("  - /auth/database: ")
    assert machine.world.runtime.installs == 0


def test_set_refuses_secrets(machine: Machine) -> None:
    done = machine.run("launch", "postgresql", "--set", "auth.password=hunter2")
    assert done.code == 2
    assert "/auth/password: " in done.err
    assert "hunter2" not in done.err


@pytest.mark.parametrize("text", ["[1]", "a: [", "\t", "text", "a: !!python/object:os.x {}"])
def test_a_file_that_is_no_object_is_refused(machine: Machine, tmp_path: Path, text: str) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(text)
    done = machine.run("launch", "postgresql", "-f", str(file))
    assert done.code == 2
    assert "(values_file)" in done.err
    assert "Traceback" not in done.err


def test_a_file_that_is_missing_is_refused(machine: Machine) -> None:
    done = machine.run("launch", "postgresql", "-f", "/nowhere/values.yaml")
    assert (done.code, "(values_file)" in done.err) == (2, True)


def test_a_dry_run_prints_the_values_without_secrets(machine: Machine) -> None:
    done = machine.run("launch", "postgresql", "--dry-run")
    assert done.code == 0
    assert "database: defaultdb" in done.out
    assert "$AUTH_PASSWORD" in done.out
    assert machine.world.runtime.installs == 0
    refused = machine.run(
        "launch", "postgresql", "--dry-run", "--set", "auth.database=No Good", "--json"
    )
    assert refused.code == 2
    assert json.loads(refused.out)["refused"] is True


def test_wait_returns_when_it_answers_and_tells_a_failure(machine: Machine) -> None:
    machine.world.runtime.state_at_install = State.RUNNING
    done = machine.run("launch", "postgresql", "--wait", "--json")
    assert (done.code, json.loads(done.out)["state"]) == (0, "running")
    machine.world.runtime.state_at_install = State.FAILED
    failed = machine.run("launch", "postgresql", "--wait", "--json")
    assert (failed.code, json.loads(failed.out)["state"]) == (5, "failed")
    assert "(launch_failed)" in failed.err


def test_wait_times_out_with_its_own_code(machine: Machine) -> None:
    done = machine.run("launch", "postgresql", "--wait", "--timeout", "0")
    assert done.code == 6
    assert "(wait_timeout)" in done.err


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (("launch", "nope"), 3, "chart_not_found"),
        (("launch", "postgresql", "--version", "9.9.9"), 3, "chart_version_not_found"),
        (("launch", "postgresql", "--catalog", "nope"), 3, "catalog_not_found"),
        (("launch", "postgresql", "--project", "user-eve"), 3, "project_not_found"),
        (("services", "show", "nope"), 3, "service_not_found"),
        (("services", "pause", "nope"), 3, "service_not_found"),
        (("services", "delete", "nope", "--yes"), 3, "service_not_found"),
        (("services", "logs", "a/../b"), 3, "no_such_name"),
        (("services", "show", ".."), 3, "no_such_name"),
        (("services", "events", "nope", "-f"), 3, "service_not_found"),
        (("catalog", "show", "nope"), 3, "chart_not_found"),
        (("launch",), 2, "usage"),
        (("launch", "postgresql", "--timeout", "soon"), 2, "usage"),
        (("nope",), 2, "usage"),
    ],
)
def test_refusals_have_their_exit_code_and_name(
    machine: Machine, words: tuple[str, ...], code: int, name: str
) -> None:
    done = machine.run(*words)
    assert (done.code, done.out) == (code, "")
    assert f"({name})" in done.err
    assert "Next: " in done.err
    assert "Traceback" not in done.err


def test_errors_are_in_the_persons_language(machine: Machine) -> None:
    french = translations("fr").gettext("No such service")
    if french == "No such service":
        pytest.skip("the French texts are not compiled: python tools/translations.py compile")
    machine.patch.setenv("LANG", "fr_FR.UTF-8")
    done = machine.run("services", "show", "nope")
    assert done.err.splitlines()[0] == f"{french} (service_not_found)"


def test_list_show_and_the_actions(machine: Machine) -> None:
    assert json.loads(machine.run("services", "list", "--json").out) == []
    name = launched(machine)
    (listed,) = json.loads(machine.run("services", "list", "--json").out)
    assert listed.keys() >= FIELDS
    assert name in machine.run("services", "list").out
    shown = json.loads(machine.run("services", "show", name, "--json").out)
    assert shown.keys() >= FIELDS | {"timeline", "commands"}
    assert "answering" not in machine.run("services", "show", name).out
    with_commands = machine.run("services", "show", name, "--commands").out
    assert "sardonyx launch postgresql" in with_commands
    assert f"uv venv {name}" in with_commands
    for verb, state in (("pause", "paused"), ("resume", "starting"), ("restart", "starting")):
        done = machine.run("services", verb, name, "--json")
        assert (done.code, json.loads(done.out)["state"]) == (0, state)
    renamed = machine.run("services", "rename", name, "My census", "--json")
    assert json.loads(renamed.out)["friendlyName"] == "My census"


def test_open_prints_a_one_time_address_and_token_a_credential(machine: Machine) -> None:
    name = launched(machine)
    opened = machine.run("services", "open", name, "--print", "--next", "/lab")
    assert opened.out.startswith(f"http://{name}.localhost:8000/")
    token = machine.run("services", "token", name)
    assert token.out == f"Bearer for-{name}\n"
    whole = json.loads(machine.run("services", "token", name, "--json").out)
    assert whole.keys() == {"address", "header", "value", "expires"}


def test_a_service_for_programs_has_a_password_and_no_page(machine: Machine) -> None:
    name = launched(machine)
    machine.meanwhile(lambda: machine.world.runtime.make_database(name))
    opened = machine.run("services", "open", name, "--print")
    assert (opened.code, opened.out) == (4, "")
    assert "(service_has_no_page)" in opened.err
    token = json.loads(machine.run("services", "token", name, "--json").out)
    assert (token["header"], token["expires"]) == ("password", None)


def test_following_tells_a_step_again_until_it_is_done(machine: Machine) -> None:
    name = launched(machine)
    runtime = machine.world.runtime

    def play() -> None:
        runtime.step(name, "environment", StepStatus.STARTED, progress=0.5)
        runtime.step(name, "environment", StepStatus.DONE)
        runtime.remove(name)

    machine.loop.call_soon_threadsafe(runtime.when_watched, play)
    lines = machine.run("services", "events", name, "-f", "--json").out.splitlines()
    told = [(one["step"], one["status"]) for one in map(json.loads, lines)]
    assert told[:3] == [("asked", "done"), ("checked", "done"), ("values", "done")]
    assert told[-1] == ("environment", "done")


def test_logs_and_events(machine: Machine) -> None:
    name = launched(machine)
    assert machine.run("services", "logs", name, "--lines", "1").out == "two\n"
    assert machine.run("services", "logs", name, "-f").out == "one\ntwo\nthree\n"
    steps = json.loads(machine.run("services", "events", name, "--json").out)
    assert [step["step"] for step in steps] == ["asked", "checked", "values"]
    assert "asked" in machine.run("services", "events", name).out


def test_explain_says_why_and_what_to_do(machine: Machine) -> None:
    name = launched(machine)
    fine = machine.run("services", "explain", name)
    assert (fine.code, fine.out) == (0, "")
    machine.meanwhile(lambda: machine.world.runtime.note(name, program_missing="postgres"))
    told = machine.run("services", "explain", name)
    assert "(program_missing)" in told.out
    assert "Next: " in told.out


def test_delete_says_what_is_lost_and_needs_a_yes(machine: Machine) -> None:
    name = launched(machine)
    machine.world.runtime.losses_of = [Loss("file", "only-here.ipynb", 12)]
    asked = machine.run("services", "delete", name)
    assert asked.code == 4
    assert "only-here.ipynb" in asked.err
    assert "(confirmation_needed)" in asked.err
    assert name in machine.world.runtime.seen
    done = machine.run("services", "delete", name, "--yes")
    assert done.code == 0
    assert "only-here.ipynb" in done.err
    assert name not in machine.world.runtime.seen


def test_delete_all_takes_one_s_own_and_no_other_s(machine: Machine) -> None:
    mine = {launched(machine, "--project", "soil") for _ in range(2)}
    theirs = replace(
        machine.world.runtime.seen[min(mine)], release="hers", owner="eve", shared=True
    )
    machine.meanwhile(lambda: machine.world.runtime.put(theirs))
    for wrong in ((), (min(mine), "--all")):
        assert machine.run("services", "delete", *wrong, "--yes").code == 2
    asked = machine.run("services", "delete", "--all", "--project", "soil")
    assert asked.code == 4 and all(name in asked.err for name in mine)
    done = machine.run("services", "delete", "--all", "--project", "soil", "--yes", "--json")
    assert {one["name"] for one in json.loads(done.out)} == mine
    assert set(machine.world.runtime.seen) == {"hers"}
    assert "None here is yours" in machine.run("services", "delete", "--all", "--yes").err


def test_delete_all_goes_on_after_one_that_refuses(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(launched(machine) for _ in range(3))
    uninstall = machine.world.runtime.uninstall

    async def refusing(project: str, name: str) -> None:
        if name == names[0]:
            raise ServiceNotFoundError(name=name, project=project)
        if name == names[1]:
            raise ServiceBusyError(name=name, state="starting")
        await uninstall(project, name)

    monkeypatch.setattr(machine.world.runtime, "uninstall", refusing)
    done = machine.run("services", "delete", "--all", "--yes")
    assert done.code == 4
    assert "(service_busy)" in done.err
    assert [name for name in names if f"“{name}” is being deleted" in done.err] == names[2:]
    assert set(machine.world.runtime.seen) == set(names[:2])


def test_events_of_a_project(machine: Machine) -> None:
    told = machine.run("projects", "events")
    assert told.code == 0 and "said nothing" in told.err
    name = launched(machine)
    event = EventEvidence(
        kind="Pod",
        name="p-0",
        is_warning=True,
        reason="BackOff",
        message="Back-off \x1b[31m restarting",
        count=3,
        last=NOW,
        uid="a",
        created=NOW + timedelta(seconds=1),
    )
    machine.world.now[0] = NOW + timedelta(minutes=1)
    machine.meanwhile(lambda: machine.world.told.tell("user-ada", event, name))
    told = machine.run("projects", "events", "--mark-read", "--commands")
    assert "* warning" in told.out and "Back-off [31m restarting (× 3)" in told.out
    assert "kubectl get events --namespace user-ada" in told.out
    again = json.loads(machine.run("projects", "events", "--json").out)
    assert (again["unread"], again["events"][0]["service"]) == (0, name)
    assert machine.run("projects", "events", "--limit", "0").code == 2
    machine.world.told.refused.add("user-ada")
    refused = machine.run("projects", "events")
    assert refused.code == 4 and "(events_forbidden)" in refused.err


def test_whoami_projects_and_catalog(machine: Machine) -> None:
    assert json.loads(machine.run("whoami", "--json").out)["username"] == "ada"
    assert "user-ada" in machine.run("whoami").out
    projects = json.loads(machine.run("projects", "list", "--json").out)
    assert [project["id"] for project in projects] == ["user-ada", "soil"]
    assert "postgresql" in machine.run("catalog", "list").out
    assert "database: defaultdb" in machine.run("catalog", "show", "postgresql", "--values").out
    schema = json.loads(machine.run("catalog", "show", "postgresql", "--schema").out)
    assert "properties" in schema
    both = machine.run("catalog", "show", "postgresql", "--schema", "--values")
    assert (both.code, "(one_choice)" in both.err) == (2, True)


def test_edit_shows_the_difference_then_changes(machine: Machine) -> None:
    name = launched(machine)
    words = ("services", "edit", name, "--set", "resources.limits.memory=8Gi")
    seen = machine.run(*words, "--diff")
    assert (seen.code, machine.world.runtime.seen[name].revision) == (0, 1)
    assert "resources.limits.memory: 4Gi -> 8Gi" in seen.out
    done = machine.run(*words, "--json")
    assert json.loads(done.out)["revision"] == 2
    refused = machine.run("services", "edit", name, "--set", "auth.database=No Good", "--diff")
    assert refused.code == 2
    assert "/auth/database" in refused.err


def test_values_changed_and_given_back_keep_their_secrets(machine: Machine) -> None:
    name = launched(machine)
    shown = machine.run("services", "values", name)
    assert "$AUTH_PASSWORD" in shown.out
    text = shown.out.replace("4Gi", "6Gi").encode()
    seen = machine.run("services", "edit", name, "-f", "-", "--diff", stdin=text)
    assert seen.out.splitlines()[0] == "resources.limits.memory: 4Gi -> 6Gi"
    assert "secret" not in seen.out


def test_history_and_rollback(machine: Machine) -> None:
    name = launched(machine)
    machine.run("services", "edit", name, "--set", "resources.limits.memory=8Gi")
    listed = json.loads(machine.run("services", "history", name, "--json").out)
    assert [one["number"] for one in listed] == [2, 1]
    assert "number" in machine.run("services", "history", name).out
    seen = machine.run("services", "rollback", name, "1", "--diff")
    assert "8Gi -> 4Gi" in seen.out
    done = machine.run("services", "rollback", name, "1", "--json")
    assert json.loads(done.out)["revision"] == 3
    assert machine.run("services", "rollback", name, "99").code == 3


def test_upgrade_duplicate_quota_and_earlier_logs(machine: Machine) -> None:
    name = launched(machine)
    machine.world.runtime.change(name, State.RUNNING)
    newest = machine.run("services", "upgrade", name)
    assert (newest.code, "nothing_to_change" in newest.err) == (4, True)
    assert machine.run("services", "upgrade", name, "--version", "9.9.9").code == 3
    copy = machine.run("services", "duplicate", name, "--name", "Another")
    assert copy.out.strip() in machine.world.runtime.seen
    machine.world.runtime.limits = [QuotaUse("limits.memory", "1Gi", "8Gi")]
    assert "limits.memory" in machine.run("services", "quota").out
    assert machine.run("services", "logs", name, "--previous").out == "the run before\n"


def test_a_launch_by_its_link_says_the_same_as_by_its_settings(machine: Machine) -> None:
    link = "http://elsewhere.example/launch/sardonyx/postgresql?auth.database=%C2%ABcensus%C2%BB"
    by_link = machine.run("launch", "--link", link, "--name", "One", "--dry-run")
    by_setting = machine.run(
        "launch", "postgresql", "--set", "auth.database=census", "--name", "One", "--dry-run"
    )
    assert (by_link.code, by_setting.code) == (0, 0)
    assert "database: census" in by_link.out
    drawn = re.compile(r"postgresql-[0-9]+")
    assert drawn.sub("", by_link.out) == drawn.sub("", by_setting.out)
    wrong = machine.run("launch", "--link", link.replace("census", "No%20Good"))
    same = machine.run("launch", "postgresql", "--set", "auth.database=No Good")
    assert wrong.code == same.code == 2
    assert wrong.err == same.err
    assert machine.run("launch").code == 2
    assert machine.run("launch", "--link", "a.b=1").code == 2


def test_the_schema_of_a_chart_is_printed_as_it_is_for_oneself(machine: Machine) -> None:
    plain = json.loads(machine.run("catalog", "show", "postgresql", "--schema").out)
    mine = json.loads(machine.run("catalog", "show", "postgresql", "--schema", "--for-me").out)
    assert "x-onyxia" in json.dumps(plain) and "x-onyxia" not in json.dumps(mine)
    assert mine["properties"]["auth"]["properties"]["username"]["default"] == "user-ada"
    assert machine.run("catalog", "show", "postgresql", "--for-me").code == 2
