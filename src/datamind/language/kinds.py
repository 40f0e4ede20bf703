"""Kinds: which tables hold people or codes, and which columns say yes or no."""

from __future__ import annotations

from datamind.language import names
from datamind.language.tokens import lemma
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column, Relationship, Table, View

MAX_CODES = 200
_PERSONAL = frozenset(
    "gender sex birth birthday birthdate hire hired surname forename salary".split()
)
_PERSONS = frozenset(
    """person people employee staff customer client patient student user member driver player author
    rider teacher instructor doctor physician passenger guest lawyer attorney nurse therapist
    dentist trainer coach pilot captain skipper sailor agent broker consultant engineer technician
    mechanic worker manager director volunteer donor donator pupil child parent tenant landlord
    resident visitor subscriber applicant candidate contractor freelancer tutor lecturer professor
    researcher scientist artist actor singer musician chef cook waiter cashier clerk cleaner officer
    soldier firefighter judge witness farmer fisherman guide interpreter translator editor
    journalist photographer designer developer programmer salesperson seller buyer borrower lender
    beneficiary colleague apprentice intern trainee caregiver carer midwife surgeon vet
    veterinarian""".split()
)
TRUE_WORDS = frozenset({"yes", "y", "true", "t", "1"})
FALSE_WORDS = frozenset({"no", "n", "false", "f", "0"})


def holders(view: View) -> dict[str, str]:
    """For code tables, a key and what it stands for, the one table that refers to them: a villain
    is a character whose stance is that, not a stance."""
    out: dict[str, str] = {}
    for table in view.tables:
        referring = {r.table for r in view.relationships if r.to_table == table.id}
        own = [r for r in view.relationships if r.table == table.id]
        texts = [c for c in table.columns if c.name not in table.primary_key]
        if len(referring) == 1 and not own and len(texts) <= 2 and (table.rows or 0) <= MAX_CODES:
            out[table.id] = next(iter(referring))
    return out


def is_person(table: Table) -> bool:
    """Whether the rows are people: by the table's noun, or by what is known of each."""
    said = {lemma(w) for w in names.split(table.entity or table.name)}
    words = {w for c in table.columns for w in names.words_of(c.name)}
    named = {"first", "last"} <= words and "name" in words
    named = named or any(names.words_of(c.name)[:2] == ("full", "name") for c in table.columns)
    return bool(table.display) and (bool(said & _PERSONS) or named or len(words & _PERSONAL) > 1)


def is_party(table: Table) -> bool:
    """Whether the rows may play a role: people, and whatever else acts."""
    return is_person(table) or bool({"party", "actor", "contact"} & set(names.words_of(table.name)))


def tellers(view: View) -> dict[str, list[str]]:
    """For each table of codes, those that tell by them who plays a role in what: they refer to the
    codes, to whoever plays them and to something else."""
    found: dict[str, list[str]] = {}
    for code in view.relationships:
        others = [
            r for r in view.relationships
            if r.table == code.table and r.id != code.id and len(r.columns) == 1
        ]  # fmt: skip
        parties = any(is_party(view.table(r.to_table)) for r in others)
        if len(others) >= 2 and parties and _tells_roles(code, len(others), view):
            found.setdefault(code.to_table, []).append(code.table)
    return found


MOST_OF_CODE = 4  # columns of a table of codes: the code, its name, a description
MOST_OF_LINK = 4  # columns of a table of roles beside its references: a key, from when to when


def _tells_roles(code: Relationship, others: int, view: View) -> bool:
    """Whether the rows of a table do little more than give codes of a few to others."""
    codes, link = view.table(code.to_table), view.table(code.table)
    few = (codes.rows or 0) <= MAX_CODES and len(codes.columns) <= MOST_OF_CODE
    return few and len(link.columns) - others - 1 <= MOST_OF_LINK


def is_flag(column: Column, view: View) -> bool:
    """Whether the column says yes or no: a boolean, such words, or 0 and 1 under a telling name."""
    if column.type == "boolean":
        return True
    if column.type == "integer":
        return (column.low, column.high) == ("0", "1") and (column.distinct or 0) <= 2
    values = {v.strip().lower() for v, _ in view.values(column.id)}
    return bool(values) and values <= TRUE_WORDS | FALSE_WORDS


KEYS = frozenset({"id", "code", "number", "no", "key", "identifier", "num", "nr", "uuid"})


_SAYS_NO_ROLE = frozenset("of the a an is was for and or in at on".split())


def role_words(reference: Relationship, target: Table) -> frozenset[str]:
    """What the referring column says beyond the name of what it refers to: start, end."""
    own = {*names.words_of(target.name), *KEYS, *_SAYS_NO_ROLE}
    said = {w for c in reference.columns for w in names.words_of(c)}
    return frozenset((said | set(names.words_of(reference.role))) - own)


def is_calendar(table: Table) -> bool:
    """Whether a row of the table is a day: a date dimension."""
    words = {*names.words_of(table.name)}
    days = [c for c in table.columns if c.type == "date" and c.distinct == table.rows]
    return bool(words & {"date", "dates", "calendar", "day", "days", "time"}) and bool(days)


_GIVEN = frozenset("first last middle given family forename surname fname lname".split())


def is_given_name(column: Column) -> bool:
    """Whether it holds people's first, middle or last names."""
    words = {*names.words_of(column.name)}
    return column.type == "text" and bool(words & _GIVEN) and len(words) <= 2


def tells_one(test: P.Predicate, source: P.Source, view: View) -> bool:
    """Whether a text that no two rows share has to be so."""
    if not isinstance(test, P.Compare) or test.op != "=" or not isinstance(test.left, P.Column):
        return False
    table = view.table(source.table)
    if test.left.alias != source.alias or not table.rows or source.joins:
        return False
    column = table.column(test.left.name)
    return column.type == "text" and column.distinct == table.rows > 3
