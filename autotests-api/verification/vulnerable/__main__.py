"""``make vulnerable``: the security cases against vulnerable releases, which have to be red, and fixed ones.

``python -m verification.vulnerable [WORD …]`` installs what it needs, by exact version, below .vulnerable/,
and prints a line for each release; with words only the vulnerabilities that have one of them in number,
package or case. The exit status is 1 where a vulnerable release is not red or a fixed one not green.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from verification.proof.run import node_of_test
from verification.vulnerable.releases import VULNERABILITIES, Vulnerability

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
INSTALLED = ROOT / ".vulnerable"

STARTS_WITHIN = 60.0
"""Seconds."""


class NotTried(Exception):
    """A release cannot be installed or started here; the text says why."""


def main(words: Sequence[str]) -> int:
    """Prints what was seen of each release and returns the exit status."""
    wrong = 0
    for entry in VULNERABILITIES:
        if words and not any(word in f"{entry.number} {entry.package} {entry.case}" for word in words):
            continue
        seen = []
        for requirements, expected in ((entry.vulnerable, "red"), (entry.fixed, "green")):
            try:
                outcome = look_at(entry, requirements)
            except NotTried as reason:
                outcome = f"not tried: {reason}"
            seen.append(f"{requirements[_differing(entry)]} {outcome}")
            # A release that lets no page in leaves nothing to compare another page with.
            as_expected = outcome == expected or (expected == "green" and outcome == "skipped")
            wrong += not as_expected and not outcome.startswith("not tried")
        print(f"{entry.number:20} {'; '.join(seen)}  {entry.case}", flush=True)
    print(f"{wrong} not as expected" if wrong else "all as expected")
    return 1 if wrong else 0


def look_at(entry: Vulnerability, requirements: Sequence[str]) -> str:
    """Returns ``red`` or ``green``: what the case says of a release. Raises NotTried."""
    folder = installed(entry, requirements)
    if entry.is_client:
        program = f"node --abort-on-uncaught-exception {HERE / 'servers' / entry.server} {folder} {{url}}"
        done = _run(entry, "--ws-client", program)
    else:
        with started(entry, folder) as (url, *options):
            done = _run(entry, f"--ws-url={url}", "--ws-reply={message}", *options)
    if re.search(r"^(1 failed|.*\b1 failed)", done.stdout, re.M):
        return "red"
    if re.search(r"^1 passed", done.stdout, re.M):
        return "green"
    if re.search(r"^1 skipped", done.stdout, re.M):
        return "skipped"
    last = (done.stdout + done.stderr).strip().splitlines()
    return f"not judged: {last[-1] if last else 'no output'}"


def _run(entry: Vulnerability, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--ws-security=fail", *options]
    case = f"autotests-api/tests/{entry.case}" if entry.is_client else node_of_test(entry.case)
    return subprocess.run(
        [*command, *entry.options, case],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def installed(entry: Vulnerability, requirements: Sequence[str]) -> Path:
    """Returns the folder of an installation, made if it is not there yet. Raises NotTried."""
    name = re.sub(r"[^\w.-]+", "-", "_".join((entry.registry, *requirements))).strip("-")
    folder = INSTALLED / name
    if (folder / "complete").is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if entry.registry == "npm":
        (folder / "package.json").write_text("{}")
        command = ["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", *requirements]
    else:
        command = [python_for(entry), "-m", "pip", "install", "--quiet", "--target", ".", *requirements]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NotTried(f"there is no {command[0]}") from None
    if done.returncode:
        raise NotTried(f"{' '.join(requirements)} cannot be installed")
    (folder / "complete").touch()
    return folder


def python_for(entry: Vulnerability) -> str:
    """Returns the interpreter that runs a release. Raises NotTried."""
    if not entry.python:
        return sys.executable
    by_pyenv = sorted(Path.home().glob(f".pyenv/versions/{entry.python}.*/bin/python"))
    # Not the shim of pyenv, which runs no version that is not chosen.
    found = str(by_pyenv[-1]) if by_pyenv else shutil.which(f"python{entry.python}")
    if found is None:
        raise NotTried(f"there is no Python {entry.python}")
    return found


@contextmanager
def started(entry: Vulnerability, folder: Path) -> Iterator[list[str]]:
    """Starts the server of an installation; yields its URL and options that it needs. Raises NotTried."""
    program = str(HERE / "servers" / entry.server)
    if program.endswith(".py"):
        command = [python_for(entry), "-W", "ignore", program]
        environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    else:
        command, environment = ["node", program, str(folder)], None
    with (folder / "output.txt").open("w+") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.DEVNULL)
        try:
            yield _announced(process, folder / "output.txt")
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _announced(process: subprocess.Popen[bytes], output: Path) -> list[str]:
    ends = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < ends:
        found = re.search(r"^wss?://.*\n", output.read_text(), re.M)
        if found:
            return found[0].split()
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise NotTried("its server does not start")


def _differing(entry: Vulnerability) -> int:
    pairs = list(zip(entry.vulnerable, entry.fixed, strict=True))
    return next(index for index, (one, other) in enumerate(pairs) if one != other)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
