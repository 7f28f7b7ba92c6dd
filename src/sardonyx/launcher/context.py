"""Make the launch context: what references of charts and process profiles read.

A variable that is unset is absent, never null. Source: launcher.md 2, 3.2 and 14.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sardonyx.values import Json, JsonObject, Secret

DEFAULT_S3_REGION = "us-east-1"
# Each entry of `s3_array` costs a question to STS, and room in a release, which may have 1 MB.
MOST_STORES = 50


@dataclass(frozen=True, slots=True)
class S3ProfileInputs:
    """One storage profile with its credentials. Keys None: anonymous, unless `renewing`.

    renewing: the service gets keys from an endpoint that renews them, so none stand here.
    endpoint: an URL. working_directory: `bucket/prefix`, any slashes. created: as of `S3Profile`.
    """

    name: str
    endpoint: str
    region: str | None = None
    path_style_access: bool = True
    access_key_id: str | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None
    working_directory: str | None = None
    is_from_region: bool = True
    created: int | None = None
    renewing: bool = False

    @property
    def is_own(self) -> bool:
        """Whether the person made it: then its keys are theirs wherever they stand."""
        return self.created is not None


@dataclass(frozen=True, slots=True)
class VaultInputs:
    """The secret store as services see it. top_dir: the project's folder."""

    url: str
    mount: str
    top_dir: str
    token: Secret | None = None


@dataclass(frozen=True, slots=True)
class ContextInputs:
    """What a person, their project and the region put into a launch.

    region: Onyxia's region object (`services`, `data`, `vault`, …), as configured.
    given_name, family_name: see `user_name`. random_subdomain, one_time_password: drawn once a
    draft. of_group: the project is a group's. personal_injection False: a group where personal
    values are kept out. profile: what launches are given of it; profile_suggested: the list items
    that forms propose instead.
    """

    username: str
    email: str = ""
    full_name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    ip: str = "127.0.0.1"
    dark_mode: bool = False
    language: str = "en"
    claims: JsonObject = field(default_factory=dict)
    access_token: Secret | None = None
    refresh_token: Secret | None = None
    profile: JsonObject | None = None
    profile_suggested: JsonObject | None = None
    one_time_password: Secret = field(default_factory=lambda: Secret(""))
    project_id: str = ""
    of_group: bool = False
    project_password: Secret = field(default_factory=lambda: Secret(""))
    git_name: str | None = None
    git_email: str | None = None
    git_credentials_cache_duration: int = 0
    git_token: Secret | None = None
    git_project: str | None = None
    vault: VaultInputs | None = None
    s3: S3ProfileInputs | None = None
    s3_profiles: Sequence[S3ProfileInputs] = ()
    region: JsonObject = field(default_factory=dict)
    domain: str | None = None
    random_subdomain: str = "0"
    ai: JsonObject | None = None
    personal_injection: bool = True

    @property
    def eligible_profiles(self) -> list[S3ProfileInputs]:
        """The storage profiles that may be used, the usual one among them: where personal values
        are kept out (launcher.md 14), only those that a person made."""
        offered = list(self.s3_profiles)
        if self.s3 is not None and all(one.name != self.s3.name for one in offered):
            offered.insert(0, self.s3)
        return [one for one in offered if self.personal_injection or not one.is_from_region]


def launch_context(inputs: ContextInputs) -> JsonObject:
    """Return the launch context; keys that are unset are absent."""
    services = _object(inputs.region.get("services"))
    context: JsonObject = {
        "user": _user(inputs),
        "service": {"oneTimePassword": inputs.one_time_password.reveal()},
        "project": _project(inputs),
        "git": _git(inputs),
        "region": _region(services),
        "k8s": _k8s(inputs, services),
    }
    if inputs.vault is not None:
        context["vault"] = _vault(inputs.vault, inputs.personal_injection)
    chosen = inputs.s3
    if chosen is not None and not inputs.personal_injection and chosen.is_from_region:
        chosen = None
    context["s3"] = {"isEnabled": False} if chosen is None else _s3(chosen)
    context["s3_array"] = [] if chosen is None else [_s3(one) for one in _listed(inputs, chosen)]
    for name in ("proxyInjection", "packageRepositoryInjection", "certificateAuthorityInjection"):
        injected = inputs.region.get(name)
        if isinstance(injected, dict):
            context[name] = _set(injected)
    if inputs.ai is not None:
        context["ai"] = _set(inputs.ai)
    return context


