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


class SettingError(UserError):
    code = "setting_invalid"
    title = N_("A setting is not right")
    detail = N_("{name}: {reason}.")
    next_step = N_("Correct the variable or the option; docs/reference/settings.md lists them.")


class PortTakenError(UserError):
    code = "port_taken"
    kind = Kind.CONFLICT
    title = N_("The port is taken")
    detail = N_("Another program already listens on port {port}.")
    next_step = N_("Stop it, or choose another port: “sardonyx up --port {other}”.")


class PortRefusedError(UserError):
    code = "port_refused"
    kind = Kind.REFUSED
    title = N_("This port may not be used")
    detail = N_("The system keeps port {port} for its administrator.")
    next_step = N_("Choose a port above 1023: “sardonyx up --port 8000”.")


class NotRunningError(UserError):
    code = "nothing_runs"
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


class ForeignFolderError(UserError):
    """`purge` removes the whole folder: nothing of anybody else may be in it."""

    code = "foreign_folder"
    kind = Kind.REFUSED
    title = N_("This folder holds files of somebody else")
    detail = N_("“{found}” in {home} was not made by sardonyx; nothing was changed.")
    next_step = N_("Move it away, or give a folder of the platform's own with --home.")


class HomeUnusableError(UserError):
    code = "home_unusable"
    kind = Kind.REFUSED
    title = N_("This folder cannot hold the platform")
    detail = N_("{home}: {reason}.")
    next_step = N_("Choose a folder that you may write to, with --home.")


class StillRunningError(UserError):
    code = "platform_running"
    kind = Kind.CONFLICT
    title = N_("The platform is running")
    detail = N_("What runs on {home} must stop before its data can be removed.")
    next_step = N_("Run “sardonyx down” first.")


class ExportTargetError(UserError):
    code = "export_target"
    kind = Kind.CONFLICT
    title = N_("Nothing can be exported there")
    detail = N_("{folder}: {reason}.")
    next_step = N_("Name a folder that does not exist yet, or an empty one.")


class ExportIncompleteError(SystemFault):
    code = "export_incomplete"
    title = N_("Not everything was exported")
    detail = N_("{failed} failed, the first one {first}. All else is written.")
    next_step = N_("README.md in that folder lists what is missing; correct it and export again.")


class PassphraseError(UserError):
    code = "passphrase"
    title = N_("The passphrase cannot be used")
    detail = N_("It is empty, or was not typed the same twice; nothing was written.")
    next_step = N_("Give one line on standard input, or type it at a terminal.")


class WrongPassphraseError(UserError):
    code = "passphrase_wrong"
    kind = Kind.REFUSED
    title = N_("The passphrase does not open this file")
    detail = N_("It is another one, or the file was changed.")
    next_step = N_("Try again with the passphrase of the export.")


class SealedFileError(UserError):
    code = "sealed_file"
    title = N_("This is no file of exported secrets")
    detail = N_("An export writes them as “secrets.json.enc”.")
    next_step = N_("Give that file to “sardonyx export --decrypt”.")


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
    code = "launch_would_fail"
    title = N_("The launch would be refused")
    detail = N_("The problems above must be solved first.")
    next_step = N_("Correct the values, then try again.")


class ConfirmationNeededError(UserError):
    code = "confirmation_needed"
    kind = Kind.REFUSED
    title = N_("This needs a yes")
    detail = N_("Nobody is at the terminal to be asked; nothing was changed.")
    next_step = N_("Repeat the command with --yes.")


class KeyNotFoundError(UserError):
    code = "secret_key_not_found"
    kind = Kind.NOT_FOUND
    title = N_("No such key")
    detail = N_("The secret “{path}” has no key “{key}”.")
    next_step = N_("List its keys: “sardonyx secrets get {path}”.")


class LocalFileError(UserError):
    code = "local_file"
    title = N_("The file on this machine cannot be used")
    detail = N_("“{path}”: {reason}")
    next_step = N_("Check the name and your rights, then try again.")


class FolderNeedsRecursiveError(UserError):
    code = "folder_needs_recursive"
    title = N_("That is a folder")
    detail = N_("“{path}” is a folder.")
    next_step = N_("Add --recursive to act on all that is in it.")


class NoPlatformSideError(UserError):
    code = "no_platform_side"
    title = N_("Neither name is on the platform")
    detail = N_("“{source}” and “{to}” are both files of this machine.")
    next_step = N_("Write the platform's side as “platform:folder/file” or “s3://bucket/key”.")


class OtherBucketError(UserError):
    code = "other_bucket"
    title = N_("That bucket is not the project's")
    detail = N_("“{uri}” is outside the bucket “{bucket}” of {project}.")
    next_step = N_("Name the project it belongs to with --project.")


class FilesFailedError(SystemFault):
    code = "files_failed"
    title = N_("Not every file went through")
    detail = N_("{failed} of {total} files failed; they are named above.")
    next_step = N_("Run the same command again: what is there already is sent again whole.")


class ChartFaultyError(UserError):
    code = "chart_faulty"
    title = N_("The chart has faults")
    detail = N_("{folder}: {count} error(s), listed above.")
    next_step = N_("Correct them and check again.")


class OneChoiceError(UserError):
    code = "one_choice"
    title = N_("Only one of these at a time")
    detail = N_("{choices} print different things.")
    next_step = N_("Ask for one of them.")


class NoTokenError(UserError):
    code = "no_token"
    title = N_("There was no token")
    detail = N_("Standard input gave none.")
    next_step = N_("Make one on the account page of the platform, and paste or pipe it in.")
