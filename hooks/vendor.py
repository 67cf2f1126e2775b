"""Build the wheel of `oda` from the template's own sources: standard library only, the same bytes for the same sources.

The wheel holds what `setuptools` would put in it, save the long description; a test compares the two.
"""

import base64
import hashlib
import tomllib
import zipfile
from pathlib import Path
from typing import Any

SOURCES = {"shared/oda": "oda", "reports": "oda/reports"}
SUFFIXES = {
    *(".bib", ".css", ".csl", ".csv", ".html", ".js", ".json", ".lua", ".md", ".py", ".qmd", ".scss", ".svg", ".txt"),
    *(".otf", ".png", ".ttf", ".typ", ".typed", ".woff2", ".xml", ".yaml", ".yml"),
}
MADE = (1980, 1, 1, 0, 0, 0)  # the first date a zip can hold; so the wheel does not depend on when it was made
MODE = 0o100644 << 16


def vendor(root: Path, pilot: Path) -> Path:
    """Write the wheel, its hash and the requirement that pins it into a pilot; return the wheel."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    distribution = f"{project['name'].replace('-', '_')}-{project['version']}"
    wheel = pilot / "vendor" / f"{distribution}-py3-none-any.whl"
    wheel.parent.mkdir(exist_ok=True)
    for old in wheel.parent.glob(f"{project['name'].replace('-', '_')}-*.whl"):
        old.unlink()
    write_wheel(wheel, contents(root, project, f"{distribution}.dist-info"), f"{distribution}.dist-info/RECORD")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    write_text(wheel.with_name("SHA256SUMS"), f"{digest}  {wheel.name}\n")
    pinned = f"./vendor/{wheel.name} --hash=sha256:{digest}\n"
    (pilot / "requirements").mkdir(exist_ok=True)
    write_text(pilot / "requirements" / "oda.txt", f"# The wheel of oda in this pilot, and its hash.\n{pinned}")
    return wheel


def contents(root: Path, project: dict[str, Any], info: str) -> dict[str, bytes]:
    """Return every file of the wheel but its RECORD, by its path in the wheel."""
    files = {}
    for folder, package in SOURCES.items():
        for path in sorted((root / folder).rglob("*")):
            inner = path.relative_to(root / folder)
            if path.is_file() and path.suffix in SUFFIXES and not hidden(inner):
                files[f"{package}/{inner.as_posix()}"] = path.read_bytes()
    for name in license_files(root, project):
        files[f"{info}/licenses/{name}"] = (root / name).read_bytes()
    files[f"{info}/METADATA"] = metadata(project, license_files(root, project)).encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: oda-vendor\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = entry_points(project).encode()
    files[f"{info}/top_level.txt"] = b"oda\n"
    return files


def hidden(inner: Path) -> bool:
    """Whether a path lies in a folder that Python, Jupyter or an editor keeps for itself."""
    return any(part.startswith(".") or part == "__pycache__" for part in inner.parts)


def license_files(root: Path, project: dict[str, Any]) -> list[str]:
    """Return the licences that the project's patterns find."""
    return sorted(
        path.relative_to(root).as_posix() for pattern in project["license-files"] for path in root.glob(pattern)
    )


def metadata(project: dict[str, Any], licences: list[str]) -> str:
    """Return METADATA as the core metadata specification, version 2.4, has it."""
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"License-File: {name}" for name in licences),
        *(f"Requires-Dist: {requirement}" for requirement in project["dependencies"]),
    ]
    for extra, requirements in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines.extend(f'Requires-Dist: {requirement}; extra == "{extra}"' for requirement in requirements)
    return "\n".join(lines) + "\n"


def entry_points(project: dict[str, Any]) -> str:
    """Return the commands the wheel installs."""
    return (
        "\n".join(["[console_scripts]", *(f"{name} = {target}" for name, target in project["scripts"].items())]) + "\n"
    )


def write_wheel(wheel: Path, files: dict[str, bytes], record: str) -> None:
    """Write the files, sorted, uncompressed and undated, and RECORD last."""
    rows = [f"{path},{record_hash(content)},{len(content)}\n" for path, content in files.items()]
    ordered = {**dict(sorted(files.items())), record: "".join([*sorted(rows), f"{record},,\n"]).encode()}
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_STORED) as archive:
        for path, content in ordered.items():
            entry = zipfile.ZipInfo(path, MADE)
            entry.create_system, entry.external_attr = 3, MODE  # as on Linux, wherever it is made
            archive.writestr(entry, content)


def record_hash(content: bytes) -> str:
    """Return a hash as RECORD has it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8 with Linux line ends, on every machine."""
    path.write_text(text, encoding="utf-8", newline="\n")
