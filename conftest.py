"""Wiring only: which rooms of autotests-api/ are pytest plugins."""

pytest_plugins = (
    "fixtures.target",
    "fixtures.journals",
    "fixtures.clients",
    "fixtures.wires",
    "fixtures.levels",
    "report.plugin",
)
