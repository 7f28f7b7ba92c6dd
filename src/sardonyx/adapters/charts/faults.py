"""Send faults of repositories and archives between processes, and say that of our own disk."""

from __future__ import annotations

from sardonyx.catalog.faults import RepositoryError
from sardonyx.errors import Problem
from sardonyx.text import N_, Text
from sardonyx.values import Json, JsonObject


def of_disk(error: Exception) -> RepositoryError:
    """Return the fault of our own disk: full, or changed by another's hand."""
    template = N_("What was read cannot be kept on disk ({reason}).")
    reason = getattr(error, "strerror", None) or type(error).__name__
    return RepositoryError("repository_disk", template, {"reason": reason})


def problem_document(problem: Problem) -> JsonObject:
    """Return a problem as JSON, to be kept and sent between processes."""
    return {
        "place": problem.pointer,
        "code": problem.code,
        "template": problem.message.template,
        "values": dict(problem.message.values),
    }


def problem_of(document: Json) -> Problem:
    """Return the problem that `problem_document` wrote. Raises ValueError for anything else."""
    match document:
        case {
            "place": str(place),
            "code": str(code),
            "template": str(template),
            "values": dict(values),
        }:
            plain = {key: one for key, one in values.items() if isinstance(one, (str, int, float))}
            return Problem(place, code, "error", Text(template, plain))
    raise ValueError("no problem")
