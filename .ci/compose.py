"""Checks compose files: against the Compose Specification, and that every reference inside them leads somewhere.

usage: python .ci/compose.py FILE ...
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

try:
    from compose_spec import PyCompose
except ImportError:  # no wheel for this system; continuous integration has one
    PyCompose = None


def main(files: list[str]) -> int:
    complaints = [f"{file}: {complaint}" for file in files for complaint in complaints_about(Path(file))]
    for complaint in complaints:
        sys.stdout.write(complaint + "\n")
    return 1 if complaints else 0


def complaints_about(file: Path) -> list[str]:
    text = file.read_text()
    try:
        document = yaml.safe_load(text)
        if PyCompose is not None:
            PyCompose.from_yaml(
                interpolated(yaml.safe_dump(document))
            )  # anchors and merges are resolved by then
    except (yaml.YAMLError, ValueError) as error:
        return [str(error)]
    return [*unknown_names(document), *missing_files(document, file.parent)]


def interpolated(text: str) -> str:
    """`text` with `${NAME:-default}` as its default and other variables as some value, as at run time."""
    return re.sub(
        r"\$\{\w+(?::?([-?])([^}]*))?\}", lambda found: found[2] if found[1] == "-" else "value", text
    )


def unknown_names(document: dict[str, Any]) -> list[str]:
    """Services, networks and volumes that are used but not declared."""
    services = document["services"]
    found = []
    for name, service in services.items():
        needed = service.get("depends_on", ())
        found += [f"{name} depends on unknown {other}" for other in needed if other not in services]
        found += [
            f"{name} uses unknown network {network}"
            for network in service.get("networks", ())
            if network not in document.get("networks", {})
        ]
        found += [
            f"{name} uses unknown volume {source}"
            for source in sources(service)
            if not source.startswith((".", "/")) and source not in document.get("volumes", {})
        ]
    return found


def missing_files(document: dict[str, Any], folder: Path) -> list[str]:
    """Files of the repository that are mounted but not there."""
    mounted = {source for service in document["services"].values() for source in sources(service)}
    ours = [source for source in mounted if source.startswith(".")]
    return [f"{source} does not exist" for source in ours if not (folder / source).exists()]


def sources(service: dict[str, Any]) -> list[str]:
    return [str(volume).partition(":")[0] for volume in service.get("volumes", ())]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
