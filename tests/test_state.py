"""State that outlives the process: all worlds come back, exactly, and what is in the way is told in one line."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import stat
import tempfile
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import Sandbox, jsontext, snapshot
from sandbox.app import Application
from sandbox.keeper import Keeper
from sandbox.registry import Worlds
from sandbox.settings import Settings
from sandbox.statefile import StateError
from tests.client import ServerClient, WorldClient
from tests.conftest import serving
from tests.control.test_world_ends import START, Machine
from tests.test_worlds import live, shared_limits
from tests.thoroughness import examples

DAY = 86_400


def application(path: Path, machine: Machine, **options: Any) -> Application:
    """A server of that state file, on that clock."""
    return Application(Settings(state=path, **options), machine)


def snapshots(server: ServerClient) -> dict[str, Any]:
    """Every world's view and snapshot, in the order of their creation."""
    worlds = server.http.get("/_sandbox/worlds", params={"limit": 1000}).json()["items"]
    for world in worlds:
        for api in ("hrms", "scan2evolve"):
            del world[api]["base_url"]
    return {
        world["id"]: (world, server.http.get(f"/_sandbox/worlds/{world['id']}/snapshot").content) for world in worlds
    }


def meddle(world: WorldClient, chance: random.Random) -> None:
    """What only the control plane does, some of it: switches, clocks, credentials, resets."""
    organization = world.organizations[0]["organization_id"]
    for _ in range(4):
        step = chance.randrange(8)
        if step == 0:
            world.control("PATCH", "/readings", json={"role-case": "exact"})
        elif step == 1:
            names = chance.sample(["without-email-format", "retry-after-too-short"], 1)
            patch = {"deviations": names, "show": chance.random() < 0.5}
            assert world.control("PATCH", "/deviations", json=patch).status_code == 200
        elif step == 2:
            world.control("PATCH", "/clock", json={"frozen": False, "rate": 60, "step_ms": 10})
        elif step == 3:
            path = f"/scan2evolve/organizations/{organization}/credentials"
            for held in world.control("GET", path).json()["items"][-1:]:
                assert world.control("DELETE", f"{path}/{held['id']}").status_code == 204
        elif step == 4:
            world.control("PATCH", "/limits", json={"hrms": {"limit": 7, "window_seconds": 60}})
        elif step == 5:
            world.control("POST", "/reset")
        elif step == 6:
            world.control("DELETE", "/outbox")
        else:
            world.control("DELETE", "/journal")


