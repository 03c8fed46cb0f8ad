"""What a person sees when the server starts."""

from __future__ import annotations

import shlex
from pathlib import Path

from sandbox import __version__
from sandbox.app import Application


def banner(app: Application, url: str, trust: tuple[Path, str] | None = None) -> str:
    """URLs, the default world's credentials and sites, a curl line for each API, what was compiled.

    `trust`: under HTTPS the file of the certificate that clients have to trust, and its fingerprint.
    """
    curl = "curl" if trust is None else f"curl --cacert {shlex.quote(str(trust[0].absolute()))}"
    hrms, scan2evolve = (url + app.documents[name].base_path for name in ("hrms", "scan2evolve"))
    tokens = {token.environment: app.secrets.tokens[token.id] for token in app.default.application_tokens.values()}
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
    lines += [
        "",
        "World default, the same credentials at every start:",
        f"  HRMS token, staging   {tokens['staging']}",
        f"  HRMS token, uat       {tokens['uat']}",
    ]
    for organization in app.default.organizations.values():
        credential = next(c for c in app.default.tokens.credentials.values() if c.organization == organization.id)
        lines += [
            f"  {organization.name} ({organization.id})",
            f"    client_id           {credential.client_id}",
            f"    client_secret       {app.secrets.clients[credential.client_id]}",
        ]
        lines += [f"    site                {site.id}  {site.name}" for site in organization.sites.values()]
    first = next(iter(app.default.tokens.credentials))
    counts = app.compiled
    lines += [
        "",
        "Try:",
        f"  {curl} -H 'Authorization: Bearer {tokens['staging']}' -H 'X-Environment: staging' {hrms}/v1/users",
        f"  {curl} -u {first}:{app.secrets.clients[first]} {scan2evolve}/api/v1/users",
        "",
        f"Compiled {counts['operations']} operations, {counts['validators']} validators, {counts['rules']} rules.",
        "Ctrl-C stops.",
    ]
    return "\n".join(lines)
