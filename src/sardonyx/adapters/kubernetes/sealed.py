"""Tell the operations we wrote from those that others did.

Whoever may write Secrets in a namespace could ask for anything in our name: for Helm's account
in a namespace that is no project, for a chart that a catalogue hides from them. So each carries
a seal made with the platform's key, bound to its namespace and name.
"""

from __future__ import annotations

import hashlib

from sardonyx.adapters.kubernetes.operations import Operation, encoded, operation_secret, plain
from sardonyx.adapters.oidc.sealing import SealBrokenError, Sealer
from sardonyx.values import Json, JsonObject

_SEAL = "seal"


class SealedOperations:
    """Writes operations with their seal, and knows it again."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def secret(self, operation: Operation) -> JsonObject:
        """Return the Secret of `operation`, sealed."""
        secret = operation_secret(operation)
        data = _object(secret["data"])
        data[_SEAL] = encoded(self._sealer.seal(_digest(data), about=_about(secret)))
        return secret

    def is_ours(self, secret: JsonObject) -> bool:
        """Tell whether the Secret is as the platform wrote it."""
        data = _object(secret.get("data"))
        try:
            told = self._sealer.open(plain(str(data.get(_SEAL, ""))), about=_about(secret))
        except (SealBrokenError, ValueError):
            return False
        return told == _digest(data)


def _digest(data: JsonObject) -> str:
    told = "\0".join(str(data.get(key)) for key in ("operation", "values.yaml", "secret-paths"))
    return hashlib.sha256(told.encode()).hexdigest()


def _about(secret: JsonObject) -> str:
    metadata = _object(secret.get("metadata"))
    return f"operation {metadata.get('namespace')}/{metadata.get('name')}"


def _object(value: Json | None) -> JsonObject:
    return value if isinstance(value, dict) else {}
