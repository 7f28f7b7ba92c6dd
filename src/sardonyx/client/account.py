"""A person's account and their projects' settings, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sardonyx.client.calls import Answer, Call, path, raw
from sardonyx.client.models import Fields
from sardonyx.client.operations import Area, C_co, operation
from sardonyx.values import JsonObject, Secret


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person wrote into their platform's form.

    held_back: JSON pointers of list items that no launch is given. rest: of what was saved and
    does not fit the form any more.
    """

    values: JsonObject = field(repr=False)
    held_back: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()


class AccountArea(Area[C_co]):
    """What a person keeps about themselves, and the password of their projects' services."""

    @operation
    def profile_schema(self) -> Call[JsonObject]:
        """Return the JSON schema of the profile's form."""
        return Call("GET", path("account", "profile", "schema"), raw)

    @operation
    def profile(self, *, reveal: bool = False) -> Call[Profile]:
        """Return the profile; without `reveal` its secrets stand as `$VAR`."""
        query = {"reveal": "true"} if reveal else {}
        return Call("GET", path("account", "profile"), _profile, query=query)

    @operation
    def save_profile(
        self, values: JsonObject, *, held_back: Sequence[str] | None = None
    ) -> Call[Profile]:
        """Save values over the form's defaults; a secret that stands as it was shown stays.

        held_back: pointers of list items to keep out of launches; None leaves them as they are.
        """
        body: JsonObject = {"values": values}
        if held_back is not None:
            body["heldBack"] = list(held_back)
        return Call("PUT", path("account", "profile"), _profile, body=body)

    @operation
    def service_password(self, *, project: str | None = None) -> Call[Secret]:
        """Return the password that services of the project are launched with."""
        return Call("GET", path("projects", project, "service-password"), _password)

    @operation
    def renew_service_password(self, *, project: str | None = None) -> Call[Secret]:
        """Draw another one, and return it; services that run keep the old one."""
        return Call("POST", path("projects", project, "service-password", "renew"), _password)


def _profile(answer: Answer) -> Profile:
    read = Fields(answer.document)
    return Profile(
        values=Fields(read.document.get("values")).document,
        held_back=tuple(str(one) for one in read.items("heldBack")),
        rest=tuple(str(one) for one in read.items("rest")),
    )


def _password(answer: Answer) -> Secret:
    return Secret(Fields(answer.document).text("password"))
