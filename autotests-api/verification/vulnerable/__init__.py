"""Releases of others with published vulnerabilities, and the fixed ones: what security cases see of both."""
