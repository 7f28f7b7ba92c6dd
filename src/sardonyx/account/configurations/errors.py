"""Errors of saved configurations."""

from __future__ import annotations

from sardonyx.account.configurations.models import (
    Difference,
    KeptConfiguration,
    differences,
)
from sardonyx.errors import Kind, Problem, SystemFault, UserError
from sardonyx.launcher.configurations import SavedConfiguration
from sardonyx.launcher.models import PatchEntry, Unset, path_text
from sardonyx.launcher.yaml_text import write
from sardonyx.text import N_, Text
from sardonyx.values import pointer

_SHOWN = 60


class ConfigurationNotFoundError(UserError):
    code = "configuration_not_found"
    kind = Kind.NOT_FOUND
    title = N_("No such saved configuration")
    detail = N_("{project} has no saved configuration “{name}”.")
    next_step = N_("List the saved configurations: somebody may have renamed or deleted it.")


class ConfigurationAmbiguousError(UserError):
    code = "configuration_ambiguous"
    kind = Kind.CONFLICT
    title = N_("Several saved configurations have this name")
    detail = N_("“{name}” is the name of: {known}.")
    next_step = N_("Say which one by its id.")


class ConfigurationNameTakenError(UserError):
    code = "configuration_name_taken"
    kind = Kind.CONFLICT
    title = N_("The name is taken")
    detail = N_("A saved configuration of “{chart}” is already called “{name}”.")
    next_step = N_("Choose another name, or delete that configuration first.")


class ConfigurationChangedError(UserError):
    """Somebody else saved it meanwhile. Both versions are told: nothing of either is lost.

    mine: what was to be kept, None where it was to be deleted. theirs: what is kept now, None
    where it is gone. `problems` name each setting that they have otherwise.
    """

    code = "configuration_changed"
    kind = Kind.PRECONDITION
    title = N_("The saved configuration is not as you saw it")
    detail = N_("“{name}” was changed by {by}; nothing was saved.")
    next_step = N_("Compare both versions, then save over it or under another name.")

    def __init__(
        self, *, mine: SavedConfiguration | None, theirs: KeptConfiguration | None
    ) -> None:
        self.mine = mine
        self.theirs = theirs
        shown = theirs.configuration if theirs is not None else mine
        found = differences(mine, theirs.configuration) if mine and theirs else ()
        super().__init__(
            name=shown.friendly_name if shown is not None else "",
            by=theirs.changed_by if theirs is not None else "?",
            problems=tuple(_difference(one) for one in found),
        )


class ConfigurationGoneError(UserError):
    code = "configuration_gone"
    kind = Kind.PRECONDITION
    title = N_("The saved configuration is gone")
    detail = N_("“{name}” was deleted or renamed meanwhile; nothing was saved.")
    next_step = N_("Save yours as a new one.")


class ConfigurationBusyError(UserError):
    code = "configurations_busy"
    kind = Kind.CONFLICT
    title = N_("Many people save at once")
    detail = N_("The saved configurations of {project} changed again and again meanwhile.")
    next_step = N_("Try again in a moment.")


class ConfigurationLimitError(UserError):
    code = "configurations_full"
    kind = Kind.REFUSED
    title = N_("No room for another saved configuration")
    detail = N_("{project} keeps {most} saved configurations at most, of {size} kB together.")
    next_step = N_("Export some of them to a file and delete them here.")


class ConfigurationTooLargeError(UserError):
    code = "configuration_too_large"
    title = N_("The saved configuration is too large")
    detail = N_("“{name}” takes {size} kB; {most} kB at most are kept.")
    next_step = N_("Keep the large text in a file of yours, and only its address in the setting.")


class ConfigurationRefusedError(UserError):
    """Parts of what was to be saved were not understood; `problems` lists them."""

    code = "configuration_refused"
    title = N_("The configuration was not saved")
    detail = N_("{count} problem(s) must be solved first.")
    next_step = N_("Correct what is named below, then save again.")


class ImportFormatError(UserError):
    code = "import_format"
    title = N_("The file cannot be read")
    detail = N_("It is no file of saved configurations: {reason}")
    next_step = N_("Give a file that “Export” wrote here or in Onyxia, or a values.yaml.")


class ImportTooLargeError(UserError):
    code = "import_too_large"
    title = N_("The file is too large")
    detail = N_("{most} kB at most are read.")
    next_step = N_("Split it, and import the parts one after the other.")


class ConfigurationTagError(UserError):
    code = "configuration_tag"
    title = N_("The version is not one of ours")
    detail = N_("“{tag}” is not the version of a saved configuration.")
    next_step = N_("Send in If-Match the ETag that reading the configuration gave.")


class LaunchLinkExpiredError(UserError):
    """The confirmation was not given by a page of this session, or its link was another."""

    code = "launch_link_expired"
    kind = Kind.REFUSED
    title = N_("This page is no longer valid")
    detail = N_("It was made before you signed in, or for another link. Nothing was launched.")
    next_step = N_("Follow the link again.")


class ConfigurationsUnreadableError(SystemFault):
    """What is kept of a project cannot be read. It is left as it is."""

    code = "configurations_unreadable"
    title = N_("The saved configurations cannot be read")
    detail = N_("What the database keeps of {project} is damaged; it was left as it is.")
    next_step = N_("An administrator restores the table “configurations” from a backup.")


def _difference(one: Difference) -> Problem:
    words = N_("“{path}”: yours is {mine}, the saved one is {theirs}.")
    values = {"path": path_text(one.path), "mine": _shown(one.mine), "theirs": _shown(one.theirs)}
    return Problem(pointer(one.path), "configuration_differs", "error", Text(words, values))


def _shown(entry: PatchEntry | None) -> str:
    """Return a value as a message shows it: `–` for the default, `✗` for a deletion."""
    if entry is None:
        return "–"
    if isinstance(entry.value, Unset):
        return "✗"
    text = " ".join(write(entry.value).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
