"""Write the shell script that runs what a release runs, without the platform.

Secrets stand as `$VAR`: whoever runs the script sets them first. All of it is one subshell: it
is read whole before it begins, and when it ends it does not take along the shell it was pasted
into.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from sardonyx.adapters.processes.profile import Profile
from sardonyx.adapters.processes.release_folder import Orders
from sardonyx.adapters.processes.rendering import Place, render
from sardonyx.adapters.processes.sandbox import Layout, Level
from sardonyx.catalog.models import Chart
from sardonyx.launcher.models import Unset
from sardonyx.launcher.references import look_up
from sardonyx.services.models import LaunchPlan
from sardonyx.values import Json, JsonObject

_LAYOUT = Layout(home="@HOME@", work="@HOME@/work", run="@HOME@/run", token="@TOKEN@")  # noqa: S106
# Stands for the port while rendering: no chart writes this number.
_PORT = 58739
_LEAST_SECRET = 8
# What our pinned requirements are resolved for.
_PYTHON = "'>=3.11,<3.14'"
_PIN = re.compile(r"^([A-Za-z0-9._-]+(?:\[[^\]]*\])?\s*==\s*[^\s;\\]+)(\s*;[^\\]*)?")
_SECRET_OF_CONTEXT = (
    ("service", "oneTimePassword"),
    ("user", "password"),
    ("project", "password"),
    ("git", "token"),
    ("vault", "VAULT_TOKEN"),
    ("s3", "AWS_SECRET_ACCESS_KEY"),
    ("s3", "AWS_SESSION_TOKEN"),
)


def script(
    chart: Chart, profile: Profile, plan: LaunchPlan, *, discovery: Mapping[str, JsonObject]
) -> str:
    """Return the script (POSIX shell). It needs uv, and the programs of the service."""
    place = Place(
        layout=_LAYOUT,
        level=Level.NONE,
        boot="",
        port=_PORT,
        address_port=_PORT,
        domain=f"localhost:{_PORT}",
        discovery=discovery,
    )
    rendered = render(chart, profile, plan, place)
    orders = rendered.orders
    hidden = _secret_texts(plan, discovery)
    asked = [name for name, value in sorted(orders.env.items()) if value in hidden]
    lines = [
        *_heading(plan, orders, asked),
        "(",
        "set -eu",
        *(f': "${{{name}:?give {name} first}}"; export {name}' for name in asked),
        f'here="${{HERE:-$PWD/{plan.release}}}"',
        'port="${PORT:-8899}"',
        'mkdir -p "$here/work" "$here/run"',
        'chmod 700 "$here" "$here/run"',
    ]
    if orders.requirements is not None:
        lines.append(f'uv venv --quiet --allow-existing --python {_PYTHON} "$here/environment"')
        if pinned := pins(orders.requirements):
            lines += ["cat > \"$here/requirements.txt\" <<'END'", *pinned, "END"]
            lines.append(
                'uv pip install --quiet --python "$here/environment/bin/python"'
                ' --requirements "$here/requirements.txt"'
            )
        lines.append('export PATH="$here/environment/bin:$PATH"')
    for name, content in orders.files.items():
        target = f'"$here/{name}"'
        lines += [
            f'mkdir -p "$(dirname {target})"',
            f"cat > {target} <<'END-OF-FILE'",
            content.removesuffix("\n"),
            "END-OF-FILE",
        ]
    lines += [
        _export(name, value, hidden)
        for name, value in sorted(orders.env.items())
        if name not in asked
    ]
    lines.append('export HOME="$here"')
    lines.append('cd "$here/work"')
    if orders.init:
        lines += _git(orders.env)
    lines += [_command(step.command, hidden) for step in orders.steps]
    lines += ["exec " + _command(rendered.alone, hidden), ")"]
    return "\n".join(lines) + "\n"


def action(verb: str, release: str) -> str:
    """Return what does one action where a release runs by its script."""
    if verb == "delete":
        return (
            "# End the program first (Ctrl-C in its terminal); this removes its files.\n"
            f'rm -rf -- "${{HERE:-$PWD/{release}}}"\n'
        )
    if verb == "pause":
        return (
            "# A pause ends the program and keeps its folder. Where it runs by its script, that\n"
            "# is Ctrl-C in its terminal.\n"
        )
    if verb == "history":
        return "# Revisions exist on the platform only.\n"
    return "# Run the script of the launch again: its folder is still there.\n"


def pins(requirements: str) -> list[str]:
    """Return the pinned requirements without their hashes and comments."""
    found = []
    for line in requirements.splitlines():
        match = _PIN.match(line)
        if match is not None:
            found.append((match[1] + (match[2] or "")).strip())
    return found


def _export(name: str, value: str, hidden: frozenset[str]) -> str:
    if not value:  # what the launch left empty may be given by whoever runs the script
        return f'export {name}="${{{name}:-}}"'
    return f"export {name}={_shown(value, hidden)}"


def _heading(plan: LaunchPlan, orders: Orders, asked: list[str]) -> list[str]:
    """Return what to know before it runs."""
    chart = plan.chart
    lines = [
        f"# {chart.chart} {chart.version} without sardonyx. Folder: ./{plan.release}, or $HERE."
        " Port: 8899, or $PORT. Ctrl-C ends it."
    ]
    if orders.requirements is not None:
        lines.append("# Needs uv (pip install uv), and to be run as an ordinary user, not root.")
    if asked:
        lines.append(f"# Give first: {', '.join(asked)}")
    if "s3" in plan.context:
        lines.append(
            "# For files in S3: AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID,"
            " AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN"
        )
    return lines


def _git(env: Mapping[str, str]) -> list[str]:
    """Return what gives Git the person's name and brings the chosen repository.

    A token is not passed on: Git asks for it at the terminal.
    """
    lines = [
        f'git config --global user.{key} "${name}"'
        for key, name in (("name", "GIT_USER_NAME"), ("email", "GIT_USER_MAIL"))
        if env.get(name)
    ]
    repository = env.get("GIT_REPOSITORY", "")
    folder = PurePosixPath(urlsplit(repository).path).name.removesuffix(".git")
    if folder and not folder.startswith("."):
        branch = '--branch "$GIT_BRANCH" ' if env.get("GIT_BRANCH") else ""
        target = f'"$here/work"/{shlex.quote(folder)}'
        lines.append(f'[ -e {target} ] || git clone --quiet {branch}-- "$GIT_REPOSITORY" {target}')
    return ["if command -v git >/dev/null; then", *lines, "fi"] if lines else []


def _command(words: list[str], hidden: frozenset[str]) -> str:
    return " ".join(_shown(word, hidden) for word in words)


def _shown(text: str, hidden: frozenset[str]) -> str:
    """Quote `text`; places become `$here`, a secret inside becomes `$SECRET`."""
    for secret in hidden:
        # A short text is no secret inside another: it would hit words by chance.
        if secret == text or (len(secret) >= _LEAST_SECRET and secret in text):
            text = text.replace(secret, "@SECRET@")
    quoted = shlex.quote(text)
    if "@" not in text and str(_PORT) not in text:
        return quoted
    if not quoted.startswith("'"):
        quoted = f"'{quoted}'"
    for place, variable in (("@HOME@", "here"), ("@SECRET@", "SECRET"), (str(_PORT), "port")):
        quoted = quoted.replace(place, f"'\"${variable}\"'")
    return quoted.replace("''", "") or "''"


def _secret_texts(plan: LaunchPlan, discovery: Mapping[str, JsonObject]) -> frozenset[str]:
    found: set[str] = set()
    for path in plan.secret_paths:
        _collect(look_up(tuple(str(part) for part in path), plan.merged), found)
    for name in _SECRET_OF_CONTEXT:
        _collect(look_up(name, plan.context), found)
    for keys in discovery.values():
        _collect(keys.get("password"), found)
    return frozenset(found)


def _collect(value: Json | Unset, found: set[str]) -> None:
    if isinstance(value, str) and value:
        found.add(value)
