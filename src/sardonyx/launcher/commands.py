"""Show what does the same as a launch without us, and with our own command line.

Both are pasteable scripts. A secret stands as `$VAR`, named after its path; every other `$`,
backtick and backslash of a here-document is escaped. Source: launcher.md 15.
"""

from __future__ import annotations

import re
import shlex

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
