"""The control plane's operations, as methods. Made from openapi/control.yaml by `make client`."""

from __future__ import annotations

from typing import Literal, Unpack

from sandbox.client import shapes
from sandbox.client.transport import Caller


class ServerOperations(Caller):
    """What concerns the server, or all worlds."""

    def get_health(self) -> shapes.Health:
        """See that the server is up. Needs no control key."""
        answer: shapes.Health = self.call("GET", "/_sandbox/health")
        return answer

    def list_server_journal(self, *, after: str | None = None, limit: int | None = None) -> shapes.ServerJournalList:
        """List the worlds that had to go.

        Worlds that the server dropped by itself, oldest first: because nobody had used them for their
        `ttl_seconds`, or because a new one needed the room. A ring: the oldest entries make room.
        """
        answer: shapes.ServerJournalList = self.call("GET", "/_sandbox/journal", query={"after": after, "limit": limit})
        return answer

    def list_readings(self) -> shapes.ReadingList:
        """List the readings. The catalogue: each reading, what it decides, its values and its default."""
        answer: shapes.ReadingList = self.call("GET", "/_sandbox/readings")
        return answer

    def list_deviations(self) -> shapes.DeviationList:
        """List the deviations.

        The catalogue: each bug, how an integrator meets it, what it swaps and the claims that it breaks.
        """
        answer: shapes.DeviationList = self.call("GET", "/_sandbox/deviations")
        return answer

    def list_faults(self) -> shapes.FaultList:
        """List the faults.

        The catalogue: each fault, how an integrator meets it, its parameters, where it can act, and what it
        does where there is no socket.
        """
        answer: shapes.FaultList = self.call("GET", "/_sandbox/faults")
        return answer

    def list_worlds(self, *, after: str | None = None, limit: int | None = None) -> shapes.WorldList:
        """List the worlds. Oldest first, `default` among them."""
        answer: shapes.WorldList = self.call("GET", "/_sandbox/worlds", query={"after": after, "limit": limit})
        return answer

    def create_world(self, **body: Unpack[shapes.WorldNew]) -> shapes.WorldCreated:
        """Make a world.

        Makes both APIs a fresh place with its own data, clock, limits and credentials. Same id, seed and
        `now`: the same world, to the last ID. Limits are merged into the defaults. Where the server holds as
        many worlds as it may, the one goes that nobody has used for longest; the server's journal names it.
        409 where the id is taken, where a snapshot gave these very credentials to another world, and where
        the world was deleted or pushed out before its people were made.
        """
        answer: shapes.WorldCreated = self.call("POST", "/_sandbox/worlds", body=body)
        return answer


