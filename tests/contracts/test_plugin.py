"""The pytest plugin: checks as items, with outcomes, evidence and options as `conform` has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import contracts.plugin  # noqa: F401 - loaded here for the same reason as CHECKS
from contracts.checks import all_checks
from contracts.switched import switched
from tests.client import ServerClient, WorldClient
from tests.contracts.targets import Forwarded, always, forwarding, serving

pytest_plugins = ("pytester",)
# Loaded before pytester notes which modules there are: what is loaded later it takes away again.
CHECKS = [check for check in (*all_checks(), *switched(all_checks())) if check.profile == "quick"]
Ran = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Ran:
    """Runs pytest with the plugin in a folder of its own, in this process."""

    def with_plugin(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess("-p", "contracts.plugin", "-p", "no:cacheprovider", *arguments)

    return with_plugin


def checks_of(claim: str) -> list[str]:
    """The names of a claim's checks, in order."""
    return [check.name for check in CHECKS if claim in check.claims]


def tenant(server: ServerClient, world: WorldClient, folder: Path) -> tuple[str, ...]:
    """Options that point at one world without its control plane."""
    path = folder / "credentials.json"
    path.write_text(json.dumps(world.created), encoding="utf-8")
    urls = ("--contract-hrms-url", f"{server.url}/hrms/api", "--contract-scan2evolve-url", f"{server.url}/scan2evolve")
    return (*urls, "--contract-credentials", str(path))


def spoil_messages(answer: Forwarded) -> None:
    """Another message than the documented one."""
    answer.body = answer.body.replace(b"Invalid email format", b"No good e-mail")


def spoil_grant_errors(answer: Forwarded) -> None:
    """Another code where the right one is an assumption of ours."""
    answer.body = answer.body.replace(b"unsupported_grant_type", b"unknown_grant")


def test_plugin_without_an_url_does_nothing(run: Ran, pytester: pytest.Pytester) -> None:
    """Somebody's own tests run as they would."""
    pytester.makepyfile("def test_own(): pass")
    result = run()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*contract::*")


def test_plugin_collects_the_checks_beside_own_tests(run: Ran, pytester: pytest.Pytester, server: ServerClient) -> None:
    """Each check of the claims is an item with the check's name, behind what the folder has."""
    pytester.makepyfile("def test_own(): pass")
    result = run("-v", "--contract-url", server.url, "--contract-claims", "S2E-USER-0?")
    names = list(dict.fromkeys([*checks_of("S2E-USER-01"), *checks_of("S2E-USER-02")]))
    result.assert_outcomes(passed=1 + len(names))
    result.stdout.fnmatch_lines_random([f"contract::{name} PASSED*" for name in names])


def test_plugin_items_can_be_chosen_by_marker_and_by_name(
    run: Ran, pytester: pytest.Pytester, server: ServerClient
) -> None:
    """`-m contract` and `-k` choose as everywhere, and the count of what was collected is right."""
    pytester.makepyfile("def test_own(): pass")
    where = ("--contract-url", server.url, "--contract-claims", "S2E-USER-*")
    count = len({*checks_of("S2E-USER-01"), *checks_of("S2E-USER-02")})
    run("-m", "not contract", *where).assert_outcomes(passed=1, deselected=count)
    result = run("-k", "role_filters and not under", *where)
    result.stdout.fnmatch_lines(["collected * items / * deselected / 1 selected"])
    result.assert_outcomes(passed=1, deselected=count)


def test_plugin_collecting_only_asks_nothing_of_the_target(run: Ran) -> None:
    """A list of the checks needs a URL that could be one, and no server of any use."""
    with serving(always(404)) as url:
        result = run("--collect-only", "-q", "--contract-url", url, "--contract-claims", "S2E-USER-02")
    result.stdout.fnmatch_lines_random([f"contract::{name}" for name in checks_of("S2E-USER-02")])
    assert result.ret == 0


