"""Data that comes with the platform. Each set tells its level: here, *invented*."""
