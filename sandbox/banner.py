"""What a person sees when the server starts."""

from __future__ import annotations

import shlex
from pathlib import Path

from sandbox import __version__
from sandbox.app import Application
from sandbox.ids import digest

# In place of a founding credential that was deleted, in an earlier run.
_GONE = "deleted"


def banner(app: Application, url: str, trust: tuple[Path, str] | None = None) -> str:
    """URLs, the default world's credentials and sites, a curl line for each API, what was compiled.

    `trust`: under HTTPS the file of the certificate that clients have to trust, and its fingerprint.
    """
    curl = "curl" if trust is None else f"curl --cacert {shlex.quote(str(trust[0].absolute()))}"
    hrms, scan2evolve = (url + app.documents[name].base_path for name in ("hrms", "scan2evolve"))
    lines = [
        f"hris-sandbox {__version__} listens at {url}",
        "",
        f"  HRMS            {hrms}",
        f"  Scan2Evolve     {scan2evolve}",
        f"  control plane   {url}/_sandbox" + ("   (needs the control key)" if app.settings.control_key else ""),
        f"  documents       {url}/openapi/{{hrms,scan2evolve,control}}.yaml",
    ]
    if trust is not None:
        lines += [f"  trust           {trust[0].absolute()}", f"    SHA-256           {trust[1]}"]
    if app.keeper is not None:
        lines += [f"  state           {app.keeper.path}   (worlds: {len(app.worlds)})"]
    counts = app.compiled
    lines += [
        "",
        *_credentials(app),
        "",
        *_tries(app, curl, hrms, scan2evolve),
        f"Compiled {counts['operations']} operations, {counts['validators']} validators, {counts['rules']} rules.",
        "Ctrl-C stops.",
    ]
    return "\n".join(lines)


def _tokens(app: Application) -> dict[str, str]:
    """Environment -> the founding token that is still good; worlds that came back may have lost some."""
    held = app.default.application_tokens
    texts = {digest(text): text for text in app.secrets.tokens.values()}
    return {held[key].environment: text for key, text in texts.items() if key in held}


def _clients(app: Application) -> dict[str, tuple[str, str]]:
    """Organization -> the founding pair that is still good."""
    check = app.default.tokens.check_secret
    good = {pair: check(*pair) for pair in app.secrets.clients.items()}
    return {credential.organization: pair for pair, credential in good.items() if credential is not None}


def _credentials(app: Application) -> list[str]:
    tokens, clients = _tokens(app), _clients(app)
    lines = [
        "World default, the same credentials at every start:",
        f"  HRMS token, staging   {tokens.get('staging', _GONE)}",
        f"  HRMS token, uat       {tokens.get('uat', _GONE)}",
    ]
    for organization in app.default.organizations.values():
        client_id, secret = clients.get(organization.id, (_GONE, _GONE))
        lines += [
            f"  {organization.name} ({organization.id})",
            f"    client_id           {client_id}",
            f"    client_secret       {secret}",
        ]
        lines += [f"    site                {site.id}  {site.name}" for site in organization.sites.values()]
    return lines


def _tries(app: Application, curl: str, hrms: str, scan2evolve: str) -> list[str]:
    tokens, clients = _tokens(app), _clients(app)
    lines = []
    if "staging" in tokens:
        bearer = f"Authorization: Bearer {tokens['staging']}"
        lines.append(f"  {curl} -H '{bearer}' -H 'X-Environment: staging' {hrms}/v1/users")
    if clients:
        client_id, secret = next(iter(clients.values()))
        lines.append(f"  {curl} -u {client_id}:{secret} {scan2evolve}/api/v1/users")
    return ["Try:", *lines, ""] if lines else []
