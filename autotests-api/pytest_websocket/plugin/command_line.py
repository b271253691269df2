"""What a command line may ask for instead of a test run: a listing of the cases, a probe of the target.

And one repair: pytest looks for its rootdir and pytest.ini before it knows the options of any plugin, so it
takes an existing file that follows an option of this plugin (``--ws-ca /etc/ca.pem``) for a test path.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_websocket.plugin.options import flags_with_a_value, option_value, started_in


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | pytest.ExitCode | None:
    """Runs what was asked for and returns its exit status; None leaves the run to pytest."""
    given = config.invocation_params
    arguments = joined(given.args, flags_with_a_value())
    if arguments != list(given.args):
        return pytest.main(arguments, given.plugins)
    if config.getoption("help") or any(isinstance(plugin, _Collected) for plugin in given.plugins or ()):
        return None
    if option_value(config, "ws-probe"):
        return _print_probe(config)
    if any(config.getoption(name) for name in ("rfc_list", "rfc_table", "ws_security_table")):
        return _print_listing(config)
    return None


def joined(arguments: Sequence[str], flags: set[str]) -> list[str]:
    """Returns the command line with ``--flag file`` written ``--flag=file``, for each file that exists."""
    found: list[str] = []
    for argument in arguments:
        if found and found[-1] in flags and Path(argument.partition("::")[0]).exists():
            found[-1] += f"={argument}"
        else:
            found.append(argument)
    return found


def _print_probe(config: pytest.Config) -> int:
    from pytest_websocket.plugin.server_under_test import start_once
    from pytest_websocket.plugin.target import configured_target, probed
    from pytest_websocket.target.description import describe

    target = configured_target(config)
    start_once(config, target)
    for name, fact in describe(*probed(target)).items():
        print(f"{name}: {fact}")  # noqa: T201
    return pytest.ExitCode.OK


class _Collected:
    """Keeps the collected tests, also those that ``-m`` and ``-k`` leave out."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keeps the tests before other hooks take some out."""
        self.items = list(items)


def _print_listing(config: pytest.Config) -> int | pytest.ExitCode:
    from pytest_websocket.plugin import security_catalogue, selection

    collected, output = _Collected(), io.StringIO()
    with contextlib.redirect_stdout(output):
        status = pytest.main([*config.invocation_params.args, "--collect-only", "--quiet"], [collected])
    if status not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        print(output.getvalue())  # noqa: T201
        return status
    if path := config.getoption("ws_security_table"):
        found = security_catalogue.catalogue_of(collected.items)
        text = security_catalogue.catalogue(found)
        (started_in(config) / path).write_text(text + "\n", encoding="utf-8")
        print(f"{path}: written")  # noqa: T201
        return pytest.ExitCode.OK
    entries = selection.entries_of(selection.asked_for(config, collected.items))
    if config.getoption("rfc_list"):
        print("\n".join(map(str, entries)))  # noqa: T201
    if path := config.getoption("rfc_table"):
        (started_in(config) / path).write_text(selection.table(entries) + "\n", encoding="utf-8")
        print(f"{path}: written")  # noqa: T201
    return pytest.ExitCode.OK
