"""Read from a region where its secret store is and how people get in. Source: wire-api.md 4."""

from __future__ import annotations

from dataclasses import dataclass

from sardonyx.adapters.openbao.store import Entrance
from sardonyx.values import JsonObject


@dataclass(frozen=True, slots=True)
class RegionVault:
    """The store of a region: its address, an URL without a slash at the end."""

    address: str
    entrance: Entrance


def region_vault(region: JsonObject) -> RegionVault | None:
    """Return the store of the region's `vault`, None where there is none.

    Beside Onyxia's keys: `serviceRole` (default: `role`) and `groupRole`, the roles of services.
    """
    vault = region.get("vault")
    if not isinstance(vault, dict):
        return None

    def text(key: str, default: str) -> str:
        found = vault.get(key)
        return found if isinstance(found, str) and found else default

    address = text("URL", "").rstrip("/")
    if not address:
        return None
    role = text("role", "user")
    return RegionVault(
        address,
        Entrance(
            mount=text("kvEngine", "kv").strip("/"),
            login=text("authPath", "jwt").strip("/"),
            role=role,
            service_role=text("serviceRole", role),
            group_role=text("groupRole", ""),
        ),
    )
