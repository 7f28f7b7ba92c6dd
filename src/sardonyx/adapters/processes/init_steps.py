"""Prepare a service's home before the service starts: named steps, each told and timed.

Over 400 lines, because the service's own Python runs it inside the sandbox as one file of the
standard library. Inputs are environment variables (charts.md 7), so the same names work in an
image. One JSON object a line on standard output: {"step", "status", "detail": {"seconds",
"code", "said"}}, status being started, done or failed; a step that nothing asks for says
nothing. What scripts print goes to standard error, the service's log.

Only `home` is essential (exit code 3: do not start). A failed step of another kind is told and
the service starts without what it would have given. Every step may run again on its own result.
Variables for the service are left in `$HOME/.sardonyx/env.json` (0600).
"""

# ruff: noqa: T201 - what it prints is its result

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# Seconds.
GIT_LIMIT = 180.0
SCRIPT_LIMIT = 300.0
FETCH_LIMIT = 20.0
DUCKDB_LIMIT = 60.0
# Bytes of a start script.
_LARGEST_SCRIPT = 1_000_000
# History brought by a clone: enough to look back, quick to fetch; `git fetch --unshallow` for all.
_DEPTH = 50
EXIT_ESSENTIAL = 3
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Variables a secret may not replace: the service would not start, or would lose its keys.
_RESERVED = ("HOME", "PATH", "USER", "SHELL", "VIRTUAL_ENV", "VAULT_TOKEN", "VAULT_ADDR")
_RESERVED_BEGINNINGS = ("LD_", "AWS_CONTAINER_", "PYTHON", "SARDONYX_")
# A token without a repository says by its beginning whose it is; it is shown to nobody else.
_TOKEN_HOSTS = {
    "ghp_": "github.com",
    "github_pat_": "github.com",
    "gho_": "github.com",
    "glpat-": "gitlab.com",
}


@dataclass(frozen=True)
class Result:
    """How a step ended. code: stable word for the reason; said: a sentence, no secret in it."""

    status: str
    code: str = ""
    said: str = ""


class StepError(Exception):
    """A step that could not do its work."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Step:
    """A step; it is run when one of the variables `asked_by` has a value, or when there is none."""

    name: str
    run: Callable[[Places], Result]
    asked_by: tuple[str, ...] = ()
    essential: bool = False


@dataclass(frozen=True)
class Places:
    """Where the steps work. own: our files in the home. exported: filled for the service."""

    home: Path
    work: Path
    own: Path
    exported: dict[str, str]

    def text(self, name: str) -> str:
        """Return a variable, or the content of the file that `<name>_FILE` names; else empty."""
        value = os.environ.get(name, "").strip()
        file = os.environ.get(f"{name}_FILE", "")
        if not value and file:
            value = Path(file).read_text().strip()
        return value


def step_home(places: Places) -> Result:
    """Make sure that the home can be written, and forget what an earlier start left."""
    try:
        places.own.mkdir(mode=0o700, parents=True, exist_ok=True)
        places.work.mkdir(parents=True, exist_ok=True)
        write_private(places.own / "env.json", "{}")
        with tempfile.TemporaryFile(dir=places.work) as trial:
            trial.write(b"\0" * 65536)
    except OSError as error:
        raise StepError(
            "home_unwritable", f"the home cannot be written: {error.strerror}"
        ) from error
    return Result("done")


def step_region(places: Places) -> Result:
    """Run the platform's own start script."""
    return _script(places.text("REGION_INIT_SCRIPT"), [], places)


def step_personal(places: Places) -> Result:
    """Run the person's own start script with their arguments."""
    try:
        arguments = shlex.split(places.text("PERSONAL_INIT_ARGS"))
    except ValueError as error:
        raise StepError("script_arguments", f"the arguments cannot be read: {error}") from error
    return _script(places.text("PERSONAL_INIT_SCRIPT"), arguments, places)


def step_secrets(places: Places) -> Result:
    """Read the chosen secret and leave each of its keys to the service as a variable."""
    chosen, store = places.text("VAULT_RELATIVE_PATH"), places.text("VAULT_ADDR")
    token, mount = places.text("VAULT_TOKEN"), places.text("VAULT_MOUNT")
    if not (store and token and mount):
        raise StepError("secrets_unknown", "the secret store is not known here")
    inside = f"{places.text('VAULT_TOP_DIR').strip('/')}/{chosen.strip('/')}".strip("/")
    if any(part in ("", ".", "..") for part in inside.split("/")):
        raise StepError("secret_path", f"this is no path of a secret: {chosen}")
    address = f"{store.rstrip('/')}/v1/{mount.strip('/')}/data/{urllib.parse.quote(inside)}"
    request = urllib.request.Request(address, headers={"X-Vault-Token": token})  # noqa: S310
    try:
        with _opener(https_only=False).open(request, timeout=FETCH_LIMIT) as answer:
            data = json.load(answer)["data"]["data"]
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise StepError("secret_missing", f"there is no secret “{chosen}”") from error
        raise StepError("secret_refused", f"the secret store answered {error.code}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StepError(
            "secrets_silent", f"the secret store does not answer: {_short(error)}"
        ) from error
    return _export(data if isinstance(data, dict) else {}, places)


