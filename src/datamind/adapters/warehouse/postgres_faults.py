"""Says what a PostgreSQL error means in our own words; the server's may hold protected values."""

from __future__ import annotations

from datamind.errors import (
    QueryCollided,
    QueryFailed,
    QueryTimeout,
    ResultTooLarge,
    WarehouseError,
    WarehouseNotFound,
    WorkerLost,
)

# SQLSTATE, or the two letters of its class; the longer one wins.
CONNECTION_FAULTS: tuple[tuple[str, type[WarehouseError], str], ...] = (
    ("28", WarehouseError, "{name} did not accept the user or the password."),
    ("3D", WarehouseNotFound, "There is no database at {name}."),
    ("42501", WarehouseError, "The user may not connect to {name}."),
    ("53300", WarehouseError, "{name} has no connection free."),
    ("57P03", WarehouseError, "{name} is just starting or stopping."),
)
QUERY_FAULTS: tuple[tuple[str, type[WarehouseError], str], ...] = (
    ("57014", QueryTimeout, "The query ran over its time limit and was stopped."),
    ("57P", WorkerLost, "The server ended the connection in the middle of the query."),
    ("08", WorkerLost, "The connection was lost in the middle of the query."),
    ("53", ResultTooLarge, "The server has too little memory or disk for the query."),
    ("54", QueryFailed, "The statement is too complex for the server."),
    ("42501", QueryFailed, "The warehouse's own user may not read what the statement names."),
    ("25006", QueryFailed, "The statement would write, which this connection forbids."),
    ("22012", QueryFailed, "Something was divided by zero."),
    ("22003", QueryFailed, "A number is out of the range of its type."),
    ("22007", QueryFailed, "A text is not a date or time."),
    ("22008", QueryFailed, "A date or time is out of range."),
    ("22P02", QueryFailed, "A value can't be turned into the type that the statement asks for."),
    ("22", QueryFailed, "A function was given a value that it can't take."),
    ("21000", QueryFailed, "A subquery that stands for one value gave several rows."),
    ("42", QueryFailed, "The database knows no such table, column or function for these types."),
    ("0A", QueryFailed, "The database can't do this."),
    ("40", QueryCollided, "The query collided with another transaction."),
    ("XX001", WarehouseError, "The server reports damaged data."),
)


def _meant(
    faults: tuple[tuple[str, type[WarehouseError], str], ...], state: str
) -> tuple[type[WarehouseError], str] | None:
    fitting = [f for f in faults if state.startswith(f[0])]
    best = max(fitting, key=lambda f: len(f[0]), default=None)
    return (best[1], best[2]) if best else None


def connection_fault(state: str | None, text: str, name: str) -> WarehouseError:
    """Why there is no connection; the driver gives a SQLSTATE only where the server answered."""
    found = _meant(CONNECTION_FAULTS, state) if state else None
    if found is not None:
        kind, message = found
        return kind(message.format(name=name))
    if "does not exist" in text and "database" in text:
        return WarehouseNotFound(f"There is no database at {name}.")
    if "authentication" in text or "password" in text or "role" in text:
        return WarehouseError(f"{name} did not accept the user or the password.")
    return WarehouseNotFound(f"No PostgreSQL answers at {name}.")


def query_fault(state: str | None) -> WarehouseError:
    """Why a statement failed; without a SQLSTATE the connection itself went away."""
    if state is None:
        return WorkerLost("The connection was lost in the middle of the query.")
    found = _meant(QUERY_FAULTS, state)
    if found is None:
        return QueryFailed("The database could not run the statement.")
    kind, message = found
    return kind(message)
