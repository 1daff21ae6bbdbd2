"""`make check-wheels`: whether every dependency that ships has a wheel for each Lambda that we promise to run on.

Asks pip, which downloads nothing; how new a C library each of Lambda's Pythons has, Chalice knows. Leaves to others:
building the zip (package), for the Python and the architecture of one stage.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from chalice.deploy.packager import DependencyBuilder

NEEDED = Path(__file__).parent.parent / "requirements.txt"
PROMISED = (
    ("3.11", "x86_64"), ("3.12", "x86_64"), ("3.12", "aarch64"), ("3.13", "x86_64"), ("3.13", "aarch64"),
)  # fmt: skip
"""Python 3.11 on ARM is not: Lambda's is of 2018, and psycopg's wheels want a newer C library."""


def platforms(python: str, machine: str) -> list[str]:
    """The tags of wheels that run there."""
    major, newest = DependencyBuilder._RUNTIME_GLIBC.get(
        f"cp{python.replace('.', '')}", DependencyBuilder._DEFAULT_GLIBC
    )
    return [f"manylinux_{major}_{minor}_{machine}" for minor in range(17, newest + 1)] + [f"manylinux2014_{machine}"]


def lacking(python: str, machine: str) -> str:
    """Nothing if all wheels are there, else what pip says."""
    tags = [word for tag in platforms(python, machine) for word in ("--platform", tag)]
    with tempfile.TemporaryDirectory() as nowhere:
        said = subprocess.run(
            [
                sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed",
                "--only-binary=:all:", "--implementation", "cp", "--python-version", python, *tags,
                "--target", nowhere, "--requirement", str(NEEDED),
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    return said.stderr.strip().splitlines()[-1] if said.returncode else ""


def main() -> int:
    missing = 0
    for python, machine in PROMISED:
        why = lacking(python, machine)
        print(f"Python {python} on {machine}: {why or 'every wheel is there'}", flush=True)
        missing += bool(why)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
