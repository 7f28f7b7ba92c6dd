"""Read of Onyxia's region object what the set-up checks need; every part may be missing.

Source: spec/wire-api.md 4, in its v10 (one `role`) and v11 (a list of them) shapes.
"""

from __future__ import annotations

from dataclasses import dataclass

from sardonyx.deployment import ClusterSettings
from sardonyx.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class RegionView:
    """The acting region's addresses, roles and ways from outside; empty texts for none.

    exposed_by: kinds of objects that open services, of `HTTPRoute`, `Ingress`, `Route`.
    platform_role: the role the platform has in each project's namespace, empty for rights on
    the whole cluster.
    reads_gateway: whether addresses are read from `HTTPRoute`s too, as they are unless refused.
    """

    mode: str
    single_namespace: bool
    makes_namespaces: bool
    platform_role: str
    s3_url: str
    sts_url: str
    has_unconditional_role: bool
    vault_url: str
    vault_role: str
    vault_login: str
    domain: str
    exposed_by: tuple[str, ...]
    reads_gateway: bool

    @classmethod
    def of(cls, settings: ClusterSettings) -> RegionView:
        region = settings.regions[0]
        services = _object(region.get("services"))
        expose = _object(services.get("expose"))
        entry = _s3_entry(_object(region.get("data")).get("S3"))
        sts = _object(entry.get("sts"))
        vault = _object(region.get("vault"))
        mode = _text(services.get("authenticationMode")) or "serviceAccount"
        return cls(
            mode="serviceAccount" if mode == "admin" else mode,
            single_namespace=services.get("singleNamespace", True) is True,
            makes_namespaces=services.get("allowNamespaceCreation", True) is True,
            platform_role=_text(_object(services.get("onboarding")).get("platformRole")),
            s3_url=_text(entry.get("URL")).rstrip("/"),
            sts_url=(_text(sts.get("URL")) or _text(entry.get("URL"))).rstrip("/") if sts else "",
            has_unconditional_role=_has_unconditional_role(sts.get("role")),
            vault_url=_text(vault.get("URL")).rstrip("/"),
            vault_role=_text(vault.get("role")),
            vault_login=_text(vault.get("authPath")) or "jwt",
            domain=_text(expose.get("domain")),
            exposed_by=_exposed_by(expose),
            reads_gateway=_object(expose.get("httpRoute")).get("enabled", True) is True,
        )


def _s3_entry(declared: Json) -> JsonObject:
    """Return the entry that gives keys by token, else the first one."""
    entries = declared if isinstance(declared, list) else [declared]
    objects = [one for one in entries if isinstance(one, dict)]
    return next((one for one in objects if one.get("sts")), objects[0] if objects else {})


def _has_unconditional_role(declared: Json) -> bool:
    """Tell whether everybody gets a role; no role at all is the store's own choice."""
    roles = declared if isinstance(declared, list) else [declared]
    objects = [one for one in roles if isinstance(one, dict)]
    return not objects or any(not one.get("claimName") for one in objects)


def _exposed_by(expose: JsonObject) -> tuple[str, ...]:
    kinds = []
    if _object(expose.get("httpRoute")).get("enabled") is True:
        kinds.append("HTTPRoute")
    if expose.get("route") is True:
        kinds.append("Route")
    # Onyxia's default is an ingress, unless another way is chosen.
    if expose.get("ingress", not kinds) is True:
        kinds.append("Ingress")
    return tuple(kinds)


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
