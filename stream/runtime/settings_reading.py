"""Reads a tree of frozen models from environment variables and a TOML document, and collects every fault before it fails."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

PREFIX: Final = "EBBTIDE_"
HIDDEN: Final = "(hidden)"
_NOT_SETTINGS: Final = ("EBBTIDE_HOME",)
_SECRET_ENDINGS: Final = ("_SECRET", "_TOKEN", "_KEY")
_PASSWORD: Final = re.compile(r"(?<=:)(?!//)[^/\s][^\s]*(?=@)|(?<=password=)[^&\s]+")
_MISSING: Final = object()
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting: its environment variable, its path of field names, and the field."""

    name: str
    path: tuple[str, ...]
    field: FieldInfo

    @property
    def secret(self) -> bool:
        """Whether its value must not be shown."""
        kinds = (self.field.annotation, *get_args(self.field.annotation))
        return SecretStr in kinds or SecretBytes in kinds or self.name.endswith((*_SECRET_ENDINGS, "_PASSWORD"))

    def shown(self, value: object) -> str:
        """The value as it may be printed: secrets hidden, the password of a URL too."""
        if self.secret:
            return HIDDEN
        return without_password(value) if isinstance(value, str) else repr(value)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the settings: where, what was found, what was expected, and perhaps the name that was meant."""

    where: str
    found: str
    expected: str
    near: str | None = None

    def __str__(self) -> str:
        """One line for people."""
        found = f" found {self.found};" if self.found else ""
        return f"{self.where}:{found} expected {self.expected}" + (f"; did you mean {self.near}?" if self.near else "")


class SettingsFaults(Misconfigured):
    """All faults of the settings at once, in ``faults``; one line each in the text."""

    def __init__(self, faults: Collection[Fault]) -> None:
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__("\n  ".join([f"{count} in the settings", *map(str, self.faults)]))


def variables_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Variable]:
    """Every setting of a model and of the groups in it, in the order of declaration."""
    for name, field in model.model_fields.items():
        inner = (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from variables_of(field.annotation, inner)
        else:
            yield Variable(PREFIX + "_".join(inner).upper(), inner, field)


def read(model: type[_Model], env: Mapping[str, str], toml: Mapping[str, Any]) -> _Model:
    """The model filled from both, the environment first. Raises ``SettingsFaults`` with every fault found."""
    variables = tuple(variables_of(model))
    by_name = {variable.name: variable for variable in variables}
    given = {name: value for name, value in env.items() if name.startswith(PREFIX)}
    faults = [*_unknown_in_env(given, by_name), *_unknown_in_toml(toml, variables)]
    tree: dict[str, Any] = {}
    for variable in variables:
        try:
            if variable.name in given:
                _put(tree, variable.path, _parse(variable, given[variable.name]))
            elif (value := _get(toml, variable.path)) is not _MISSING:
                _put(tree, variable.path, _typed(variable, value))
        except ValueError as error:
            found = given.get(variable.name, _get(toml, variable.path))
            faults.append(Fault(_where(variable, given), variable.shown(found), str(error)))
    try:
        settings = model.model_validate(tree)
    except ValidationError as error:
        faults.extend(_invalid(error, variables, given))
    else:
        if not faults:
            return settings
    raise SettingsFaults(faults)


def without_password(value: str) -> str:
    """The text in quotes; what may be a password, before an @ or in a query, is hidden."""
    return repr(_PASSWORD.sub(HIDDEN, value))


def _unknown_in_env(given: Mapping[str, str], known: Collection[str]) -> Iterator[Fault]:
    for name in sorted(given.keys() - known):
        if name not in _NOT_SETTINGS and not name.removesuffix("_FILE").endswith(_SECRET_ENDINGS):
            yield Fault(name, "", "a setting that exists", _near(name, known))


def _unknown_in_toml(toml: Mapping[str, Any], variables: Collection[Variable], path: tuple[str, ...] = ()) -> Iterator[Fault]:
    depth = len(path)
    below = {variable.path[depth]: variable for variable in variables if variable.path[:depth] == path}
    for name, value in toml.items():
        inner = (*path, name)
        where = f"{'.'.join(inner)} in the file"
        if name not in below:
            yield Fault(where, "", "a setting that exists", _near(name, below))
        elif len(below[name].path) > len(inner):
            if isinstance(value, Mapping):
                yield from _unknown_in_toml(value, variables, inner)
            else:
                yield Fault(where, type(value).__name__, f"a table [{'.'.join(inner)}]")


def _near(name: str, known: Collection[str]) -> str | None:
    return next(iter(get_close_matches(name, known, n=1, cutoff=0.75)), None)


def _get(tree: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(tree, Mapping) or name not in tree:
            return _MISSING
        tree = tree[name]
    return tree


def _put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value


def _parse(variable: Variable, text: str) -> Any:
    """Lists are split at commas, mappings are JSON; all else is left to the model."""
    origin = get_origin(variable.field.annotation)
    if origin in (tuple, list, set, frozenset):
        return [item.strip() for item in text.split(",") if item.strip()]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        try:
            return json.loads(text)
        except ValueError:
            raise ValueError("a JSON object") from None
    return text


def _typed(variable: Variable, value: Any) -> Any:
    if isinstance(value, bool) and variable.field.annotation in (int, float):
        raise ValueError("a number")
    return value


def _where(variable: Variable, given: Mapping[str, str]) -> str:
    return variable.name if variable.name in given else f"{'.'.join(variable.path)} in the file"


def _invalid(error: ValidationError, variables: Collection[Variable], given: Mapping[str, str]) -> Iterator[Fault]:
    by_path = {variable.path: variable for variable in variables}
    for detail in error.errors(include_url=False, include_context=False):
        at = tuple(str(part) for part in detail["loc"])
        expected = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("Input should ")
        variable = next((by_path[at[:end]] for end in range(len(at), 0, -1) if at[:end] in by_path), None)
        if variable is not None:
            yield Fault(_where(variable, given), variable.shown(detail["input"]), expected)
        elif not _is_wrong_table(detail["type"]):
            yield Fault(PREFIX + "_".join((*at, "…")).upper(), "", expected)


def _is_wrong_table(kind: str) -> bool:
    return kind in ("model_type", "model_attributes_type")  # said already, as a table that was expected
