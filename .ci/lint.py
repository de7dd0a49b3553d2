"""Runs every linter and says at the end which of them complained. `make lint` calls it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

CHECKS = {
    "types": "mypy",
    "format": "ruff format --check .",
    "ruff": "ruff check .",
    "imports": "lint-imports",
    "migrations": "python manage.py makemigrations --check --dry-run",
    "templates": "djlint templates portal syncapp --lint --quiet",
    "security": "bandit --quiet -ll --recursive portal syncapp connectors --configfile pyproject.toml",
    "dockerfile": "hadolint docker/Dockerfile",
    "compose": "python .ci/compose.py docker/compose.yaml",
}


def main() -> int:
    # The types take as long as all others together: on two cores they run beside them.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as several:
        results = several.map(lambda check: passes(*check), CHECKS.items())
        failed = [name for name, passed in zip(CHECKS, results, strict=True) if not passed]
    say(f"lint: {', '.join(failed)} complained" if failed else "lint: all clean")
    return 1 if failed else 0


def passes(name: str, command: str) -> bool:
    program, *arguments = command.split()
    began = time.monotonic()
    command_line = [str(BIN / program), *arguments]
    answer = subprocess.run(
        command_line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    passed = answer.returncode == 0
    result = f"{name:<12}{'ok' if passed else 'FAILED'}  {time.monotonic() - began:.1f} s"
    say(result if passed else f"{result}\n{answer.stdout.strip()}")
    return passed


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
