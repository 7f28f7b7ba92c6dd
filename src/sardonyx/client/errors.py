"""Errors a caller of the platform meets: what the platform answered, or that it did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sardonyx.errors import EXIT_CODE, HTTP_STATUS, Kind, PlatformError, SystemFault, UserError
from sardonyx.text import N_, Text

_KIND = {status: kind for kind, status in HTTP_STATUS.items()} | {
    400: Kind.INVALID,
    405: Kind.INVALID,
    415: Kind.INVALID,
    503: Kind.FAULT,
}


@dataclass(frozen=True, slots=True)
class RemoteProblem:
    """One fault of the input as the platform worded it: JSON pointer, code, level, message."""

    pointer: str
    code: str
    level: str
    message: str


class RemoteError(PlatformError):
    """What the platform answered instead of a result, in the caller's language.

    Same shape as the platform's own errors: remote_code, title, detail, next, field, problems.
    """

    def __init__(self, *, status: int, problem: Mapping[str, object]) -> None:
        self.status = status
        self.remote_code = _text(problem, "code") or f"http_{status}"
        self.remote_title = _text(problem, "title") or f"HTTP {status}"
        self.remote_detail = _text(problem, "detail")
        self.remote_next = _text(problem, "next")
        self.remote_problems = _problems(problem.get("problems"))
        self.remote_kind = _KIND.get(status, Kind.INVALID if status < 500 else Kind.FAULT)
        super().__init__(field=_text(problem, "field") or None)

    @property
    def exit_code(self) -> int:
        """The exit code of a command that meets this error."""
        return EXIT_CODE[self.remote_kind]

    def title_text(self) -> Text:
        return _literal(self.remote_title)

    def detail_text(self) -> Text:
        return _literal(self.remote_detail or self.remote_title)

    def next_text(self) -> Text:
        return _literal(self.remote_next)


class PlatformNotRunningError(SystemFault):
    code = "platform_not_running"
    title = N_("The platform is not running")
    detail = N_("Nothing answers in “{home}”.")
    next_step = N_("Start it with “sardonyx up”, or name its folder with “--home”.")


class PortalStartingError(SystemFault):
    code = "portal_starting"
    title = N_("The portal does not answer yet")
    detail = N_("The platform runs and so do its services; its portal is starting.")
    next_step = N_("Wait a few seconds and try again. “sardonyx status” says which part is down.")


class PlatformUnreachableError(SystemFault):
    code = "platform_unreachable"
    title = N_("The platform does not answer")
    detail = N_("The connection to {place} failed: {reason}.")
    next_step = N_("Run “sardonyx status” to see which part is down, then try again.")


class PlatformAddressError(UserError):
    """reason: `form`, `http` (not encrypted) or `password` (none may stand in an address)."""

    code = "platform_address"
    title = N_("This address cannot be used")
    detail = N_("“{address}” is no address of a platform to sign in to ({reason}).")
    next_step = N_("Give it as https://name, without a password or a question mark.")


class KeptSignInError(UserError):
    code = "kept_sign_in"
    title = N_("What was kept of your sign-in cannot be read")
    detail = N_("{path} is spoiled, or belongs to somebody else.")
    next_step = N_("Run “sardonyx logout”, then “sardonyx login” again.")


class NoSuchNameError(UserError):
    code = "no_such_name"
    kind = Kind.NOT_FOUND
    title = N_("There is nothing of that name")
    detail = N_("“{name}” cannot be the name of a service, a chart or a project.")
    next_step = N_("List what there is: “sardonyx services list”, “sardonyx catalog list”.")


class AnswerTimeoutError(SystemFault):
    code = "answer_timeout"
    kind = Kind.TIMEOUT
    title = N_("The platform did not answer in time")
    detail = N_("{place} gave no answer within {seconds} seconds.")
    next_step = N_("Try again; “sardonyx status” says whether all parts are well.")


class WaitTimeoutError(SystemFault):
    code = "wait_timeout"
    kind = Kind.TIMEOUT
    title = N_("The service is not there yet")
    detail = N_("“{name}” is still {state} after {seconds} seconds; it goes on without waiting.")
    next_step = N_("Look at it: “sardonyx services events {name} -f”.")


class AnswerFormatError(SystemFault):
    code = "answer_format"
    title = N_("The platform gave an answer that was not understood")
    detail = N_("“{name}” is missing or of another kind in the answer.")
    next_step = N_("Check that client and platform are of the same version: “sardonyx --version”.")


def _literal(text: str) -> Text:
    return Text("{text}", {"text": text})


def _text(problem: Mapping[str, object], name: str) -> str:
    value = problem.get(name)
    return value if isinstance(value, str) else ""


def _problems(listed: object) -> tuple[RemoteProblem, ...]:
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return ()
    return tuple(
        RemoteProblem(
            pointer=_text(item, "pointer"),
            code=_text(item, "code"),
            level=_text(item, "level"),
            message=_text(item, "message"),
        )
        for item in listed
        if isinstance(item, Mapping)
    )
