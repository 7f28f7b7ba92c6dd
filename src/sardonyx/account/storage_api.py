"""REST of the stores a person has keys to themselves. No key is ever in an answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from sardonyx.account.storage import OwnStorage, StorageAsked
from sardonyx.done import Done
from sardonyx.launcher.own_profiles import OwnProfile
from sardonyx.projects.models import Actor
from sardonyx.services.view import CommandsView, View
from sardonyx.values import Secret
from sardonyx.web.session import current_actor

router = APIRouter(prefix="/storage", tags=["account"])
Person = Annotated[Actor, Depends(current_actor)]
Name = Annotated[str, Path(max_length=100)]


class StorageBody(View):
    """A store to keep. Keys that are left out are those that were given before."""

    url: str = Field(max_length=400, examples=["https://s3.example.org"])
    region: str = ""
    path_style_access: bool = True
    folder: str = Field(default="", max_length=1200, examples=["prices/2026"])
    anonymous: bool = Field(default=False, description="Read without keys.")
    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None

    def asked(self, name: str) -> StorageAsked:
        """Return what the service layer is asked to keep under `name`."""
        return StorageAsked(
            name=name,
            url=self.url,
            region=self.region,
            path_style=self.path_style_access,
            folder=self.folder,
            anonymous=self.anonymous,
            access_key_id=self.access_key_id,
            secret_access_key=_secret(self.secret_access_key),
            session_token=_secret(self.session_token),
        )


class StorageView(View):
    """A store of one's own. folder: `bucket/folder/`, empty where none was named.

    commands: those that do the same, in the answer to a change or a test.
    """

    name: str
    url: str
    region: str
    path_style_access: bool
    folder: str
    anonymous: bool
    commands: CommandsView | None = None

    @classmethod
    def of(cls, store: OwnProfile) -> StorageView:
        return cls(
            name=store.name,
            url=store.url,
            region=store.region or "",
            path_style_access=store.path_style_access,
            folder=store.bookmarks[0][1] if store.bookmarks else "",
            anonymous=store.access_key_id is None,
        )


@router.get("")
async def list_storage(request: Request, actor: Person) -> list[StorageView]:
    """List one's own stores, the oldest first."""
    return [StorageView.of(one) for one in await _storage(request).listed(actor)]


@router.put("/{name}")
async def keep_storage(
    request: Request,
    response: Response,
    actor: Person,
    name: Name,
    body: StorageBody,
    unchecked: Annotated[bool, Query(description="Keep it although it does not answer.")] = False,
) -> StorageView:
    """Keep a store, new or changed, once it answers."""
    response.headers["Cache-Control"] = "no-store"
    return _done(await _storage(request).keep(actor, body.asked(name), unchecked=unchecked))


@router.post("/{name}/test")
async def test_storage(request: Request, actor: Person, name: Name) -> StorageView:
    """Reach a store with the keys that were given."""
    return _done(await _storage(request).test(actor, name))


@router.delete("/{name}")
async def remove_storage(request: Request, actor: Person, name: Name) -> StorageView:
    """Forget a store and its keys; services that run keep theirs."""
    return _done(await _storage(request).remove(actor, name))


def _storage(request: Request) -> OwnStorage:
    storage: OwnStorage = request.app.state.platform.accounts.storage
    return storage


def _done(done: Done[OwnProfile]) -> StorageView:
    shown = StorageView.of(done.result)
    return shown.model_copy(update={"commands": CommandsView.of(done.commands)})


def _secret(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)
