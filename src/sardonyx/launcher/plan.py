"""Make the plan that a runtime executes from a draft that is ready. Source: launcher.md 13."""

from __future__ import annotations

import re

from sardonyx.launcher.draft import Draft
from sardonyx.launcher.models import UNSET
from sardonyx.launcher.scalars import at
from sardonyx.services.models import LaunchPlan

RELEASE_LENGTH = 53  # what Helm accepts
_NOT_A_LABEL = re.compile(r"[^a-z0-9-]+")


def release_name(chart: str, suffix: str) -> str:
    """Return `<chart>-<suffix>`; the chart's part is cut to keep 53 characters at most."""
    name = _NOT_A_LABEL.sub("-", chart.lower()).strip("-") or "service"
    if not name[0].isalpha():
        name = f"s-{name}"
    return f"{name[: RELEASE_LENGTH - len(suffix) - 1].rstrip('-')}-{suffix}"


def make_plan(
    draft: Draft,
    *,
    release: str,
    project: str,
    owner: str,
    friendly_name: str,
    shared: bool,
    s3_profile: str | None = None,
) -> LaunchPlan:
    """Return the plan of a draft. The caller has made sure that `draft.errors` is empty.

    s3_profile: the storage profile of its context, which counts where the chart reads it.
    """
    return LaunchPlan(
        release=release,
        project=project,
        owner=owner,
        friendly_name=friendly_name,
        shared=shared,
        chart=draft.chart.ref,
        values=draft.values,
        merged=draft.merged,
        context=draft.context,
        secret_paths=frozenset(
            path for path in draft.secret_paths if at(draft.values, path) is not UNSET
        ),
        s3_profile=s3_profile if draft.uses_s3 else None,
    )
