"""Errors of files, previews and the object store."""

from __future__ import annotations

from sardonyx.errors import Kind, SystemFault, UserError
from sardonyx.text import N_


class FilesAbsentError(UserError):
    """The region gives no keys to a store: the pages of files are hidden, a program is told."""

    code = "files_absent"
    kind = Kind.NOT_FOUND
    title = N_("There is no storage of files here")
    detail = N_("This platform was set up without one.")
    next_step = N_("An administrator adds one, with “sts”, under “data.S3” of the region.")


class ObjectNotFoundError(UserError):
    code = "object_not_found"
    kind = Kind.NOT_FOUND
    title = N_("No such file")
    detail = N_("There is no file “{key}”.")
    next_step = N_("List the folder to see what is there.")


class ObjectExistsError(UserError):
    code = "object_exists"
    kind = Kind.CONFLICT
    title = N_("A file of that name is already there")
    detail = N_("“{key}” already exists and was left as it is.")
    next_step = N_("Choose to replace it, or give the new file another name.")


class ObjectNameError(UserError):
    code = "object_name"
    title = N_("This name cannot be used for a file")
    detail = N_("“{key}” cannot be stored under that very name, so nothing was stored.")
    next_step = N_(
        "Rename it: no backslash, no “//”, no “.” or “..” between slashes, no “/” at the end, "
        "at most 255 bytes between slashes and 1024 in all."
    )


class AccessRefusedError(UserError):
    code = "store_access_refused"
    kind = Kind.REFUSED
    title = N_("The storage refused access")
    detail = N_("You may not reach “{bucket}”.")
    next_step = N_("Work in the storage of one of your own projects.")


class StorageProfileGoneError(UserError):
    """The region gives the person no such profile (any more), or not in that project."""

    code = "storage_profile_gone"
    kind = Kind.REFUSED
    title = N_("This storage is not yours to use here")
    detail = N_("The storage profile “{profile}” is not there for you in “{project}”.")
    next_step = N_(
        "Launch the service again with storage that its form offers. If you should have this one, "
        "ask who keeps your groups to look at them."
    )


class StoreUnavailableError(SystemFault):
    code = "store_unavailable"
    title = N_("The storage does not answer")
    detail = N_("Your files cannot be reached for now; nothing was changed.")
    next_step = N_("Wait a few seconds and try again. “sardonyx doctor” says which part is down.")


class UploadInterruptedError(UserError):
    code = "upload_interrupted"
    title = N_("The upload stopped before its end")
    detail = N_("“{key}” was not changed: {received} bytes arrived.")
    next_step = N_("Send the file again.")


class PreviewError(UserError):
    """Root of what reading a table can meet."""

    code = "preview_failed"
    title = N_("This file cannot be shown as a table")
    detail = N_("“{key}”: {reason}")
    next_step = N_("Open the file in JupyterLab to look at it closely.")


class PreviewFormatError(PreviewError):
    code = "preview_format"
    detail = N_("“{key}” is not a Parquet, CSV or JSON file.")
    next_step = N_("Download it, or open it in JupyterLab.")


class PreviewLimitError(PreviewError):
    code = "preview_limit"
    kind = Kind.TIMEOUT
    title = N_("The query was stopped")
    detail = N_("It went over the limit of {limit}.")
    next_step = N_("Ask for less (fewer columns, a filter), or run it in JupyterLab.")


class QueryRefusedError(PreviewError):
    code = "query_refused"
    kind = Kind.REFUSED
    title = N_("This query is not allowed here")
    detail = N_("{reason}")
    next_step = N_("Write one SELECT over the table “data”; anything else runs in JupyterLab.")
