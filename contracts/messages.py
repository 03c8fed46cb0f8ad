"""Messages: the exact texts of employee sync's errors and warnings."""

from __future__ import annotations

# -- of a whole request ------------------------------------------------------------------------------

JSON_INVALID = "Invalid JSON"
BODY_NOT_OBJECT = "Request body must be an object"
EMPLOYEES_REQUIRED = "employees array is required"
TOO_MANY_EMPLOYEES = "Maximum of 500 employees per request exceeded"
BATCH_ID_NOT_TEXT = "syncBatchId must be a string"

# -- of a record -------------------------------------------------------------------------------------

NOT_AN_OBJECT = "Employee record must be an object"
ID_REQUIRED = "externalEmployeeId is required"
ID_NOT_TEXT = "externalEmployeeId must be a string"
ID_REPEATED = "Duplicate externalEmployeeId in batch"
EMAIL_REQUIRED = "Email is required for ACTIVE users with userAccount"
EMAIL_INVALID = "Invalid email format"
USERNAME_EMPTY = "Username must not be empty"
GROUP_UNNAMED = "Either groupName or externalGroupId is required"
SITE_UNNAMED = "Site id is required"
MANAGER_ASKS_NO_SITE = "Cannot assign site_manager role: employee must have at least one site assigned"
SITE_LEVEL_WITHOUT_ROLE = (
    "Cannot assign site_manager role at site level: employee must have 'site_manager' in their roles array"
)
MANAGER_LEFT_WITHOUT_SITE = "site_manager role requires at least one site assignment"


def wrong_type(path: str, kind: str) -> str:
    """A field of the wrong type; `kind` is a string, a boolean, an object or an array."""
    return f"{path} must be {kind}"


def status_invalid(status: str) -> str:
    """A status that is none of the three."""
    return f"Invalid status '{status}'. Must be one of: ACTIVE, INACTIVE, TERMINATED"


def mode_invalid(mode: str) -> str:
    """An updateMode that is neither of the two."""
    return f"Invalid updateMode '{mode}'. Must be one of: replace, additive"


def date_invalid(field: str) -> str:
    """What is no date."""
    return f"Invalid date format for {field}"


def email_elsewhere(email: str) -> str:
    """An e-mail that another organization has."""
    return f"User with email {email} already exists in a different organization"


def email_linked(email: str, external_id: str) -> str:
    """An e-mail that another employee has."""
    return f"User with email {email} already exists and is linked to employee {external_id}"


def email_taken(email: str) -> str:
    """An e-mail of an account that nobody is linked to, asked for by somebody who has an account."""
    return f"User with email {email} already exists"


def username_taken(username: str) -> str:
    """A username that another account has."""
    return f"Username '{username}' is already taken"


def site_id_invalid(site: str) -> str:
    """A site id that is no UUID, where the reading makes it an error."""
    return f"Invalid site id '{site}'"


# -- warnings ----------------------------------------------------------------------------------------


def role_unknown(name: str) -> str:
    """A role that the organization has not."""
    return f"Role '{name}' not found, skipped"


def group_unknown(name: str) -> str:
    """A group that the organization has not, by the name or external id that was given."""
    return f"Group '{name}' not found, skipped"


def site_unknown(site: str) -> str:
    """A site that the organization has not."""
    return f"Site with id '{site}' not found, skipped"