def _export(data: Mapping[str, object], places: Places) -> Result:
    left = []
    count = 0
    for name, value in data.items():
        if name.startswith("."):  # notes of the platform about the keys, such as their order
            continue
        if (
            not _NAME.fullmatch(name)
            or name in _RESERVED
            or name.startswith(_RESERVED_BEGINNINGS)
            or "\0" in str(value)
        ):
            left.append(name)
            continue
        places.exported[name] = value if isinstance(value, str) else json.dumps(value)
        count += 1
    write_private(places.own / "env.json", json.dumps(places.exported))
    os.environ.update(places.exported)
    if left:
        names = ", ".join(sorted(left))
        return Result("done", "secret_names", f"{count} set; not usable as variables: {names}")
    return Result("done", "", f"{count} set")


def step_git(places: Places) -> Result:
    """Set the Git identity, and give the token to its own host alone, from a file."""
    name, email, token = (
        places.text(key) for key in ("GIT_USER_NAME", "GIT_USER_MAIL", "GIT_PERSONAL_ACCESS_TOKEN")
    )
    if shutil.which("git") is None:
        raise StepError("git_missing", "git is not installed on this machine")
    for key, value in (("user.name", name), ("user.email", email)):
        if value:
            _git(["config", "--global", "--replace-all", key, value], places)
    kept = places.own / "git-token"
    kept.unlink(missing_ok=True)
    if not token:
        return Result("done")
    host = _git_host(places.text("GIT_REPOSITORY"), token)
    if host is None:
        return Result(
            "done", "git_host", "the token was not used: no https repository says its host"
        )
    write_private(kept, token)
    helper = places.own / "git-credential"
    write_private(
        helper,
        f'#!/bin/sh\n[ "$1" = get ] || exit 0\n'
        f"printf 'username=oauth2\\npassword=%s\\n' \"$(cat {shlex.quote(str(kept))})\"\n",
    )
    helper.chmod(0o700)
    _git(["config", "--global", "--replace-all", f"credential.{host}.helper", str(helper)], places)
    return Result("done")


