"""Errors of running the platform on one machine."""

from __future__ import annotations

from sardonyx.errors import Kind, SystemFault, UserError
from sardonyx.text import N_


class MachineNotSupportedError(UserError):
    code = "machine_not_supported"
    kind = Kind.REFUSED
    title = N_("This machine cannot run the platform")
    detail = N_("sardonyx runs on Linux x86-64 (WSL2 included); this is {machine}.")
    next_step = N_("Use such a machine, or a platform on a cluster: “sardonyx login URL”.")


class PortTakenError(UserError):
    code = "port_taken"
    kind = Kind.CONFLICT
    title = N_("The port is taken")
    detail = N_("Another program already listens on port {port}.")
    next_step = N_("Stop it, or choose another port: “sardonyx up --port {other}”.")


class NotRunningError(UserError):
    code = "platform_not_running"
    kind = Kind.NOT_FOUND
    title = N_("The platform is not running")
    detail = N_("Nothing runs on {home}.")
    next_step = N_("Start it: “sardonyx up”.")


class StartTimeoutError(SystemFault):
    code = "start_timeout"
    kind = Kind.TIMEOUT
    title = N_("A part did not start in time")
    detail = N_("{part} did not answer within {seconds} s. It said: {last}")
    next_step = N_("Read {log}, then run “sardonyx up” again.")


class SupervisorEndedError(SystemFault):
    code = "supervisor_ended"
    title = N_("The platform ended unexpectedly")
    detail = N_("The supervisor is gone, and with it everything it started. Your data are intact.")
    next_step = N_("Run “sardonyx up” again; your services then show as stopped, ready to resume.")


class NotAHomeError(UserError):
    code = "not_a_home"
    kind = Kind.REFUSED
    title = N_("This folder is not the platform's")
    detail = N_("{home} was not made by sardonyx; nothing was removed.")
    next_step = N_("Give the platform's own folder with --home.")


class StillRunningError(UserError):
    code = "platform_running"
    kind = Kind.CONFLICT
    title = N_("The platform is running")
    detail = N_("What runs on {home} must stop before its data can be removed.")
    next_step = N_("Run “sardonyx down” first.")


class ValuesFileError(UserError):
    code = "values_file"
    title = N_("The values could not be read")
    detail = N_("“{file}” is not a YAML document of names and values: {reason}.")
    next_step = N_("Correct the file; “sardonyx catalog show CHART --values” prints a whole one.")


class LaunchFailedError(SystemFault):
    code = "launch_failed"
    title = N_("The service failed")
    detail = N_("“{name}” did not come up.")
    next_step = N_("Read why: “sardonyx services explain {name}”.")


class LaunchWouldFailError(UserError):
    code = "launch_refused"
    title = N_("The launch would be refused")
    detail = N_("The problems above must be solved first.")
    next_step = N_("Correct the values, then try again.")


class ConfirmationNeededError(UserError):
    code = "confirmation_needed"
    kind = Kind.REFUSED
    title = N_("This needs a yes")
    detail = N_("Nobody is at the terminal to be asked; nothing was changed.")
    next_step = N_("Repeat the command with --yes.")
