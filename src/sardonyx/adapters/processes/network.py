"""Carry the user's network settings (proxies, certificates, package indexes) to the runners.

An index address may hold a password: the settings travel in an owner-only file, never in a
configuration of the supervisor or on a command line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sardonyx.adapters.processes.home import Home, write_private

_NAMES = {
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
}
_PREFIXES = ("PIP_", "UV_")
_SUFFIX = "_PROXY"
# They say where *this* process works, not what the network needs.
_NOT = {
    "UV_CACHE_DIR",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_RUN_RECURSION_DEPTH",
    "UV_INTERNAL__PARENT_INTERPRETER",
    "UV_SYSTEM_PYTHON",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_TARGET",
    "PIP_PREFIX",
}


def network_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return those variables of `environment` that reaching the network may need."""
    return {
        name: value
        for name, value in environment.items()
        if name not in _NOT
        and (name in _NAMES or name.startswith(_PREFIXES) or name.upper().endswith(_SUFFIX))
    }


def save_network_environment(home: Home, environment: Mapping[str, str]) -> None:
    """Keep the settings of this run of the platform."""
    write_private(home.network_environment, json.dumps(dict(environment)).encode())


def saved_network_environment(home: Home) -> dict[str, str]:
    """Return the settings of this run of the platform, empty when there are none."""
    try:
        kept: dict[str, str] = json.loads(home.network_environment.read_text())
    except FileNotFoundError:
        return {}
    return kept
