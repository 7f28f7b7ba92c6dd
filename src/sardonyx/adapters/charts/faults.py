"""Say what is wrong with a repository or an archive, in words that can be kept and translated."""

from __future__ import annotations

from collections.abc import Mapping

from sardonyx.errors import Problem
from sardonyx.text import N_, Scalar, Text
from sardonyx.values import Json, JsonObject


class RepositoryError(Exception):
    """What keeps a repository or one of its archives from being read.

    place: an address or a file, never with a key in it. template: marked for translation where
    it is written. challenge: `WWW-Authenticate` of an answer that refused us.
    """

    def __init__(
        self,
        code: str,
        template: str,
        values: Mapping[str, Scalar] | None = None,
        *,
        place: str = "",
        challenge: str = "",
    ) -> None:
        self.challenge = challenge
        self.problem = Problem(place, code, "error", Text(template, dict(values or {})))
        super().__init__(f"{place}: {self.problem.message.in_language('en')}")

    def at(self, place: str) -> RepositoryError:
        """Return the same fault at `place`."""
        message = self.problem.message
        return RepositoryError(self.problem.code, message.template, message.values, place=place)


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