def test_plugin_failure_shows_message_claim_and_requests(run: Ran, server: ServerClient, tmp_path: Path) -> None:
    """A broken check tells what was expected and got, what the claim says, and how to ask again, without a secret."""
    with forwarding(server.url, spoil_messages) as url:
        result = run(
            *("--contract-url", url, "--contract-claims", "S2E-FIELD-08", "-k", "plain_faults"),
            f"--junit-xml={tmp_path / 'junit.xml'}",
        )
    result.assert_outcomes(failed=1, deselected=len(checks_of("S2E-FIELD-08")) - 1)
    result.stdout.fnmatch_lines(
        [
            "*emails.plain_faults_are_refused (S2E-FIELD-08)*",
            '*expected ?"Invalid email format"?, got ?"No good e-mail"?',
            "S2E-FIELD-08 (documented): *",
            '*curl -sS -i -X POST * "$SCAN2EVOLVE/api/v1/sync/employees"',
            '*200 {"requestId":*',
        ]
    )
    assert "Traceback" not in result.stdout.str()
    for secret in ("cs_", "se_", "Basic "):
        assert secret not in result.stdout.str().replace("Basic [redacted]", "")
    (case,) = ET.parse(tmp_path / "junit.xml").iter("testcase")
    assert [(row.get("name"), row.get("value")) for row in case.iter("property")] == [("claim", "S2E-FIELD-08")]


def test_plugin_takes_broken_assumptions_for_expected_failures(run: Ran, server: ServerClient) -> None:
    """What no source says fails nobody, unless it is asked for."""
    with forwarding(server.url, spoil_grant_errors) as url:
        where = ("--contract-url", url, "--contract-claims", "S2E-AUTH-10", "-k", "other_grant_types", "-rx")
        lenient, strict = run(*where), run("--contract-strict", *where)
    others = len(checks_of("S2E-AUTH-10")) - 1
    lenient.assert_outcomes(xfailed=1, deselected=others)
    lenient.stdout.fnmatch_lines(["XFAIL contract::tokens.other_grant_types* - assumed, S2E-AUTH-10: *"])
    assert lenient.ret == 0
    strict.assert_outcomes(failed=1, deselected=others)


def test_plugin_skips_what_cannot_be_seen_with_its_reason(
    run: Ran, server: ServerClient, world: WorldClient, tmp_path: Path
) -> None:
    """In a tenant nobody sees mail: such a check is skipped, never passed."""
    result = run(*tenant(server, world, tmp_path), "--contract-claims", "S2E-ACCT-05", "-rs")
    result.assert_outcomes(skipped=len(checks_of("S2E-ACCT-05")))
    result.stdout.fnmatch_lines(["SKIPPED*not observable: mail and passwords can be seen at a control plane alone"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--contract-url", "localhost"), "localhost is no URL: it must begin with http:// or https://"),
        (("--contract-url", "http://127.0.0.1:9"), "http://127.0.0.1:9/_sandbox/health cannot be talked to: *"),
        (("--contract-url", "http://a", "--contract-hrms-url", "http://a"), "give --url, or --hrms-url and *"),
        (("--contract-hrms-url", "http://127.0.0.1:9"), "without a control plane, --credentials must say who may ask"),
        (("--contract-hrms-url", "http://127.0.0.1:9", "--contract-credentials", "none"), "credentials file none: *"),
    ],
)
def test_plugin_that_cannot_judge_says_so_in_one_line(run: Ran, options: tuple[str, ...], told: str) -> None:
    """A usage error before anything is collected: no traceback, nothing passed."""
    result = run(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: contracts.plugin: {told}"])
    assert "Traceback" not in result.stderr.str()


def test_plugin_of_an_unknown_claim_is_a_usage_error(run: Ran, server: ServerClient) -> None:
    """A pattern that fits no claim is told, so that nobody takes silence for success."""
    result = run("--contract-url", server.url, "--contract-claims", "S2E-NO-*")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: contracts.plugin: no claim is called S2E-NO-[*]; the ledger is *"])


def test_plugin_in_a_tenant_refuses_to_run_side_by_side(
    pytester: pytest.Pytester, server: ServerClient, world: WorldClient, tmp_path: Path
) -> None:
    """Checks that share a tenant would see each other's doings."""
    where = tenant(server, world, tmp_path)
    result = pytester.runpytest_inprocess("-p", "contracts.plugin", "-p", "xdist", "-n2", *where)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*can not run side by side: leave out -n"])


@pytest.mark.slow
def test_plugin_works_with_workers_of_xdist(pytester: pytest.Pytester, server: ServerClient) -> None:
    """Two workers share the checks; the readings are found out once, and each check is run once."""
    result = pytester.runpytest_subprocess(
        *("-p", "contracts.plugin", "-n2", "--contract-url", server.url, "--contract-claims", "S2E-ROLE-*")
    )
    names = {check.name for check in CHECKS for claim in check.claims if claim.startswith("S2E-ROLE-")}
    result.assert_outcomes(passed=len(names))
