"""Hardware around a core on a board."""
