"""Launcher 13 and 15: names, plans, equivalent commands; what is secret."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.launcher.samples import chart, context, od

from sardonyx.adapters.kubernetes import underneath
from sardonyx.launcher.commands import platform_command
from sardonyx.launcher.draft import Draft, make_draft
from sardonyx.launcher.masking import masked
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.plan import make_plan, release_name
from sardonyx.launcher.yaml_text import read
from sardonyx.services.models import LaunchPlan

SECRET = "s3cr3t-é'x"


def git_chart(**more: Any) -> Any:
    git = {
        "type": "object",
        "properties": {
            "token": od("git.token", type="string", default=""),
            "motto": {"type": "string", "default": "5$ a day"},
        },
    }
    cpu = {"type": "object", "properties": {"cores": {"type": "integer", "default": 3}}}
    return {"cpu": cpu, "git": git, **more}


def opened(properties: Any, patch: tuple[PatchEntry, ...] = ()) -> Draft:
    scope: Any = {**context(), "git": {"token": SECRET}, "service": {"oneTimePassword": SECRET}}
    return make_draft(chart=chart(properties), context=scope, patch=patch)


def plan(draft: Draft) -> LaunchPlan:
    return make_plan(
        draft,
        release="rivulet-73105",
        project="team-soil",
        owner="user1",
        friendly_name="night run",
        shared=False,
    )


def script_of(made: LaunchPlan, repository: str = "https://charts.example/forge") -> str:
    """Return the script of a launch on a cluster, as it is shown and downloaded."""
    return underneath.launch(made, made.project, underneath.place_of(made.chart, repository))


def test_the_script_of_a_launch() -> None:
    assert script_of(plan(opened(git_chart()))) == (
        "# Give first: GIT_TOKEN\n"
        "(\nset -eu\numask 077\n"
        ': "${GIT_TOKEN:?give GIT_TOKEN first}"\n'
        "cat <<EOF > ./values.yaml\n"
        "cpu:\n"
        "  cores: 3\n"
        "git:\n"
        '  token: "$GIT_TOKEN"\n'
        '  motto: "5\\$ a day"\n'
        "EOF\n"
        "helm upgrade --install --history-max 0 rivulet-73105 rivulet"
        " --repo https://charts.example/forge --version 2.1.0"
        " --namespace team-soil --values ./values.yaml\n"
        ")\n"
    )


HOSTILE = [
    "5$ a day",
    "`id`",
    "$(id)",
    "back\\slash",
    'quo"te',
    "EOF",
    "two\nlines\nEOF\nx",
    "$GIT_TOKEN",
    "é ✓",
]


def test_a_shell_gives_back_the_very_values(tmp_path: Path) -> None:
    """Run by a real shell, with the secret in its variable and a stand-in for helm."""
    properties = git_chart(
        **{f"n{i}": {"type": "string", "default": text} for i, text in enumerate(HOSTILE)}
    )
    made = opened(properties)
    shell = shutil.which("sh")
    assert shell is not None
    script = script_of(plan(made)).replace("helm upgrade", ": upgrade")
    (tmp_path / "run.sh").write_text(script)
    done = subprocess.run(
        [shell, "-eu", "run.sh"],
        cwd=tmp_path,
        env={"GIT_TOKEN": SECRET, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert read((tmp_path / "values.yaml").read_text()).value == made.values


def test_our_own_command_says_only_what_differs() -> None:
    made = opened(git_chart())
    head = "sardonyx launch rivulet --catalog forge --version 2.1.0 --project team-soil"
    assert platform_command(plan(made), defaults=made.defaults) == f"{head} --name 'night run'\n"
    changed = opened(
        git_chart(), (PatchEntry(("cpu", "cores"), 4), PatchEntry(("git", "token"), "x"))
    )
    assert platform_command(plan(changed), defaults=changed.defaults) == (
        f"{head} --name 'night run' -f - <<EOF\n"
        "cpu:\n"
        "  cores: 4\n"
        "git:\n"
        '  token: "$GIT_TOKEN"\n'
        "EOF\n"
    )


def text(**more: Any) -> dict[str, Any]:
    return {"type": "string", "default": "", **more}


@pytest.mark.parametrize(
    ("schema", "secret"),
    [
        (od("git.token", type="string", default=""), True),
        (od("Bearer {{service.oneTimePassword}}", type="string"), True),
        (od("project.password", type="string"), True),
        (od("project.basic", type="string", default=""), True),
        (od("s3.AWS_SECRET_ACCESS_KEY", type="string", default=""), True),
        (od("s3.AWS_SESSION_TOKEN", type="string", default=""), True),
        (od("ai.activeProvider.apiKey", type="string", default=""), True),
        (text(render="password", default="x"), True),
        (od("user.decodedIdToken.groups", type="array"), False),
        (od("user.decodedIdToken", type="object"), False),
        (od("git.credentials_cache_duration", type="string", default=""), False),
        (od("user.idep", type="string"), False),
        (text(), False),
    ],
)
def test_a_value_is_secret(schema: Any, secret: bool) -> None:
    assert (("n",) in opened({"n": schema}).secret_paths) is secret


def test_a_secret_inside_an_object_of_the_context_is_found() -> None:
    made = opened({"n": od({"header": "x {{git.token}}", "who": "{{user.idep}}"}, type="object")})
    assert made.secret_paths == {("n", "header")}
    whole = opened({"n": od("project", type="object")})
    assert whole.secret_paths == {("n", "password")}


def test_a_key_named_password_is_secret_by_itself() -> None:
    made = make_draft(
        chart=chart(None, {"auth": {"rootPassword": "tulip", "user": "u"}}), context={}
    )
    assert made.secret_paths == {("auth", "rootPassword")}
    assert masked(made.values, made.secret_paths) == {
        "auth": {"rootPassword": "$AUTH_ROOTPASSWORD", "user": "u"}
    }


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("API_TOKEN", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("AWS_ACCESS_KEY_ID", True),
        ("privateKey", True),
        ("PGPASSWORD", True),
        ("existingSecret", False),
        ("sort_key", False),
        ("TOKENIZER", False),
    ],
)
def test_a_key_of_a_block_of_any_content_is_secret_by_its_name(key: str, secret: bool) -> None:
    properties: Any = {"env": {"type": "object", "default": {}}}
    made = make_draft(
        chart=chart(properties), context=context(), patch=(PatchEntry(("env", key), "x"),)
    )
    assert (("env", key) in made.secret_paths) is secret


def test_a_field_of_the_schema_is_as_its_author_marked_it() -> None:
    made = opened({"token": {"type": "string", "default": "a"}})
    assert made.secret_paths == frozenset()


def test_no_secret_is_in_any_command() -> None:
    made = opened(git_chart(), (PatchEntry(("git", "token"), "typed-by-hand"),))
    shown = script_of(plan(made)) + platform_command(plan(made), defaults=made.defaults)
    assert "typed-by-hand" not in shown
    assert SECRET not in shown
    assert SECRET not in repr(made)
    assert SECRET not in repr(plan(made))


def test_thousands_of_secrets_that_would_have_one_variable_have_one_each() -> None:
    keys = [f"{'-' * number}password" for number in range(3_000)]
    values: Any = {"password_2": "x", **dict.fromkeys(keys, "x")}
    shown = masked(values, frozenset((key,) for key in values))
    assert len(set(shown.values())) == 3_001
    assert [shown[key] for key in ("password_2", *keys[:3])] == [
        "$PASSWORD_2",
        "$PASSWORD",
        "$PASSWORD_3",
        "$PASSWORD_4",
    ]


def test_commands_of_my_services() -> None:
    where = "--namespace team-soil\n"
    assert underneath.look("team-soil") == f"helm list {where}kubectl get quota {where}"
    assert underneath.look("team-soil", "rivulet-73105") == (
        f"helm get notes rivulet-73105 {where}helm get values rivulet-73105 {where}"
    )
    assert underneath.uninstall("rivulet-73105", "team-soil") == (
        f"helm uninstall rivulet-73105 {where}"
    )


def test_words_are_quoted_for_the_shell() -> None:
    made = replace(plan(opened(git_chart())), project="team $(id)", release="a b")
    script = script_of(made, "https://x/?a=1&b=`id`")
    assert "--repo 'https://x/?a=1&b=`id`' --version 2.1.0 --namespace 'team $(id)'" in script
    assert "helm upgrade --install --history-max 0 'a b' rivulet" in script
    assert underneath.look("t;x").startswith("helm list --namespace 't;x'\n")


@pytest.mark.parametrize(
    ("name", "suffix", "release"),
    [
        ("rivulet", "73105", "rivulet-73105"),
        ("a" * 60, "73105", "a" * 47 + "-73105"),
        ("a" * 46 + "-b", "73105", "a" * 46 + "-73105"),
        ("Big_Chart", "1", "big-chart-1"),
        ("3d", "1", "s-3d-1"),
    ],
)
def test_section_13_release_names(name: str, suffix: str, release: str) -> None:
    assert release_name(name, suffix) == release
    assert len(release) <= 53
