"""What the grammar of HTTP says and several modules read by (RFC 9110 §5.6)."""

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - no password
"""Pattern of a token: the name of a header, a method, a subprotocol, an extension."""

MAX_HEAD = 64 << 10
"""Bytes of the head of a request or a response that are read or kept at most."""
