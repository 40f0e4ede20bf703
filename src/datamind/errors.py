"""The one tree of errors: each has a code, status, exit code and hint, and is safe to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar


class DataMindError(Exception):
    """Base of all errors that people may see.

    `message` is safe to show: it holds no secret, no raw database text and no protected value.
    `errors` are its parts, where there are several: each has its place (`loc`) and message (`msg`).
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    default_hint: ClassVar[str] = "Run `datamind doctor`, and report this with its code."

    def __init__(
        self, message: str, *, hint: str | None = None, errors: Sequence[Mapping[str, object]] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint
        self.errors = errors


class BadInput(DataMindError):
    """What was handed in can't be used as it is (a file, an option, a date)."""

    code = "bad_input"
    status = 422
    exit_code = 2
    default_hint = "See `datamind --help` for what is expected."


class EmptyQuestion(BadInput):
    """The question has no words."""

    code = "empty_question"
    default_hint = "Ask a question in words, for example: How many orders were there last month?"


class QuestionTooLong(BadInput):
    """The question is longer than the limit."""

    code = "question_too_long"
    status = 413
    default_hint = "Ask one question of at most 4,000 characters."


class BodyTooLarge(BadInput):
    """The body of a request is larger than any request needs."""

    code = "body_too_large"
    status = 413
    default_hint = "Send less: 512 kB are the most."


class BodyTooSlow(BadInput):
    """The body of a request took longer to come than any network needs."""

    code = "body_too_slow"
    status = 408
    default_hint = "Send it again, within 30 seconds."


class HttpsNeeded(BadInput):
    """In production nothing that holds a secret is taken over plain HTTP."""

    code = "https_needed"
    status = 403
    default_hint = "Use https://; behind a proxy, list it in TRUSTED_PROXIES."


class UnknownTable(DataMindError):
    """A relation that does not exist, or that the asker may not see: the two are told alike."""

    code = "unknown_table"
    status = 404
    exit_code = 2
    default_hint = "`datamind catalog search WORD` lists what there is."


class UnknownColumn(DataMindError):
    """A column that does not exist, or that the asker may not see: the two are told alike."""

    code = "unknown_column"
    status = 404
    exit_code = 2
    default_hint = "`datamind catalog show TABLE` lists its columns."


class PlanInvalid(DataMindError):
    """A plan that does not fit the catalog or the algebra's rules."""

    code = "plan_invalid"
    status = 422
    exit_code = 2
    default_hint = "Check the plan's ids against the catalog and its schema_version."


class NotYet(PlanInvalid):
    """A plan operator that the compiler can't put into SQL for this dialect yet."""

    code = "not_yet"
    status = 501
    default_hint = "Ask the question in a simpler form."


class SqlRejected(DataMindError):
    """The guard refused a statement; for a generated one another attempt may be made."""

    code = "sql_rejected"
    status = 422
    exit_code = 2
    default_hint = "Only one statement that reads, over known tables and functions, is allowed."


class AccessDenied(DataMindError):
    """The asker may not do this. Final: it is never retried."""

    code = "access_denied"
    status = 403
    exit_code = 5
    default_hint = "Ask an admin of this data for access."


class WarehouseError(DataMindError):
    """Something between us and the warehouse failed."""

    code = "warehouse_error"
    status = 503
    exit_code = 6
    default_hint = "Run `datamind doctor --warehouse URL` to see what is wrong."


class WarehouseNotFound(WarehouseError):
    """The database is not there."""

    code = "warehouse_not_found"
    default_hint = "Check the path or address in the warehouse URL."


class WarehouseLocked(WarehouseError):
    """Another process holds the database open for writing."""

    code = "warehouse_locked"
    default_hint = "Close the other program, or point to a copy of the file."


class WarehouseCorrupt(WarehouseError):
    """The file is not a database, or a damaged one."""

    code = "warehouse_corrupt"
    default_hint = "Restore the file from a backup, or build it again."


class WarehouseEmpty(WarehouseError):
    """The database holds no table that the asker may see."""

    code = "warehouse_empty"
    default_hint = "Load tables into it, or check what this user was granted."


class WorkerLost(WarehouseError):
    """A query process died; a new one has taken its place."""

    code = "worker_lost"
    default_hint = "Ask again; if it comes back, the query needs more memory than it may use."


class QueryCollided(WarehouseError):
    """Another transaction, or a standby that catches up, came between; nothing is wrong."""

    code = "query_collided"
    default_hint = "Ask again."


class QueryTimeout(WarehouseError):
    """The query ran over its time limit and was stopped, on the server too."""

    code = "query_timeout"
    status = 504
    default_hint = "Query took too long, please refine: narrow the dates or group more coarsely."


class QueryCancelled(WarehouseError):
    """Whoever asked called the query off, or went away; it was stopped, on the server too."""

    code = "query_cancelled"
    status = 409
    default_hint = "Ask again when you want its answer."


class ResultTooLarge(WarehouseError):
    """The query needs more memory than it may use."""

    code = "too_large"
    status = 413
    default_hint = "Narrow the question, or raise the memory limit of the query workers."


class QueryFailed(WarehouseError):
    """The database refused to run the statement; its own words are not repeated."""

    code = "query_failed"
    status = 422
    default_hint = "Rephrase the question, or correct the SQL."


class SyncFailed(DataMindError):
    """A table can't be copied into ClickHouse as it is; what was there before still stands."""

    code = "sync_failed"
    status = 409
    exit_code = 6
    default_hint = "Look at the sync's report, then run `datamind migrate-warehouse` again."


class AccessMisconfigured(DataMindError):
    """A policy can't be applied to the asker: what it asks of them does not fit the data."""

    code = "access_misconfigured"
    status = 403
    exit_code = 5
    default_hint = "Ask an admin to look at your attributes, and at the policies on these tables."


class DbtBuildFailed(DataMindError):
    """A dbt build or its tests failed; the warehouse in use was left as it was."""

    code = "dbt_build_failed"
    status = 422
    exit_code = 7
    default_hint = "Read the build's log, mend the model or test, and build again."


class Unauthenticated(DataMindError):
    """Nobody is signed in, or the sign-in is no longer good; why is not told apart."""

    code = "unauthenticated"
    status = 401
    exit_code = 5
    default_hint = "Sign in, and send the access token as `Authorization: Bearer …`."


class NotFound(DataMindError):
    """A thing that does not exist, or that is not the caller's to see: the two are told alike."""

    code = "not_found"
    status = 404
    exit_code = 2
    default_hint = "Check the id, or list what there is."


class Outdated(DataMindError):
    """What was to be changed is not any more as it was read (If-Match)."""

    code = "outdated"
    status = 412
    exit_code = 2
    default_hint = "Read it again, then change what it says now."


class Conflict(DataMindError):
    """What is asked for does not go with what is there already."""

    code = "conflict"
    status = 409
    exit_code = 2
    default_hint = "Look at what is there, then try again."


class InUse(DataMindError):
    """A group or user that policies name: without it they would no longer hold for anybody."""

    code = "in_use"
    status = 409
    exit_code = 2
    default_hint = "Change the policies that name it first, or force it."


class AssertionBroken(DataMindError):
    """A change of policies after which an assertion that is kept with one would not hold."""

    code = "assertion_broken"
    status = 409
    exit_code = 2
    default_hint = "See `errors` for which; change the policy or the assertion, or force it."


class AuditKeyMissing(DataMindError):
    """The key of the audit log's chain is not there, so that nothing can be said of the log."""

    code = "audit_key_missing"
    status = 503
    exit_code = 8
    default_hint = "Restore secrets.json from a backup; without it the log can't be checked."


class TurnedAway(DataMindError):
    """Base of refusals that end by waiting: `retry_after_s` says how long."""

    code = "turned_away"
    status = 503
    exit_code = 6
    default_hint = "Wait as long as Retry-After says, then try again."

    def __init__(self, message: str, *, retry_after_s: int = 1, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = max(1, retry_after_s)


class TooManyRequests(TurnedAway):
    """One caller asked more often than allowed."""

    code = "too_many_requests"
    status = 429

    def __init__(self, message: str = "", *, retry_after_s: int, hint: str | None = None) -> None:
        seconds = max(1, retry_after_s)
        usual = f"Request limit exceeded, try again in {seconds} s."
        super().__init__(message or usual, retry_after_s=seconds, hint=hint)


class Overloaded(TurnedAway):
    """All callers together ask more than can be answered in time."""

    code = "overloaded"


class Unavailable(TurnedAway):
    """A part that the request needs is down: it is named."""

    code = "unavailable"
    default_hint = "Look at /health; ask an operator if it lasts."
