"""Runs the ``run:`` blocks of a GitHub workflow or action as its runner would, in a folder of its own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from verification.packaging.conftest import ROOT, Ended, run

SETS_UP = ("actions/setup-python@", "actions/setup-node@")
"""Actions that leave nothing in the folder that a later step needs."""

PAGES = "github-pages"
"""Name that GitHub gives to the artifact that its Pages publish."""

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def read(file: Path) -> dict[str, Any]:
    """Returns a YAML file as it stands."""
    document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document


@dataclass
class Runner:
    """A runner: ``workspace`` is its folder, ``artifacts`` is what the jobs of a workflow hand on.

    ``values`` are those of the expressions, ``{"inputs.url": "ws://…"}``; an unknown one raises KeyError.
    """

    workspace: Path
    artifacts: Path
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def site(self) -> Path:
        """The folder that stands for the published site."""
        return self.workspace.with_name("site")

    @property
    def variables(self) -> dict[str, str]:
        """The variables that GitHub sets for every step."""
        beside = self.workspace.with_name(f"{self.workspace.name}-runner")
        beside.mkdir(exist_ok=True)
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "example/autotests-api",
            "GITHUB_REPOSITORY_OWNER": "example",
            "GITHUB_OUTPUT": str(beside / "output"),
            "GITHUB_STEP_SUMMARY": str(beside / "summary.md"),
            "RUNNER_TEMP": str(beside),
        }

    def steps(self, steps: list[dict[str, Any]]) -> list[Ended]:
        """Runs the steps in order, and returns how each block ended; a failure ends a job as on GitHub."""
        ended: list[Ended] = []
        for step in steps:
            if any(one.status for one in ended) and "!cancelled()" not in step.get("if", ""):
                continue
            if "run" in step:
                environment = {name: self._value(text) for name, text in step.get("env", {}).items()}
                bash = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"])
                ended.append(run(*bash, folder=self.workspace, **self.variables, **environment))
            else:
                self._use(step["uses"], step.get("with", {}))
        return ended

    def _use(self, action: str, options: Mapping[str, Any]) -> None:
        if action.startswith("actions/checkout@"):
            run("git", "clone", "--quiet", ROOT, self.workspace, folder=self.artifacts).check()
        elif action.startswith("actions/upload-artifact@"):
            self._upload(self._value(options["name"]), self._value(options["path"]).split())
        elif action.startswith("actions/download-artifact@"):
            for found in sorted(self.artifacts.glob(options["pattern"])):
                shutil.copytree(found, self.workspace / options["path"], dirs_exist_ok=True)
        elif action.startswith("actions/upload-pages-artifact@"):
            self._upload(PAGES, self._value(options["path"]).split())
        elif action.startswith("actions/deploy-pages@"):
            shutil.copytree(self.artifacts / PAGES, self.site)
        elif not action.startswith(SETS_UP):
            raise KeyError(action)

    def _upload(self, name: str, paths: list[str]) -> None:
        for path in paths:
            source = self.workspace / path
            target = self.artifacts / name
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            elif source.is_file():
                target.mkdir(exist_ok=True)
                shutil.copy(source, target)

    def _value(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: self.values[found[1]], str(text))