def user_name(full_name: str | None, given: str | None, family: str | None, username: str) -> str:
    """Return "family first" when both are known, else the known one, else the username.

    A full name gives its first word as first name, the rest as family.
    """
    if not given and not family and full_name and full_name.strip():
        given, *rest = full_name.split()
        family = " ".join(rest)
    known = [part for part in (family, given) if part]
    return " ".join(known) or username


def _user(inputs: ContextInputs) -> JsonObject:
    personal = inputs.personal_injection
    refresh = inputs.refresh_token if personal else None
    user: JsonObject = {
        "idep": inputs.username,
        "email": inputs.email if personal else "",
        "name": user_name(inputs.full_name, inputs.given_name, inputs.family_name, inputs.username),
        "password": inputs.project_password.reveal(),
        "ip": inputs.ip if personal else "0.0.0.0",  # noqa: S104 - a value of charts, no socket
        "darkMode": inputs.dark_mode,
        "lang": inputs.language,
        "decodedIdToken": inputs.claims if personal else {},
        "refreshToken": refresh.reveal() if refresh is not None else "",
    }
    if personal and inputs.access_token is not None:
        user["accessToken"] = inputs.access_token.reveal()
    if personal and inputs.profile is not None:
        user["profile"] = inputs.profile
    return user


def _project(inputs: ContextInputs) -> JsonObject:
    password = inputs.project_password.reveal()
    basic = base64.b64encode(f"{inputs.project_id}:{password}".encode()).decode()
    return {"id": inputs.project_id, "password": password, "basic": basic}


def _git(inputs: ContextInputs) -> JsonObject:
    personal = inputs.personal_injection
    name = inputs.git_name if inputs.git_name is not None else inputs.username
    email = inputs.git_email if inputs.git_email is not None else inputs.email
    git: JsonObject = {
        "name": name if personal else "",
        "email": email if personal else "",
        "credentials_cache_duration": inputs.git_credentials_cache_duration,
    }
    if personal and inputs.git_token is not None:
        git["token"] = inputs.git_token.reveal()
    if inputs.git_project is not None:
        git["project"] = inputs.git_project
    return git


def _vault(vault: VaultInputs, personal: bool) -> JsonObject:
    made: JsonObject = {
        "VAULT_ADDR": vault.url,
        "VAULT_MOUNT": vault.mount,
        "VAULT_TOP_DIR": vault.top_dir,
    }
    if personal and vault.token is not None:
        made["VAULT_TOKEN"] = vault.token.reveal()
    return made


def _listed(inputs: ContextInputs, chosen: S3ProfileInputs) -> list[S3ProfileInputs]:
    """Return the profiles of `s3_array`: the one named `default` first, at most `MOST_STORES`.

    Every member of a group reads its pods: a person's own keys go there only where the launch
    chose that very profile. Source: launcher.md 3.2, decision 0014.
    """
    eligible = [
        one
        for one in sorted(inputs.eligible_profiles, key=lambda one: one.name != "default")
        if one == chosen or not (inputs.of_group and one.is_own)
    ]
    listed = eligible[:MOST_STORES]
    return listed if chosen in listed else [*listed[:-1], chosen]


