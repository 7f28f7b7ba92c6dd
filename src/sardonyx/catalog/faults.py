"""Say what keeps a chart from being brought, in words that can be kept and translated."""

from __future__ import annotations

from collections.abc import Mapping

from sardonyx.errors import Problem
from sardonyx.text import Scalar, Text


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