@settings(max_examples=examples(3), suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_worlds_that_lived_come_back_byte_for_byte(seed: int) -> None:
    """Random lives in three worlds: the next server has equal snapshots, goes on equally, and writes equal bytes."""
    chance, machine = random.Random(seed), Machine()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        with serving(application(path, machine)) as server:
            made = [
                server.world(seed=number, limits=shared_limits(), frozen=number == 0, ttl_seconds=number * DAY or None)
                for number in range(3)
            ]
            for number, world in enumerate(made):
                live(world, seed + number, 15)
                meddle(world, chance)
                live(world, seed - number, 5)
                machine.pass_seconds(chance.randrange(100))
            default = server.http.get("/scan2evolve/api/v1/users", auth=("nobody", "nothing"))
            assert default.status_code == 401
            held = snapshots(server)
        first = path.read_bytes()
        with serving(application(path, machine)) as server:
            assert snapshots(server) == held
            assert list(held) == ["default", *(world.id for world in made)]
            again = [live(WorldClient(server.http, world.created), seed, 10) for world in made]
            assert all(answers for answers in again)
        # Once more from the same file: what came after is equal, too.
        path.write_bytes(first)
        with serving(application(path, machine)) as server:
            assert snapshots(server) == held
            assert [live(WorldClient(server.http, world.created), seed, 10) for world in made] == again
        path.write_bytes(first)
        with serving(application(path, machine)) as server:
            server.http.get("/_sandbox/worlds/default")
        assert path.read_bytes() == first


@pytest.fixture
def machine() -> Machine:
    """A clock that stands until it is moved."""
    return Machine()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state file that is not there yet."""
    return tmp_path / "state"


def ids(server: ServerClient) -> list[str]:
    """The worlds that there are."""
    return [world["id"] for world in server.http.get("/_sandbox/worlds").json()["items"]]


def test_file_is_made_at_the_start_and_for_its_owner_alone(path: Path, machine: Machine) -> None:
    """It is there before the first request; nothing stays beside it once the server has ended."""
    with serving(application(path, machine)) as server:
        assert server.http.get("/_sandbox/health").json()["worlds"] == 1
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["state"]


def test_issued_tokens_and_founding_credentials_work_on(path: Path, machine: Machine) -> None:
    """Whoever had logged in stays so, and the secrets of yesterday are good; none of them is in the file."""
    with serving(application(path, machine)) as server:
        world = server.world(id="mine")
        token = world.token()
        world.sync({"externalEmployeeId": "A", "email": "a@example.com", "userAccount": {"forcePasswordReset": True}})
        mails = world.outbox()
    with serving(application(path, machine)) as server:
        back = WorldClient(server.http, world.created)
        assert back.scan2evolve("GET", "/users", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert back.scan2evolve("GET", "/users", 1).status_code == 200
        assert back.hrms("/users").status_code == 200
        assert back.outbox() == mails
    text = path.read_text(encoding="utf-8")
    assert token not in text
    assert not [secret for secret in (*world.basic(0), *world.basic(1)) if secret.startswith("cs_") and secret in text]


def test_revoked_credential_still_names_its_world(path: Path, machine: Machine) -> None:
    """A wrong secret of a deleted pair is journaled where the pair was known, after the restart too."""
    with serving(application(path, machine)) as server:
        world = server.world(id="mine")
        pairs = f"/scan2evolve/organizations/{world.organizations[0]['organization_id']}/credentials"
        held = world.control("GET", pairs).json()["items"][0]["id"]
        assert world.control("DELETE", f"{pairs}/{held}").status_code == 204
    with serving(application(path, machine)) as server:
        back = WorldClient(server.http, world.created)
        assert server.http.get("/scan2evolve/api/v1/users", auth=back.basic(0)).status_code == 401
        assert [entry["status"] for entry in back.journal()] == [401]


def test_numbering_and_server_journal_go_on(path: Path, machine: Machine) -> None:
    """Worlds without a name are numbered on, and which had to go is known still."""
    with serving(application(path, machine, max_worlds=2)) as server:
        for _ in range(3):
            machine.pass_seconds(1)
            server.http.post("/_sandbox/worlds", json={"users": 0})
        gone = server.http.get("/_sandbox/journal").json()
        assert [entry["world"] for entry in gone["items"]] == ["world-1"]
    with serving(application(path, machine, max_worlds=2)) as server:
        assert server.http.get("/_sandbox/journal").json() == gone
        assert ids(server) == ["default", "world-2", "world-3"]
        assert server.http.post("/_sandbox/worlds", json={"users": 0}).json()["id"] == "world-4"
        # The longest idle goes first, by what they did before the restart.
        assert ids(server) == ["default", "world-3", "world-4"]


def test_time_without_a_server_is_not_idleness_but_passes_on_a_real_clock(path: Path, machine: Machine) -> None:
    """A world with a minute to live outlives a day's pause with what it had left of it; its clock has gone on."""
    with serving(application(path, machine)) as server:
        wishes: dict[str, Any] = {"users": 0, "ttl_seconds": 60}
        server.world(id="real", **wishes, now="2024-01-01T00:00:00Z", frozen=False)
        server.world(id="fast", **wishes, now="2024-01-01T00:00:00Z", frozen=False, rate=60)
        server.world(id="still", **wishes, now="2024-01-01T00:00:00Z")
        machine.pass_seconds(40)
    machine.pass_seconds(DAY)
    with serving(application(path, machine)) as server:
        machine.pass_seconds(19)
        now = [server.http.get(f"/_sandbox/worlds/{name}/clock").json()["now"] for name in ("real", "fast", "still")]
        assert now == ["2024-01-02T00:00:59.000Z", "2024-03-01T00:59:00.000Z", "2024-01-01T00:00:00.000Z"]
        machine.pass_seconds(60)
        assert ids(server) == ["default"]


def test_deleted_world_stays_deleted(path: Path, machine: Machine) -> None:
    """What is gone does not come back, and its name is free."""
    with serving(application(path, machine)) as server:
        server.world(id="gone").control("DELETE")
    with serving(application(path, machine)) as server:
        assert ids(server) == ["default"]
        assert server.world(id="gone").id == "gone"


def test_default_world_follows_the_file(path: Path, machine: Machine) -> None:
    """What the settings of the next start say of the default world is not asked."""
    with serving(application(path, machine, seed=7, users=2, rate_limit=False)) as server:
        held = snapshots(server)
    with serving(application(path, machine, seed=1, users=5)) as server:
        assert snapshots(server) == held


def test_world_whose_people_are_not_made_yet_comes_back_so(path: Path, machine: Machine) -> None:
    """A reset one, say: they are made when they are asked for, the same."""
    app = application(path, machine, users=3)
    assert not app.default.populated
    assert app.keeper is not None
    asyncio.run(app.keeper.save())
    app.keeper.abandon()
    back = application(path, machine)
    assert back.keeper is not None
    back.keeper.abandon()
    assert not back.default.populated
    for made in (app, back):
        asyncio.run(made.default.populate())
    assert snapshot.take(app.default) == snapshot.take(back.default)


def test_save_encodes_only_what_has_changed(path: Path, machine: Machine) -> None:
    """An idle world's bytes are copied from file to file."""
    app = application(path, machine, users=0)
    assert app.keeper is not None
    worlds = [app.worlds.add(msgspec.structs.replace(app.default.spec, id=f"w{n}"))[0] for n in range(3)]
    asyncio.run(app.keeper.save())
    before = path.read_bytes().splitlines()
    for world in worlds:
        # Without a word to the keeper, so that it shows who is encoded anew.
        world.clock.set(now=START, frozen=True)
    app.keeper.changed(worlds[1])
    asyncio.run(app.keeper.save())
    after = path.read_bytes().splitlines()
    assert [one == other for one, other in zip(before, after, strict=True)] == [
        True, True, True, False, True, False, False,
    ]  # fmt: skip
    app.keeper.abandon()


@pytest.mark.parametrize("size", [0, 3, 249, 250, 251, 1000])
def test_pieces_are_what_encoding_at_once_gives(size: int) -> None:
    """Long lists wherever near the root; together the same bytes."""

    class Inner(msgspec.Struct):
        rows: list[int]
        pair: tuple[str, ...]

    class Outer(msgspec.Struct):
        name: str
        inner: Inner
        by_name: dict[str, Inner]
        several: list[Inner]
        nothing: None = None

    inner = Inner(list(range(size)), ("ü", '"') * size)
    for value in (inner, Outer("x", inner, {"a": inner, 'b"': Inner([], ())}, [inner, Inner([1], ())])):
        made = list(jsontext.pieces(value))
        assert b"".join(made) == msgspec.json.encode(value)
        assert (len(made) > 1) == (size > 125)


def test_failed_write_leaves_the_file_and_the_next_one_has_everything(
    path: Path, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """The folder is away for a while: one line in the log, the server goes on, nothing is lost once it is back."""
    folder = path.parent / "folder"
    folder.mkdir()
    app = application(folder / "state", machine, users=0)
    assert app.keeper is not None

    async def scene() -> None:
        assert app.keeper is not None
        await app.keeper.save()
        held = (folder / "state").read_bytes()
        folder.rename(path.parent / "away")
        app.worlds.add(msgspec.structs.replace(app.default.spec, id="new"))
        app.default.clock.set(now=START, frozen=True)
        app.keeper.changed(app.default)
        for _ in range(3):
            assert not await app.keeper._try()
        why = "No such file or directory. It stays as it was; trying again every 5 seconds"
        assert [(record.levelname, record.message) for record in caplog.records] == [
            ("ERROR", f"state file {folder}/state cannot be written: {why}")
        ]
        (path.parent / "away").rename(folder)
        assert (folder / "state").read_bytes() == held
        assert await app.keeper._try()
        assert caplog.records[-1].message == f"state file {folder / 'state'} is written again"
        await app.keeper.close()

    asyncio.run(scene())
    back = application(folder / "state", machine)
    assert back.keeper is not None
    back.keeper.abandon()
    assert [world.id for world in back.worlds] == ["default", "new"]
    assert back.default.clock.now() == START


def test_sandbox_keeps_its_worlds_in_a_file(path: Path) -> None:
    """For Python: the same worlds in the next block, and an error where the file cannot be used."""
    made = Sandbox(users=1, state=path)
    with made as running:
        running.control.create_world(id="mine", users=0)
        with pytest.raises(StateError, match="in use by another server"), Sandbox(state=str(path)):
            pass
    with made as running:
        assert running.control.world("mine").get_world()["id"] == "mine"
    path.write_bytes(b"x")
    with pytest.raises(StateError, match="no state file of hris-sandbox"), made:
        pass


# -- what is wrong with a file ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good() -> bytes:
    """A state file of three worlds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        with serving(application(path, Machine(), users=1)) as server:
            for name in ("a", "b"):
                server.world(id=name, users=1).hrms("/users")
        return path.read_bytes()


def bring_back(path: Path, most: int = 1_000) -> None:
    """What a server does with its state file before all else."""
    Keeper.of(Worlds(Machine(), most), path).abandon()


def refusal(path: Path, content: bytes, most: int = 1_000) -> str:
    """Why a server does not start with that content, which stays as it is, and alone."""
    path.write_bytes(content)
    with pytest.raises(StateError) as refused:
        bring_back(path, most)
    assert path.read_bytes() == content
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    text = str(refused.value)
    assert text.startswith(f"state file {path}: ")
    assert "\n" not in text
    return text.partition(": ")[2]


def test_file_cut_off_anywhere_is_refused(path: Path, good: bytes) -> None:
    """At every place near a line's end, and at many others."""
    breaks = [at for at, byte in enumerate(good) if byte == 10]
    places = {at + offset for at in breaks for offset in (-1, 0, 1)} | set(range(0, len(good), len(good) // 60))
    for place in sorted(places - {len(good)}):
        assert refusal(path, good[:place]) in ("is empty", "is cut off", "is cut off, or has been changed at its end")


def test_file_with_a_byte_changed_anywhere_is_refused(path: Path, good: bytes) -> None:
    """The first line tells another kind of file or version, all else fails a checksum."""
    places = set(range(0, len(good), len(good) // 60)) | set(range(24)) | set(range(len(good) - 60, len(good)))
    for place in sorted(places):
        for bit in (1, 128):
            bent = bytearray(good)
            bent[place] ^= bit
            why = refusal(path, bytes(bent))
            assert ("has been changed" in why) == (place >= 21), (place, why)
            assert place >= 21 or "no state file" in why or "version" in why


def test_file_with_something_added_or_taken_out_is_refused(path: Path, good: bytes) -> None:
    """At the start, between the worlds and at the end; and two files in one."""
    lines = good.splitlines(keepends=True)
    assert refusal(path, b" " + good) == "is no state file of hris-sandbox"
    for bent in (good + b"\n", good + good, lines[0] + good[len(lines[0]) + len(lines[1]) :], lines[0] + good):
        assert "has been changed" in refusal(path, bent)
    assert "has been changed" in refusal(path, b"".join([lines[0], lines[2], lines[1], *lines[3:]]))


def test_file_of_another_version_is_refused(path: Path, good: bytes) -> None:
    """The line says which version there is and which is read."""
    newer = good.replace(b"state 1\n", b"state 12\n", 1)
    assert refusal(path, newer) == "has version 12 of its form, and this hris-sandbox reads version 1"


@pytest.mark.parametrize("content", [b"{}", b"PK\x03\x04" + bytes(100), b"hris-sandbox", b"hris-sandbox state x\n"])
def test_other_file_is_refused(path: Path, content: bytes) -> None:
    """Whatever else it may be."""
    assert refusal(path, content) in ("is no state file of hris-sandbox", "is cut off")


def signed(good: bytes, edit: dict[bytes, bytes]) -> bytes:
    """The file with some text put for other, and checksums that fit."""
    head, *worlds, index, _ = good.splitlines()
    for old, new in edit.items():
        assert any(old in line for line in (*worlds, index))
        worlds, index = [line.replace(old, new, 1) for line in worlds], index.replace(old, new, 1)
    about = index.partition(b'"about":')[2]
    sizes = [[len(line), blake2b(line, digest_size=16).hexdigest()] for line in worlds]
    index = b'{"sections":' + msgspec.json.encode(sizes) + b',"about":' + about
    tail = b"%012d %s" % (len(index), blake2b(index, digest_size=16).hexdigest().encode())
    return b"\n".join([head, *worlds, index, tail, b""])


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ({b'{"world":"a"': b'{"world":"z"'}, "has world z where a should be"),
        ({b'["a",': b'["b",'}, "has an index that does not fit its worlds"),
        ({b'["default",': b'["c",'}, "has an index that does not fit its worlds"),
        ({b'"made":': b'"maid":'}, "has an index that is not understood: "),
        ({b'"seed":0': b'"seed":-1'}, "has a world default that this hris-sandbox does not understand: "),
        ({b'"known":': b'"surplus":1,"known":'}, "has a world default that this hris-sandbox does not understand: "),
        ({b'"deviations":[]': b'"deviations":["x"]'}, "does not understand: /state/spec/deviations/0: "),
        ({b'"staging":{': b'"stage":{'}, "has a world a that this hris-sandbox does not understand: "),
    ],
)
def test_file_that_was_edited_with_care_is_refused_where_it_does_not_hold_together(
    path: Path, good: bytes, edit: dict[bytes, bytes], why: str
) -> None:
    """Also where the checksums fit, as in a file of a release that knew other names."""
    assert signed(good, {}) == good
    assert why in refusal(path, signed(good, edit))


def test_more_worlds_than_there_may_be_are_refused(path: Path, good: bytes) -> None:
    """None is dropped silently."""
    why = "has 2 worlds beside default, and --max-worlds is 1"
    assert refusal(path, good, most=1) == why


def test_huge_file_is_refused_unread(path: Path) -> None:
    """A terabyte of nothing, with and without the right first line, takes no time and no memory."""
    for head, why in ((b"", "is no state file"), (b"hris-sandbox state 1\n", "is cut off")):
        path.write_bytes(head)
        os.truncate(path, 2**40)
        with pytest.raises(StateError, match=why):
            bring_back(path)
        assert path.stat().st_size == 2**40
        path.unlink()


def test_path_that_cannot_be_a_state_file_is_refused(tmp_path: Path) -> None:
    """Each with its reason, and nothing is made there."""
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    os.mkfifo(tmp_path / "fifo")
    before = sorted(entry.name for entry in tmp_path.iterdir())
    for name, why in (
        ("", "is a folder"),
        ("no/state", f"there is no folder {tmp_path}/no"),
        ("fifo", "is no regular file"),
        ("fifo/state", f"there is no folder {tmp_path}/fifo"),
        ("x" * 300, "cannot be used: File name too long"),
        ("circle", "cannot be used: "),
        ("\x00", "cannot be used: "),
    ):
        with pytest.raises(StateError) as refused:
            bring_back(tmp_path / name)
        assert why in str(refused.value)
        assert "\n" not in str(refused.value)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == before


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder that everybody may enter; this process has no more rights than nobody in the meantime."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        before = os.geteuid()
        if before == 0:
            os.chown(folder, 65534, -1)
            os.seteuid(65534)
        yield folder
        os.seteuid(before)


@pytest.mark.parametrize(
    ("mode", "why"), [(0o200, "cannot be read: Permission denied"), (0o400, "cannot be written: Permission denied")]
)
def test_file_without_the_right_to_it_is_refused(nobody: Path, mode: int, why: str) -> None:
    """To read it, or to write it, though replacing it would only need the folder."""
    path = nobody / "state"
    path.write_bytes(b"kept")
    path.chmod(mode)
    with pytest.raises(StateError, match=why):
        bring_back(path)
    path.chmod(0o600)
    assert path.read_bytes() == b"kept"


def test_folder_without_the_right_to_write_is_refused(nobody: Path) -> None:
    """The file is replaced, so that its folder must be writable."""
    nobody.chmod(0o555)
    with pytest.raises(StateError, match="cannot be used: Permission denied"):
        bring_back(nobody / "state")
    nobody.chmod(0o777)
    assert list(nobody.iterdir()) == []


def test_link_is_followed(tmp_path: Path, machine: Machine) -> None:
    """What it leads to is replaced, and the link stays."""
    link, target = tmp_path / "link", tmp_path / "far" / "state"
    target.parent.mkdir()
    link.symlink_to(target)
    for _ in range(2):
        with serving(application(link, machine, users=0)):
            pass
        assert link.is_symlink()
        assert target.read_bytes().startswith(b"hris-sandbox state 1\n")


def test_lock_and_draft_left_by_a_killed_server_are_no_obstacle(path: Path, good: bytes, machine: Machine) -> None:
    """Both lie about after a kill -9."""
    path.write_bytes(good)
    path.with_name("state.lock").touch()
    path.with_name("state.new").write_bytes(good[:100])
    with serving(application(path, machine)) as server:
        assert ids(server) == ["default", "a", "b"]
    assert [entry.name for entry in path.parent.iterdir()] == ["state"]


def test_lock_is_held_against_every_other_process(path: Path, machine: Machine) -> None:
    """By flock, on a file beside the state file."""
    app = application(path, machine, users=0)
    assert app.keeper is not None
    with path.with_name("state.lock").open("rb") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with pytest.raises(StateError, match="is in use by another server"):
        application(path, machine)
    app.keeper.abandon()
    again = application(path, machine)
    assert again.keeper is not None
    again.keeper.abandon()
