"""`make package`: the AWS package of a stage, in out/<stage>: one template, one zip.

Chalice gathers the dependencies and makes its part of the template; here that template is made whole and the zip
small. Leaves to others: what is in the template (template), what in the zip (stripping), AWS itself (deploy).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

from local import stripping, template

ROOT = Path(__file__).parent.parent
LARGEST = 20_000_000
"""Bytes of a zip: a function that starts cold fetches it first."""


class CannotPackage(Exception):
    """One line that says why not, and what to do instead."""


def main(stage: str) -> int:
    try:
        out = package(stage)
    except CannotPackage as why:
        print(why, file=sys.stderr)
        return 2
    size = (out / "deployment.zip").stat().st_size / 1e6
    print(f"{out.relative_to(ROOT)}: sam.json and deployment.zip ({size:.1f} MB)")
    return 0


def package(stage: str, out: Path | None = None) -> Path:
    """Make it, in out/<stage> unless told where; its folder. Raises CannotPackage."""
    business, url = settings(stage)
    out = out or ROOT / "out" / stage
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for cache in (ROOT / "chalicelib").rglob("__pycache__"):  # Chalice would hash it
        shutil.rmtree(cache, ignore_errors=True)
    _chalice(stage, out)
    if missing := _missing(out / "deployment.zip"):
        raise CannotPackage(f"the package lacks {', '.join(missing)}: no wheel of it for this architecture")
    size = stripping.strip(out / "deployment.zip", business)
    if size > LARGEST:
        raise CannotPackage(
            f"the package has {size / 1e6:.1f} MB, more than {LARGEST / 1e6:.0f}: see local/stripping.py"
        )
    _complete(out / "sam.json", business, url)
    return out


def settings(stage: str) -> tuple[str, str]:
    """The business that a stage serves, and its public address. Raises CannotPackage."""
    stages = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]
    if stage not in stages:
        raise CannotPackage(f"STAGE={stage}: no such stage; name one of {', '.join(stages)}")
    said = stages[stage].get("environment_variables", {})
    for name in ("RIGHTSDESK_BUSINESS", "RIGHTSDESK_PUBLIC_URL"):
        if not said.get(name):
            raise CannotPackage(f".chalice/config.json: stage {stage} lacks the environment variable {name}")
    return said["RIGHTSDESK_BUSINESS"], said["RIGHTSDESK_PUBLIC_URL"]


def _chalice(stage: str, out: Path) -> None:
    chalice = Path(sys.executable).with_name("chalice")
    made = subprocess.run(
        [str(chalice), "package", "--stage", stage, "--template-format", "json", str(out)],
        cwd=ROOT, env={"AWS_DEFAULT_REGION": "us-east-1", **os.environ}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if made.returncode or not (out / "deployment.zip").exists():
        raise CannotPackage(f"chalice package failed:\n{made.stdout}{made.stderr}")


def _complete(sam: Path, business: str, url: str) -> None:
    from chalicelib.businesses.loader import load

    chalices = json.loads(sam.read_text())
    whole = template.whole(chalices, load(business), str(urlsplit(url).hostname))
    sam.write_text(json.dumps(whole, indent=1) + "\n")


def _missing(package: Path) -> list[str]:
    """Chalice only mentions a dependency that it could not build: hold the zip against what is required."""
    with zipfile.ZipFile(package) as zipped:
        there = {name.split("/")[0].lower() for name in zipped.namelist()}
    needed = {"chalice", "pydantic", "pydantic_core", "jinja2", "cryptography", "yaml", "psycopg_binary", "sqlalchemy"}
    return sorted(needed - there)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "dev"))
