"""Example APIs and their tests."""
