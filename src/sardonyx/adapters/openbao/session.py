"""Speak to the Vault API over HTTP, and turn its client's exceptions into our errors once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any

import requests
from hvac import exceptions
from requests.adapters import HTTPAdapter

from sardonyx.secrets.errors import (
    SecretNameError,
    SecretNotFoundError,
    SecretRefusedError,
    SecretStoreUnavailableError,
)


def open_session(trusted: SSLContext | None = None) -> requests.Session:
    """Return a session that ignores the machine's proxies and saved logins.

    trusted: what verifies the store, beside the public authorities; None: these alone.
    """
    session = requests.Session()
    session.trust_env = False
    if trusted is not None:
        session.mount("https://", _Trusting(trusted))
    return session


class _Trusting(HTTPAdapter):
    """Opens connections that a context of ours verifies."""

    def __init__(self, trusted: SSLContext) -> None:
        self._trusted = trusted
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().init_poolmanager(*args, **options, ssl_context=self._trusted)


@contextmanager
def faults_translated(*, path: str) -> Iterator[None]:
    """Raise the errors of secrets for what the store or its client answers about `path`."""
    try:
        yield
    except exceptions.InvalidPath as error:
        raise SecretNotFoundError(path=path) from error
    except (exceptions.Forbidden, exceptions.Unauthorized) as error:
        raise SecretRefusedError(path=path) from error
    except exceptions.InvalidRequest as error:
        raise SecretNameError(name=path) from error
    except (exceptions.VaultError, requests.RequestException) as error:
        raise SecretStoreUnavailableError from error
