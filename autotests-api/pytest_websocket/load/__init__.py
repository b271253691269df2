"""The load engine: many connections, messages sent on schedule, every reply checked."""
