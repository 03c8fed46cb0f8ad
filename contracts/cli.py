"""`hris-sandbox conform`: from what was asked on the command line to a run and its exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from hypothesis.configuration import set_hypothesis_home_dir
from rich.console import Console

from contracts import report
from contracts.report.terminal import Live, show
from contracts.run import Options, Run
from contracts.saving import Saver
from contracts.target import CannotRun, Credentials, Target, certificates, what_failed

_PROBE_SECONDS = 10.0


@dataclass(frozen=True)
class Asked:
    """What was asked: one `url` for all, or one for each API, or none for a sandbox of our own."""

    url: str | None = None
    hrms_url: str | None = None
    scan2evolve_url: str | None = None
    control_key: str | None = None
    credentials: str | None = None
    ca: str | None = None
    profile: str = "quick"
    claims: tuple[str, ...] = ("*",)
    seed: int = 0
    workers: int = 1
    allow_writes: bool = False
    max_requests: int | None = None
    strict: bool = False
    report: str | None = None
    run_id: str = ""


def options_of(asked: Asked, own_sandbox: Callable[[], AbstractContextManager[str]], stack: ExitStack) -> Options:
    """What was asked as a run takes it; a sandbox of our own, where one is needed, lives as long as `stack`.

    Raises CannotRun.
    """
    if asked.url and (asked.hrms_url or asked.scan2evolve_url):
        raise CannotRun("give --url, or --hrms-url and --scan2evolve-url, not both")
    credentials = Credentials.of_file(asked.credentials) if asked.credentials else None
    name = None
    url = asked.url
    if not (url or asked.hrms_url or asked.scan2evolve_url):
        url, name = stack.enter_context(own_sandbox()), "a sandbox of our own"
    return Options(
        target=_target(asked, url),
        name=name,
        credentials=credentials,
        profile=asked.profile,
        claims=asked.claims,
        seed=asked.seed,
        workers=asked.workers,
        allow_writes=asked.allow_writes,
        max_requests=asked.max_requests,
        strict=asked.strict,
        run_id=asked.run_id,
    )


def conform(asked: Asked, own_sandbox: Callable[[], AbstractContextManager[str]], console: Console) -> int:
    """Do a run and show it: 0 holds, 1 broken. CannotRun where nothing could be judged.

    `own_sandbox` starts a server of our own and yields its URL.
    """
    with ExitStack() as stack:
        if asked.report:
            stack.enter_context(_folder(asked.report))
        # Hypothesis keeps notes in the folder it runs in; here nobody would read them.
        set_hypothesis_home_dir(stack.enter_context(TemporaryDirectory()))
        stack.callback(set_hypothesis_home_dir, None)
        options = options_of(asked, own_sandbox, stack)
        saver = Saver(options.seed, options.template)
        with Live(console) as progress:
            result = Run(options, progress, saver.note)()
        show(result, console)
        if asked.report:
            with _writing(asked.report):
                for path in report.write(result, Path(asked.report)):
                    console.print(f"wrote {path}", soft_wrap=True)
                if saver.recorded and options.writes and options.target.control is not None:
                    reference = _target(Asked(), stack.enter_context(own_sandbox()))
                    for line in saver.save(options.target, reference, Path(asked.report) / "cases"):
                        console.print(line, soft_wrap=True)
    return result.exit_code


@contextmanager
def _folder(name: str) -> Iterator[None]:
    """The report's folder, made before the run; what was made goes again if nothing came of it."""
    folder = Path(name)
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    with _writing(name):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for path in made:
            with suppress(OSError):
                path.rmdir()
        raise


@contextmanager
def _writing(folder: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotRun(f"--report {folder}: {error.strerror}") from None


def _target(asked: Asked, url: str | None) -> Target:
    for given in (url, asked.hrms_url, asked.scan2evolve_url):
        if given and not given.startswith(("http://", "https://")):
            raise CannotRun(f"{given} is no URL: it must begin with http:// or https://")
    if url:
        base = url.rstrip("/")
        control = f"{base}/_sandbox"
        return Target(
            hrms=f"{base}/hrms/api",
            scan2evolve=f"{base}/scan2evolve",
            control=control if _answers(f"{control}/health", asked.ca) else None,
            control_key=asked.control_key,
            ca=asked.ca,
        )
    hrms, scan2evolve = (given.rstrip("/") if given else None for given in (asked.hrms_url, asked.scan2evolve_url))
    return Target(hrms=hrms, scan2evolve=scan2evolve, control=None, ca=asked.ca)


def _answers(health: str, ca: str | None) -> bool:
    """Whether there is a control plane: its health is what ours says."""
    try:
        answer = httpx.get(health, timeout=_PROBE_SECONDS, verify=certificates(ca))
        return bool(answer.status_code == 200 and answer.json().get("status") == "ok")
    except (httpx.RequestError, httpx.InvalidURL) as error:
        raise CannotRun(f"{health} {what_failed(error)}") from None
    except (ValueError, AttributeError):
        return False
