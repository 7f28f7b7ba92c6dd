"""Errors of the catalogue."""

from __future__ import annotations

from sardonyx.errors import Kind, UserError
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
