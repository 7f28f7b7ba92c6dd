"""Say what a request can be refused for before it reaches an area."""

from __future__ import annotations

from sardonyx.errors import Kind, SystemFault, UserError
from sardonyx.text import N_


class IncidentError(SystemFault):
    """A fault nobody foresaw."""

    code = "incident"
    title = N_("Something went wrong on our side")
    detail = N_("The platform met a fault it did not expect. Its number is {incident}.")
    next_step = N_("Try again. If it happens again, find the number in the log of the portal.")


class RequestInvalidError(UserError):
    """The request does not have the shape that the API documents."""

    code = "request_invalid"
    title = N_("The request is not right")
    detail = N_("Some values are missing or have the wrong type.")
    next_step = N_("Correct the values named below and send it again.")


class NoSuchAddressError(UserError):
    code = "no_such_address"
    title = N_("Nothing is here")
    detail = N_("The platform has no address “{path}”.")
    next_step = N_("/api/v1/docs lists what there is.")


class RequestTooLargeError(UserError):
    """More was sent than the address takes."""

    code = "request_too_large"
    kind = Kind.TOO_LARGE
    title = N_("Too much was sent")
    detail = N_("This address takes {most} MB at most; what was sent was not kept.")
    next_step = N_("Send less, or put large data into your files and name it from there.")


class HttpRefusedError(UserError):
    """A refusal of the web framework (method, media type, …)."""

    code = "request_refused"
    title = N_("The request was refused")
    detail = N_("{reason}")
    next_step = N_("/api/v1/docs tells what this address takes.")
