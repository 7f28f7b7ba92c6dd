"""Errors of a person's account."""

from __future__ import annotations

from sardonyx.errors import Kind, SystemFault, UserError
from sardonyx.text import N_


class PreferenceError(UserError):
    code = "preference_invalid"
    title = N_("This choice cannot be saved")
    detail = N_("“{value}” is not possible for {name}.")
    next_step = N_("Choose one of: {known}.")


class ProfileNotOfferedError(UserError):
    code = "profile_not_offered"
    kind = Kind.NOT_FOUND
    title = N_("There is no profile here")
    detail = N_("The administrator of this platform asks nobody for one.")
    next_step = N_("Your name, Git and language are on the account page.")


class ProfileInvalidError(UserError):
    """A profile that does not fit the administrator's schema; its problems say where."""

    code = "profile_invalid"
    title = N_("The profile was not saved")
    detail = N_("Some of what it says is not possible.")
    next_step = N_("Correct what is named, then save again.")


class ProfileSchemaError(SystemFault):
    code = "profile_schema"
    title = N_("The profile's form cannot be shown")
    detail = N_("The file {file} of the profile's schemas is not one: {reason}")
    next_step = N_("An administrator corrects the file; it is read again by itself.")
