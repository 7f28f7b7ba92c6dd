"""A person's account and their projects' settings, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sardonyx.client.calls import Answer, Call, path, raw
from sardonyx.client.models import Commands, Fields, commands_of
from sardonyx.client.operations import Area, C_co, operation
from sardonyx.values import Json, JsonObject, Secret


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person wrote into their platform's form.

    held_back: JSON pointers of list items that no launch is given. rest: of what was saved and
    does not fit the form any more.
    """

    values: JsonObject = field(repr=False)
    held_back: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Storage:
    """A store elsewhere that the person has keys to; its keys never come back.

    folder: `bucket/folder/`, empty where none was named. anonymous: read without keys. commands:
    of a change or a test.
    """

    name: str
    url: str
    region: str
    path_style_access: bool
    folder: str
    anonymous: bool
    commands: Commands | None = None
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)


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
    def storage(self) -> Call[tuple[Storage, ...]]:
        """Return the person's own stores, the oldest first."""
        return Call("GET", path("account", "storage"), _storage_list)

    @operation
    def keep_storage(
        self,
        name: str,
        url: str,
        *,
        region: str = "",
        folder: str = "",
        path_style_access: bool = True,
        anonymous: bool = False,
        access_key_id: str | None = None,
        secret_access_key: Secret | None = None,
        session_token: Secret | None = None,
        unchecked: bool = False,
    ) -> Call[Storage]:
        """Keep a store, new or changed, once it answers; `unchecked` does not ask it.

        Keys None: those that were given before.
        """
        body: JsonObject = {
            "url": url,
            "region": region,
            "folder": folder,
            "pathStyleAccess": path_style_access,
            "anonymous": anonymous,
            "accessKeyId": access_key_id,
            "secretAccessKey": None if secret_access_key is None else secret_access_key.reveal(),
            "sessionToken": None if session_token is None else session_token.reveal(),
        }
        query = {"unchecked": "true"} if unchecked else {}
        return Call("PUT", path("account", "storage", name), _storage, query=query, body=body)

    @operation
    def test_storage(self, name: str) -> Call[Storage]:
        """Have a store reached with its keys; what it refuses is raised as RemoteError."""
        return Call("POST", path("account", "storage", name, "test"), _storage)

    @operation
    def remove_storage(self, name: str) -> Call[Storage]:
        """Forget a store and its keys; services that run keep theirs."""
        return Call("DELETE", path("account", "storage", name), _storage)

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


def _storage_list(answer: Answer) -> tuple[Storage, ...]:
    listed = answer.document if isinstance(answer.document, list) else []
    return tuple(_read_storage(one) for one in listed)


def _storage(answer: Answer) -> Storage:
    return _read_storage(answer.document)


def _read_storage(document: Json) -> Storage:
    read = Fields(document)
    commands = read.document.get("commands")
    return Storage(
        name=read.text("name"),
        url=read.text("url"),
        region=read.text("region"),
        path_style_access=read.flag("pathStyleAccess"),
        folder=read.text("folder"),
        anonymous=read.flag("anonymous"),
        commands=None if commands is None else commands_of(commands),
        raw=read.document,
    )


def _password(answer: Answer) -> Secret:
    return Secret(Fields(answer.document).text("password"))
