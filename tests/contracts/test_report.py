"""The report: readable alone, machine-readable, without a secret, and its curl lines do what was done."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from contracts import ledger, report
from contracts.checks import Broken, Check
from contracts.evidence import MAX_BODY, Exchange, redact, shown_body, shown_headers
from contracts.lab import Lab
from contracts.report.terminal import Live
from contracts.run import Options, Run
from contracts.verdicts import Report, as_dict
from sandbox.app import Application
from tests.client import NOW, ServerClient
from tests.conftest import serving
from tests.contracts.targets import NO_EMAIL_FORMAT, target_at

pytestmark = pytest.mark.slow

SECRET_FIELDS = {"client_secret", "access_token", "token", "temporaryPassword"}
LEVELS = {claim.id: claim.level for claim in ledger.load().claims.values()}


def secrets_of(value: Any) -> set[str]:
    """Every secret in a JSON value."""
    if isinstance(value, dict):
        found = {text for key, text in value.items() if key in SECRET_FIELDS and isinstance(text, str)}
        return found.union(*(secrets_of(item) for item in value.values()))
    return set().union(*map(secrets_of, value)) if isinstance(value, list) else set()


class Spy:
    """Checks that have to do with every secret of their world, and tell them all."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()

    def look(self, lab: Lab) -> None:
        """Asks for tokens, has a password mailed, and complains of all that it saw."""
        for held in lab.space.credentials.organizations:
            self.secrets.add(held.client_secret)
        self.secrets |= {held.token for held in lab.space.credentials.hrms}
        bearer = lab.token()
        form = "&".join(
            f"{key}={value}"
            for key, value in {
                "grant_type": "client_credentials",
                "client_id": lab.organization().client_id,
                "client_secret": lab.organization().client_secret,
            }.items()
        )
        asked = {"content-type": "application/x-www-form-urlencoded"}
        issued = lab.scan2evolve(
            "POST", "/api/v1/auth/token", authorization=None, headers=asked, content=form.encode()
        ).body
        for authorization in (bearer, f"Bearer {bearer}", f"bearer  {bearer}"):
            lab.scan2evolve("GET", "/api/v1/users", authorization=authorization)
        record = lab.person(userAccount={"sendWelcomeEmail": True, "forcePasswordReset": True})
        lab.accepted(record)
        mails = lab.outbox(record["email"])
        made = lab.new_hrms_token("users:read")
        lab.hrms("/v1/users", token=made["token"])
        self.secrets |= {bearer} | secrets_of(issued) | secrets_of(mails) | secrets_of(made)
        lab.equal([issued, mails, made], None, "all that is secret")


class Only(Run):
    """A run of one check of our own, or of none."""

    def __init__(self, options: Options, look: Callable[[Lab], None] | None) -> None:
        super().__init__(options)
        self._look = look

    def _chosen(self) -> list[Check]:
        return [Check("spy.look", ("S2E-SEC-02",), self._look, True, "It looks.")] if self._look else []


@pytest.fixture(scope="module")
def vendor() -> Iterator[ServerClient]:
    """A server of its own."""
    with serving(Application()) as client:
        yield client


@pytest.fixture(scope="module")
def judgement(vendor: ServerClient) -> Report:
    """A run with failures, of two claims that are broken and of others that are not."""
    claims = ("S2E-FIELD-0*", "S2E-SEC-*")
    return Run(Options(target_at(vendor.url), name="a vendor <with> a bug", claims=claims, template=NO_EMAIL_FORMAT))()