def step_clone(places: Places) -> Result:
    """Bring the chosen repository into the working folder, unless it is there already."""
    address, branch = places.text("GIT_REPOSITORY"), places.text("GIT_BRANCH")
    if shutil.which("git") is None:
        raise StepError("git_missing", "git is not installed on this machine")
    parsed = urllib.parse.urlsplit(address)
    if parsed.scheme not in ("https", "http") or not parsed.hostname:
        raise StepError("clone_address", "the repository's address must begin with https://")
    if parsed.username or parsed.password:
        raise StepError("clone_address", "the repository's address must not hold a password")
    if branch.startswith("-"):
        raise StepError("clone_branch", "this is no name of a branch")
    name = Path(parsed.path.rstrip("/")).name.removesuffix(".git")
    if not name or name.startswith("."):
        raise StepError("clone_address", "the repository's address names no repository")
    target = places.work / name
    if (target / ".git").exists():
        return Result("done", "clone_there", f"{name} was already there")
    if target.exists():
        raise StepError("clone_in_the_way", f"a folder {name} is in the way")
    # Aside and renamed: an interrupted clone is not taken for a finished one.
    partial = places.own / "clone"
    shutil.rmtree(partial, ignore_errors=True)
    command = ["clone", "--quiet", f"--depth={_DEPTH}", "--no-single-branch"]
    if branch:
        command += ["--branch", branch]
    try:
        _git([*command, "--", address, str(partial)], places)
        shutil.move(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Result("done", "", name)


def _git_host(repository: str, token: str) -> str | None:
    """Return scheme and host the token belongs to, None when it would go to nobody known.

    Over plain http a token is readable on the way: only this machine gets it so.
    """
    parsed = urllib.parse.urlsplit(repository)
    if parsed.hostname:
        port = f":{parsed.port}" if parsed.port else ""
        safe = parsed.scheme == "https" or parsed.hostname in ("127.0.0.1", "localhost")
        return f"{parsed.scheme}://{parsed.hostname}{port}" if safe else None
    for beginning, host in _TOKEN_HOSTS.items():
        if token.startswith(beginning):
            return f"https://{host}"
    return None


def _git(arguments: Sequence[str], places: Places) -> None:
    environment = {
        **os.environ,
        "HOME": str(places.home),
        # Never wait for somebody to type; never reach a file or a program by an address.
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "https:http",
        "GIT_HTTP_LOW_SPEED_LIMIT": "100",
        "GIT_HTTP_LOW_SPEED_TIME": "30",
    }
    with tempfile.TemporaryFile() as said:
        code = _run(["git", *arguments], environment, GIT_LIMIT, said, places.work, "git_slow")
        said.seek(0)
        text = said.read().decode(errors="replace").strip()
    if code != 0:
        sys.stderr.write(text + "\n")
        raise StepError(
            "git_failed", text.splitlines()[-1][:300] if text else f"git ended with {code}"
        )


# Run apart, so that a client that hangs costs its time limit and no more. Input: the SQL.
_DUCKDB_SCRIPT = """
import importlib.util, pathlib, sys
import duckdb
version = "v" + duckdb.__version__
platform = duckdb.execute("pragma platform").fetchone()[0]
folder = pathlib.Path.home() / ".duckdb" / "extensions" / version / platform
folder.mkdir(parents=True, exist_ok=True)
for name in ("httpfs", "aws"):
    found = importlib.util.find_spec("duckdb_extension_" + name)
    if found is None:
        sys.exit("the DuckDB extension " + name + " is not installed")
    file = name + ".duckdb_extension"
    link = folder / file
    link.unlink(missing_ok=True)
    link.symlink_to(pathlib.Path(found.origin).parent / "extensions" / version / file)
duckdb.execute(sys.stdin.read())
"""


def step_duckdb(places: Places) -> Result:
    """Let DuckDB find its extensions offline, and the store's keys by itself, renewed."""
    address = places.text("AWS_ENDPOINT_URL")
    found = importlib.util.find_spec("duckdb")
    if found is None:
        return Result("done", "duckdb_absent", "DuckDB is not installed here")
    parsed = urllib.parse.urlsplit(address)
    region = places.text("AWS_REGION") or places.text("AWS_DEFAULT_REGION") or "us-east-1"
    statement = duckdb_secret(
        endpoint=parsed.netloc, use_ssl=parsed.scheme == "https", region=region
    )
    # DuckDB renews what it keeps: made once for this store and this environment, it stays right.
    stamp, made = places.own / "duckdb.json", json.dumps([statement, found.origin])
    kept = places.home / ".duckdb" / "stored_secrets" / "sardonyx.duckdb_secret"
    if kept.exists() and stamp.exists() and stamp.read_text() == made:
        return Result("done", "duckdb_there")
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as given:
        given.write(statement.encode())
        given.seek(0)
        command = [sys.executable, "-c", _DUCKDB_SCRIPT]
        environment = {**os.environ, "HOME": str(places.home)}
        code = _run(command, environment, DUCKDB_LIMIT, said, places.work, "duckdb_slow", given)
        said.seek(0)
        text = said.read().decode(errors="replace").strip()
    if code != 0:
        sys.stderr.write(text + "\n")
        raise StepError("duckdb_secret", text.splitlines()[-1][:300] if text else "DuckDB failed")
    write_private(stamp, made)
    return Result("done")


def duckdb_secret(*, endpoint: str, use_ssl: bool, region: str) -> str:
    """Return the SQL that makes DuckDB take its keys from the environment's endpoint."""
    return (
        "CREATE OR REPLACE PERSISTENT SECRET sardonyx (TYPE s3, PROVIDER credential_chain, "
        f"REFRESH auto, ENDPOINT {_sql(endpoint)}, USE_SSL {str(use_ssl).lower()}, "
        f"URL_STYLE 'path', REGION {_sql(region)})"
    )


def _sql(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _script(address: str, arguments: Sequence[str], places: Places) -> Result:
    """Fetch a bash script by https and run it in the working folder."""
    content = _fetch(address)
    if content.lstrip()[:1] == b"<":
        raise StepError("script_is_a_page", "the address gives a web page, not a script")
    file = places.own / "script.sh"
    write_private(file, content)
    environment = {**os.environ, "HOME": str(places.home)}
    command = ["bash", str(file), *arguments]
    code = _run(command, environment, SCRIPT_LIMIT, sys.stderr, places.work, "script_slow")
    if code != 0:
        raise StepError("script_failed", f"the script ended with {code}; the log has its words")
    return Result("done")


def _fetch(address: str) -> bytes:
    if not address.startswith("https://"):
        raise StepError("script_address", "the script's address must begin with https://")
    try:
        with _opener(https_only=True).open(address, timeout=FETCH_LIMIT) as answer:
            content: bytes = answer.read(_LARGEST_SCRIPT + 1)
    except urllib.error.HTTPError as error:
        raise StepError("script_status", f"the script's address answered {error.code}") from error
    except (OSError, ValueError) as error:
        raise StepError(
            "script_unreachable", f"the script cannot be fetched: {_short(error)}"
        ) from error
    if len(content) > _LARGEST_SCRIPT:
        raise StepError("script_size", f"the script is larger than {_LARGEST_SCRIPT} bytes")
    return content


def _opener(*, https_only: bool) -> urllib.request.OpenerDirector:
    """Return an opener that checks certificates; a redirect may not leave https."""

    class Redirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(
            self,
            req: urllib.request.Request,
            fp: IO[bytes],
            code: int,
            msg: str,
            headers: object,
            newurl: str,
        ) -> urllib.request.Request | None:
            if https_only and not newurl.startswith("https://"):
                raise urllib.error.URLError("redirected away from https")
            if not https_only:  # a token in a header is not carried to another address
                raise urllib.error.URLError("redirected")
            return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]

    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        Redirects(),
    ]
    if not https_only:  # the secret store is on this machine: not through the user's proxy
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _run(
    command: Sequence[str],
    environment: Mapping[str, str],
    limit: float,
    said: IO[bytes] | IO[str],
    folder: Path,
    slow: str,
    given: IO[bytes] | None = None,
) -> int:
    """Run a command and return its exit code; past its time it and its children are killed."""
    process = subprocess.Popen(
        list(command),
        env=dict(environment),
        cwd=folder,
        stdin=given if given is not None else subprocess.DEVNULL,
        stdout=said,
        stderr=said,
        start_new_session=True,
    )
    try:
        return process.wait(timeout=limit)
    except subprocess.TimeoutExpired as error:
        raise StepError(slow, f"stopped after {limit:.0f} seconds") from error
    finally:
        # Also what a script left behind in its group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    partial = path.with_name(f".{path.name}.part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    partial.replace(path)


