"""Errors of the catalogue."""

from __future__ import annotations

from sardonyx.errors import Kind, SystemFault, UserError
from sardonyx.text import N_


class ChartNotFoundError(UserError):
    code = "chart_not_found"
    kind = Kind.NOT_FOUND
    title = N_("Unknown service")
    detail = N_("There is no chart “{chart}” in the catalogue “{catalog}”.")
    next_step = N_("Look at the catalogue: “sardonyx catalog list”.")


class ChartVersionNotFoundError(UserError):
    code = "chart_version_not_found"
    kind = Kind.NOT_FOUND
    title = N_("Unknown version")
    detail = N_("The chart “{chart}” has no version {version}.")
    next_step = N_("Choose one of: {known}.")


class CatalogNotFoundError(UserError):
    code = "catalog_not_found"
    kind = Kind.NOT_FOUND
    title = N_("Unknown catalogue")
    detail = N_("There is no catalogue “{catalog}”.")
    next_step = N_("Choose one of: {known}.")


class IconNotFoundError(UserError):
    code = "icon_not_found"
    kind = Kind.NOT_FOUND
    title = N_("No icon")
    detail = N_("The chart “{chart}” has no icon.")
    next_step = N_("Show its name instead.")


class CatalogSettingsError(UserError):
    code = "catalog_settings"
    title = N_("A catalogue's settings are wrong")
    detail = N_("In the catalogue “{catalog}”, the setting “{key}” is wrong: {reason}.")
    next_step = N_("Correct it in the platform's settings and start again.")


class ChartContentMissingError(SystemFault):
    code = "chart_content_missing"
    title = N_("The chart is not at hand")
    detail = N_("What was read of {chart} {version} is no longer on the platform's disk.")
    next_step = N_("Try again in a few minutes: the platform reads it again from its catalogue.")


class CatalogRefreshRefusedError(UserError):
    code = "catalog_refresh_refused"
    kind = Kind.REFUSED
    title = N_("Only an administrator may do this")
    detail = N_("Catalogues are read again at once for administrators alone.")
    next_step = N_("Wait: they are read again every few minutes.")


class CatalogReportRefusedError(UserError):
    code = "catalog_report_refused"
    kind = Kind.REFUSED
    title = N_("Only an administrator may do this")
    detail = N_("What charts lack on this platform is told to administrators alone.")
    next_step = N_("Ask one of them.")


class OwnChartsOffError(UserError):
    code = "own_charts_off"
    kind = Kind.REFUSED
    title = N_("Charts of your own are switched off")
    detail = N_("This platform takes charts from its catalogues alone.")
    next_step = N_("Ask an administrator to add the chart to a catalogue.")


class ChartSourceError(UserError):
    code = "chart_source"
    title = N_("The chart cannot be had")
    detail = N_("“{address}” gives no chart that can be read; what is wrong is listed.")
    next_step = N_("Check the address, the chart's name and its version.")


class ReviewGoneError(UserError):
    code = "chart_review_gone"
    kind = Kind.NOT_FOUND
    title = N_("This review is no longer there")
    detail = N_("What was fetched is kept only until newer charts are reviewed.")
    next_step = N_("Have the chart reviewed again.")


class OwnChartRefusedError(UserError):
    code = "own_chart_refused"
    kind = Kind.REFUSED
    title = N_("This chart cannot run here")
    detail = N_("The chart “{chart}” is not kept: {reason}")
    next_step = N_("Use it on a platform with a cluster, or ask its author for a local.yaml.")


class OwnChartsFullError(UserError):
    """One person keeps no more: another chart must go first, which is theirs to say."""

    code = "own_charts_full"
    kind = Kind.CONFLICT
    title = N_("You keep as many charts as one person can")
    detail = N_("“{chart}” is not kept: you keep {most} charts already. The oldest is {oldest}.")
    next_step = N_(
        "Remove one that you no longer need, then keep this one. One that you removed still counts "
        "while services of yours use it."
    )


class ChartReviewsTooManyError(UserError):
    """Each takes room on the platform's disk, and its time."""

    code = "chart_reviews_too_many"
    kind = Kind.REFUSED
    title = N_("Too many charts were looked at")
    detail = N_("One person may have {most} charts reviewed in an hour.")
    next_step = N_("Keep one of those that wait for your word, or come back in a while.")


class OwnChartOutsideError(UserError):
    """On a cluster: what it would create reaches out of the project's namespace."""

    code = "own_chart_outside"
    kind = Kind.REFUSED
    title = N_("This chart cannot run here")
    detail = N_("The chart “{chart}” is not kept: it reaches out of your project. {reason}")
    next_step = N_(
        "Ask an administrator to add it to a catalogue and to install what it needs of the whole "
        "cluster, or its author for a chart that stays in one namespace."
    )


class ChartAddressRefusedError(UserError):
    code = "chart_address_refused"
    kind = Kind.REFUSED
    title = N_("Charts are not taken from there")
    detail = N_("On this platform, no chart of one's own comes from “{address}”.")
    next_step = N_("Take one from: {known}. An administrator may allow more.")


class ChartArchiveRefusedError(UserError):
    code = "chart_archive_refused"
    kind = Kind.REFUSED
    title = N_("No archive is taken here")
    detail = N_("On this platform, a chart of one's own comes from an address.")
    next_step = N_("Take one from: {known}. An administrator may allow archives too.")
