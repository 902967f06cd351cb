"""This release: its date, and a digest of what is installed, by which central knows it.

    python -m kiosk.release          # prints the digest, for `[evidence.versions] release` at central

A terminal that has not been updated for too long goes out of service, and so does one whose digest central
does not know. The digest finds a program that was changed and does not lie about it; docs/threats.md says
what it cannot find.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path

from kiosk.paths import RESOURCES

RELEASED = datetime(2026, 11, 24, tzinfo=UTC)
_PROGRAM = Path(__file__).parent


def digest(program: Path = _PROGRAM, resources: Path = RESOURCES) -> str:
    """Return SHA-256, hexadecimal, of the program's files, its resources and the packages around it.

    Of each package that this interpreter finds its name, version and list of files count. Raises OSError.
    """
    lines = sorted([*_files("kiosk", program), *_files("resources", resources), *_packages()])
    return sha256("\n".join(lines).encode()).hexdigest()


def _files(name: str, folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        # Compiled files differ from machine to machine; the resources of a wheel lie inside the program.
        if path.is_file() and not {"__pycache__", "_resources"} & set(inside.parts):
            yield f"{name}/{inside.as_posix()} {sha256(path.read_bytes()).hexdigest()}"


def _packages() -> Iterator[str]:
    """Yield each package with the hash of its RECORD, which has the hashes of its files."""
    for package in distributions():
        files = "" if package.name == "kiosk" else package.read_text("RECORD") or ""
        listed = sorted(line for line in files.splitlines() if ".pyc," not in line and "/bin/" not in line)
        yield f"{package.name} {package.version} {sha256('/'.join(listed).encode()).hexdigest()}"


if __name__ == "__main__":
    print(digest())
