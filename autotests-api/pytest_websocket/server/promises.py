"""What the echo server promises to answer."""

PREFIX = "Сервер получил: "
"""What comes before the message in its reply."""

MAX_SIZE = 1 << 20
"""Bytes of a message that it takes at most."""
