"""What the catalogue needs of where charts come from."""

from __future__ import annotations

from typing import Protocol

from sardonyx.catalog.models import Catalog, Chart, ChartRef, ListedChart
from sardonyx.projects.models import Actor, Project


class Repository(Protocol):
    """The charts of one catalogue. It answers from memory and disk, never from a network."""

    @property
    def id(self) -> str:
        """The catalogue's id."""

    def visible_to(self, actor: Actor, project: Project | None) -> bool:
        """Tell whether `actor` may see it in `project`; without one: in any of theirs."""

    @property
    def is_for_all(self) -> bool:
        """Whether nobody is kept from it; also of one that nobody finds but by its drawn id."""

    def catalog(self) -> Catalog:
        """Return what was last read."""

    def whole(self, listed: ListedChart) -> Chart:
        """Return a chart of its catalogue with its values and schema.

        The same chart has the same schema object as long as it is in use.
        Raises ChartContentMissingError.
        """

    def installed(self, ref: ChartRef) -> Chart | None:
        """Return a chart, also one that has left the catalogue; None when it is not kept."""

    def reload(self) -> None:
        """Forget what was read of a folder; have a repository read again soon."""


class PersonalCatalogs(Protocol):
    """A catalogue for each person, of charts that they brought; answers as a Repository does."""

    def of(self, actor: Actor) -> Repository:
        """Return the person's own, which may be empty."""

    def named(self, catalog: str) -> Repository | None:
        """Return the one of that id, whoever's; None for what is nobody's own."""
