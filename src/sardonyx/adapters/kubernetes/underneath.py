"""Write the Helm and kubectl commands that do the same without us, as pasteable scripts. Pure.

They come from the words Helm was called with. A secret stands as `$VAR`. Source: wire-api.md
9.4, launcher.md 15.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from sardonyx.catalog.models import ChartRef
from sardonyx.launcher.commands import here_document
from sardonyx.launcher.masking import variables
from sardonyx.services.models import LaunchPlan
from sardonyx.values import JsonObject, Path


@dataclass(frozen=True, slots=True)
class ChartPlace:
    """Where anybody finds a chart. repository: address of a Helm repository; empty for an

    OCI address or a folder, which stand in `chart` whole. note: what to know of it.
    """

    chart: str
    repository: str = ""
    note: str = ""


def place_of(chart: ChartRef, address: str) -> ChartPlace:
    """Return a chart's place in the catalogue at `address`; empty for one of our own folders."""
    if not address:
        note = f"{chart.chart} {chart.version} is a folder of the catalogue “{chart.catalog}”"
        return ChartPlace(f"./{chart.chart}", note=note)
    if address.startswith("oci://"):
        return ChartPlace(f"{address.rstrip('/')}/{chart.chart}")
    return ChartPlace(chart.chart, repository=address)


def launch(plan: LaunchPlan, namespace: str, place: ChartPlace) -> str:
    """Return the script of a launch, which is that of an edit and an upgrade too."""
    return _with_values(
        plan.values,
        plan.secret_paths,
        [
            *("upgrade", "--install", "--history-max", "0", plan.release),
            *_chart(plan.chart, place),
            *("--namespace", namespace, "--values", "./values.yaml"),
        ],
        place,
    )


def pause(release: str, chart: ChartRef, namespace: str, place: ChartPlace, *, paused: bool) -> str:
    """Return the script that pauses or resumes."""
    words = [
        *("upgrade", "--reuse-values", "--history-max", "0", release, *_chart(chart, place)),
        *("--namespace", namespace, "--set", f"global.suspend={str(paused).lower()}"),
    ]
    return _noted(place) + _helm(words)


def rollback(release: str, revision: int, namespace: str) -> str:
    words = ["rollback", "--history-max", "0", release, str(revision), "--namespace", namespace]
    return _helm(words)


def uninstall(release: str, namespace: str) -> str:
    return _helm(["uninstall", release, "--namespace", namespace])


def restart(release: str, namespace: str) -> str:
    words = ["kubectl", "delete", "pods", "--namespace", namespace]
    return shlex.join([*words, "--selector", f"app.kubernetes.io/instance={release}"]) + "\n"


def history(release: str, namespace: str) -> str:
    return _helm(["history", release, "--namespace", namespace])


def look(namespace: str, release: str | None = None) -> str:
    """Return what shows a namespace, or one release, and changes nothing (launcher.md 15)."""
    place = ("--namespace", namespace)
    if release is None:
        return _helm(["list", *place]) + shlex.join(["kubectl", "get", "quota", *place]) + "\n"
    return _helm(["get", "notes", release, *place]) + _helm(["get", "values", release, *place])


def events(namespace: str) -> str:
    """Return what shows a namespace's events, the newest last, then those that warn alone."""
    words = ["kubectl", "get", "events", "--namespace", namespace]
    words += ["--sort-by", ".metadata.creationTimestamp"]
    return (
        shlex.join(words) + "\n" + shlex.join([*words, "--field-selector", "type!=Normal"]) + "\n"
    )


def _with_values(
    values: JsonObject, secret_paths: frozenset[Path], words: Sequence[str], place: ChartPlace
) -> str:
    asked = sorted(set(variables(secret_paths, values).values()))
    lines = [_noted(place)]
    if asked:
        lines.append(f"# Give first: {', '.join(asked)}\n")
    lines += [
        "(\nset -eu\numask 077\n",
        *(f': "${{{name}:?give {name} first}}"\n' for name in asked),
        f"cat {here_document(values, secret_paths)}",
        _helm(words),
        ")\n",
    ]
    return "".join(lines)


def _noted(place: ChartPlace) -> str:
    return f"# {place.note}\n" if place.note else ""


def _chart(chart: ChartRef, place: ChartPlace) -> list[str]:
    words = [place.chart]
    if place.repository:
        words += ["--repo", place.repository]
    if place.repository or place.chart.startswith("oci://"):
        words += ["--version", chart.version]
    return words


def _helm(words: Sequence[str]) -> str:
    return shlex.join(["helm", *words]) + "\n"
