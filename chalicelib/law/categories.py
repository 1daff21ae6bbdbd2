"""The 27 kinds of personal information that Shine the Light lists, in our own words (Civ. Code 1798.83(e)(6)(A)).

And the kinds of data whose loss or change would hurt: 11 CCR 7062(d) asks more proof for those.

Leaves to others: which of them were disclosed in which year (sharing.yaml).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib.errors import Misconfigured
from chalicelib.law.loader import load


def labels() -> Mapping[str, str]:
    """Every category's label by its key, in the statute's order."""
    return MappingProxyType(load().categories.labels)


def label(key: str) -> str:
    """A category in plain words. Raises Misconfigured for a key the statute does not have."""
    try:
        return load().categories.labels[key]
    except KeyError:
        known = ", ".join(load().categories.labels)
        raise Misconfigured("sharing.yaml", key, "not one of the statute's categories", f"one of {known}") from None


def is_sensitive(category: str) -> bool:
    """Whether a category of the data map is of a kind that the law files call sensitive, or a part of one."""
    return any(category == kind or category.startswith(kind + ".") for kind in load().sensitive)
