"""Wiring only: which rooms of autotests-api/ are pytest plugins."""

pytest_plugins = (
    "fixtures.selection",
    "fixtures.target",
    "fixtures.patience",
    "fixtures.journals",
    "fixtures.clients",
    "fixtures.wires",
    "fixtures.echo",
    "fixtures.compression",
    "fixtures.links",
    "fixtures.load",
    "fixtures.levels",
    "fixtures.lifeline",
    "fixtures.known_failures",
    "fixtures.secrecy",
    "fixtures.site",
    "fixtures.evidence",
    "fixtures.browser",
    "report.plugin",
)
