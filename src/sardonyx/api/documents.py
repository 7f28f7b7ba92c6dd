"""JSON that every area's REST answers share."""

from __future__ import annotations

from sardonyx.done import Commands
from sardonyx.values import JsonObject


def commands_json(commands: Commands) -> JsonObject:
    """Return the equivalent commands of an action, as its answer carries them."""
    return {"platform": commands.platform, "underneath": commands.underneath}
