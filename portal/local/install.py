"""Makes or completes the environment `.venv`. Run by `make` with the machine's own Python, before all else.

usage: python3 portal/local/install.py REQUIREMENTS_FILE ...

Standard library only, and readable by older Pythons, so that these get a sentence instead of a syntax error. It can be
interrupted at any point: what is half made is completed or made anew by the next run.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
WANTED = ((3, 11), (3, 12), (3, 13))

# True only when the environment was made at this place, by a wanted Python, and has pip.
PROBE = f"import sys, pip; print(sys.version_info[:2] in {WANTED!r} and sys.prefix == {str(VENV)!r})"


def main(files: list[str]) -> None:
    with (ROOT / "requirements.txt").open() as lock:
        if not try_lock(lock):
            say("Waiting for another setup in this folder ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        works = environment_works()
        missing = [name for name in files if not works or installed(name) != digest(name)]
        if not missing:
            return
        began = time.monotonic()
        if not works:
            make_environment(suitable_python())
        install(missing)
        say(f"Environment ready after {time.monotonic() - began:.0f} s.")


def try_lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def environment_works() -> bool:
    try:
        answer = subprocess.run(
            [str(PYTHON), "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
    except OSError:
        return False
    return answer.stdout.strip() == b"True"


def suitable_python() -> str:
    """This Python, or another one of the machine, of a version that the libraries were chosen for."""
    if sys.version_info[:2] in WANTED:
        return sys.executable
    for major, minor in reversed(WANTED):
        found = shutil.which(f"python{major}.{minor}")
        if (
            found
            and subprocess.run([found, "-c", ""], stderr=subprocess.DEVNULL, check=False).returncode == 0
        ):
            return found
    sys.exit(
        f"Ledgerbridge needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]} and no other was found. "
        "Install one, or name it: `make PYTHON=/path/to/python3.13 run`."
    )


def make_environment(python: str) -> None:
    say(f"Creating .venv with {python} ...")
    if create(python):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("This Python comes without the module venv; installing the system's python3-venv ...")
        for command in ("update -qq", "install -y -qq --no-install-recommends python3-venv"):
            subprocess.run(["apt-get", *command.split()], check=False)
        if create(python):
            return
    sys.exit(
        "Could not create .venv (see above). On Debian and Ubuntu the module venv is a package of its own: "
        "`sudo apt-get install python3-venv`, then run the same command again."
    )


def create(python: str) -> bool:
    return subprocess.run([python, "-m", "venv", "--clear", str(VENV)], check=False).returncode == 0


def install(files: list[str]) -> None:
    say(f"Installing {', '.join(files)} (a minute or less) ...")
    command = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        # The files name everything with its version. Left to resolve, pip looks at newer releases first and
        # refuses them for having no hash, so that a release of a library elsewhere breaks a new environment.
        "--no-deps",
    ]
    for name in files:
        command += ["-r", str(ROOT / name)]
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit(
            "Installing the libraries did not finish (see above). Run the same command again to continue."
        )
    for name in files:
        stamp(name).write_text(digest(name))


def stamp(name: str) -> Path:
    return VENV / f"installed-{name.replace('/', '-')}"


def digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def installed(name: str) -> str:
    try:
        return stamp(name).read_text()
    except OSError:
        return ""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run the same command again to continue.")
