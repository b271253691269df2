"""LOAD: many connections at an honest rate, every reply checked, and whose limit the numbers show."""
