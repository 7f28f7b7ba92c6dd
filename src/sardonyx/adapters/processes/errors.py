"""Errors of running programs on one machine."""

from __future__ import annotations

from sardonyx.errors import Kind, SystemFault, UserError
from sardonyx.text import N_


class HomeInUseError(UserError):
    """Another supervisor works on the same home."""

    code = "home_in_use"
    kind = Kind.CONFLICT
    title = N_("The platform is already running")
    detail = N_("Another “sardonyx up” works on {home}.")
    next_step = N_(
        "Run “sardonyx open” to see it, “sardonyx down” to end it, or give another --home."
    )


class SupervisorStartError(SystemFault):
    code = "supervisor_start"
    title = N_("The machine's supervisor did not start")
    detail = N_("It said: {reason}")
    next_step = N_("Read supervisord.log in {logs}, then run “sardonyx up” again.")


class HomePathError(UserError):
    code = "home_path"
    title = N_("This folder cannot hold the platform")
    detail = N_("The path {home} is too long for a socket ({limit} bytes at most).")
    next_step = N_("Give a shorter folder with --home.")


class VariableError(UserError):
    """A variable of the environment that supervisord's configuration cannot carry."""

    code = "variable_unusable"
    title = N_("A setting cannot be passed on")
    detail = N_("{name} mixes quotes, begins or ends with one, or holds “ #” or a line break.")
    next_step = N_("Give {name} another value, then run “sardonyx up” again.")


class ProfileError(UserError):
    """The chart's local.yaml is wrong; `problems` say where."""

    code = "profile_invalid"
    title = N_("The chart's process profile is not right")
    detail = N_("local.yaml of “{chart}”: {first}")
    next_step = N_("Correct local.yaml; “sardonyx chart lint” checks it.")
