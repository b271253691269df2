"""Servers with one weakness each, which names the case that finds it, and a strong one without any."""
