"""``--ws-app``: an ASGI application is served in a thread, tested, and stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from verification.conftest import CASES

# An ASGI application without a framework; what it does with a message and at its start is put in.
APP = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            event = await receive()
            if event["type"] == "lifespan.startup":
                {starts}
                await send({{"type": "lifespan.startup.complete"}})
            else:
                {stops}
                await send({{"type": "lifespan.shutdown.complete"}})
                return
    await receive()
    await send({{"type": "websocket.accept"}})
    while (message := await receive())["type"] == "websocket.receive":
        await send({{"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")}})
"""

NEVER = "await receive()"
NO_DATABASE = "await send({'type': 'lifespan.startup.failed', 'message': 'no database'}); return"

RunApp = Callable[..., Any]


@pytest.fixture
def run_app(run_in: Any, tmp_path: Path) -> RunApp:
    """Runs cases against an application in the folder ``project``."""

    def run(*arguments: str, starts: str = "pass", stops: str = "pass", name: str = "chat:app") -> Any:
        files = {
            "chat.py": APP.format(starts=starts, stops=stops),
            "pytest.ini": "[pytest]\nasyncio_mode=auto\n",
        }
        options = ("--ws-app", name, "--ws-reply", "{message}", "--import-mode=importlib")
        return run_in(files, *options, *arguments)

    return run


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n", "2"]], ids=["alone", "xdist"])
def test_application_is_served_and_tested(run_app: RunApp, tmp_path: Path, workers: list[str]) -> None:
    stopped = tmp_path / "stopped"
    stops = f"file = open({str(stopped)!r}, 'a'); file.write('x'); file.close()"
    run = run_app(*workers, str(CASES / "contract/test_binary.py"), stops=stops)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr
    assert " passed" in run.stdout
    assert stopped.read_text() == "x" * (3 if workers else 1)


@pytest.mark.parametrize(
    "settings, why",
    [
        ({"name": "no_such_module:app"}, "ModuleNotFoundError: No module named 'no_such_module'"),
        ({"name": "chat:application"}, "has no attribute 'application'"),
        ({"name": "chat"}, "expected a module and the application in it"),
        ({"starts": NO_DATABASE}, "--ws-app chat:app was not started: no database"),
    ],
)
def test_application_that_does_not_start_is_one_message(
    run_app: RunApp, settings: dict[str, str], why: str
) -> None:
    run = run_app(str(CASES / "contract/test_binary.py"), **settings)
    assert run.returncode == pytest.ExitCode.USAGE_ERROR, run.stdout
    assert why in run.stderr + run.stdout
    assert "Traceback" not in run.stderr + run.stdout


def test_module_that_ends_the_program_is_one_message(run_in: Any) -> None:
    files = {
        "settings.py": "import sys\nsys.exit('DATABASE_URL is not set')\n",
        "test_x.py": "def test_x(client): ...",
    }
    run = run_in(files, "--ws-app", "settings:app")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR, run.stdout
    assert "--ws-app settings:app was not started: SystemExit: DATABASE_URL is not set" in (
        run.stderr + run.stdout
    )


def test_application_that_never_starts_costs_the_wait(run_app: RunApp) -> None:
    run = run_app("--ws-wait", "0.5", str(CASES / "contract/test_binary.py"), starts=NEVER)
    assert run.returncode == pytest.ExitCode.USAGE_ERROR, run.stdout
    assert "--ws-app chat:app was not started: its lifespan did not start within 0.5 s" in (
        run.stderr + run.stdout
    )


def test_what_an_application_raises_beside_the_tests_is_told_without_secrets(run_app: RunApp) -> None:
    starts = "import asyncio; asyncio.get_running_loop().call_soon(int, 'open-sesame')"
    run = run_app("--ws-secret", "open-sesame", str(CASES / "contract/test_binary.py"), starts=starts)
    assert "the application raised ValueError: invalid literal for int()" in run.stdout
    assert "open-sesame" not in run.stdout + run.stderr


def test_command_and_application_exclude_each_other(run_app: RunApp) -> None:
    run = run_app("--ws-command", f"{sys.executable} server.py {{port}}")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--ws-command and --ws-app both start a server" in run.stderr + run.stdout


def test_cases_about_a_process_say_how_to_give_the_application_one(run_app: RunApp) -> None:
    run = run_app("-ra", str(CASES / "process/test_restart.py"))
    assert run.returncode == 0, run.stdout[-3000:]
    assert "--ws-command 'uvicorn chat:app --port {port}'" in run.stdout
