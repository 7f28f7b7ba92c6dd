"""Saved configurations of a project: filled-in launchers that are kept, ordered and launched."""
