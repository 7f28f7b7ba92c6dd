"""Errors of a person's account."""

from __future__ import annotations

from sardonyx.errors import UserError
from sardonyx.text import N_


class PreferenceError(UserError):
    code = "preference_invalid"
    title = N_("This choice cannot be saved")
    detail = N_("“{value}” is not possible for {name}.")
    next_step = N_("Choose one of: {known}.")
