"""Own the words Helm is called with, for what is run and for what is shown alike. Pure.

Source: wire-api.md 9.4; charts.md 9 (`--reuse-values` is right for a pause: it keeps the chart's
old defaults; an edit sends all values instead).
"""

from __future__ import annotations

from datetime import timedelta

from sardonyx.values import JsonObject


def upgrade(
    release: str,
    chart: str,
    namespace: str,
    *,
    limit: timedelta,
    reuse: bool = False,
    rehearsed: bool = False,
    judged_by_server: bool = False,
) -> list[str]:
    """Return the words that install or upgrade.

    reuse: lay the given values over the release's own. rehearsed: only say, as JSON, what would
    be done; Helm then looks things up on the cluster under its account. judged_by_server: the API
    server refuses fields it does not know, as it does where Helm 4 makes a release; reading all
    its schemas first, to judge them here too, is a quarter of an installation's time.
    """
    words = ["upgrade"]
    words += ["--reuse-values"] if reuse else ["--install"]
    words += ["--history-max", "0", *_common(namespace, limit)]
    if judged_by_server:
        words.append("--disable-openapi-validation")
    if rehearsed:
        words += ["--dry-run=server", "--output", "json"]
    return [*words, "--", release, chart]


def rollback(release: str, revision: int, namespace: str, *, limit: timedelta) -> list[str]:
    """Return the words that make `revision` the present state again."""
    words = ["rollback", "--history-max", "0", *_common(namespace, limit)]
    return [*words, "--", release, str(revision)]


def uninstall(release: str, namespace: str, *, limit: timedelta, hooks: bool = True) -> list[str]:
    """Return the words that remove a release; hooks: False for one whose hooks never end."""
    words = ["uninstall", "--ignore-not-found", *_common(namespace, limit)]
    if not hooks:
        words.append("--no-hooks")
    return [*words, "--", release]


def template(release: str, chart: str, namespace: str, *, kubernetes: str = "") -> list[str]:
    """Return the words that render without a cluster; kubernetes: the version to render for."""
    words = ["template", "--namespace", namespace, "--include-crds"]
    if kubernetes:
        words += ["--kube-version", kubernetes]
    return [*words, "--", release, chart]


def pause_values(*, paused: bool) -> JsonObject:
    """Return the values that pause or resume: a boolean, never a text (`"false"` is true)."""
    return {"global": {"suspend": paused}}


def _common(namespace: str, limit: timedelta) -> list[str]:
    return ["--timeout", f"{max(1, int(limit.total_seconds()))}s", "--namespace", namespace]
