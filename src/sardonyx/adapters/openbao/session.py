"""Speak to the Vault API over HTTP, and turn its client's exceptions into our errors once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from hvac import exceptions

from sardonyx.secrets.errors import (
    SecretNameError,
    SecretNotFoundError,
    SecretRefusedError,
    SecretStoreUnavailableError,
)


def open_session() -> requests.Session:
    """Return a session that ignores the machine's proxies and saved logins."""
    session = requests.Session()
    session.trust_env = False
    return session


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
