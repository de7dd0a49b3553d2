"""A Chromium for the journeys: found, or installed where that is possible without asking anybody.

`python -m portal.local.browser` does the latter; `make test` calls it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "No Chromium was found, so the browser journeys are left out. Install one (Debian: `apt-get install chromium`), or "
    "name one: CHROMIUM=/path/to/chromium make test"
)


def find() -> str | None:
    """Path of the browser that CHROMIUM names, else of one that is installed; None when there is none."""
    named = os.environ.get("CHROMIUM", "")
    if named:
        return named if Path(named).exists() else None
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def install() -> bool:
    """Install Debian's Chromium where this user may: root, on a system with apt-get. Whether it is there now."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ("apt-get update -qq", "apt-get install -y -qq --no-install-recommends chromium"):
        subprocess.run(command.split(), env=environment, stdout=subprocess.DEVNULL, check=False)
    return find() is not None


def main() -> None:
    if find():
        return
    if not os.environ.get("CHROMIUM"):
        sys.stdout.write("Installing Chromium for the browser journeys (about a minute) ...\n")
        sys.stdout.flush()
        if install():
            return
    sys.stdout.write(MISSING + "\n")


if __name__ == "__main__":
    main()
