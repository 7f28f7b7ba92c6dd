"""Find the password that opens a service: among its values, else in its own Secrets. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from sardonyx.values import Json, JsonObject, Secret

OWN_PASSWORD = "password"  # noqa: S105 - what a runtime calls it
_PLACES = (("security", "password"), ("auth", "password"), ("global", "password"))
_KEYS = ("PASSWORD", "password", "POSTGRES_PASSWORD", "postgres-password", "token")
_TEMPLATE = re.compile(r"\{\{\s*service\.oneTimePassword\s*\}\}")


def own_credential(
    values: JsonObject, secrets: Sequence[JsonObject], profile: JsonObject | None
) -> tuple[str, Secret] | None:
    """Return the header and its value; `password` where it is no header. None: nothing found.

    secrets: those of the release's manifest. profile: the chart's `local.yaml`, whose
    `access.header` says how the program takes its password.
    """
    password = _among_values(values) or _among_secrets(secrets)
    if not password:
        return None
    header = _object(_object(_object(profile).get("access")).get("header"))
    name, template = header.get("name"), header.get("value")
    if isinstance(name, str) and isinstance(template, str) and _TEMPLATE.search(template):
        return name, Secret(_TEMPLATE.sub(lambda _: password, template))
    return OWN_PASSWORD, Secret(password)


def _among_values(values: JsonObject) -> str:
    for block, key in _PLACES:
        found = _object(values.get(block)).get(key)
        if isinstance(found, str) and found:
            return found
    return ""


def _among_secrets(secrets: Sequence[JsonObject]) -> str:
    for key in _KEYS:
        for secret in secrets:
            encoded = _object(secret.get("data")).get(key)
            if isinstance(encoded, str) and (text := _decoded(encoded)):
                return text
    return ""


def _decoded(encoded: str) -> str:
    try:
        return base64.b64decode(encoded).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _object(value: Json | None) -> JsonObject:
    return value if isinstance(value, dict) else {}
