"""The contract suite as pytest items: `pytest -p contracts.plugin --contract-url URL`.

Each check is an item of its name, with the marker `contract` and its claims as user properties. A broken check fails
with what was expected and got, and with its requests as curl commands, secrets taken out; one that breaks assumed
claims alone is an expected failure, unless `--contract-strict`. What can not be seen at the target is skipped, with
the reason. Without an URL the plugin does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from contracts import ledger
from contracts.checks import PROFILES, Check
from contracts.cli import Asked, options_of
from contracts.run import Run
from contracts.target import CannotRun
from contracts.verdicts import Finding

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr

_RUN = pytest.StashKey[Run]()
_READINGS = "contract_readings"


class ClaimBroken(Exception):
    """A check found the target doing something else than its claims say."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `hris-sandbox conform` that make sense here."""
    group = parser.getgroup("contract", "claims of the HRMS and Scan2Evolve APIs")
    add: Callable[..., None] = group.addoption
    add("--contract-url", metavar="URL", help="base URL of a sandbox, or of whatever has both APIs under its paths")
    add("--contract-hrms-url", metavar="URL", help="base URL of the HRMS, before /v1")
    add("--contract-scan2evolve-url", metavar="URL", help="base URL of Scan2Evolve, before /api/v1")
    add("--contract-credentials", metavar="FILE", help="JSON like the answer to POST /_sandbox/worlds, or env")
    add("--contract-control-key", metavar="KEY", help="control key of a sandbox that demands one")
    add("--contract-ca", metavar="FILE", help="certificate of the target's authority, where that is not known anyway")
    add("--contract-claims", metavar="GLOB", action="append", help="only claims of this name; may be repeated")
    add("--contract-profile", default="quick", choices=PROFILES, help="how much is tried")
    add("--contract-seed", default=0, type=int, metavar="N", help="of what the checks make up")
    add("--contract-run-id", default="", metavar="TEXT", help="goes into identifiers made where worlds can not be made")
    add("--contract-allow-writes", action="store_true", help="let checks write to a target not on this machine")
    add("--contract-strict", action="store_true", help="let broken claims fail that are merely assumed")


def pytest_configure(config: pytest.Config) -> None:
    """Find out, before anything is collected, whether the target can be judged."""
    config.addinivalue_line("markers", "contract: a check of the contract suite")
    urls = [config.getoption(f"contract_{name}url") for name in ("", "hrms_", "scan2evolve_")]
    if not any(urls):
        return
    given: dict[str, str] | None = getattr(config, "workerinput", {}).get(_READINGS)
    try:
        run = _run(config)
        run.checks()
        if given is not None:
            # A worker of pytest-xdist: what the target follows is known already.
            run.follow(given)
        elif not config.option.collectonly:
            given = {found.name: found.value for found in run.prepare()}
    except CannotRun as error:
        raise pytest.UsageError(f"contracts.plugin: {' '.join(str(error).split())}") from None
    config.stash[_RUN] = run
    if given is not None and not hasattr(config, "workerinput") and config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_Workers(given))


def _run(config: pytest.Config) -> Run:
    option = config.option
    asked = Asked(
        url=option.contract_url,
        hrms_url=option.contract_hrms_url,
        scan2evolve_url=option.contract_scan2evolve_url,
        control_key=option.contract_control_key,
        credentials=option.contract_credentials,
        ca=option.contract_ca,
        profile=option.contract_profile,
        claims=tuple(option.contract_claims or ("*",)),
        seed=option.contract_seed,
        allow_writes=option.contract_allow_writes,
        strict=option.contract_strict,
        run_id=option.contract_run_id,
    )
    with ExitStack() as stack:
        options = options_of(asked, _no_sandbox, stack)
    if options.target.control is None and getattr(option, "dist", "no") != "no":
        raise CannotRun("the target makes no worlds, so its checks can not run side by side: leave out -n")
    return Run(options)


def _no_sandbox() -> AbstractContextManager[str]:
    raise CannotRun("give --contract-url, or --contract-hrms-url and --contract-scan2evolve-url")


class _Workers:
    """Tells each worker of pytest-xdist which readings the target follows."""

    def __init__(self, readings: dict[str, str]) -> None:
        self._readings = readings

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Called by pytest-xdist for each worker before it starts."""
        node.workerinput[_READINGS] = self._readings


# -- items ---------------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the checks behind whatever else was collected, before -k and -m choose."""
    run = config.stash.get(_RUN, None)
    if run is not None:
        parent = _Checks.from_parent(session, name="contract", nodeid="contract")
        made: list[pytest.Item] = [
            _Item.from_parent(parent, name=check.name, check=check, run=run) for check in run.checks()
        ]
        items += made
        # So that they are counted as collected.
        config.hook.pytest_collectreport(report=pytest.CollectReport("contract", "passed", None, [*made]))


class _Checks(pytest.Collector):
    """The parent of all checks."""

    def collect(self) -> list[pytest.Item]:
        """None: `pytest_collection_modifyitems` makes them, since no file stands for them."""
        return []


class _Item(pytest.Item):
    """One check."""

    def __init__(self, *, check: Check, run: Run, **rest: Any) -> None:
        super().__init__(**rest)
        self._check = check
        self._run = run
        self.add_marker("contract")
        self.user_properties += [("claim", claim) for claim in check.claims]

    def runtest(self) -> None:
        """Try the check and make its findings an outcome."""
        findings = self._run.attempt(self._check)
        for finding in findings:
            if finding.status == "broken":
                if self.config.option.contract_strict or _fails(finding):
                    raise ClaimBroken(finding)
                pytest.xfail(f"assumed, {', '.join(finding.claims)}: {finding.message}")
        unseen = [finding for finding in findings if finding.status not in ("holds", "holds in part")]
        if unseen:
            pytest.skip(f"{unseen[0].status}: {unseen[0].message}")

    def repr_failure(self, excinfo: ExceptionInfo[BaseException], style: Any = None) -> str | TerminalRepr:
        """The evidence in place of a traceback."""
        error = excinfo.value
        if isinstance(error, ClaimBroken):
            return "\n".join(_lines(error.finding))
        if isinstance(error, CannotRun):
            return f"{self.name} could not be judged: {error}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, None, str]:
        """What stands above a failure."""
        return "contract", None, f"{self.name} ({', '.join(self._check.claims) or 'beyond the claims'})"


def _fails(finding: Finding) -> bool:
    """Whether it breaks more than what is merely assumed."""
    claims = ledger.load().claims
    return not finding.claims or any(claims[claim].level != "assumed" for claim in finding.claims)


def _lines(finding: Finding) -> Generator[str]:
    claims = ledger.load().claims
    yield finding.message
    yield ""
    yield f"the check: {finding.says}"
    for claim in finding.claims:
        yield f"{claim} ({claims[claim].level}): {claims[claim].says}"
    for number, exchange in enumerate(finding.evidence, 1):
        yield ""
        yield f"{number}. {exchange.curl()}"
        yield f"   {exchange.status} {exchange.response_body}"


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Tell where the answers prove nothing: such a run is no success."""
    yield
    run = session.config.stash.get(_RUN, None)
    if run is None or session.config.option.collectonly:
        return
    try:
        run.refuse_vacuous()
    except CannotRun as error:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"contracts.plugin: {error}", red=True)
        session.exitstatus = pytest.ExitCode.USAGE_ERROR
