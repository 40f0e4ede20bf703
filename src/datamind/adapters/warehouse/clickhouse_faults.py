"""Says what a ClickHouse error means in our own words; the server's may hold protected values."""

from __future__ import annotations

from datamind.errors import (
    QueryCancelled,
    QueryFailed,
    QueryTimeout,
    ResultTooLarge,
    WarehouseCorrupt,
    WarehouseError,
    WarehouseNotFound,
    WorkerLost,
)

Faults = dict[tuple[int, ...], tuple[type[WarehouseError], str]]
# By ClickHouse's numbers, as in its ErrorCodes.cpp.
CONNECTION_FAULTS: Faults = {
    (192, 193, 194, 516, 195): (
        WarehouseError, "{name} did not accept the user or the password.",
    ),
    (81, 291, 482): (WarehouseNotFound, "There is no database at {name}."),
    (497,): (WarehouseError, "The user may not connect to {name}."),
    (202, 203): (WarehouseError, "{name} has no connection free."),
}  # fmt: skip
QUERY_FAULTS: Faults = {
    (159, 160, 209): (QueryTimeout, "The query ran over its time limit and was stopped."),
    (394,): (QueryCancelled, "The query was stopped on the server."),
    (241, 173, 243, 158, 307, 396, 191, 290): (
        ResultTooLarge, "The server has too little memory or disk for the query.",
    ),
    (202, 203, 201): (WarehouseError, "The server has too much to do: a limit of it was reached."),
    (210, 3, 236): (WorkerLost, "The connection was lost in the middle of the query."),
    (497, 492, 291): (
        QueryFailed, "The warehouse's own user may not read what the statement names.",
    ),
    (164, 392): (
        QueryFailed, "The statement or a setting it needs is forbidden to this read-only user.",
    ),
    (167, 168, 306, 161, 475): (QueryFailed, "The statement is too complex for the server."),
    (153,): (QueryFailed, "Something was divided by zero."),
    (69, 407, 321): (QueryFailed, "A number is out of the range of its type."),
    (38, 41): (QueryFailed, "A text is not a date or time."),
    (6, 26, 27, 32, 53, 70, 72, 349, 131, 376, 441, 675, 676): (
        QueryFailed, "A value can't be turned into the type that the statement asks for.",
    ),
    (36, 42, 43, 395, 427, 386): (
        QueryFailed, "A function was given a value that it can't take.",
    ),
    (125,): (QueryFailed, "A subquery that stands for one value gave several rows."),
    (10, 16, 46, 47, 60, 62, 63, 81, 184, 207, 215, 352, 403): (
        QueryFailed, "The database knows no such table, column or function for these types.",
    ),
    (1, 48, 344): (QueryFailed, "The database can't do this."),
    (228, 40, 246, 271, 354, 432): (WarehouseCorrupt, "The server reports damaged data."),
}  # fmt: skip


def _meant(faults: Faults, code: int) -> tuple[type[WarehouseError], str] | None:
    return next((meant for codes, meant in faults.items() if code in codes), None)


def connection_fault(code: int | None, name: str) -> WarehouseError:
    """Why there is no connection; without a code nobody answered as ClickHouse does."""
    found = _meant(CONNECTION_FAULTS, code) if code else None
    if found is None:
        return WarehouseNotFound(f"No ClickHouse answers at {name}.")
    kind, message = found
    return kind(message.format(name=name))


def query_fault(code: int | None) -> WarehouseError:
    """Why a statement failed; without a code the connection itself went away."""
    if not code:
        return WorkerLost("The connection was lost in the middle of the query.")
    kind, message = _meant(QUERY_FAULTS, code) or (
        QueryFailed, "The database could not run the statement.",
    )  # fmt: skip
    return kind(message)
