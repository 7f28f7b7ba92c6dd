"""The steps before a service, run as the program they are."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.charts.servers import (
    Answer,
    Asked,
    certificate,
    git_answers,
    git_repository,
    secret_answers,
    serving,
)

from sardonyx.adapters.processes import init_steps
from sardonyx.services.init_words import REASONS, STEP_NAMES
from sardonyx.testing.parts import wait_until

PROGRAM = str(init_steps.__file__)


@dataclass(frozen=True)
class Ran:
    """What a run printed. events: all lines; last: of each step how it ended."""

    status: int
    events: list[dict[str, object]]
    log: str

    @property
    def last(self) -> dict[str, str]:
        return {str(event["step"]): str(event["status"]) for event in self.events}

    def detail(self, step: str) -> dict[str, object]:
        detail = [event["detail"] for event in self.events if event["step"] == step][-1]
        assert isinstance(detail, dict)
        return detail


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    (place / "work").mkdir(parents=True)
    return place


def run(home: Path, **variables: str) -> Ran:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), **variables}
    done = subprocess.run(
        [sys.executable, "-I", PROGRAM],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        cwd=home / "work",
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return Ran(done.returncode, events, done.stderr)


def exported(home: Path) -> dict[str, str]:
    file = home / ".sardonyx" / "env.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found: dict[str, str] = json.loads(file.read_text())
    return found


def test_nothing_asked_is_nothing_told(home: Path) -> None:
    ran = run(home)
    assert ran.status == 0
    assert ran.last == {"home": "done"}
    assert exported(home) == {}
    assert isinstance(ran.detail("home")["seconds"], float)


def test_a_home_that_cannot_be_written_stops_the_start(home: Path) -> None:
    # A file where our folder should be: root too is refused.
    (home / ".sardonyx").write_text("")
    ran = run(home, GIT_USER_NAME="Ada")
    assert ran.status == init_steps.EXIT_ESSENTIAL
    assert ran.last == {"home": "failed"}
    assert ran.detail("home")["code"] == "home_unwritable"


# Git


def _config(home: Path, key: str) -> str:
    return subprocess.run(
        ["git", "config", "--global", "--get-all", key],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
    ).stdout.strip()


def test_the_git_identity_is_set_once_for_any_number_of_runs(home: Path) -> None:
    for _ in range(2):
        ran = run(home, GIT_USER_NAME='Ada "L"', GIT_USER_MAIL="ada@example.org")
        assert ran.last["git"] == "done"
    assert _config(home, "user.name") == 'Ada "L"'
    assert _config(home, "user.email") == "ada@example.org"


def test_a_private_repository_is_cloned_with_the_token_outside_the_address(
    home: Path, tmp_path: Path
) -> None:
    git_repository(tmp_path)
    with serving(git_answers(tmp_path, token="s3cret")) as address:
        variables = {
            "GIT_REPOSITORY": f"{address}/work.git",
            "GIT_BRANCH": "tide",
            "GIT_PERSONAL_ACCESS_TOKEN": "s3cret",
        }
        first = run(home, **variables)
        again = run(home, **variables)
        without = run(
            home, GIT_REPOSITORY=f"{address}/work.git", ROOT_PROJECT_DIRECTORY=str(home / "w2")
        )
    clone = home / "work" / "work"
    assert first.last["clone"] == "done", first.log
    assert (clone / "tide.txt").read_text() == "tide\n"
    assert "s3cret" not in (clone / ".git" / "config").read_text()
    assert "s3cret" not in (home / ".gitconfig").read_text()
    assert again.detail("clone")["code"] == "clone_there"
    token = home / ".sardonyx" / "git-token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    # The helper stays for the service; without a token it has nothing more to say.
    assert without.status == 0
    for ran in (first, again, without):
        assert "s3cret" not in ran.log
        assert "s3cret" not in json.dumps(ran.events)


def test_a_token_is_shown_to_its_own_host_alone(home: Path) -> None:
    run(home, GIT_PERSONAL_ACCESS_TOKEN="ghp_x", GIT_USER_NAME="a")
    assert _config(home, "credential.https://github.com.helper").endswith("git-credential")
    assert _config(home, "credential.helper") == ""


def test_a_token_of_no_known_host_is_not_used(home: Path) -> None:
    ran = run(home, GIT_PERSONAL_ACCESS_TOKEN="mystery")
    assert (ran.last["git"], ran.detail("git")["code"]) == ("done", "git_host")
    assert not (home / ".sardonyx" / "git-token").exists()


def test_a_token_does_not_travel_in_clear(home: Path) -> None:
    ran = run(home, GIT_PERSONAL_ACCESS_TOKEN="x", GIT_REPOSITORY="http://forge.invalid/r.git")
    assert ran.detail("git")["code"] == "git_host"
    assert not (home / ".sardonyx" / "git-token").exists()


def test_a_token_that_was_taken_back_is_removed(home: Path) -> None:
    run(home, GIT_PERSONAL_ACCESS_TOKEN="ghp_x")
    run(home, GIT_USER_NAME="a")
    assert not (home / ".sardonyx" / "git-token").exists()


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("file:///etc", "clone_address"),
        ("ext::sh -c id", "clone_address"),
        ("https://ada:pw@example.org/r.git", "clone_address"),
        ("https://example.org/", "clone_address"),
        ("--upload-pack=id", "clone_address"),
        ("https://127.0.0.1:1/r.git", "git_failed"),
    ],
)
def test_a_repository_that_cannot_be_cloned_does_not_stop_the_start(
    home: Path, address: str, code: str
) -> None:
    ran = run(home, GIT_REPOSITORY=address)
    assert ran.status == 0
    assert (ran.last["clone"], ran.detail("clone")["code"]) == ("failed", code)
    assert list((home / "work").iterdir()) == []


def test_an_unknown_branch_is_told(home: Path, tmp_path: Path) -> None:
    git_repository(tmp_path)
    with serving(git_answers(tmp_path)) as address:
        ran = run(home, GIT_REPOSITORY=f"{address}/work.git", GIT_BRANCH="moon")
        option = run(home, GIT_REPOSITORY=f"{address}/work.git", GIT_BRANCH="--bare")
    assert "moon" in str(ran.detail("clone")["said"])
    assert option.detail("clone")["code"] == "clone_branch"
    assert list((home / "work").iterdir()) == []


def test_a_folder_in_the_way_is_left_alone(home: Path) -> None:
    (home / "work" / "r").mkdir()
    (home / "work" / "r" / "mine").write_text("mine")
    ran = run(home, GIT_REPOSITORY="https://127.0.0.1:1/r.git")
    assert ran.detail("clone")["code"] == "clone_in_the_way"
    assert (home / "work" / "r" / "mine").read_text() == "mine"


# Secrets

STORE = {
    "user-ada/base": {
        "DB_PASSWORD": "p\nq",
        "PORT": 5432,
        ".onyxia": {"keysOrdering": ["PORT"]},
        "PATH": "/evil",
        "LD_PRELOAD": "x.so",
        "not-a-name": "x",
    }
}


def _store(address: str, secret: str, token: str = "tok") -> dict[str, str]:
    return {
        "VAULT_ADDR": address,
        "VAULT_MOUNT": "kv",
        "VAULT_TOP_DIR": "user-ada",
        "VAULT_TOKEN": token,
        "VAULT_RELATIVE_PATH": secret,
    }


def test_each_key_of_the_chosen_secret_becomes_a_variable(home: Path) -> None:
    with serving(secret_answers(STORE, token="tok")) as address:
        ran = run(home, **_store(address, "base"))
    assert exported(home) == {"DB_PASSWORD": "p\nq", "PORT": "5432"}
    assert ran.last["secrets"] == "done"
    said = str(ran.detail("secrets")["said"])
    assert "LD_PRELOAD, PATH, not-a-name" in said
    assert "p\nq" not in json.dumps(ran.events) + ran.log


def test_variables_of_an_earlier_start_are_forgotten(home: Path) -> None:
    with serving(secret_answers(STORE, token="tok")) as address:
        run(home, **_store(address, "base"))
    run(home)
    assert exported(home) == {}


def test_the_token_may_come_by_file(home: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("tok\n")
    with serving(secret_answers(STORE, token="tok")) as address:
        variables = _store(address, "base")
        del variables["VAULT_TOKEN"]
        ran = run(home, **variables, VAULT_TOKEN_FILE=str(tmp_path / "token"))
    assert ran.last["secrets"] == "done"


@pytest.mark.parametrize(
    ("secret", "token", "code"),
    [
        ("moon", "tok", "secret_missing"),
        ("base", "wrong", "secret_refused"),
        ("../user-eve/base", "tok", "secret_path"),
    ],
)
def test_a_secret_that_cannot_be_read_is_told(
    home: Path, secret: str, token: str, code: str
) -> None:
    with serving(secret_answers(STORE, token="tok")) as address:
        ran = run(home, **_store(address, secret, token))
    assert (ran.status, ran.detail("secrets")["code"]) == (0, code)


def test_the_token_does_not_follow_a_redirect(home: Path) -> None:
    seen: list[str] = []

    def elsewhere(asked: Asked) -> Answer:
        seen.append(asked.path)
        return Answer(200, b"{}")

    with serving(elsewhere) as other:
        redirect = Answer(302, headers={"Location": f"{other}/stolen"})
        with serving(lambda _: redirect) as address:
            ran = run(home, **_store(address, "base"))
    assert ran.last["secrets"] == "failed"
    assert seen == []


def test_a_store_that_is_down_is_told(home: Path) -> None:
    ran = run(home, **_store("http://127.0.0.1:1", "base"))
    assert ran.detail("secrets")["code"] == "secrets_silent"


# Start scripts


@pytest.fixture
def script_server(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Scripts over https; yield the address and the variable that trusts it."""
    file = certificate(tmp_path)
    answers = {
        "/good.sh": Answer(200, b'echo "said $1 $PORT_OF_MINE"; echo "$1" > made'),
        "/bad.sh": Answer(200, b"exit 7"),
        "/page": Answer(200, b"<!doctype html><p>sign in</p>"),
        "/large": Answer(200, b"#" * 1_000_001),
        "/down": Answer(302, headers={"Location": "http://127.0.0.1:1/x.sh"}),
    }
    with serving(lambda asked: answers.get(asked.path, Answer(404)), tls=file) as address:
        yield address, {"SSL_CERT_FILE": str(file)}


