"""Says what a DuckDB error means in our own words; its own may hold protected values."""

from __future__ import annotations

from datamind.errors import (
    QueryFailed,
    QueryTimeout,
    ResultTooLarge,
    WarehouseCorrupt,
    WarehouseError,
    WarehouseLocked,
    WarehouseNotFound,
)

# Words in the text, in order, for errors of the file; {name} is the database's shown name.
FILE_FAULTS: tuple[tuple[str, type[WarehouseError], str], ...] = (
    ("Could not set lock", WarehouseLocked, "{name} is open for writing in another program."),
    ("does not exist", WarehouseNotFound, "There is no database at {name}."),
    ("No such file", WarehouseNotFound, "There is no database at {name}."),
    ("Is a directory", WarehouseNotFound, "{name} is a folder, not a database file."),
    ("Permission denied", WarehouseError, "{name} may not be read by this user."),
    ("newer version", WarehouseCorrupt, "{name} was made by a newer DuckDB than this one."),
    ("older version", WarehouseCorrupt, "{name} was made by a DuckDB too old to be read here."),
    ("not a valid DuckDB", WarehouseCorrupt, "{name} is not a DuckDB database."),
    ("Could not read enough bytes", WarehouseCorrupt, "{name} is cut short."),
    ("orrupt", WarehouseCorrupt, "{name} is damaged."),
    ("checksum", WarehouseCorrupt, "{name} is damaged."),
)
QUERY_FAULTS: dict[str, str] = {
    "BinderException": "The database knows no such table, column or function for these types.",
    "CatalogException": "The database knows no such table, column or function.",
    "ConversionException": "A value can't be turned into the type that the statement asks for.",
    "InvalidInputException": "A function was given a value that it can't take.",
    "InvalidTypeException": "Types in the statement do not fit each other.",
    "TypeMismatchException": "Types in the statement do not fit each other.",
    "NotImplementedException": "The database can't do this with these types.",
    "OutOfRangeException": "A number or date is out of the range of its type.",
    "ParserException": "The database could not read the statement.",
    "SyntaxException": "The database could not read the statement.",
    "PermissionException": "The statement asks for something that is switched off here.",
    "SequenceException": "The statement uses a sequence, which is not possible here.",
}
OUT_OF_MEMORY = ("OutOfMemoryException", "MemoryError")
# After these DuckDB takes no more queries: the process has to be replaced.
FATAL = ("FatalException", "InternalException", "MemoryError")


def file_fault(text: str, name: str) -> WarehouseError | None:
    """What is wrong with the database file, if that is what the text is about."""
    for words, kind, message in FILE_FAULTS:
        if words in text:
            return kind(message.format(name=name))
    return None


def opening_fault(kind: str, text: str, name: str) -> WarehouseError:
    """Why the database could not be opened."""
    if kind in OUT_OF_MEMORY:
        return ResultTooLarge("The memory limit is too small to open the database.")
    return file_fault(text, name) or WarehouseError(f"{name} could not be opened.")


def query_fault(kind: str, text: str, name: str) -> WarehouseError:
    """Why a statement failed."""
    if kind in ("InterruptException", "KeyboardInterrupt"):
        return QueryTimeout("The query ran over its time limit and was stopped.")
    if kind in OUT_OF_MEMORY or "bad_alloc" in text:
        return ResultTooLarge("The query needs more memory than it may use.")
    if kind in QUERY_FAULTS:
        return QueryFailed(QUERY_FAULTS[kind])
    if kind in ("IOException", "SerializationException", "Error"):
        return file_fault(text, name) or WarehouseError(f"Reading {name} failed.")
    return QueryFailed("The database could not run the statement.")
