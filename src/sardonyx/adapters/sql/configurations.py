"""Keep each project's saved configurations in SQL: one row, read and replaced whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import String, Text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sardonyx.account.configurations.errors import ConfigurationsUnreadableError
from sardonyx.account.configurations.models import ConfigurationList, KeptConfiguration
from sardonyx.adapters.sql.database import SqlDatabase
from sardonyx.adapters.sql.tables import Base
from sardonyx.launcher.configurations import read_configurations, write_configurations
from sardonyx.values import JsonObject


class ConfigurationsRow(Base):
    """The configurations of one project in their order; number counts the changes.

    document: JSON in ASCII, as PostgreSQL's Text holds no NUL. `configurations` is the list that
    launcher.md 13 describes; `kept` has id, version, who, when and who set it, in the same order.
    """

    __tablename__ = "configurations"

    project: Mapped[str] = mapped_column(String(255), primary_key=True)
    number: Mapped[int] = mapped_column()
    document: Mapped[str] = mapped_column(Text)


class SqlConfigurations(SqlDatabase):
    """ConfigurationRecords in one database."""

    async def configurations(self, project: str) -> ConfigurationList:
        def work(session: Session) -> ConfigurationList:
            row = session.get(ConfigurationsRow, project)
            if row is None:
                return ConfigurationList()
            return ConfigurationList(row.number, _read(row))

        return await self._run(work)

    async def replace_configurations(
        self, project: str, kept: Sequence[KeptConfiguration], *, number: int
    ) -> bool:
        document = _written(kept)

        def work(session: Session) -> bool:
            if number == 0:
                if session.get(ConfigurationsRow, project) is not None:
                    return False
                session.add(ConfigurationsRow(project=project, number=1, document=document))
                return True
            # One statement: of two replicas that replace the same list, one does.
            replaced = session.execute(
                update(ConfigurationsRow)
                .where(ConfigurationsRow.project == project, ConfigurationsRow.number == number)
                .values(number=number + 1, document=document)
                .returning(ConfigurationsRow.project)
                .execution_options(synchronize_session=False)
            )
            return replaced.first() is not None

        return await self._run(work)


def _written(kept: Sequence[KeptConfiguration]) -> str:
    document: JsonObject = {
        "configurations": write_configurations(one.configuration for one in kept),
        "kept": [
            [one.id, one.version, one.changed_by, one.changed_at.isoformat(), one.set_by]
            for one in kept
        ],
    }
    return json.dumps(document, ensure_ascii=True)


def _read(row: ConfigurationsRow) -> tuple[KeptConfiguration, ...]:
    """Return the list. Raises ConfigurationsUnreadableError."""
    try:
        document = json.loads(row.document)
        read = read_configurations(document["configurations"])
        if read.problems:
            raise ValueError(read.problems[0].code)
        return tuple(
            KeptConfiguration(
                id=str(number),
                version=int(version),
                configuration=one,
                changed_by=str(by),
                changed_at=datetime.fromisoformat(at),
                # Older rows do not say it, and what changed may have been the name alone.
                set_by=str(set_by[0]) if set_by else str(by) if version == 1 else "",
            )
            for (number, version, by, at, *set_by), one in zip(
                document["kept"], read.configurations, strict=True
            )
        )
    except (ValueError, TypeError, KeyError) as fault:
        raise ConfigurationsUnreadableError(project=row.project) from fault