def _s3(profile: S3ProfileInputs) -> JsonObject:
    endpoint, port = s3_endpoint(profile.endpoint)
    anonymous = profile.access_key_id is None and not profile.renewing
    made: JsonObject = {
        "isEnabled": True,
        "profileName": profile.name,
        "AWS_DEFAULT_REGION": profile.region or DEFAULT_S3_REGION,
        "AWS_S3_ENDPOINT": endpoint,
        "port": port,
        "tls": not profile.endpoint.startswith("http://"),
        "pathStyleAccess": profile.path_style_access,
        "isAnonymous": anonymous,
    }
    if profile.access_key_id is not None:
        made["AWS_ACCESS_KEY_ID"] = profile.access_key_id
        if profile.secret_access_key is not None:
            made["AWS_SECRET_ACCESS_KEY"] = profile.secret_access_key.reveal()
        if profile.session_token is not None:
            made["AWS_SESSION_TOKEN"] = profile.session_token.reveal()
    if profile.working_directory is not None:
        parts = [part for part in profile.working_directory.split("/") if part]
        if parts:
            made["workingDirectoryPath"] = "/".join(parts) + "/"
            made["AWS_BUCKET_NAME"] = parts[0]
            made["objectNamePrefix"] = "".join(f"{part}/" for part in parts[1:])
    return made


def s3_endpoint(url: str) -> tuple[str, int]:
    """Return host (with a port that is written and not the scheme's own) and port of an URL."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    own = 80 if parts.scheme == "http" else 443
    try:
        written = parts.port
    except ValueError:  # the region wrote a port that is none
        written = None
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    if written is None or written == own:
        return host, own
    return f"{host}:{written}", written


def _region(services: JsonObject) -> JsonObject:
    defaults = _object(services.get("defaultConfiguration"))
    made: JsonObject = {"customValues": services.get("customValues") or {}}
    _copy(made, "allowedURIPattern", services)
    _copy(made, "defaultIpProtection", defaults, "ipprotection")
    _copy(made, "defaultNetworkPolicy", defaults, "networkPolicy")
    kafka = _object(defaults.get("kafka"))
    if kafka:
        made["kafka"] = _set({"url": kafka.get("URL"), "topicName": kafka.get("topicName")})
    for name in ("tolerations", "from", "nodeSelector", "startupProbe", "sliders"):
        _copy(made, name, defaults)
    resources = _object(defaults.get("resources"))
    names = ("cpuRequest", "cpuLimit", "memoryRequest", "memoryLimit", "disk", "gpu")
    if resources:
        made["resources"] = _set({name: resources.get(name) for name in names})
    openshift = _object(services.get("openshiftSCC"))
    if openshift:
        made["openshiftSCC"] = _set({name: openshift.get(name) for name in ("scc", "enabled")})
    return made


def _k8s(inputs: ContextInputs, services: JsonObject) -> JsonObject:
    expose = _object(services.get("expose"))
    made: JsonObject = {"randomSubdomain": inputs.random_subdomain}
    domain = inputs.domain if inputs.domain is not None else expose.get("domain")
    if domain is not None:
        made["domain"] = domain
    for name in ("ingressClassName", "ingress", "route"):
        _copy(made, name, expose)
    # Ours: whether addresses of services begin with https, and the Gateway API.
    if expose.get("scheme") in ("http", "https"):
        made["tls"] = expose["scheme"] == "https"
    gateway = _object(expose.get("httpRoute"))
    if gateway:
        made["httpRoute"] = _set({name: gateway.get(name) for name in ("enabled", "parentRefs")})
    istio = _object(expose.get("istio"))
    if istio:
        made["istio"] = _set({name: istio.get(name) for name in ("enabled", "gateways")})
    _copy(made, "initScriptUrl", services, "initScript")
    _copy(made, "initScriptCheckSum", services)
    manager = _object(expose.get("certManager"))
    made["useCertManager"] = manager.get("useCertManager") is True
    _copy(made, "certManagerClusterIssuer", manager)
    return made


def _object(value: Json | None) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _copy(made: JsonObject, name: str, source: JsonObject, key: str | None = None) -> None:
    value = source.get(key or name)
    if value is not None:
        made[name] = value


def _set(members: JsonObject) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}
