"""Reads a business's folder: `business.yaml`, `datamap.yaml`, `sharing.yaml`, checked as one whole.

`load("jeffers")` for one that ships, `load("./mine")` for one's own. Whatever is wrong raises one Misconfigured that
names the file, the path in it, the problem and the mend; a word nobody knows is answered with the nearest known one.
Leaves to others: the shapes (model, domain/datamap), what must fit together (sound), the live database (check).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from chalicelib.businesses.model import Business, Sharing
from chalicelib.businesses.sound import unsound
from chalicelib.businesses.wrong import first_wrong
from chalicelib.domain.datamap import DataMap
from chalicelib.errors import Misconfigured
from chalicelib.language import ENGLISH, LANGUAGES

SHIPPED = Path(__file__).parent
FILES = ("business.yaml", "datamap.yaml", "sharing.yaml")

M = TypeVar("M", bound=BaseModel)


def load(name_or_path: str) -> Business:
    """The business in a folder beside this file, or at a path. Raises Misconfigured."""
    folder = _folder(name_or_path)
    about, places, shares = (folder / name for name in FILES)
    datamap = _shaped(DataMap, _nulls_meant(_read(places)), places)
    sharing = _shaped(Sharing, _read(shares), shares)
    said = _read(about)
    for key in {"datamap", "sharing", "translations"} & said.keys():
        raise Misconfigured(str(about), key, "stands in a file of its own", f"move it to {key}.yaml")
    business = _shaped(
        Business,
        {"id": folder.name, **said, "datamap": datamap, "sharing": sharing, "translations": _translations(folder)},
        about,
    )
    for file, where, problem, mend in unsound(business, categories()):
        raise Misconfigured(str(folder / file), where, problem, mend)
    return business


def shipped() -> list[str]:
    """The names of the businesses that ship."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/business.yaml"))


def _translations(folder: Path) -> dict[str, dict[str, str]]:
    """`es.yaml` and the like: each text of the business's own, word for word, with what is said instead."""
    there = [code for code in LANGUAGES if code != ENGLISH and (folder / f"{code}.yaml").is_file()]
    return {code: _texts(folder / f"{code}.yaml") for code in there}


def _texts(path: Path) -> dict[str, str]:
    said = _read(path)
    for text, translation in said.items():
        if not isinstance(text, str) or not isinstance(translation, str) or not translation.strip():
            raise Misconfigured(
                str(path), str(text)[:60], "is no text with its translation", "write `English: Spanish`"
            )
    return said


@cache
def categories() -> dict[str, str]:
    """Every category a field may have, with its label."""
    return {str(key): str(label) for key, label in _read(SHIPPED / "categories.yaml").items()}


def _folder(name_or_path: str) -> Path:
    for folder in (SHIPPED / name_or_path, Path(name_or_path)):
        if (folder / FILES[0]).is_file():
            return folder.resolve()
    near = get_close_matches(name_or_path, shipped(), 1)
    mend = f"did you mean {near[0]}?" if near else f"name one of {', '.join(shipped())}, or a folder with these files"
    raise Misconfigured(name_or_path, FILES[0], "no such business", mend)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML that refuses a key given twice: the first would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a list cannot be a key", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        made: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return made


def _read(path: Path) -> dict[str, Any]:
    try:
        said = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506  a safe loader's child
    except FileNotFoundError:
        raise Misconfigured(str(path), "the file", "is missing", f"a business needs {', '.join(FILES)}") from None
    except UnicodeDecodeError:
        raise Misconfigured(str(path), "the file", "is not UTF-8", "save it as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the file"
        mend = "give each key once" if "twice" in str(error.problem) else "mind indentation, colons and quotes there"
        raise Misconfigured(str(path), where, f"is not YAML: {error.problem}", mend) from None
    except yaml.YAMLError:
        raise Misconfigured(str(path), "the file", "is not YAML", "remove control characters") from None
    if not isinstance(said, dict):
        raise Misconfigured(str(path), "the file", "holds no keys", "begin with `key: value` lines")
    return said


def _nulls_meant(said: dict[str, Any]) -> dict[str, Any]:
    """`blank: null`, the YAML word, means the text the model knows."""

    def mend(part: Any, known: bool = False) -> None:
        if isinstance(part, dict):
            if known and "blank" in part and part["blank"] is None:
                part["blank"] = "null"
            for key, value in part.items():
                for below in value.values() if key == "fields" and isinstance(value, dict) else ():
                    mend(below, known=True)
                mend(value)

    mend(said)
    return said


def _shaped(model: type[M], said: Mapping[str, Any], path: Path) -> M:
    try:
        return model.model_validate(said)
    except ValidationError as error:
        where, problem, mend = first_wrong(error, model, said)
        raise Misconfigured(str(path), where, problem, mend) from None
