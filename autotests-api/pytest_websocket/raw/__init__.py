"""Connections that can send any bytes."""
