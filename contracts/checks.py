"""Checks: functions that try one behaviour each and say which claims it proves."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import contracts.claims as _claims_package

if TYPE_CHECKING:
    from contracts.lab import Lab

Function = TypeVar("Function", bound="Callable[[Lab], None]")


class Broken(AssertionError):
    """The target does not do what the claim says."""


class NotObservable(Exception):
    """What the claim is about cannot be seen on this target; the text says why."""


@dataclass(frozen=True)
class Check:
    """A function and its claims. `writes`: it changes data at the target. `clock`: it moves time."""

    name: str
    claims: tuple[str, ...]
    function: Callable[[Lab], None]
    writes: bool
    says: str


_FOUND: dict[str, Check] = {}


def check(*claims: str, writes: bool = True) -> Callable[[Function], Function]:
    """Make a function a check of these claims; its docstring says in a sentence what it tries."""

    def register(function: Function) -> Function:
        subject = function.__module__.rpartition(".")[2]
        name = f"{subject}.{function.__name__}"
        if name in _FOUND:
            raise ValueError(f"check {name} is there twice")
        says = " ".join((function.__doc__ or "").split())
        _FOUND[name] = Check(name, claims, function, writes, says)
        return function

    return register


def all_checks() -> list[Check]:
    """Every check under `contracts/claims`, in order of modules and of their lines."""
    for module in sorted(info.name for info in pkgutil.iter_modules(_claims_package.__path__)):
        importlib.import_module(f"contracts.claims.{module}")
    return list(_FOUND.values())
