"""Show what does the same as a launch without us, and with our own command line.

Both are pasteable scripts. A secret stands as `$VAR`, named after its path; every other `$`,
backtick and backslash of a here-document is escaped. Source: launcher.md 15.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from sardonyx.launcher.masking import replaced, variables
from sardonyx.launcher.models import Unset, path_text
from sardonyx.launcher.overlays import overlay
from sardonyx.launcher.patch import diff
from sardonyx.launcher.yaml_text import quoted, write
from sardonyx.services.models import LaunchPlan
from sardonyx.values import JsonObject, Path

_MARK = "\x00"


def here_document(values: JsonObject, secret_paths: frozenset[Path], *, word: str = "EOF") -> str:
    """Return the body of `cat <<EOF`: YAML where the shell expands the secrets, nothing else."""
    names = variables(secret_paths, values)
    marks = {path: f"{_MARK}{name}{_MARK}" for path, name in names.items()}
    text = write(replaced(values, (), marks))
    text = re.sub(r"([\\$`])", r"\\\1", text)
    for path, name in names.items():
        text = text.replace(_escaped(marks[path]), f'"${name}"')
    if any(line == word for line in text.splitlines()):
        return here_document(values, secret_paths, word=f"{word}_")
    return f"<<{word} > ./values.yaml\n{text}{word}\n"


def _escaped(mark: str) -> str:
    return re.sub(r"([\\$`])", r"\\\1", quoted(mark))


def helm_commands(
    plan: LaunchPlan, *, repository: str | None = None, namespace: str | None = None
) -> str:
    """Return the script `launch-<release>.sh`: Helm alone installs the same release.

    repository: the catalogue's address; without one the chart is taken from its folder.
    """
    chart = plan.chart
    lines: list[str] = []
    if repository is not None:
        lines.append(f"helm repo add {shlex.quote(chart.catalog)} {shlex.quote(repository)}\n")
    lines.append(f"cat {here_document(plan.values, plan.secret_paths)}")
    arguments = [
        *("helm", "install", plan.release, f"{chart.catalog}/{chart.chart}"),
        *("--namespace", namespace or plan.project, "--version", chart.version),
        *("-f", "./values.yaml"),
    ]
    lines.append(shlex.join(arguments) + "\n")
    return "".join(lines)


def release_commands(release: str, namespace: str) -> Mapping[str, str]:
    """Return the Helm and kubectl commands of one release, by what they do."""
    place = shlex.join(["--namespace", namespace])
    name = shlex.quote(release)
    return {
        "list": f"helm list {place}\n",
        "delete": f"helm uninstall {name} {place}\n",
        "notes": f"helm get notes {name} {place}\n",
        "values": f"helm get values {name} {place}\n",
        "quota": f"kubectl get quota {place}\n",
    }


def platform_command(
    plan: LaunchPlan, *, defaults: JsonObject, s3_profile: str | None = None
) -> str:
    """Return `sardonyx launch …` that gives the plan's values from the chart's `defaults`.

    What differs goes by `-f -`, so that no secret is ever an argument; a value that was taken
    away is a `--set path-`. s3_profile: where it is not the usual one.
    """
    chart = plan.chart
    arguments = ["sardonyx", "launch", chart.chart, "--catalog", chart.catalog]
    arguments += ["--version", chart.version, "--project", plan.project]
    arguments += ["--name", plan.friendly_name]
    arguments += ["--shared"] if plan.shared else []
    if s3_profile is not None:
        arguments += ["--storage", s3_profile]
    for entry in diff(defaults, plan.values):
        if isinstance(entry.value, Unset) and not any(isinstance(p, int) for p in entry.path):
            arguments += ["--set", f"{path_text(entry.path)}-"]
    given = overlay(defaults, plan.values)
    if not given:
        return shlex.join(arguments) + "\n"
    document = here_document(given, plan.secret_paths).replace(" > ./values.yaml", "", 1)
    return f"{shlex.join(arguments)} -f - {document}"
