"""The form of a draft, in one place: its model, and how a post becomes a patch."""

from __future__ import annotations

from sardonyx.launcher.form_model import (
    FormField,
    FormGroup,
    FormOption,
    FormSuggestion,
    GroupRole,
    Widget,
)
from sardonyx.launcher.submission import read_submission

__all__ = [
    "FormField",
    "FormGroup",
    "FormOption",
    "FormSuggestion",
    "GroupRole",
    "Widget",
    "read_submission",
]
