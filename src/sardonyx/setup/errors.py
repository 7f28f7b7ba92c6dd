"""Errors of the settings file of a platform on a cluster, and of starting it."""

from __future__ import annotations

from sardonyx.errors import Kind, SystemFault, UserError
from sardonyx.text import N_


class SettingsFileUnreadableError(UserError):
    """The file is not there, may not be read, or is not YAML at all."""

    code = "settings_file_unreadable"
    title = N_("The settings cannot be read")
    detail = N_("{file}: {reason}.")
    next_step = N_("Give a YAML file that this account may read: “sardonyx serve --config FILE”.")


class SettingsFileError(UserError):
    """Keys or values of the file are wrong; `problems` names each with its place."""

    code = "settings_file"
    title = N_("The settings are not right")
    detail = N_("{file} has {count} mistakes; nothing was started.")
    next_step = N_("Correct each place named above; docs/cluster.md lists every setting.")


class ListenError(SystemFault):
    code = "listen_refused"
    title = N_("The address cannot be listened on")
    detail = N_("{host}:{port}: {reason}.")
    next_step = N_("Free the port, or set another one under “port” or “metricsPort”.")


class ServeStartError(SystemFault):
    """The platform's start failed; the log above it has the fault."""

    code = "serve_start"
    title = N_("The platform did not start")
    detail = N_("It ended before it answered.")
    next_step = N_("Read the line of the log above, correct it and start again.")


class AdministratorRequiredError(UserError):
    """Only administrators see how the platform is set up."""

    code = "administrator_required"
    kind = Kind.REFUSED
    title = N_("This page is for administrators")
    detail = N_("Your account is not named an administrator by the identity provider.")
    next_step = N_(
        "Ask for one of the values of “identity.adminValues” in your account’s claim "
        "“identity.adminClaim”."
    )


class SetupAreaNotFoundError(UserError):
    code = "setup_area_not_found"
    kind = Kind.NOT_FOUND
    title = N_("Unknown part of the set-up")
    detail = N_("“{area}” is none of what is checked.")
    next_step = N_("Choose one of: {known}.")
