"""The limit of open files, which is the limit of connections."""

from __future__ import annotations

import contextlib


def allow_many_connections() -> None:
    """Raises this process's limit of open files as far as the system allows: a connection is one file."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft in (hard, resource.RLIM_INFINITY):
        return
    # macOS reports an unlimited hard limit and refuses it as a soft one; 10240 is what it accepts.
    for limit in (hard, max(soft, 10_240)):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            return
