"""Requests per second as ratios to bare routes: both servers run, and each round asks one after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median

import msgspec
import orjson

from bench.bare import SYNC_ANSWER, USERS_ANSWER
from bench.client import SYNC_PATH, USERS_PATH, AnswerError, Client, World
from bench.load import Load, Rate
from bench.processes import Server, sandbox
from bench.records import BATCH, MARK, batch
from bench.report import Figure

_CONNECTIONS = 16
_BATCH_CONNECTIONS = 4


class Subject(msgspec.Struct, frozen=True):
    """One kind of request, to ours and to its bare counterpart, which answers what the file `answer` holds.

    `prepare` makes ready for a round.
    """

    name: str
    load: Load
    path: str
    bare_path: str
    answer: str
    headers: Callable[[], dict[str, str]]
    prepare: Callable[[], None]
    floor: float
    aim: float


def measure(folder: Path, names: set[str], rounds: int, seconds: int) -> list[Figure]:
    """The ratio of each subject, a sample a round."""
    with sandbox() as ours:
        client = Client(ours)
        answers = folder / "answers"
        answers.mkdir()
        subjects = [subject for subject in _subjects(folder, answers, client) if subject.name in names]
        with Server("bench.bare", str(answers)) as bare:
            _see_alike(bare, answers, subjects)
            pairs: dict[str, list[tuple[Rate, Rate]]] = {subject.name: [] for subject in subjects}
            for _ in range(rounds):
                for subject in subjects:
                    subject.prepare()
                    # Whoever asks for bytes or JSON is answered alike: the bare routes ignore the headers.
                    headers = subject.headers() | {"content-type": "application/json"}
                    theirs = subject.load.run(bare, subject.bare_path, headers, seconds)
                    own = subject.load.run(ours, subject.path, headers, seconds)
                    pairs[subject.name].append((theirs, own))
        client.close()
    return [_figure(subject, pairs[subject.name]) for subject in subjects]


def _see_alike(bare: Server, answers: Path, subjects: list[Subject]) -> None:
    """Raise AnswerError unless the bare routes answer what ours do: a shorter answer would cost them less."""
    client = Client(bare)
    for subject in subjects:
        sent = subject.load.body
        answer = client.ask("GET" if sent is None else "POST", subject.bare_path, sent)
        if answer != (answers / subject.answer).read_bytes():
            raise AnswerError(f"{subject.bare_path} of the bare routes is not {subject.answer}: {answer[:300]!r}")
    client.close()


def _subjects(folder: Path, answers: Path, client: Client) -> list[Subject]:
    """The subjects, with their loads in `folder`, and in `answers` what the bare routes are to say."""
    reading, creating, updating = (World(client, name) for name in ("users", "creations", "updates"))
    (answers / USERS_ANSWER).write_bytes(client.ask("GET", USERS_PATH, headers=reading.hrms_headers))
    new = orjson.dumps(batch(MARK, range(BATCH)))
    known = orjson.dumps(batch("00000000", range(BATCH)))
    (answers / SYNC_ANSWER).write_bytes(updating.sync(known, "CREATED"))
    updating.sync(known, "UPDATED")
    creating.sync(new, "CREATED")
    return [
        Subject(
            name="users",
            load=Load(folder, "users", _CONNECTIONS),
            path=USERS_PATH,
            bare_path="/users",
            answer=USERS_ANSWER,
            headers=lambda: reading.hrms_headers,
            prepare=lambda: None,
            floor=0.6,
            aim=0.7,
        ),
        Subject(
            name="creations",
            load=Load(folder, "creations", _BATCH_CONNECTIONS, new),
            path=SYNC_PATH,
            bare_path="/sync",
            answer=SYNC_ANSWER,
            headers=lambda: creating.sync_headers,
            prepare=creating.reset,
            floor=0.4,
            aim=0.6,
        ),
        Subject(
            name="updates",
            load=Load(folder, "updates", _BATCH_CONNECTIONS, known),
            path=SYNC_PATH,
            bare_path="/sync",
            answer=SYNC_ANSWER,
            headers=lambda: updating.sync_headers,
            prepare=lambda: None,
            floor=0.4,
            aim=0.6,
        ),
    ]


def _figure(subject: Subject, pairs: list[tuple[Rate, Rate]]) -> Figure:
    theirs, own = ([pair[side] for pair in pairs] for side in (0, 1))
    # Of rates, whatever else runs on the machine is a part; of processor time it is hardly one.
    by_time = median(bare.cpu_microseconds / mine.cpu_microseconds for bare, mine in pairs)
    return Figure(
        subject=subject.name,
        unit="x bare",
        samples=[mine.per_second / bare.per_second for bare, mine in pairs],
        floor=subject.floor,
        aim=subject.aim,
        note=(
            f"{_rate(own)} to {_rate(theirs)} requests/s; "
            f"{by_time:.2f} by processor time, {_cost(own)} to {_cost(theirs)} us a request; "
            f"busy {_busy(own)} and {_busy(theirs)}"
        ),
    )


def _rate(rates: list[Rate]) -> str:
    return f"{median(rate.per_second for rate in rates):.0f}"


def _cost(rates: list[Rate]) -> str:
    return f"{median(rate.cpu_microseconds for rate in rates):.0f}"


def _busy(rates: list[Rate]) -> str:
    return f"{median(rate.busy for rate in rates):.0%}"
