"""A believable company, made with Faker from a seed: the same seed, the same people.

Faker is imported at the first use: it takes longer to load than the rest of the server.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from random import Random
from typing import Any

from sandbox.hrms.directory import Department, DirectoryState, Person, Position, WorkLocation
from sandbox.hrms.tokens import ENVIRONMENTS, Environment

# People made between two pauses: about a millisecond's work.
SLICE = 100

# Department -> its positions, the head's first, the most junior last.
_DEPARTMENTS: dict[str, tuple[str, ...]] = {
    "Executive Office": ("Chief Executive Officer", "Chief of Staff", "Executive Assistant"),
    "Operations": ("Head of Operations", "Operations Lead", "Operations Specialist"),
    "Maintenance": ("Head of Maintenance", "Maintenance Supervisor", "Maintenance Technician"),
    "Facilities": ("Head of Facilities", "Facilities Coordinator", "Facilities Technician"),
    "Health and Safety": ("Head of Health and Safety", "Safety Lead", "Safety Inspector"),
    "Engineering": ("Head of Engineering", "Engineering Lead", "Engineer"),
    "Finance": ("Head of Finance", "Accounting Lead", "Accountant"),
    "Human Resources": ("Head of Human Resources", "People Partner", "People Coordinator"),
    "Information Technology": ("Head of IT", "Systems Lead", "Systems Administrator"),
    "Customer Service": ("Head of Customer Service", "Service Lead", "Service Agent"),
}
_LOCATIONS = 4
_TEAM = 8
_AREA_CODES = ("212", "312", "415", "503", "617", "713")


def load_faker() -> None:
    """Import Faker now, so that `company` need not; it takes about 0.2 s the first time."""
    import faker.generator
    import faker.providers.address.en_US
    import faker.providers.person.en_US  # noqa: F401


def faker_is_loaded() -> bool:
    """Whether `load_faker` has nothing left to do; also False while another thread is at it."""
    return hasattr(sys.modules.get("faker.providers.person.en_US"), "Provider")


def _names(random: Random) -> Any:
    """A Faker generator with just the providers that are used, drawing from `random`."""
    from faker.generator import Generator
    from faker.providers.address.en_US import Provider as AddressProvider
    from faker.providers.person.en_US import Provider as PersonProvider

    generator = Generator()
    generator.random = random
    for provider in (PersonProvider(generator), AddressProvider(generator)):
        # Weighted choice costs ten times as much and buys nothing here.
        provider.__use_weighting__ = False
        generator.add_provider(provider)
    return generator


def company(seed: int, users: int) -> Iterator[dict[Environment, DirectoryState] | None]:
    """Make both environments with `users` people each.

    Yields None every so often, so that others may go first, and the environments at last.
    """
    random = Random(f"people:{seed}")  # noqa: S311 - made-up people, not secrets
    generator = _names(random)
    made: dict[Environment, DirectoryState] = {}
    for offset, environment in enumerate(ENVIRONMENTS):
        people: list[Person] = []
        departments, positions, locations = _structure(generator, random, offset)
        taken: set[str] = set()
        for index in range(users):
            people.append(
                _person(generator, random, index, offset * users + index + 1, people, taken, locations, offset)
            )
            if index % SLICE == SLICE - 1:
                yield None
        made[environment] = DirectoryState(departments, positions, locations, tuple(people))
    yield made


def _structure(
    generator: Any, random: Random, offset: int
) -> tuple[tuple[Department, ...], tuple[Position, ...], tuple[WorkLocation, ...]]:
    first = offset * 100
    departments = tuple(
        Department(
            f"dept_{first + number:03d}",
            name,
            "".join(word[0] for word in name.split() if word != "and") + f"{number:02d}",
        )
        for number, name in enumerate(_DEPARTMENTS, 1)
    )
    titles = [title for ladder in _DEPARTMENTS.values() for title in ladder]
    positions = tuple(
        Position(f"pos_{first + number:03d}", title, f"P{number:03d}") for number, title in enumerate(titles, 1)
    )
    locations = []
    for number in range(1, _LOCATIONS + 1):
        city = generator.city()
        kind = random.choice(("Plant", "Office", "Depot", "Service Center"))
        locations.append(
            WorkLocation(f"loc_{first + number:03d}", f"{city} {kind}", generator.street_address(), city, "US")
        )
    return departments, positions, tuple(locations)


def _person(
    generator: Any,
    random: Random,
    index: int,
    number: int,
    before: list[Person],
    taken: set[str],
    locations: tuple[WorkLocation, ...],
    offset: int,
) -> Person:
    """The person of that index: one leads, then the heads of departments, then teams below them."""
    count = len(_DEPARTMENTS)
    department = index % count
    rank = 0 if index < count else 1 if (index // count) % _TEAM == 1 else 2
    if number == 1:
        # The vendor's own sample: GET /v1/users/user_001 answers this person.
        first, last, email, phone = "John", "Doe", "john.doe@company.com", "+60123456789"
    else:
        first, last = generator.first_name(), generator.last_name()
        email = _email(first, last, taken)
        phone = f"+1{random.choice(_AREA_CODES)}55501{random.randrange(100):02d}"
    taken.add(email)
    manager = None
    if rank == 0:
        manager = before[0].id if index else None
    elif rank == 1:
        manager = before[department].id
    else:
        lead = index - ((index // count) % _TEAM - 1) % _TEAM * count
        manager = before[lead if lead < index else department].id
    preferred = first if number == 1 or random.random() < 0.7 else None
    return Person(
        id=f"user_{number:03d}",
        staff_id=f"S{number:04d}",
        email=email,
        name=f"{first} {last}",
        preferred_name=preferred,
        phone=phone if number == 1 or random.random() < 0.9 else None,
        status="active" if rank == 0 or random.random() < 0.92 else "inactive",
        department_id=f"dept_{offset * 100 + department + 1:03d}",
        position_id=f"pos_{offset * 100 + department * 3 + rank + 1:03d}",
        work_location_ids=tuple(
            location.id for location in random.sample(locations, 2 if random.random() < 0.15 else 1)
        ),
        manager_id=manager,
    )


def _email(first: str, last: str, taken: set[str]) -> str:
    """`first.last@company.example`, numbered where the name is taken."""
    local = re.sub(r"[^a-z.]", "", f"{first}.{last}".lower())
    email = f"{local}@company.example"
    number = 1
    while email in taken:
        number += 1
        email = f"{local}{number}@company.example"
    return email
