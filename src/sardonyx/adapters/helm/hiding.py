"""Take secrets out of what Helm says and renders: a secret stands as `$VAR`. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from sardonyx.launcher.masking import variable, variables
from sardonyx.values import Json, JsonObject, Path

# Shorter texts would hide words that only look alike.
_LEAST = 4


class Hidden:
    """Knows the secret texts of some values, in the forms they are printed in."""

    def __init__(self, values: JsonObject, secret_paths: frozenset[Path]) -> None:
        self._names: dict[str, str] = {}
        for path, name in variables(secret_paths, values).items():
            self._learn(_at(values, path), f"${name}")

    def text(self, text: str) -> str:
        """Return `text` with each secret replaced by its variable, the longest first."""
        for secret in sorted(self._names, key=len, reverse=True):
            text = text.replace(secret, self._names[secret])
        return text

    def object(self, content: JsonObject) -> JsonObject:
        """Return a Kubernetes object with nothing secret: a Secret's data are all variables."""
        shown = self._walked(content)
        assert isinstance(shown, dict)  # noqa: S101 - an object stays one
        if content.get("kind") == "Secret":
            name = str(_object(content.get("metadata")).get("name", ""))
            for part in ("data", "stringData"):
                if isinstance(content.get(part), dict):
                    shown[part] = {
                        key: f"${variable((name, key))}" for key in _object(content[part])
                    }
        return shown

    def _walked(self, value: Json) -> Json:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._walked(item) for item in value]
        if isinstance(value, dict):
            return {key: self._walked(item) for key, item in value.items()}
        return value

    def _learn(self, secret: Json, name: str) -> None:
        text = secret if isinstance(secret, str) else ""
        if isinstance(secret, int | float) and not isinstance(secret, bool):
            text = str(secret)
        if len(text) < _LEAST:
            return
        forms = (text, base64.b64encode(text.encode()).decode(), json.dumps(text)[1:-1])
        for form in forms:
            self._names.setdefault(form, name)


def _at(value: Json, path: Path) -> Json:
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
            value = value[part]
        else:
            return None
    return value


def _object(value: Json | None) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}
