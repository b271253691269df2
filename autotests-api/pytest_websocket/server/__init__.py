"""The echo server: as a context manager, as a program, and in a background thread."""
