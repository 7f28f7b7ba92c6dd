"""Decide who may act in which project."""

from __future__ import annotations

from sardonyx.projects.errors import ProjectNotFoundError
from sardonyx.projects.models import Actor, Project


def authorised_project(actor: Actor, project_id: str) -> Project:
    """Return the project if `actor` may act in it; raises ProjectNotFoundError otherwise."""
    for project in actor.projects:
        if project.id == project_id:
            return project
    known = ", ".join(project.id for project in actor.projects)
    raise ProjectNotFoundError(project=project_id, known=known, field="project")