def test_the_personal_script_is_run_with_its_arguments_at_each_start(
    home: Path, script_server: tuple[str, dict[str, str]]
) -> None:
    address, trust = script_server
    for argument in ("first run", "second"):
        ran = run(
            home,
            PERSONAL_INIT_SCRIPT=f"{address}/good.sh",
            PERSONAL_INIT_ARGS=f"'{argument}'",
            **trust,
        )
        assert ran.last["personal"] == "done", ran.log
        assert f"said {argument}" in ran.log
        assert (home / "work" / "made").read_text() == f"{argument}\n"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/bad.sh", "script_failed"),
        ("/none.sh", "script_status"),
        ("/page", "script_is_a_page"),
        ("/large", "script_size"),
        ("/down", "script_unreachable"),
    ],
)
def test_a_script_that_fails_does_not_stop_the_start(
    home: Path, script_server: tuple[str, dict[str, str]], path: str, code: str
) -> None:
    address, trust = script_server
    ran = run(home, REGION_INIT_SCRIPT=f"{address}{path}", GIT_USER_NAME="a", **trust)
    assert ran.status == 0
    assert (ran.last["region"], ran.detail("region")["code"]) == ("failed", code)
    assert ran.last["git"] == "done"


def test_an_unknown_certificate_is_refused(
    home: Path, script_server: tuple[str, dict[str, str]]
) -> None:
    ran = run(home, PERSONAL_INIT_SCRIPT=f"{script_server[0]}/good.sh")
    assert ran.detail("personal")["code"] == "script_unreachable"
    assert "certificate" in str(ran.detail("personal")["said"]).lower()


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/x.sh", "file:///etc/passwd", "x"])
def test_only_https_is_fetched(home: Path, address: str) -> None:
    ran = run(home, PERSONAL_INIT_SCRIPT=address)
    assert ran.detail("personal")["code"] == "script_address"


