"""Checks: functions that try one behaviour each and say which claims it proves."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

import contracts.claims as _claims_package

if TYPE_CHECKING:
    from contracts.lab import Lab

Function = TypeVar("Function", bound="Callable[[Lab], None]")
Profile = Literal["quick", "ci", "nightly"]
# From the shortest run to the longest; each does all that those before it do.
PROFILES: tuple[Profile, ...] = get_args(Profile)


class Broken(AssertionError):
    """The target does not do what the claim says; `claims`, where given, are those meant, not all of the check's."""

    def __init__(self, text: str, claims: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.claims = claims


class NotObservable(Exception):
    """What the claim is about cannot be seen on this target; the text says why."""


@dataclass(frozen=True)
class Check:
    """A function and its claims; one without claims is generic. `writes`: it changes data at the target.

    `profile` is the least under which it runs. `serial`: no two such checks run at the same time, however many
    workers there are. `needs`: a reading and the value of it under which alone there is something to try. `about`:
    readings that the outcome depends on besides those of the claims. `under`: a reading and the value of it to which
    the check's world is switched.
    """

    name: str
    claims: tuple[str, ...]
    function: Callable[[Lab], None]
    writes: bool
    says: str
    profile: Profile = "quick"
    serial: bool = False
    needs: tuple[str, str] | None = None
    about: tuple[str, ...] = ()
    under: tuple[str, str] | None = None

    def runs_under(self, profile: str) -> bool:
        """Whether a run of this profile includes it."""
        names: tuple[str, ...] = PROFILES
        return names.index(self.profile) <= names.index(profile)


_FOUND: dict[str, Check] = {}


def check(
    *claims: str,
    writes: bool = True,
    profile: Profile = "quick",
    serial: bool = False,
    needs: tuple[str, str] | None = None,
    about: tuple[str, ...] = (),
) -> Callable[[Function], Function]:
    """Make a function a check of these claims; its docstring says in a sentence what it tries.

    Without claims it is a generic check. `profile` is the least under which it runs. A check that lets Hypothesis
    make its data is `serial`: Hypothesis does not take to threads. `needs` is a reading and the value of it under
    which alone there is something to try, `about` names readings that the outcome depends on besides the claims' own.
    """

    def register(function: Function) -> Function:
        subject = function.__module__.rpartition(".")[2]
        name = f"{subject}.{function.__name__}"
        if name in _FOUND:
            raise ValueError(f"check {name} is there twice")
        says = " ".join((function.__doc__ or "").split())
        _FOUND[name] = Check(name, claims, function, writes, says, profile, serial, needs, about)
        return function

    return register


def all_checks() -> list[Check]:
    """Every check under `contracts/claims`, in order of modules and of their lines."""
    for module in sorted(info.name for info in pkgutil.iter_modules(_claims_package.__path__)):
        importlib.import_module(f"contracts.claims.{module}")
    return list(_FOUND.values())
