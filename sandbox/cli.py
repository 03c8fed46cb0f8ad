"""The command line: the one place that may know both the sandbox and the contract suite."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sandbox import __version__
from sandbox.document import NAMES, folder
from sandbox.logs import LEVELS, configure
from sandbox.schemas import DocumentError
from sandbox.settings import Settings, SettingsError

if TYPE_CHECKING:
    from sandbox.app import Application

_DEFAULTS = Settings()
_SERVER_ERROR = 2

Command = TypeVar("Command", bound=Callable[..., Any])


def _option(name: str, **details: Any) -> Callable[[Command], Command]:
    """An option that an environment variable HRIS_SANDBOX_… can give too."""
    variable = "HRIS_SANDBOX_" + name.removeprefix("--").replace("-", "_").upper()
    return click.option(name, envvar=variable, show_envvar=True, **details)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="hris-sandbox")
def commands() -> None:
    """A stateful sandbox of two SaaS APIs: an HRMS and Scan2Evolve."""


@commands.command()
@_option("--host", default=_DEFAULTS.host, show_default=True, help="Address to listen on.")
@_option("--port", default=_DEFAULTS.port, show_default=True, type=click.IntRange(0, 65535), help="0 for any.")
@_option("--seed", default=_DEFAULTS.seed, show_default=True, type=click.IntRange(0, 2**63 - 1), help="Of all data.")
@_option(
    "--users",
    default=_DEFAULTS.users,
    show_default=True,
    type=click.IntRange(0, 50_000),
    help="People in each HRMS environment.",
)
@_option("--no-rate-limit", is_flag=True, help="Start without rate limits.")
@_option("--control-key", default=None, help="Demand this key at the control plane.")
@_option("--cors-origin", multiple=True, help="Let pages of this origin in; may be repeated.")
@_option(
    "--max-worlds",
    default=_DEFAULTS.max_worlds,
    show_default=True,
    type=click.IntRange(1, 1_000_000),
    help="So many beside the default one; a new one pushes out the one that is idle longest.",
)
@_option(
    "--world-ttl",
    default=None,
    type=click.IntRange(1, 31_536_000),
    help="Seconds without a request after which a world goes that was made without ttl_seconds.",
)
@_option("--state", type=click.Path(), default=None, help="File that keeps all worlds for the next start.")
@_option("--tls", is_flag=True, help="Serve HTTPS, by a certificate authority made at the start.")
@_option("--tls-ca", default="hris-sandbox-ca.pem", show_default=True, help="Where its certificate is saved.")
@_option("--tls-name", multiple=True, help="A name or address for the server's certificate; may be repeated.")
@_option(
    "--log-level",
    default="warning",
    show_default=True,
    type=click.Choice(LEVELS, case_sensitive=False),
    help="info: a line a request.",
)
@_option(
    "--log-format",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json"], case_sensitive=False),
    help="Of the log.",
)
def serve(
    host: str,
    port: int,
    seed: int,
    users: int,
    no_rate_limit: bool,
    control_key: str | None,
    cors_origin: tuple[str, ...],
    max_worlds: int,
    world_ttl: int | None,
    state: str | None,
    tls: bool,
    tls_ca: str,
    tls_name: tuple[str, ...],
    log_level: str,
    log_format: str,
) -> None:
    """Serve both APIs and the control plane."""
    # What is made at the start stays: collecting meanwhile would take half of the time. `run` turns it on again.
    gc.disable()
    # Imported here: `spec` and `--version` need none of it.
    from sandbox.app import Application
    from sandbox.banner import banner
    from sandbox.server import BindError, bind, is_loopback, run, url_of
    from sandbox.statefile import StateError
    from sandbox.tls import TlsError, for_host, save_authority

    if not is_loopback(host) and not control_key:
        raise click.ClickException(
            f"--host {host} can be reached from other machines, and the control plane hands out credentials: "
            "give a --control-key"
        )
    configure(log_level, log_format)
    try:
        settings = Settings(
            host,
            port,
            seed,
            users,
            not no_rate_limit,
            control_key or None,
            cors_origin,
            max_worlds,
            world_ttl,
            state=Path(state) if state else None,
        )
        held = for_host(host, tls_name) if tls else None
        sockets = bind(host, port)
        app = Application(settings)
        _refuse_contradictions(app)
        if held is not None:
            save_authority(held, Path(tls_ca))
    except (SettingsError, DocumentError, BindError, StateError, TlsError) as error:
        raise click.ClickException(str(error)) from None
    trust = None if held is None else (Path(tls_ca), held.fingerprint)
    click.echo(banner(app, url_of(host, sockets, held), trust))
    sys.stdout.flush()
    run(app, sockets, held)


def _refuse_contradictions(app: Application) -> None:
    """Raise StateError where an option was given that the default world of the state file does not follow."""
    if app.keeper is None or not app.keeper.loaded:
        return
    spec, settings = app.default.spec, app.settings
    limited = any(limit is not None for limit in spec.limits.values())
    context = click.get_current_context()
    for name, held, differs in (
        ("seed", f"seed {spec.seed}", spec.seed != settings.seed),
        ("users", f"{spec.users} users", spec.users != settings.users),
        ("no_rate_limit", "rate limits", limited and not settings.rate_limit),
    ):
        given = context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
        if given and differs:
            option = "--" + name.replace("_", "-")
            raise app.keeper.refuse(f"the default world in it has {held}: leave out {option}, or begin another file")


@commands.command()
@click.option("--url", help="Base URL of a sandbox, or of whatever has both APIs under the same paths.")
@click.option("--hrms-url", help="Base URL of the HRMS, before /v1.")
@click.option("--scan2evolve-url", help="Base URL of Scan2Evolve, before /api/v1.")
@_option("--control-key", default=None, help="The control key of a sandbox that demands one.")
@click.option(
    "--credentials", help="JSON file like the answer to POST /_sandbox/worlds; env: HRIS_SANDBOX_CREDENTIALS names it."
)
@click.option("--ca", help="File with the certificate of the target's authority, where that is not known anyway.")
@click.option("--profile", default="quick", show_default=True, help="How much is tried: quick, ci or nightly.")
@click.option("--claims", multiple=True, help="Only claims of this name, * for any text; may be repeated.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, 2**63 - 1), help="Of what the checks make up."
)
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Checks at a time, in threads."
)
@click.option("--allow-writes", is_flag=True, help="Let checks write to a target that is not on this machine.")
@click.option("--max-requests", type=click.IntRange(1), help="Stop beyond so many; by default as the profile needs.")
@click.option("--strict", is_flag=True, help="Let broken claims fail the run that are merely assumed.")
@click.option("--report", help="Folder for report.html, report.json and junit.xml.")
def conform(claims: tuple[str, ...], **asked: Any) -> int:
    """Judge a target, claim by claim; without a URL, a sandbox of our own. Exit codes: 0 holds, 1 broken, 2 no run."""
    try:
        from rich.console import Console

        from contracts import cli
        from contracts.target import CannotRun
    except ImportError as error:
        raise click.ClickException(f"{error.name} is not installed: pip install 'hris-sandbox[contracts]'") from None
    from sandbox.app import Application
    from sandbox.clock import machine_ms
    from sandbox.server import serving

    try:
        # Where a tenant is shared with earlier runs, the time tells this run's identifiers from theirs.
        wishes = cli.Asked(claims=claims or ("*",), run_id=f"{machine_ms():x}", **asked)
        return cli.conform(wishes, lambda: serving(Application()), Console())
    except CannotRun as error:
        raise click.ClickException(str(error)) from None


@commands.command()
@click.argument("cases", nargs=-1, required=True, metavar="CASE…")
@click.option("--url", help="Base URL of a sandbox, or of whatever has both APIs under the same paths.")
@click.option("--hrms-url", help="Base URL of the HRMS, before /v1.")
@click.option("--scan2evolve-url", help="Base URL of Scan2Evolve, before /api/v1.")
@_option("--control-key", default=None, help="The control key of a sandbox that demands one.")
@click.option(
    "--credentials", help="JSON file like the answer to POST /_sandbox/worlds; env: HRIS_SANDBOX_CREDENTIALS names it."
)
@click.option("--ca", help="File with the certificate of the target's authority, where that is not known anyway.")
@click.option("--allow-writes", is_flag=True, help="Let cases write to a target that is not on this machine.")
@click.option("--curl", is_flag=True, help="Print the one CASE as a shell script, and send nothing.")
def replay(cases: tuple[str, ...], curl: bool, **asked: Any) -> int:
    """Replay regression cases, files or folders of them, at a target; without a URL, at a sandbox of our own.

    Exit codes: 0 all hold, 1 one is broken, 2 none could be judged.
    """
    try:
        from rich.console import Console

        from contracts import cli, corpus
        from contracts.target import CannotRun
    except ImportError as error:
        raise click.ClickException(f"{error.name} is not installed: pip install 'hris-sandbox[contracts]'") from None
    from sandbox.app import Application
    from sandbox.clock import machine_ms
    from sandbox.server import serving

    try:
        if curl:
            click.echo(corpus.print_curl(cases), nl=False)
            return 0
        wishes = cli.Asked(run_id=f"{machine_ms():x}", **asked)
        with contextlib.ExitStack() as stack:
            options = cli.options_of(wishes, lambda: serving(Application()), stack)
            return corpus.replay(cases, options, Console())
    except CannotRun as error:
        raise click.ClickException(str(error)) from None


@commands.command()
@click.argument("name", type=click.Choice(NAMES))
def spec(name: str) -> None:
    """Print an OpenAPI document."""
    click.echo((folder() / f"{name}.yaml").read_text(encoding="utf-8"), nl=False)


def main(arguments: list[str] | None = None) -> None:
    """Run a command; whatever is wrong is told in one line, with exit code 2."""
    try:
        result = commands.main(args=arguments, prog_name="hris-sandbox", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(_SERVER_ERROR)
    except click.ClickException as error:
        click.echo(f"hris-sandbox: {' '.join(error.format_message().split())}", err=True)
        sys.exit(_SERVER_ERROR)
    except click.Abort:
        sys.exit(130)
    sys.exit(result if isinstance(result, int) else 0)
