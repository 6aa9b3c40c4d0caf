"""Installs a package of plugins from its folder into a directory, as pip does with `--target`, but without build tools."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples" / "plugins" / "sharespine-example"
NAUGHTY = Path(__file__).parent / "naughty"


def install(folder: Path, target: Path) -> None:
    """Copy what stands in `folder`/src to `target`, with the metadata that `folder`/pyproject.toml gives it."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    for package in (folder / "src").iterdir():
        if (package / "__init__.py").exists():
            shutil.copytree(package, target / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    name, version = project["name"].replace("-", "_"), project["version"]
    about = target / f"{name}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{point} = {value}" for point, value in points.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
