"""The WebSocket protocol without I/O: frames, handshake, extensions, deflate (RFC 6455, RFC 7692)."""