def _short(error: BaseException) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return str(reason)[:200]


STEPS = (
    Step("home", step_home, essential=True),
    Step("region", step_region, ("REGION_INIT_SCRIPT",)),
    Step("secrets", step_secrets, ("VAULT_RELATIVE_PATH",)),
    Step("git", step_git, ("GIT_USER_NAME", "GIT_USER_MAIL", "GIT_PERSONAL_ACCESS_TOKEN")),
    Step("clone", step_clone, ("GIT_REPOSITORY",)),
    Step("duckdb", step_duckdb, ("AWS_ENDPOINT_URL",)),
    Step("personal", step_personal, ("PERSONAL_INIT_SCRIPT",)),
)


def run_step(step: Step, places: Places) -> Result:
    """Run one step and return how it ended; nothing it does ends the program."""
    try:
        return step.run(places)
    except StepError as error:
        return Result("failed", error.code, error.detail)
    except OSError as error:
        name = Path(str(error.filename)).name if error.filename else step.name
        return Result("failed", "io", f"{error.strerror}: {name}")


def tell(step: str, result: Result, seconds: float | None = None) -> None:
    """Print one line of the result."""
    detail: dict[str, object] = {} if seconds is None else {"seconds": round(seconds, 3)}
    detail |= {"code": result.code} if result.code else {}
    detail |= {"said": result.said} if result.said else {}
    print(json.dumps({"step": step, "status": result.status, "detail": detail}), flush=True)


def main() -> int:
    """Run the steps in order; return 3 when an essential one failed, else 0."""
    os.umask(0o077)
    home = Path(os.environ["HOME"])
    work = Path(os.environ.get("ROOT_PROJECT_DIRECTORY") or home / "work")
    places = Places(home=home, work=work, own=home / ".sardonyx", exported={})
    for step in STEPS:
        if step.asked_by and not any(places.text(name) for name in step.asked_by):
            continue
        tell(step.name, Result("started"))
        begun = time.monotonic()
        result = run_step(step, places)
        tell(step.name, result, time.monotonic() - begun)
        if result.status == "failed" and step.essential:
            return EXIT_ESSENTIAL
    return 0


if __name__ == "__main__":
    sys.exit(main())
