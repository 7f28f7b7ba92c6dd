"""Read and write values as YAML 1.2 for the command line."""

from __future__ import annotations

import io

from sardonyx.cli.errors import ValuesFileError
from sardonyx.values import Json, JsonObject


def parsed(text: str, source: str) -> JsonObject:
    """Return the object a YAML text holds. Raises ValuesFileError with line and column."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        value = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as failure:
        mark = failure.problem_mark
        place = "" if mark is None else f"{mark.line + 1}:{mark.column + 1}: "
        raise ValuesFileError(
            file=source, reason=f"{place}{failure.problem or 'YAML'}", field="-f"
        ) from failure
    except YAMLError as failure:
        raise ValuesFileError(file=source, reason="YAML", field="-f") from failure
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValuesFileError(file=source, reason=type(value).__name__, field="-f")
    return plain_object(value)


def plain_object(value: dict[object, object]) -> JsonObject:
    """Return a mapping as JSON has it: keys are texts, dates are texts."""
    return {str(key): _plain(item) for key, item in value.items()}


def _plain(value: object) -> Json:
    if isinstance(value, dict):
        return plain_object(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def written(value: Json) -> str:
    """Return the value as YAML."""
    from ruamel.yaml import YAML

    stream = io.StringIO()
    writer = YAML()
    writer.default_flow_style = False
    writer.dump(value, stream)
    return stream.getvalue()
