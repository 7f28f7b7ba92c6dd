"""Own the platform's settings: one frozen tree, from environment (`SARDONYX_…`) and options.

Unknown keys are refused. Each setting has a title, a default and the reason it exists.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an administrator or a test may change."""

    model_config = SettingsConfigDict(env_prefix="SARDONYX_", frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=lambda: user_data_path("sardonyx"),
        title="The platform's one directory on this machine",
    )
    port: int = Field(default=8000, ge=1, le=65535, title="Port of the front door")
    catalogs: tuple[Path, ...] = Field(
        default=(), title="Folders of charts beside the platform's own catalogue"
    )
    session_life: timedelta = Field(
        default=timedelta(days=30), title="How long a browser stays signed in"
    )
    link_life: timedelta = Field(
        default=timedelta(minutes=10), title="How long a one-time address works"
    )
    key_life: str = Field(
        default="1h",
        pattern=r"^[0-9]+[smh]$",
        title="Life of the short-lived S3 keys; services renew them before their end",
    )
    prepare: bool = Field(
        default=True,
        title="Build the packages of the platform's own catalogue ahead of the first launch",
    )