@pytest.fixture(scope="module")
def files(judgement: Report, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The report's files."""
    written = report.write(judgement, tmp_path_factory.mktemp("report") / "made" / "here")
    return {path.name: path.read_text(encoding="utf-8") for path in written}


def test_report_page_stands_alone(files: dict[str, str]) -> None:
    """The page loads nothing: no src, no link, no import, no address but in texts."""
    page = files["report.html"]
    assert page.startswith("<!doctype html>")
    assert not re.search(r"""<[^>]+\s(?:src|href|action|data)\s*=""", page)
    assert not re.search(r"<(?:link|iframe|object|embed|img|base)\b|@import|url\(", page)
    assert "https://" not in page


def test_report_page_shows_every_claim_and_failure(judgement: Report, files: dict[str, str]) -> None:
    """Each claim has its place, each failure its message and its requests; what a target says cannot become markup."""
    page = files["report.html"]
    assert re.findall(r'<code id="([^"]+)">', page) == [
        verdict.claim.id for verdict in sorted(judgement.verdicts, key=lambda verdict: verdict.status)
    ]
    assert "S2E-FIELD-08" in {verdict.claim.id for verdict in judgement.failing}
    assert "a vendor &lt;with&gt; a bug" in page
    assert "<with>" not in page
    assert "curl -sS -i -X POST" in page
    for finding in (finding for verdict in judgement.verdicts for finding in verdict.findings):
        assert (f'<span class="dim">{finding.check}</span>' in page) == (finding.status == "broken")


def test_report_of_a_whole_ledger_names_every_claim(tmp_path: Path) -> None:
    """All claims of the ledger are on the page, in the JSON and, where they have checks, in the XML."""
    with serving(Application()) as client:
        whole = Only(Options(target_at(client.url)), None)
        written = report.write(whole(), tmp_path)
    texts = {path.name: path.read_text(encoding="utf-8") for path in written}
    for claim in LEVELS:
        assert f'id="{claim}"' in texts["report.html"]
    assert [claim["id"] for claim in json.loads(texts["report.json"])["claims"]] == list(LEVELS)


def test_report_in_json_is_the_run(judgement: Report, files: dict[str, str]) -> None:
    """What is written reads back as the run: counts add up, and each claim's status follows from its checks."""
    read = json.loads(files["report.json"])
    assert read == json.loads(json.dumps(as_dict(judgement)))
    assert read["exit_code"] == 1
    assert sum(read["counts"].values()) == len(read["claims"])
    assert sum(read["statuses"].values()) == read["requests"]
    for claim in read["claims"]:
        found = {check["status"] for check in claim["checks"]}
        assert ("broken" in found) == (claim["status"] == "broken"), claim["id"]
        assert all(bool(check["evidence"]) == (check["status"] == "broken") for check in claim["checks"])
    assert "seconds" not in json.dumps(as_dict(judgement, durations=False)["claims"])


def test_report_in_xml_counts_its_checks(judgement: Report, files: dict[str, str]) -> None:
    """A test case a check, as many failures as are broken, and the claims beside each."""
    suite = ET.fromstring(files["junit.xml"])
    findings = {finding.check: finding for verdict in judgement.verdicts for finding in verdict.findings}
    cases = {f"{case.get('classname')}.{case.get('name')}": case for case in suite.iter("testcase")}
    assert set(cases) == {f"contracts.claims.{name}" for name in findings}
    broken = {name for name, finding in findings.items() if finding.status == "broken"}
    assert int(suite.get("tests", "")) == len(findings)
    assert int(suite.get("failures", "")) == len(list(suite.iter("failure"))) == len(broken) > 0
    assert int(suite.get("skipped", "")) == len(list(suite.iter("skipped")))
    for name, finding in findings.items():
        case = cases[f"contracts.claims.{name}"]
        assert [row.get("value") for row in case.iter("property")] == list(finding.claims)
        failure = case.find("failure")
        assert (failure is not None and failure.get("message") == finding.message) == (name in broken)


def test_report_in_xml_takes_any_text(tmp_path: Path) -> None:
    """A message with what XML cannot hold is still XML."""

    def look(_: Lab) -> None:
        raise Broken("a \x00 b \x1b[1m c \ufffe <&> \"'")

    with serving(Application()) as client:
        strange = Only(Options(target_at(client.url), claims=("S2E-SEC-02",)), look)()
    report.write(strange, tmp_path)
    failure = next(ET.parse(tmp_path / "junit.xml").iter("failure"))
    assert failure.get("message") == "a \ufffd b \ufffd[1m c \ufffd <&> \"'"


def test_report_of_a_run_that_saw_every_secret_holds_none(tmp_path: Path) -> None:
    """No client secret, token or temporary password is in any file, though a failing check complained of them."""
    spy = Spy()
    with serving(Application()) as client:
        run = Only(Options(target_at(client.url), claims=("S2E-SEC-02",)), spy.look)()
    assert run.exit_code == 1
    assert len(spy.secrets) > 6
    written = report.write(run, tmp_path)
    assert {path.name for path in written} == {"report.html", "report.json", "junit.xml"}
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "all that is secret" in text
        assert "[redacted]" in text
        assert [secret for secret in spy.secrets if secret in text] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"client_secret": "any shape \\" at all"}', '{"client_secret": "[redacted]"}'),
        ("grant_type=x&client_secret=s3cr%C3%A9t&a=b", "grant_type=x&client_secret=[redacted]&a=b"),
        ("a se_0123456789abcdef0123 b", "a se_[redacted] b"),
        ("hrms_ok", "hrms_ok"),
        ("Temporary password: Xy-12!\\nChange it", "Temporary password: [redacted]\\nChange it"),
    ],
)
def test_secret_in_a_text_is_taken_out(text: str, shown: str) -> None:
    """Secrets of any vendor's shape go where their field names them, those of ours wherever they stand."""
    assert redact(text) == shown