class WorldOperations(Caller):
    """What concerns one world, at `self.path`."""

    def get_world(self) -> shapes.World:
        """Show a world. Shows its settings and what there is in it, without secrets."""
        answer: shapes.World = self.call("GET", self.path)
        return answer

    def delete_world(self) -> None:
        """Delete a world.

        Its credentials and tokens end with it, also for requests whose body is still on the way. The world
        `default` cannot be deleted.
        """
        self.call("DELETE", self.path)

    def reset_world(self) -> shapes.World:
        """Reset a world.

        Puts everything back as the world was made: data, clock, limits, readings, deviations, faults,
        journal, outbox and audit log. The credentials it was made with stay valid, tokens issued since do
        not. A request whose body is still on the way counts as if it came after.
        """
        answer: shapes.World = self.call("POST", f"{self.path}/reset")
        return answer

    def get_snapshot(self) -> shapes.Snapshot:
        """Take a snapshot. Everything that the world holds, as JSON. Secrets are in it as hashes only."""
        answer: shapes.Snapshot = self.call("GET", f"{self.path}/snapshot")
        return answer

    def put_snapshot(self, body: shapes.Snapshot, /) -> None:
        """Restore a snapshot. Puts the world back exactly as it was when the snapshot was taken."""
        self.call("PUT", f"{self.path}/snapshot", body=body)

    def get_clock(self) -> shapes.Clock:
        """Read the clock. The time in the world."""
        answer: shapes.Clock = self.call("GET", f"{self.path}/clock")
        return answer

    def patch_clock(self, **body: Unpack[shapes.ClockPatch]) -> shapes.Clock:
        """Set the clock.

        Sets the time, stops the clock or lets it run on, faster or slower than real time, or in steps from
        request to request. What is left out stays.
        """
        answer: shapes.Clock = self.call("PATCH", f"{self.path}/clock", body=body)
        return answer

    def advance_clock(self, **body: Unpack[shapes.ClockAdvance]) -> shapes.Clock:
        """Move the clock forward.

        Tokens, rate windows and timestamps follow, whether the clock runs or not.
        """
        answer: shapes.Clock = self.call("POST", f"{self.path}/clock/advance", body=body)
        return answer

    def get_world_readings(self) -> shapes.Readings:
        """Show a world's readings. All readings with the value in force."""
        answer: shapes.Readings = self.call("GET", f"{self.path}/readings")
        return answer

    def patch_world_readings(self, body: shapes.ReadingsPatch, /) -> shapes.Readings:
        """Set a world's readings. They hold from the next request on. Null sets the default again."""
        answer: shapes.Readings = self.call("PATCH", f"{self.path}/readings", body=body)
        return answer

    def get_world_deviations(self) -> shapes.WorldDeviations:
        """Show a world's deviations. Those in force, in the order in which they were named."""
        answer: shapes.WorldDeviations = self.call("GET", f"{self.path}/deviations")
        return answer

    def patch_world_deviations(self, **body: Unpack[shapes.WorldDeviationsPatch]) -> shapes.WorldDeviations:
        """Set a world's deviations.

        They hold from the next request on; what is stored stays. The array takes the place of the one in
        force, null is none. Two that swap the same thing are refused with 400.
        """
        answer: shapes.WorldDeviations = self.call("PATCH", f"{self.path}/deviations", body=body)
        return answer

    def list_world_faults(self, *, after: str | None = None, limit: int | None = None) -> shapes.WorldFaultList:
        """List a world's faults. In the order in which they were made, which is the one in which they act."""
        answer: shapes.WorldFaultList = self.call("GET", f"{self.path}/faults", query={"after": after, "limit": limit})
        return answer

    def create_fault(self, **body: Unpack[shapes.FaultNew]) -> shapes.WorldFault:
        """Let something go wrong.

        It holds from the next request on that passes credentials, rate limit and validation; who is refused
        there is not concerned by any fault. All faults that concern a request count it. Then each acts whose
        schedule says so, in the order in which they were made: before the handler, until one answers in its
        place or takes the connection away; after the answer has been checked, until one decides how it goes
        out. Those after the handler also act on the answer of one before it. What is drawn is drawn from the
        world's seed, the fault's ID and the number of the request.
        """
        answer: shapes.WorldFault = self.call("POST", f"{self.path}/faults", body=body)
        return answer

    def patch_world_faults(self, **body: Unpack[shapes.FaultSwitchesPatch]) -> shapes.FaultSwitches:
        """Heed X-Sandbox-Fault or not.

        Where it is allowed, a request to the APIs may bring its own fault in the header `X-Sandbox-Fault:
        name;parameter=value`, with quotes around values that need them and a parameter repeated for a list.
        It acts on that request alone, before the world's own faults.
        """
        answer: shapes.FaultSwitches = self.call("PATCH", f"{self.path}/faults", body=body)
        return answer

    def clear_faults(self) -> None:
        """Delete all faults. Requests that a fault holds back go on at once."""
        self.call("DELETE", f"{self.path}/faults")

    def get_fault(self, item: str, /) -> shapes.WorldFault:
        """Show a fault.

        As it was asked for, with how many requests it has seen and on how many it has acted.
        """
        answer: shapes.WorldFault = self.call("GET", f"{self.path}/faults/{self.quoted(item)}")
        return answer

    def delete_fault(self, item: str, /) -> None:
        """Delete a fault. It acts on nobody any more, and requests that it holds back go on at once."""
        self.call("DELETE", f"{self.path}/faults/{self.quoted(item)}")

    def get_limits(self) -> shapes.Limits:
        """Show a world's rate limits. Null means that there is none."""
        answer: shapes.Limits = self.call("GET", f"{self.path}/limits")
        return answer

    def patch_limits(self, **body: Unpack[shapes.LimitsPatch]) -> shapes.Limits:
        """Set a world's rate limits.

        Null switches a limit off. A limit that is changed starts a new window.
        """
        answer: shapes.Limits = self.call("PATCH", f"{self.path}/limits", body=body)
        return answer

    def list_journal(
        self,
        *,
        after: str | None = None,
        limit: int | None = None,
        operation: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> shapes.JournalList:
        """List the journal.

        What was asked of the two APIs in this world, oldest first, and what was decided by which rule or
        claim. A ring: the oldest entries make room.
        """
        answer: shapes.JournalList = self.call(
            "GET",
            f"{self.path}/journal",
            query={"after": after, "limit": limit, "operation": operation, "status": status, "request_id": request_id},
        )
        return answer

    def clear_journal(
        self,
        *,
        after: str | None = None,
        limit: int | None = None,
        operation: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        """Clear the journal. Deletes every entry, or those that the parameters choose."""
        self.call(
            "DELETE",
            f"{self.path}/journal",
            query={"after": after, "limit": limit, "operation": operation, "status": status, "request_id": request_id},
        )

    def verify_journal(self, **body: Unpack[shapes.Verification]) -> shapes.Verified:
        """Verify what came.

        Whether the journal holds requests that fit a pattern: as often as `times` or `at_least` says (at
        least once by default), or each of several behind the one before (`in_order`). Where it does not, the
        answer is a 409 that says what was expected, what was found, which entries come nearest, and what
        differs. A pattern that no request can ever fit is refused with 422, and `times` with 409 where
        entries that might count have made room for newer ones.
        """
        answer: shapes.Verified = self.call("POST", f"{self.path}/journal/verify", body=body)
        return answer

    def wait_journal(
        self,
        *,
        after: str | None = None,
        operation: str | None = None,
        status: int | None = None,
        api: Literal["hrms", "scan2evolve"] | None = None,
        method: str | None = None,
        path: str | None = None,
        external_employee_id: str | None = None,
        outcome: Literal["CREATED", "UPDATED", "ERROR"] | None = None,
        at_least: int | None = None,
        timeout: float | None = None,
    ) -> shapes.Awaited:
        """Wait for what has yet to come.

        Answers as soon as the journal holds `at_least` requests that have all of what the parameters say, at
        once where it does already. Where it does not within `timeout`, the answer is a 409 like that of
        verify: what was found, what comes nearest, and in `in_flight` which requests are not answered yet. So
        it is where the world is reset or restored meanwhile, and where the server stops; where the world ends
        it is a 404. A request is in flight from when its credentials have told its world until it is
        journaled. Waiting is use of the world: it does not reach the end of its `ttl_seconds`.
        """
        answer: shapes.Awaited = self.call(
            "GET",
            f"{self.path}/journal/wait",
            query={
                "after": after,
                "operation": operation,
                "status": status,
                "api": api,
                "method": method,
                "path": path,
                "externalEmployeeId": external_employee_id,
                "outcome": outcome,
                "at_least": at_least,
                "timeout": timeout,
            },
        )
        return answer

    def export_journal(
        self,
        *,
        after: str | None = None,
        limit: int | None = None,
        operation: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> shapes.Har:
        """Export the journal as an HTTP Archive.

        HAR 1.2, which the network panels of browsers import. Secrets are blacked out as in the journal, and a
        body that the journal cut says so in its `comment`. No durations are measured, all are 0, so that the
        same requests make the same file; sizes of heads are -1, which is unknown. What only the sandbox knows
        stands in `_sandbox`.
        """
        answer: shapes.Har = self.call(
            "GET",
            f"{self.path}/journal/har",
            query={"after": after, "limit": limit, "operation": operation, "status": status, "request_id": request_id},
        )
        return answer

    def get_journal_entry(self, item: str, /) -> shapes.JournalEntry:
        """Show one entry of the journal. Batches are explained record by record."""
        answer: shapes.JournalEntry = self.call("GET", f"{self.path}/journal/{self.quoted(item)}")
        return answer

    def list_outbox(
        self, *, to: str | None = None, after: str | None = None, limit: int | None = None
    ) -> shapes.OutboxList:
        """List the outbox.

        E-mails that the world would have sent, oldest first. A ring: the oldest make room.
        """
        answer: shapes.OutboxList = self.call(
            "GET", f"{self.path}/outbox", query={"to": to, "after": after, "limit": limit}
        )
        return answer

    def clear_outbox(self, *, to: str | None = None) -> None:
        """Clear the outbox. Deletes every e-mail, or those to one address."""
        self.call("DELETE", f"{self.path}/outbox", query={"to": to})

    def list_audit(self, *, after: str | None = None, limit: int | None = None) -> shapes.AuditList:
        """List the audit log.

        Token issues, reads, changes and refusals, oldest first. A ring: the oldest entries make room.
        """
        answer: shapes.AuditList = self.call("GET", f"{self.path}/audit", query={"after": after, "limit": limit})
        return answer

    def list_organizations(self, *, after: str | None = None, limit: int | None = None) -> shapes.OrganizationList:
        """List the organizations.

        The first one holds every role, group and site that the vendor names in its examples.
        """
        answer: shapes.OrganizationList = self.call(
            "GET", f"{self.path}/scan2evolve/organizations", query={"after": after, "limit": limit}
        )
        return answer

    def list_employees(
        self,
        org: str,
        /,
        *,
        external_employee_id: str | None = None,
        email: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> shapes.EmployeeList:
        """List the employees. In the order they were first synced."""
        answer: shapes.EmployeeList = self.call(
            "GET",
            f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/employees",
            query={"externalEmployeeId": external_employee_id, "email": email, "after": after, "limit": limit},
        )
        return answer

    def list_sites(self, org: str, /, *, after: str | None = None, limit: int | None = None) -> shapes.SiteList:
        """List the sites. Oldest first."""
        answer: shapes.SiteList = self.call(
            "GET",
            f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/sites",
            query={"after": after, "limit": limit},
        )
        return answer

    def create_site(self, org: str, /, **body: Unpack[shapes.SiteNew]) -> shapes.Site:
        """Make a site. A UUID that the world knows already is refused."""
        answer: shapes.Site = self.call(
            "POST", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/sites", body=body
        )
        return answer

    def get_site(self, org: str, item: str, /) -> shapes.Site:
        """Show a site. By its ID."""
        answer: shapes.Site = self.call(
            "GET", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/sites/{self.quoted(item)}"
        )
        return answer

    def patch_site(self, org: str, item: str, /, **body: Unpack[shapes.SitePatch]) -> shapes.Site:
        """Change a site. A merge patch, applied whole or not at all."""
        answer: shapes.Site = self.call(
            "PATCH", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/sites/{self.quoted(item)}", body=body
        )
        return answer

    def delete_site(self, org: str, item: str, /) -> None:
        """Delete a site. Takes it off everybody. Refused where it is the last site of a site_manager."""
        self.call("DELETE", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/sites/{self.quoted(item)}")

    def list_roles(self, org: str, /, *, after: str | None = None, limit: int | None = None) -> shapes.RoleList:
        """List the roles. Oldest first."""
        answer: shapes.RoleList = self.call(
            "GET",
            f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/roles",
            query={"after": after, "limit": limit},
        )
        return answer

    def create_role(self, org: str, /, **body: Unpack[shapes.RoleNew]) -> shapes.Role:
        """Make a role. Its name must be new in the organization."""
        answer: shapes.Role = self.call(
            "POST", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/roles", body=body
        )
        return answer

    def get_role(self, org: str, item: str, /) -> shapes.Role:
        """Show a role. By its ID."""
        answer: shapes.Role = self.call(
            "GET", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/roles/{self.quoted(item)}"
        )
        return answer

    def patch_role(self, org: str, item: str, /, **body: Unpack[shapes.RolePatch]) -> shapes.Role:
        """Change a role.

        A merge patch. Refused where the name is taken, or where somebody would come to hold site_manager
        without a site.
        """
        answer: shapes.Role = self.call(
            "PATCH", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/roles/{self.quoted(item)}", body=body
        )
        return answer

    def delete_role(self, org: str, item: str, /) -> None:
        """Delete a role. Takes it off everybody. With site_manager the site-level ones go too."""
        self.call("DELETE", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/roles/{self.quoted(item)}")

    def list_groups(self, org: str, /, *, after: str | None = None, limit: int | None = None) -> shapes.GroupList:
        """List the groups. Oldest first."""
        answer: shapes.GroupList = self.call(
            "GET",
            f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/groups",
            query={"after": after, "limit": limit},
        )
        return answer

    def create_group(self, org: str, /, **body: Unpack[shapes.GroupNew]) -> shapes.Group:
        """Make a group. Its name and its external ID must be new in the organization."""
        answer: shapes.Group = self.call(
            "POST", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/groups", body=body
        )
        return answer

    def get_group(self, org: str, item: str, /) -> shapes.Group:
        """Show a group. By its ID."""
        answer: shapes.Group = self.call(
            "GET", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/groups/{self.quoted(item)}"
        )
        return answer

    def patch_group(self, org: str, item: str, /, **body: Unpack[shapes.GroupPatch]) -> shapes.Group:
        """Change a group. A merge patch, applied whole or not at all."""
        answer: shapes.Group = self.call(
            "PATCH", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/groups/{self.quoted(item)}", body=body
        )
        return answer

    def delete_group(self, org: str, item: str, /) -> None:
        """Delete a group. Takes it off everybody."""
        self.call("DELETE", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/groups/{self.quoted(item)}")

    def list_organization_users(
        self, org: str, /, *, after: str | None = None, limit: int | None = None
    ) -> shapes.OrganizationUserList:
        """List the users. Linked or not, oldest first."""
        answer: shapes.OrganizationUserList = self.call(
            "GET",
            f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/users",
            query={"after": after, "limit": limit},
        )
        return answer

    def create_organization_user(
        self, org: str, /, **body: Unpack[shapes.OrganizationUserNew]
    ) -> shapes.OrganizationUser:
        """Make a user.

        The user is linked to nobody until an employee with that e-mail is synced. E-mail and username must be
        free.
        """
        answer: shapes.OrganizationUser = self.call(
            "POST", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/users", body=body
        )
        return answer

    def get_organization_user(self, org: str, item: str, /) -> shapes.OrganizationUser:
        """Show a user. By its ID."""
        answer: shapes.OrganizationUser = self.call(
            "GET", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/users/{self.quoted(item)}"
        )
        return answer

    def patch_organization_user(
        self, org: str, item: str, /, **body: Unpack[shapes.OrganizationUserPatch]
    ) -> shapes.OrganizationUser:
        """Change a user. A merge patch, applied whole or not at all."""
        answer: shapes.OrganizationUser = self.call(
            "PATCH", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/users/{self.quoted(item)}", body=body
        )
        return answer

    def delete_organization_user(self, org: str, item: str, /) -> None:
        """Delete a user. An employee linked to it stays, without an account."""
        self.call("DELETE", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/users/{self.quoted(item)}")

    def list_credentials(
        self, org: str, /, *, after: str | None = None, limit: int | None = None
    ) -> shapes.CredentialList:
        """List the credentials. Oldest first, without their secrets."""
        answer: shapes.CredentialList = self.call(
            "GET",
            f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/credentials",
            query={"after": after, "limit": limit},
        )
        return answer

    def create_credential(self, org: str, /, **body: Unpack[shapes.CredentialNew]) -> shapes.CredentialCreated:
        """Make a credential. The only answer that shows the secret."""
        answer: shapes.CredentialCreated = self.call(
            "POST", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/credentials", body=body
        )
        return answer

    def get_credential(self, org: str, item: str, /) -> shapes.Credential:
        """Show a credential. By its ID, without the secret."""
        answer: shapes.Credential = self.call(
            "GET", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/credentials/{self.quoted(item)}"
        )
        return answer

    def patch_credential(self, org: str, item: str, /, **body: Unpack[shapes.CredentialPatch]) -> shapes.Credential:
        """Change a credential. A merge patch, applied whole or not at all."""
        answer: shapes.Credential = self.call(
            "PATCH",
            f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/credentials/{self.quoted(item)}",
            body=body,
        )
        return answer

    def delete_credential(self, org: str, item: str, /) -> None:
        """Delete a credential. Revokes it, and the tokens issued from it."""
        self.call("DELETE", f"{self.path}/scan2evolve/organizations/{self.quoted(org)}/credentials/{self.quoted(item)}")

    def list_hrms_users(
        self, *, environment: shapes.Environment, after: str | None = None, limit: int | None = None
    ) -> shapes.HrmsUserList:
        """List the users. People of one environment, of every status."""
        answer: shapes.HrmsUserList = self.call(
            "GET", f"{self.path}/hrms/users", query={"environment": environment, "after": after, "limit": limit}
        )
        return answer

    def create_hrms_user(self, **body: Unpack[shapes.HrmsUserNew]) -> shapes.HrmsUser:
        """Make a user.

        ID, staffId and e-mail must be new in the environment; a staffId is made where none is given.
        """
        answer: shapes.HrmsUser = self.call("POST", f"{self.path}/hrms/users", body=body)
        return answer

    def get_hrms_user(self, item: str, /, *, environment: shapes.Environment | None = None) -> shapes.HrmsUser:
        """Show a user. By its ID."""
        answer: shapes.HrmsUser = self.call(
            "GET", f"{self.path}/hrms/users/{self.quoted(item)}", query={"environment": environment}
        )
        return answer

    def patch_hrms_user(
        self, item: str, /, *, environment: shapes.Environment | None = None, **body: Unpack[shapes.HrmsUserPatch]
    ) -> shapes.HrmsUser:
        """Change a user. A merge patch, applied whole or not at all."""
        answer: shapes.HrmsUser = self.call(
            "PATCH", f"{self.path}/hrms/users/{self.quoted(item)}", query={"environment": environment}, body=body
        )
        return answer

    def delete_hrms_user(self, item: str, /, *, environment: shapes.Environment | None = None) -> None:
        """Delete a user. Whoever had them as a manager has none."""
        self.call("DELETE", f"{self.path}/hrms/users/{self.quoted(item)}", query={"environment": environment})

    def list_hrms_departments(
        self, *, environment: shapes.Environment, after: str | None = None, limit: int | None = None
    ) -> shapes.HrmsDepartmentList:
        """List the departments. Those of one environment."""
        answer: shapes.HrmsDepartmentList = self.call(
            "GET", f"{self.path}/hrms/departments", query={"environment": environment, "after": after, "limit": limit}
        )
        return answer

    def create_hrms_department(self, **body: Unpack[shapes.HrmsDepartmentNew]) -> shapes.HrmsDepartment:
        """Make a department. An ID, where given, must be new in the environment."""
        answer: shapes.HrmsDepartment = self.call("POST", f"{self.path}/hrms/departments", body=body)
        return answer

    def get_hrms_department(
        self, item: str, /, *, environment: shapes.Environment | None = None
    ) -> shapes.HrmsDepartment:
        """Show a department. By its ID."""
        answer: shapes.HrmsDepartment = self.call(
            "GET", f"{self.path}/hrms/departments/{self.quoted(item)}", query={"environment": environment}
        )
        return answer

    def patch_hrms_department(
        self, item: str, /, *, environment: shapes.Environment | None = None, **body: Unpack[shapes.HrmsDepartmentPatch]
    ) -> shapes.HrmsDepartment:
        """Change a department. A merge patch, applied whole or not at all."""
        answer: shapes.HrmsDepartment = self.call(
            "PATCH", f"{self.path}/hrms/departments/{self.quoted(item)}", query={"environment": environment}, body=body
        )
        return answer

    def delete_hrms_department(self, item: str, /, *, environment: shapes.Environment | None = None) -> None:
        """Delete a department. Users who had it have no department."""
        self.call("DELETE", f"{self.path}/hrms/departments/{self.quoted(item)}", query={"environment": environment})

    def list_hrms_positions(
        self, *, environment: shapes.Environment, after: str | None = None, limit: int | None = None
    ) -> shapes.HrmsPositionList:
        """List the positions. Those of one environment."""
        answer: shapes.HrmsPositionList = self.call(
            "GET", f"{self.path}/hrms/positions", query={"environment": environment, "after": after, "limit": limit}
        )
        return answer

    def create_hrms_position(self, **body: Unpack[shapes.HrmsPositionNew]) -> shapes.HrmsPosition:
        """Make a position. An ID, where given, must be new in the environment."""
        answer: shapes.HrmsPosition = self.call("POST", f"{self.path}/hrms/positions", body=body)
        return answer

    def get_hrms_position(self, item: str, /, *, environment: shapes.Environment | None = None) -> shapes.HrmsPosition:
        """Show a position. By its ID."""
        answer: shapes.HrmsPosition = self.call(
            "GET", f"{self.path}/hrms/positions/{self.quoted(item)}", query={"environment": environment}
        )
        return answer

    def patch_hrms_position(
        self, item: str, /, *, environment: shapes.Environment | None = None, **body: Unpack[shapes.HrmsPositionPatch]
    ) -> shapes.HrmsPosition:
        """Change a position. A merge patch, applied whole or not at all."""
        answer: shapes.HrmsPosition = self.call(
            "PATCH", f"{self.path}/hrms/positions/{self.quoted(item)}", query={"environment": environment}, body=body
        )
        return answer

    def delete_hrms_position(self, item: str, /, *, environment: shapes.Environment | None = None) -> None:
        """Delete a position. Users who had it have no position."""
        self.call("DELETE", f"{self.path}/hrms/positions/{self.quoted(item)}", query={"environment": environment})

    def list_hrms_work_locations(
        self, *, environment: shapes.Environment, after: str | None = None, limit: int | None = None
    ) -> shapes.HrmsWorkLocationList:
        """List the work locations. Those of one environment."""
        answer: shapes.HrmsWorkLocationList = self.call(
            "GET",
            f"{self.path}/hrms/work-locations",
            query={"environment": environment, "after": after, "limit": limit},
        )
        return answer

    def create_hrms_work_location(self, **body: Unpack[shapes.HrmsWorkLocationNew]) -> shapes.HrmsWorkLocation:
        """Make a work location. An ID, where given, must be new in the environment."""
        answer: shapes.HrmsWorkLocation = self.call("POST", f"{self.path}/hrms/work-locations", body=body)
        return answer

    def get_hrms_work_location(
        self, item: str, /, *, environment: shapes.Environment | None = None
    ) -> shapes.HrmsWorkLocation:
        """Show a work location. By its ID."""
        answer: shapes.HrmsWorkLocation = self.call(
            "GET", f"{self.path}/hrms/work-locations/{self.quoted(item)}", query={"environment": environment}
        )
        return answer

    def patch_hrms_work_location(
        self,
        item: str,
        /,
        *,
        environment: shapes.Environment | None = None,
        **body: Unpack[shapes.HrmsWorkLocationPatch],
    ) -> shapes.HrmsWorkLocation:
        """Change a work location. A merge patch, applied whole or not at all."""
        answer: shapes.HrmsWorkLocation = self.call(
            "PATCH",
            f"{self.path}/hrms/work-locations/{self.quoted(item)}",
            query={"environment": environment},
            body=body,
        )
        return answer

    def delete_hrms_work_location(self, item: str, /, *, environment: shapes.Environment | None = None) -> None:
        """Delete a work location. Users who worked there lose it."""
        self.call("DELETE", f"{self.path}/hrms/work-locations/{self.quoted(item)}", query={"environment": environment})

    def list_hrms_tokens(
        self, *, environment: shapes.Environment | None = None, after: str | None = None, limit: int | None = None
    ) -> shapes.HrmsTokenList:
        """List the application tokens. Oldest first, without their text."""
        answer: shapes.HrmsTokenList = self.call(
            "GET", f"{self.path}/hrms/tokens", query={"environment": environment, "after": after, "limit": limit}
        )
        return answer

    def create_hrms_token(self, **body: Unpack[shapes.HrmsTokenNew]) -> shapes.HrmsTokenCreated:
        """Make an application token. The only answer that shows its text."""
        answer: shapes.HrmsTokenCreated = self.call("POST", f"{self.path}/hrms/tokens", body=body)
        return answer

    def delete_hrms_token(self, item: str, /, *, environment: shapes.Environment | None = None) -> None:
        """Delete an application token. Revokes it at once."""
        self.call("DELETE", f"{self.path}/hrms/tokens/{self.quoted(item)}", query={"environment": environment})
