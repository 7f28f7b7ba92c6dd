"""`sardonyx login URL` and `sardonyx logout`: act on a platform elsewhere."""

from __future__ import annotations

import getpass
import platform
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import typer

from sardonyx.cli.errors import NoTokenError
from sardonyx.cli.language import user_language
from sardonyx.cli.options import JsonOption
from sardonyx.cli.output import document, say, worded
from sardonyx.text import N_

if TYPE_CHECKING:
    from sardonyx.values import Secret


def login(
    url: Annotated[str, typer.Argument(help="Address of the platform.")],
    ca_file: Annotated[
        Path | None, typer.Option("--ca-file", help="PEM file of the platform's authority.")
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open a browser.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Sign in to a platform elsewhere, with a token made there; it is read from standard input."""
    from sardonyx.client.client import Client
    from sardonyx.client.connection import Place
    from sardonyx.client.signed_in import checked_address, keep_place

    address = checked_address(url)
    token = _token(address, browser=not no_browser)
    place = Place(address, token, ca_file=ca_file)
    with Client(place, language=user_language()) as client:
        me = client.me()
    file = keep_place(place)
    if as_json:
        document({"url": address, "username": me.username})
        return
    say(N_("You are “{name}” on {url}."), name=me.username, url=address)
    say(N_("The token is in {file}, readable by you alone."), file=str(file))


def logout() -> None:
    """Sign out of the platform elsewhere: its token is revoked there and forgotten here."""
    from sardonyx.client.client import Client
    from sardonyx.client.signed_in import forget_place, kept_place, revoke_current_token
    from sardonyx.errors import PlatformError

    try:
        place = kept_place()
        if place is None:
            say(N_("You are signed in nowhere else."))
            return
        with Client(place, language=user_language()) as client:
            client.send(revoke_current_token())
    except PlatformError:
        say(N_("The token could not be revoked there: do it on the account page."))
    else:
        say(N_("Signed out of {url}."), url=place.url)
    finally:
        forget_place()


def _token(address: str, *, browser: bool) -> Secret:
    """Return the token from standard input: asked for at a terminal, else its first line."""
    from sardonyx.values import Secret

    if not sys.stdin.isatty():
        text = sys.stdin.readline()
    else:
        page = f"{address}/account/tokens?" + urlencode({"name": f"sardonyx {platform.node()}"})
        say(N_("Make a token on this page, then paste it here: {page}"), page=page)
        if browser:
            webbrowser.open(page)
        text = getpass.getpass(worded(N_("Token: ")))
    if not text.strip() or not text.strip().isprintable():
        raise NoTokenError
    return Secret(text.strip())