@pytest.mark.parametrize("before", range(MAX_BODY - 60, MAX_BODY + 10, 7))
@pytest.mark.parametrize("secrets", [1, 120])
def test_secret_in_a_long_body_is_taken_out_wherever_it_is_cut(before: int, secrets: int) -> None:
    """Of a body that is cut no part of a secret stays, be there one at the cut or so many that the body shrinks."""
    secret = "se_" + "0123456789abcdef" * 4
    body = "." * (before if secrets == 1 else before % 70) + f" {secret}" * secrets + " " + "." * 9_000
    shown = shown_body(body.encode())
    assert not re.search("0123", shown)
    assert shown.endswith(f"… ({len(body)} bytes in all)")
    assert len(shown) < MAX_BODY + 40


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Bearer abc", "Bearer [redacted]"),
        ("Basic abc def", "Basic [redacted]"),
        ("abc", "[redacted]"),
        ("abc-1 def", "[redacted]"),
        ("", "[redacted]"),
    ],
)
def test_secret_in_a_header_is_taken_out(value: str, shown: str) -> None:
    """Of a header with credentials the scheme stays, and nothing that may be the secret."""
    assert shown_headers([("Authorization", value), ("User-Agent", "x")]) == (("Authorization", shown),)


def shell(script: str, environment: dict[str, str]) -> str:
    """What a shell prints that runs a line."""
    sh = shutil.which("sh")
    assert sh
    done = subprocess.run([sh, "-c", script], env=environment, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="it runs the report's curl line: apt-get install curl")
def test_curl_line_of_a_failure_shows_the_failure_again(vendor: ServerClient, judgement: Report) -> None:
    """With the three variables set, and the world made again, the line brings the answer that the report shows."""
    finding = next(
        finding for verdict in judgement.failing for finding in verdict.findings if finding.status == "broken"
    )
    exchange = next(row for row in finding.evidence if row.method == "POST" and '"results":[{' in row.response_body)
    world_id = dict(exchange.request_headers)["x-sandbox-world"]
    world = vendor.world(id=world_id, now=NOW, users=5, seed=0, **NO_EMAIL_FORMAT)
    try:
        printed = shell(
            exchange.curl(),
            {
                "PATH": "/usr/bin:/bin:/usr/local/bin",
                "SCAN2EVOLVE": f"{vendor.url}/scan2evolve",
                "HRMS": f"{vendor.url}/hrms/api",
                "AUTHORIZATION": f"Bearer {world.token()}",
            },
        )
    finally:
        world.control("DELETE")
    head, _, body = printed.replace("\r\n", "\n").partition("\n\n")
    assert head.startswith(f"HTTP/1.1 {exchange.status} ")
    shown = json.loads(exchange.response_body)
    assert json.loads(body)["results"] == shown["results"]


def test_curl_line_keeps_any_text_for_itself() -> None:
    """Quotes, dollars, backticks and an @ in a body or a header reach no shell and no file."""
    body = "@/etc/hostname 'x' \"$HOME\" `id` $(id)\\"
    exchange = Exchange("POST", "$HRMS/v1/users", (("x-note", "a'b$HOME"), ("x-api-key", "k")), body, 200, (), "")
    script = exchange.curl().replace("curl ", "printf '%s\\n' ", 1)
    words = shell(script, {"HRMS": "http://127.0.0.1", "X_API_KEY": "the key", "HOME": "/home/x"}).splitlines()
    assert words == [
        "-sS",
        "-i",
        "-X",
        "POST",
        "-H",
        "x-note: a'b$HOME",
        "-H",
        "x-api-key: the key",
        "--data-raw",
        body,
        "http://127.0.0.1/v1/users",
    ]


def test_progress_is_a_line_now_and_then_without_a_terminal() -> None:
    """Every 25 checks and at the end; where a check takes long, every half minute, with what it has sent meanwhile."""
    now = 100.0
    console = Console(file=io.StringIO(), width=100)
    live = Live(console, lambda: now)
    for done, sent, later in ((24, 90, 1), (25, 100, 1), (25, 200, 29), (25, 300, 1), (25, 350, 1), (26, 400, 0)):
        live(done, 26, sent, 0)
        now += later
    assert cast("io.StringIO", console.file).getvalue().splitlines() == [
        "25/26 checks, 100 requests, 0 broken",
        "25/26 checks, 300 requests, 0 broken",
        "26/26 checks, 400 requests, 0 broken",
    ]
