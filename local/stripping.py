"""What ships, made small: the zip that Chalice built, without what no request reads, the same bytes every time.

Left out: other businesses, caches, libraries' translations, typing files, tests, the countries whose holidays no clock
counts, databases that we have no driver for. The same input gives the same zip, so that an unchanged stage changes
nothing on AWS. Whether it still works is for tests/cloud, which imports and walks it with nothing else at hand.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

LEFT_OUT = re.compile(
    r"(^|/)__pycache__/"
    r"|\.(pyi|pyx|pxd|h|c|po)$"
    r"|^(?!chalicelib/).*\.mo$"
    r"|(^|/)tests?/"
    r"|^sqlalchemy/testing/"
    r"|^sqlalchemy/dialects/(mssql|mysql|oracle|sqlite)/"
    r"|^dateutil/zoneinfo/dateutil-zoneinfo\.tar\.gz$"  # tzdata ships, and dateutil is asked for no zone
    r"|^holidays/financial/(?!__init__)"
    r"|^holidays/countries/(?!__init__|united_states|united_kingdom)"
    r"|^chalicelib/(commands|bulk)\.py$"
)
EMPTIED = frozenset({"holidays/countries/__init__.py"})
"""Imports every country there is; those that ship are imported by their own modules' names."""
OURS = re.compile(r"^chalicelib/businesses/([^/]+)/")
THE_TIME = (1980, 1, 1, 0, 0, 0)


def strip(package: Path, business: str) -> int:
    """Rewrite the zip in place for a stage that serves `business`; its bytes."""
    stripped = package.with_suffix(".small")
    with (
        zipfile.ZipFile(package) as before,
        zipfile.ZipFile(stripped, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as after,
    ):
        for name in sorted(set(before.namelist())):
            if ships(name, business):
                entry = zipfile.ZipInfo(name, THE_TIME)
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o755 << 16
                after.writestr(entry, b"" if name in EMPTIED else before.read(name), compresslevel=9)
    stripped.replace(package)
    return package.stat().st_size


def ships(name: str, business: str) -> bool:
    """Whether a file of the zip is needed by a stage of `business`."""
    of = OURS.match(name)
    return not name.endswith("/") and not LEFT_OUT.search(name) and (not of or of[1] == business)
