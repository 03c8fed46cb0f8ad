"""The readings: where a vendor's page can honestly be read two ways, a world follows one of them.

The first value named is the default. `contracts/claims.yaml` is the ledger; a test holds this
module against it.
"""

from __future__ import annotations

from typing import Any, Literal, get_args, get_type_hints

import msgspec


class Readings(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """One value for each reading; the names on the wire are these with hyphens."""

    omitted_assignments: Literal["cleared", "kept"] = "cleared"
    omitted_status: Literal["active", "kept"] = "active"
    role_case: Literal["insensitive", "exact"] = "insensitive"
    missing_id_entry: Literal["null", "empty", "absent"] = "null"
    user_id_without_account: Literal["absent", "null"] = "absent"
    additive_site_manager: Literal["request", "effective"] = "request"
    additive_existing_sites: Literal["effective", "request"] = "effective"
    additive_existing: Literal["kept", "updated"] = "kept"
    email_on_update: Literal["request", "stored"] = "request"
    null_field: Literal["error", "ignored"] = "error"
    malformed_site_id: Literal["warning", "error"] = "warning"
    empty_batch: Literal["error", "ok"] = "error"
    duplicate_in_batch: Literal["update", "error"] = "update"
    display_name: Literal["sticky", "regenerated"] = "sticky"
    account_flags: Literal["on-create", "every-sync"] = "on-create"
    token_lifetime: Literal["fixed", "sliding"] = "fixed"
    environment_mismatch: Literal["401", "403"] = "401"
    validation_status: Literal["400", "422"] = "400"
    hrms_content_type: Literal["optional", "required"] = "optional"
    user_detail: Literal["included", "embedded"] = "included"

    def as_dict(self) -> dict[str, str]:
        """Name on the wire -> value."""
        return dict(zip(NAMES, msgspec.structs.astuple(self), strict=True))

    def patched(self, patch: dict[str, str | None]) -> Readings:
        """With the merge patch applied; None means the default.

        Raises msgspec.ValidationError at an unknown name or value.
        """
        merged = {**self.as_dict(), **patch}
        return msgspec.convert({k: v for k, v in merged.items() if v is not None}, Readings)


class Reading(msgspec.Struct, frozen=True):
    """A row of the catalogue at `GET /_sandbox/readings`."""

    name: str
    question: str
    values: tuple[str, ...]
    default: str
    claims: tuple[str, ...]


_QUESTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "omitted-assignments": ("replace: what becomes of a type that the record leaves out?", ("S2E-MODE-02",)),
    "omitted-status": ("Does an update without status fall back to ACTIVE?", ("S2E-FIELD-03",)),
    "role-case": ("Is case ignored when a role name is looked up?", ("S2E-ROLE-04",)),
    "missing-id-entry": (
        "What does externalEmployeeId hold in the error of a record that came without one?",
        ("S2E-FIELD-01", "S2E-BATCH-09"),
    ),
    "user-id-without-account": ("How does a result say that there is no account?", ("S2E-BATCH-08",)),
    "additive-site-manager": (
        "additive: whose roles allow a site-level site_manager, the record's only or those held too?",
        ("S2E-SM-03",),
    ),
    "additive-existing-sites": (
        "additive: do sites held already satisfy the first site_manager rule?",
        ("S2E-SM-06",),
    ),
    "additive-existing": (
        "additive: does an assignment that is there already take the role of the request?",
        ("S2E-MODE-03",),
    ),
    "email-on-update": ("Is a stored e-mail enough for userAccount on an update?", ("S2E-FIELD-09",)),
    "null-field": (
        "Is null an error where it is not documented, or the same as leaving the field out?",
        ("S2E-FIELD-17",),
    ),
    "malformed-site-id": (
        "Is a site id that is no UUID an unknown site or an error?",
        ("S2E-SITE-02",),
    ),
    "empty-batch": ("Is an empty employees array refused?", ("S2E-BATCH-03",)),
    "duplicate-in-batch": (
        "Does the second record of an externalEmployeeId in a batch update, or fail?",
        ("S2E-BATCH-14",),
    ),
    "display-name": (
        "Does an update without displayName keep one that was given, or make it anew?",
        ("S2E-FIELD-07",),
    ),
    "account-flags": (
        "Do sendWelcomeEmail and forcePasswordReset act once or on every sync?",
        ("S2E-ACCT-09",),
    ),
    "token-lifetime": (
        "Do the 24 hours of a token run from its issue or from its last use?",
        ("S2E-AUTH-12",),
    ),
    "environment-mismatch": (
        "With what status is an HRMS token refused in the environment that is not its own?",
        ("HRMS-ENV-03",),
    ),
    "validation-status": (
        "With what status does the HRMS answer a validation fault?",
        ("HRMS-ENV-02", "HRMS-ERR-01"),
    ),
    "hrms-content-type": ("Must an HRMS request without a body name a Content-Type?", ("HRMS-FMT-03",)),
    "user-detail": (
        "Does HRMS user detail carry related objects beside the user, or inside its attributes?",
        ("HRMS-USER-04",),
    ),
}


def _catalogue() -> tuple[Reading, ...]:
    hints: dict[str, Any] = get_type_hints(Readings)
    rows = []
    for field in msgspec.structs.fields(Readings):
        question, claims = _QUESTIONS[field.encode_name]
        values = get_args(hints[field.name])
        rows.append(Reading(field.encode_name, question, values, field.default, claims))
    return tuple(rows)


CATALOGUE = _catalogue()
NAMES = tuple(row.name for row in CATALOGUE)
