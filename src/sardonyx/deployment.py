"""Own the settings of a platform on a cluster: one frozen tree, read from one YAML file.

Keys are camelCase, so the Helm values block `sardonyx:` of `deploy/` *is* the file. Unknown keys
are refused. `regions` and `catalogs` are Onyxia's own objects, kept as they are written.
Passwords and keys never stand here: settings name the files that hold them.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from sardonyx.services.models import LONG_RUNNING
from sardonyx.values import JsonObject

if TYPE_CHECKING:
    _Object = JsonObject
else:  # the same, as the model's own reader knows it
    _Object = dict[str, JsonValue]


class _Tree(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class IdentitySettings(_Tree):
    """The organisation's OpenID Connect provider."""

    issuer: str = Field(title="Address of the provider, as its tokens name it")
    client_id: str = Field(default="sardonyx", title="This platform's client there")
    client_secret_file: Path | None = Field(
        default=None, title="File of the client's secret; none for a public client"
    )
    scope: str = Field(
        default="openid profile email offline_access", title="What is asked for at sign-in"
    )
    audience: str = Field(default="", title="Audience that access tokens must name; empty: any")
    username_claim: str = Field(default="preferred_username", title="Claim of the user name")
    groups_claim: str = Field(default="groups", title="Claim of the groups; dots lead inside")
    roles_claim: str = Field(default="roles", title="Claim of the roles; dots lead inside")
    admin_claim: str = Field(default="roles", title="Claim that names administrators")
    admin_values: tuple[str, ...] = Field(
        default=("sardonyx-admin",), title="Values of that claim that make an administrator"
    )
    extra_query_params: str = Field(default="", title="Added to the provider's sign-in address")
    ca_file: Path | None = Field(default=None, title="PEM file of the provider's authority")


class HelmSettings(_Tree):
    """How launches are carried out."""

    program: str = Field(default="helm", title="Helm 3 or 4: a path, or a name on PATH")
    per_second: float = Field(default=3.0, gt=0, title="Operations begun a second, at most")
    at_once: int = Field(default=2, ge=1, title="Operations that run side by side")
    timeout: timedelta = Field(default=timedelta(minutes=10), title="An operation's longest time")


class CatalogsSettings(_Tree):
    """How catalogues are read."""

    refresh: timedelta = Field(default=timedelta(minutes=5), title="Time between two readings")
    ca_directory: Path | None = Field(default=None, title="Folder of catalogues' authorities")
    schemas: Path | None = Field(default=None, title="Folder of schemas that replace parts")
    role_schemas: Path | None = Field(default=None, title="Folder of such schemas, by role")
    region_sliders: bool = Field(
        default=False, title="Whether the region's `sliders` bound the settings that name one"
    )


class OwnChartsSettings(_Tree):
    """Which charts people may bring themselves; nothing is allowed unless it is written."""

    addresses: tuple[str, ...] = Field(
        default=(), title="Beginnings of addresses that charts may come from; host `*`: any outside"
    )
    archives: bool = Field(default=False, title="Whether people may send an archive")


class QuotaSettings(_Tree):
    """From which share an allowance is shown as short."""

    warning: float = Field(default=0.75, ge=0, le=1, title="Share from which it is near its end")
    critical: float = Field(default=0.95, ge=0, le=1, title="Share from which it is used up")


class EvaluationSettings(_Tree):
    """A platform that brings its own store, secrets and accounts, to be looked at."""

    home: Path = Field(title="Folder that the parts of the pod share")
    namespace: str = Field(title="Namespace of the platform and of every service")
    link_file: Path = Field(title="File of the token of the first one-time link")
    username: str = Field(default="admin", title="The one person, an administrator")


class ClusterSettings(_Tree):
    """Everything an administrator may set on a cluster."""

    public_url: str = Field(title="How browsers reach the platform, no slash at the end")
    host: str = Field(default="127.0.0.1", title="Address to listen on")
    port: int = Field(default=8080, ge=1, le=65535, title="Port to listen on")
    metrics_port: int = Field(
        default=0, ge=0, le=65535, title="Second port, for /metrics alone; 0: no figures"
    )
    service_url: str = Field(
        default="", title="How pods reach the platform, to renew keys; empty: `publicUrl`"
    )
    namespace: str = Field(default="", title="The platform's namespace; empty: the pod's own")
    release: str = Field(
        default="", title="The platform's own Helm release, which is no service of anybody"
    )
    service_account: str = Field(default="sardonyx", title="The platform's own ServiceAccount")
    hosts: tuple[str, ...] = Field(
        default=(), title="Further host names the platform is reached by, without ports"
    )
    data: Path = Field(title="Folder for caches and, without a database, for what is kept")
    database: Annotated[str, BeforeValidator(str)] = Field(
        default="", title="SQLAlchemy address without its password; empty: SQLite in `data`"
    )
    database_password_file: Path | None = Field(default=None, title="File of its password")
    key_file: Path = Field(title="File of the key that seals tokens kept in the database")
    kubeconfig: Path | None = Field(default=None, title="Cluster to use; none: the pod's own")
    identity: IdentitySettings
    session_life: timedelta = Field(
        default=timedelta(days=7), title="How long a browser stays signed in"
    )
    regions: tuple[_Object, ...] = Field(min_length=1, title="Onyxia's regions; the first acts")
    catalogs: tuple[_Object, ...] = Field(default=(), title="Onyxia's catalogues")
    catalog_reading: CatalogsSettings = Field(default=CatalogsSettings())
    own_charts: OwnChartsSettings = Field(default=OwnChartsSettings())
    profile_schemas: dict[str, _Object] = Field(
        default={}, title="JSON schemas of people's profile: `default`, and others by role"
    )
    auto_launch: bool = Field(
        default=True, title="Whether links of other sites may ask for a launch, which is confirmed"
    )
    quota: QuotaSettings = Field(default=QuotaSettings())
    long_running: timedelta = Field(
        default=LONG_RUNNING, title="How long a service runs until it is shown as forgotten"
    )
    helm: HelmSettings = Field(default=HelmSettings())
    evaluation: EvaluationSettings | None = Field(
        default=None, title="Set by the chart when it brings everything itself"
    )
