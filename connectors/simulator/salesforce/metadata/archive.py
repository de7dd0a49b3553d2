"""The zip of a deployment: its manifest and its components."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.simulator.salesforce.metadata import xmltree
from connectors.simulator.salesforce.metadata.kinds import BY_FOLDER, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILES = 10_000
MAX_BYTES = 400 * 1024 * 1024


class BadArchive(Exception):
    """Not a deployment: no zip, no package.xml ..."""


@dataclass(slots=True)
class Component:
    """One component: its files by name (`objects/Account.object`)."""

    kind: Kind
    name: str
    file: str
    body: bytes
    meta: bytes | None = None
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Archive:
    """A deployment's content. `members` of the manifest by type; `*` means all."""

    members: dict[str, list[str]]
    version: str
    components: list[Component]
    removals: dict[str, list[str]]

    def wants(self, kind: str, name: str) -> bool:
        """Whether the manifest names this component."""
        named = self.members.get(kind, [])
        return "*" in named or name in named


def read(raw: bytes) -> Archive:
    """Open the zip. Raises BadArchive."""
    files = _files(raw)
    root = _root(files)
    inside = {name[len(root) :]: body for name, body in files.items() if name.startswith(root)}
    if "package.xml" not in inside:
        raise BadArchive("No package.xml found")
    members, version = _manifest(inside["package.xml"], "package.xml")
    removals: dict[str, list[str]] = {}
    for name in ("destructiveChanges.xml", "destructiveChangesPre.xml", "destructiveChangesPost.xml"):
        if name in inside:
            removals.update(_manifest(inside[name], name)[0])
    return Archive(members, version, list(_components(inside)), removals)


def _files(raw: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = [info for info in archive.infolist() if not info.is_dir()]
            if len(entries) > MAX_FILES or sum(info.file_size for info in entries) > MAX_BYTES:
                raise BadArchive("Maximum size of request reached")
            return {info.filename.lstrip("/"): archive.read(info) for info in entries}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise BadArchive(f"Failed to read the zip file: {error}") from error


def _root(files: dict[str, bytes]) -> str:
    """Packages may lie in one top folder."""
    if "package.xml" in files:
        return ""
    tops = {name.split("/")[0] for name in files}
    only = next(iter(tops)) if len(tops) == 1 else ""
    return f"{only}/" if only and f"{only}/package.xml" in files else ""


def _manifest(raw: bytes, name: str) -> tuple[dict[str, list[str]], str]:
    try:
        root = xmltree.parse(raw)
    except xmltree.BadXml as error:
        raise BadArchive(f"Error parsing {name}: {error}") from error
    members = {
        xmltree.text(kind, "name"): [(one.text or "").strip() for one in xmltree.children(kind, "members")]
        for kind in xmltree.children(root, "types")
    }
    return members, xmltree.text(root, "version")


def _components(files: dict[str, bytes]) -> Iterator[Component]:
    bundles: dict[tuple[str, str], Component] = {}
    for name in sorted(files):
        folder, _, rest = name.partition("/")
        kind = BY_FOLDER.get(folder)
        if kind is None or not rest or "/__tests__/" in name:
            continue
        if kind.bundle:
            bundle = rest.split("/")[0]
            component = bundles.setdefault(
                (folder, bundle), Component(kind, bundle, f"{folder}/{bundle}", b"")
            )
            component.files[name] = files[name]
        elif not name.endswith("-meta.xml"):
            full_name = rest.removesuffix(f".{kind.suffix}")
            yield Component(kind, full_name, name, files[name], files.get(f"{name}-meta.xml"))
    yield from bundles.values()
