"""Values of decoded TOML: each is what it has to be, or a `SettingsError` says which is not, and what it is.

What nobody checks here would be a traceback later on, or silently mean something else: `seeds = 3`,
`tail_classes = "Pole"`, `rounds = 2.5`.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from segloop.errors import SettingsError

Choice = TypeVar("Choice", bound=StrEnum)


def table(value: Any, name: str) -> dict[str, Any]:
    """A copy of a table."""
    if not isinstance(value, dict):
        raise SettingsError(f"{name} = {value!r} must be a table, [{name}]")
    return dict(value)


def tables(value: Any, name: str) -> list[dict[str, Any]]:
    """Copies of the tables of a list."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, dict) for item in value):
        raise SettingsError(f"{name} must be a list of tables, each under [[{name}]] in double brackets")
    return [dict(item) for item in value]


def text(value: Any, name: str) -> str:
    """Any string."""
    if not isinstance(value, str):
        raise SettingsError(f"{name} = {value!r} must be a text in quotes")
    return value


def texts(value: Any, name: str) -> tuple[str, ...]:
    """A list of strings, which may be empty."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise SettingsError(f'{name} = {value!r} must be a list of texts: ["a", "b"]')
    return tuple(value)


def switch(value: Any, name: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise SettingsError(f"{name} = {value!r} must be true or false")
    return value


def whole(value: Any, name: str, *, low: int, high: int | None = None) -> int:
    """A whole number between inclusive bounds."""
    if not _is_whole(value, low, high):
        raise SettingsError(f"{name} = {value!r} must be a whole number{_bounds(low, high)}")
    return int(value)


def wholes(value: Any, name: str, *, low: int, high: int | None = None) -> tuple[int, ...]:
    """A list of at least one such number."""
    if not _is_list_of(value, lambda item: _is_whole(item, low, high)):
        raise SettingsError(f"{name} = {value!r} must be a list of whole numbers{_bounds(low, high)}")
    return tuple(int(item) for item in value)


def fraction(value: Any, name: str) -> float:
    """A number in 0 .. 1."""
    if not _is_fraction(value):
        raise SettingsError(f"{name} = {value!r} must be a number in 0 .. 1")
    return float(value)


def fractions(value: Any, name: str) -> tuple[float, ...]:
    """A list of at least one number in 0 .. 1."""
    if not _is_list_of(value, _is_fraction):
        raise SettingsError(f"{name} = {value!r} must be a list of numbers in 0 .. 1")
    return tuple(float(item) for item in value)


def choice(kind: type[Choice], value: Any, name: str) -> Choice:
    """One of the texts of a set."""
    choices = [choice.value for choice in kind]
    if value not in choices:
        raise SettingsError(f"{name} = {value!r} is unknown: use one of {', '.join(choices)}")
    return kind(value)


def refuse_unknown(values: dict[str, Any], known: set[str], where: str) -> None:
    """Names that nothing reads are mistakes."""
    unknown = sorted(set(values) - known)
    if unknown:
        raise SettingsError(
            f"{where} has an unknown name {', '.join(unknown)}: known are {', '.join(sorted(known))}"
        )


def _is_list_of(value: Any, is_one: Callable[[Any], bool]) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(map(is_one, value))


def _is_whole(value: Any, low: int, high: int | None) -> bool:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return is_number and low <= value and (high is None or value <= high)


def _is_fraction(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _bounds(low: int, high: int | None) -> str:
    return f" from {low} on" if high is None else f" from {low} to {high}"