def test_arguments_that_cannot_be_split_are_told(home: Path) -> None:
    ran = run(home, PERSONAL_INIT_SCRIPT="https://127.0.0.1:1/x", PERSONAL_INIT_ARGS="'open")
    assert ran.detail("personal")["code"] == "script_arguments"


def test_a_program_that_never_ends_is_stopped_with_its_children(home: Path) -> None:
    places = init_steps.Places(home=home, work=home / "work", own=home, exported={})
    marker = home / "child"
    command = ["bash", "-c", f"sleep 300 & echo $! > {marker}; wait"]

    with (home / "said").open("wb") as said, pytest.raises(init_steps.StepError) as stopped:
        init_steps._run(command, dict(os.environ), 1.0, said, places.work, "script_slow")
    assert stopped.value.code == "script_slow"
    wait_until(lambda: _is_gone(int(marker.read_text())), "the end of the child")


def _is_gone(process: int) -> bool:
    """Tell whether it ended: gone, or not yet collected by the machine's first process."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] == "Z"
    except OSError:
        return True


def test_duckdb_sql_quotes_what_it_is_given() -> None:
    made = init_steps.duckdb_secret(endpoint="a'b:1", use_ssl=False, region="r")
    assert "ENDPOINT 'a''b:1'" in made
    assert "USE_SSL false" in made


def test_every_step_and_reason_has_its_words() -> None:
    source = Path(PROGRAM).read_text()
    codes = set(re.findall(r'(?:StepError\(|Result\(\s*"\w+",\s*)\s*"(\w+)"', source))
    codes |= set(re.findall(r'"(\w+_slow)"', source)) | {"io"}
    assert len(codes) > 20
    assert codes == set(REASONS)
    assert {step.name for step in init_steps.STEPS} <= set(STEP_NAMES)
