"""What Onyxia's users and programs know and we name otherwise: a thin translation."""
