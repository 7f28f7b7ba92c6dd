"""Read a launcher's link as the launch it asks for, and write it: the same for every way in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from sardonyx.errors import Problem
from sardonyx.launcher.links import Link, without_secrets, write_query
from sardonyx.launcher.models import error
from sardonyx.launcher.patch import flattened
from sardonyx.projects.models import Actor
from sardonyx.services.errors import LinkWithoutChartError
from sardonyx.services.launching import LaunchRequest, OpenDraft
from sardonyx.services.service import Services
from sardonyx.text import N_

_LAUNCHERS = ("launch", "launcher")  # ours, and Onyxia's


def linked(
    services: Services, actor: Actor, *, project: str, request: LaunchRequest, link: str
) -> LaunchRequest:
    """Return `request` with what `link` says below it: what the request says itself wins.

    link: a launcher's whole address, or its part after `?`. What cannot be read, or names another
    chart, is among the request's problems. Raises LinkWithoutChartError, ChartNotFoundError and
    its kin.
    """
    place, query = _parts(link)
    chart, catalog = request.chart or place[1], request.catalog or place[0] or None
    if not chart:
        raise LinkWithoutChartError(field="link")
    problems: tuple[Problem, ...] = ()
    if place[1] not in ("", chart) or place[0] not in ("", catalog):
        said = N_("The link is for {link}, and {chart} is to be launched.")
        problems = (error((), "link_of_another_chart", said, link=place[1][:80], chart=chart),)
    read = services.read_link(actor, project=project, chart=chart, catalog=catalog, query=query)
    asked = read.link
    version = request.version
    if version is None and asked.version is not None:
        chosen = services.chosen_version(
            actor, project=project, chart=chart, catalog=catalog, asked=asked.version
        )
        version = chosen.version
        problems += () if chosen.notice is None else (chosen.notice,)
    return replace(
        request,
        chart=chart,
        catalog=catalog,
        version=version,
        friendly_name=request.friendly_name or asked.name,
        shared=asked.shared if request.shared is None else request.shared,
        s3_profile=request.s3_profile or asked.s3_profile,
        linked=asked.patch,
        problems=(*problems, *read.problems),
    )


@dataclass(frozen=True, slots=True)
class WrittenLaunch:
    """The query of a launcher's link. left_out: how many of its settings no link holds."""

    query: str
    left_out: int


def written_launch(
    opened: OpenDraft, *, friendly_name: str | None, shared: bool | None
) -> WrittenLaunch:
    """Return the query that opens the launcher as `opened` is; nothing secret is in it."""
    draft = opened.draft
    _, patch = opened.plain()
    singles = [one for entry in patch for one in flattened(entry)]
    open_ones = without_secrets(singles, draft.secret_paths)
    written = write_query(
        Link(
            name=friendly_name,
            shared=shared,
            version=draft.chart.ref.version,
            s3_profile=opened.s3_profile if draft.uses_s3 else None,
            patch=open_ones,
        )
    )
    return WrittenLaunch(written.query, len(singles) - len(open_ones) + len(written.left_out))


def _parts(link: str) -> tuple[tuple[str, str], str]:
    """Return catalogue and chart, empty where the link does not say them, and the query."""
    if "?" not in link and "/" not in link.split("=", maxsplit=1)[0]:
        return ("", ""), link
    try:
        read = urlsplit(link)
    except ValueError:
        return ("", ""), ""
    words = [unquote(word) for word in read.path.split("/") if word]
    for number, word in enumerate(words):
        if word in _LAUNCHERS and len(words) >= number + 3:
            return (words[number + 1], words[number + 2]), read.query
    return ("", ""), read.query
