"""What reading a table can meet, each with its own words and remedy."""

from __future__ import annotations

from sardonyx.errors import Kind, SystemFault
from sardonyx.files.errors import PreviewError, QueryRefusedError
from sardonyx.text import N_


class EmptyFileError(PreviewError):
    code = "preview_empty"
    detail = N_("“{key}” is empty: it holds no byte.")
    next_step = N_("Check where the file comes from, and upload it again.")


class WrongFormatError(PreviewError):
    code = "preview_wrong_format"
    detail = N_("“{key}” is named as {named}, but holds something else.")
    next_step = N_("Give the file the ending of what it holds (.parquet, .csv, .json).")


class EncodingError(PreviewError):
    code = "preview_encoding"
    detail = N_("“{key}” is a text, but not in UTF-8.")
    next_step = N_(
        "Save it in UTF-8, or read it in JupyterLab and name its encoding: "
        "duckdb.read_csv(…, encoding='latin-1')."
    )


class DamagedFileError(PreviewError):
    code = "preview_damaged"
    detail = N_("“{key}” cannot be read as {named}: {reason}")
    next_step = N_("It may have been cut on its way: upload it again, or open it in JupyterLab.")


class RowTooLargeError(PreviewError):
    code = "preview_row_too_large"
    detail = N_("“{key}” has a line or a value too large to be shown: {reason}")
    next_step = N_("Open the file in JupyterLab, where you can raise the limit.")


class QueryFailedError(PreviewError):
    code = "query_failed"
    title = N_("The query did not run")
    detail = N_("{reason}")
    next_step = N_("Correct the query. The table is called “data”.")


class NotOneSelectError(QueryRefusedError):
    detail = N_("Only one SELECT runs here.")


class ForeignTableError(QueryRefusedError):
    detail = N_("“{name}” cannot be read here: the only table is “data”.")


class ForbiddenFunctionError(QueryRefusedError):
    detail = N_("The function “{name}” is not available here.")


class OutsideAccessError(QueryRefusedError):
    detail = N_("The query reached for something outside the file.")


class PreviewIsolationError(SystemFault):
    code = "preview_isolation"
    title = N_("Tables cannot be shown safely on this machine")
    detail = N_("They are read by a program shut in by bubblewrap, which failed: {reason}")
    next_step = N_(
        "“sardonyx doctor” tells what is missing. Meanwhile, open the file in JupyterLab."
    )


class PreviewCrashedError(SystemFault):
    code = "preview_crashed"
    kind = Kind.FAULT
    title = N_("The program that reads tables ended too early")
    detail = N_("It ended with code {exit_code}; the file was not touched.")
    next_step = N_("Try again. If it happens again, open the file in JupyterLab.")
