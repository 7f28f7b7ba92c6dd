"""Forms that administrators of the tests give people for their profile."""

from __future__ import annotations

from sardonyx.values import JsonObject

PROFILE: JsonObject = {
    "type": "object",
    "properties": {
        "team": {
            "type": "string",
            "title": {"en": "Team", "fr": "Équipe"},
            "pattern": "^[a-z-]*$",
            "default": "none",
        },
        "phone": {"type": "string", "title": "Phone", "default": ""},
        "assistant": {
            "type": "object",
            "title": "Assistant",
            "properties": {
                "enabled": {"type": "boolean", "default": False, "title": "Use it"},
                "apiKey": {"type": "string", "render": "password", "default": ""},
            },
        },
        "identities": {
            "type": "array",
            "title": "Identities",
            "default": [],
            "items": {
                "type": "object",
                "properties": {
                    "forge": {"type": "string", "title": "Forge", "default": "gitlab"},
                    "token": {"type": "string", "title": "Token", "default": ""},
                },
            },
        },
        "tags": {"type": "array", "default": [], "items": {"type": "string"}},
    },
}
