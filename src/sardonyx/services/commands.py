"""Own the equivalent commands of every action on a service, in both tabs.

They come from what was executed: the request of a launch, the runtime's own script. A secret
never stands in them.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from sardonyx.done import Commands
from sardonyx.launcher.commands import platform_command
from sardonyx.services.launching import plan_of
from sardonyx.services.models import Observation
from sardonyx.values import Json, JsonObject, Path

CHART_GONE = "# The catalogue no longer has this version of the chart.\n"


def command(*words: str) -> str:
    """Return one `sardonyx …` command line, quoted for a POSIX shell."""
    return shlex.join(("sardonyx", *words)) + "\n"


def launch_command(seen: Observation) -> str:
    """Return the `sardonyx launch …` that gives what runs.

    Its secrets are left out rather than written as `$VAR`: most were drawn at the launch, and
    an unset variable would make them empty. So is a store whose profile nobody knows: its
    address would go with the keys of another.
    """
    plan = plan_of(seen, chart=None, context={})
    hidden = plan.secret_paths
    values = without(seen.values, hidden)
    storage = values.get("s3")
    if seen.s3_profile is None and isinstance(storage, dict) and any(p[0] == "s3" for p in hidden):
        values["s3"] = {key: storage[key] for key in ("enabled",) if key in storage}
    shown = replace(plan, values=values, secret_paths=frozenset())
    note = "# Secrets are drawn anew; give your own in the values.\n" if hidden else ""
    return note + platform_command(shown, defaults={}, s3_profile=seen.s3_profile)


def without(values: JsonObject, secret_paths: frozenset[Path]) -> JsonObject:
    """Return `values` without what stands at the secret paths."""

    def kept(value: Json, at: Path) -> Json:
        if isinstance(value, dict):
            return {k: kept(v, (*at, k)) for k, v in value.items() if (*at, k) not in secret_paths}
        if isinstance(value, list):
            return [kept(item, (*at, i)) for i, item in enumerate(value)]
        return value

    return {k: kept(v, (k,)) for k, v in values.items() if (k,) not in secret_paths}


def on_service(verb: Sequence[str], name: str, *, project: str | None, underneath: str) -> Commands:
    """Return the commands of one action on one service; `project` None when it is one's own."""
    where = () if project is None else ("--project", project)
    return Commands(
        platform=command("services", verb[0], name, *verb[1:], *where), underneath=underneath
    )
