"""The GitHub Action and the GitLab job of docs/ci.md: valid by their schemas, and their script lines run."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from verification.packaging.conftest import ROOT, Environment, MakeEnvironment, run
from verification.packaging.steps import Runner, read

pytestmark = pytest.mark.xdist_group("wheel")

GUIDE = ROOT / "docs" / "ci.md"

SERVER = """
import asyncio, sys
from websockets.asyncio.server import serve

PREFIX = "Сервер получил: "

async def echo(connection):
    async for message in connection:
        await connection.send(PREFIX.encode() + message if isinstance(message, bytes) else PREFIX + message)

async def main():
    async with serve(echo, "127.0.0.1", int(sys.argv[1])) as server:
        print("the server is up", flush=True)
        await server.serve_forever()

asyncio.run(main())
"""


def test_action_leaves_report_results_and_difference(tmp_path: Path, echo_url: str) -> None:
    known = tmp_path / "work" / "known.toml"
    known.parent.mkdir()
    known.write_text('"conformance/rfc6455/test_05_1_masking.py" = "it was fixed"\n', encoding="utf-8")
    action = read(ROOT / "action.yml")
    values = {f"inputs.{name}": entry.get("default", "") for name, entry in action["inputs"].items()}
    values |= {
        "github.action_path": str(ROOT),
        "inputs.url": echo_url,
        "inputs.options": "-k masking -n 2 --ws-header 'X-Words: two words'",
        "inputs.known-failures": "known.toml",
    }
    artifacts = tmp_path / "artifacts"
    artifacts.mkdir()
    runner = Runner(known.parent, artifacts, values)
    ended = runner.steps(action["runs"]["steps"])
    # A known failure that passes is red: it is to be taken off the list.
    assert [one.status for one in ended] == [0, 1], f"{ended[-1].output}\n{ended[-1].errors}"
    kept = {path.name for path in (artifacts / "websocket-report").iterdir()}
    assert {"index.html", "junit.xml", "known-failures.diff"} <= kept
    difference = (artifacts / "websocket-report" / "known-failures.diff").read_text(encoding="utf-8")
    assert '-"conformance/rfc6455/test_05_1_masking.py" = "it was fixed"' in difference
    assert Path(runner.variables["GITHUB_OUTPUT"]).read_text(encoding="utf-8") == "status=1\n"


def test_action_starts_the_server_of_its_command(tmp_path: Path) -> None:
    work, artifacts = tmp_path / "work", tmp_path / "artifacts"
    for folder in (work, artifacts):
        folder.mkdir()
    (work / "server.py").write_text(SERVER, encoding="utf-8")
    action = read(ROOT / "action.yml")
    values = {f"inputs.{name}": entry.get("default", "") for name, entry in action["inputs"].items()}
    values |= {
        "github.action_path": str(ROOT),
        "inputs.command": f"{sys.executable} server.py {{port}}",
        "inputs.url": "ws://127.0.0.1:{port}/chat",
        "inputs.options": "-k masking -n 2",
    }
    ended = Runner(work, artifacts, values).steps(action["runs"]["steps"])
    assert [one.status for one in ended] == [0, 0], f"{ended[-1].output}\n{ended[-1].errors}"
    assert (artifacts / "websocket-report" / "index.html").is_file()


@pytest.mark.parametrize("number", [0, 1], ids=["url", "command"])
def test_gitlab_job_of_the_guide_runs(
    environment_with: MakeEnvironment, wheel: Path, tmp_path: Path, echo_url: str, number: int
) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    job = [block for block in blocks if "artifacts:" in block][number]
    (tmp_path / "server.py").write_text(SERVER, encoding="utf-8")
    (tmp_path / "gitlab-ci.yml").write_text(job, encoding="utf-8")
    schema = ("--builtin-schema", "vendor.gitlab-ci", "gitlab-ci.yml")
    run(Path(sys.executable).with_name("check-jsonschema"), *schema, folder=tmp_path).check()

    (entry,) = yaml.safe_load(job).values()
    environment = environment_with("pip")
    variables = {
        "WEBSOCKET_URL": echo_url,
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PIP_FIND_LINKS": f"{wheel.parent} {os.environ.get('PIP_FIND_LINKS', '')}",
        "PIP_CONSTRAINT": str(ROOT / "requirements.txt"),
        "PYTEST_ADDOPTS": "-k masking",
        **entry.get("variables", {}),
    }
    for line in entry["script"]:
        run("bash", "-eo", "pipefail", "-c", line, folder=tmp_path, **variables).check()
    assert (tmp_path / "websocket-report" / "index.html").is_file()
    assert (tmp_path / "websocket-report" / "junit.xml").is_file()
    assert Environment(environment, tmp_path)("pytest-websocket", "--version").status == 0
