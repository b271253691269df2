"""The client for functional tests."""
