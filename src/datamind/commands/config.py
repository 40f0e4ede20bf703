"""`datamind config`: settings, and the file .env whose secrets stand encrypted."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.table import Table

from datamind.commands.faults import print_json, printable
from datamind.commands.render import Screen
from datamind.errors import BadInput, Conflict
from datamind.settings import dotenv, encrypted
from datamind.settings.checking import Problem, as_read, known, look
from datamind.settings.environment import current, file_of, is_secret, masked
from datamind.settings.places import places

TEMPLATE = """\
{mark}'s settings: docs/server.md lists them all. The environment comes before this file.
# Values that begin with {prefix} are encrypted: `datamind config encrypt` does it to what you add.

# Where the key is. Keep a copy of it elsewhere: without it nothing here can be read.
{key_file_name}={key_file}

# The key of access tokens, and what Prometheus and probes show to see all.
JWT_SECRET={jwt}
API_TOKEN={token}

# production refuses plain HTTP and weak secrets.
# DATAMIND_ENV=production
# WAREHOUSE_URL=postgresql://reader:password@db:5432/sales
# DB_HOST=db
# DB_NAME=datamind
# DB_USER=datamind
# DB_PASSWORD=
# REDIS_URL=redis://:password@redis:6379/0
"""


def init(file: Path | None, key_file: Path | None) -> int:
    """Make the file and its key; Conflict where there is one."""
    path = (file or Path(".env")).absolute()
    if path.exists():
        raise Conflict(f"There is {path} already.", hint="`datamind config encrypt` adds to it.")
    where = (key_file or _usual_key_file()).expanduser().absolute()
    if where.parent == path.parent:
        raise BadInput(
            "The key would stand beside what it encrypts.", hint="Name another folder: --key-file"
        )
    made = not where.exists()
    if made:
        dotenv.put(where, encrypted.new_key() + "\n")
    keys = encrypted.keys_of({encrypted.KEY_FILE: str(where)})
    new = (encrypted.encrypt(secrets.token_hex(32), keys) for _ in range(2))
    text = TEMPLATE.format(
        mark=dotenv.MARK, prefix=encrypted.PREFIX, key_file_name=encrypted.KEY_FILE,
        key_file=_quoted(str(where)), jwt=next(new), token=next(new),
    )  # fmt: skip
    dotenv.put(path, text)
    screen = Screen()
    screen.say(f"{path} holds JWT_SECRET and API_TOKEN, encrypted.")
    screen.say(f"Their key is {'' if made else 'the one that was '}in {where}")
    screen.say("Keep a copy of the key elsewhere, and never in version control.")
    return 0


def _usual_key_file() -> Path:
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "datamind" / "encryption.key"


def _quoted(text: str) -> str:
    return text if all(c.isalnum() or c in "/._-" for c in text) else f"'{text}'"


def encrypt(names: list[str], file: Path | None) -> int:
    """Encrypt these values, or all secrets, where they stand."""
    path, values = _existing(file)
    if missing := [name for name in names if not values.get(name)]:
        raise BadInput(f"There is no {missing[0]} in {path}.")
    keys = _keys(values)
    done: list[str] = []

    def change(name: str, value: str) -> str:
        wanted = name in names if names else is_secret(name, value)
        if not wanted or value.startswith(encrypted.PREFIX):
            return value
        if name in (encrypted.KEY, encrypted.KEY_FILE):
            raise BadInput(f"{name} can't be encrypted: it opens the rest.", hint=_ELSEWHERE)
        done.append(name)
        return encrypted.encrypt(value, keys)

    dotenv.put(path, dotenv.rewritten(path, change))
    Screen().say(f"Encrypted in {path}: {', '.join(done) or 'nothing'}")
    return 0


_ELSEWHERE = f"Keep it elsewhere, and name its file in {encrypted.KEY_FILE}."


def rotate(file: Path | None, *, keep_old: bool) -> int:
    """Encrypt all anew. The key's file holds both keys until the values are written, so that a
    stop at any moment leaves what can be read; the old ones stay in it for backups and other files
    of before, unless they are to go."""
    path, values = _existing(file)
    env = {**values, **os.environ}
    keys, where = _keys(values), encrypted.key_file(env)
    if where is not None:
        keys = (encrypted.new_key(), *keys)
        dotenv.put(where, "\n".join(keys) + "\n")
    elif len(keys) < 2:
        raise BadInput(
            f"{encrypted.KEY} holds one key.",
            hint="Set it to NEW,OLD first; `datamind config key` makes a new one.",
        )
    count = 0

    def change(name: str, value: str) -> str:
        nonlocal count
        if not value.startswith(encrypted.PREFIX):
            return value
        count += 1
        return encrypted.encrypt(encrypted.decrypt(name, value, keys), keys)

    dotenv.put(path, dotenv.rewritten(path, change))
    if where is not None and not keep_old:
        dotenv.put(where, keys[0] + "\n")
    screen = Screen()
    screen.say(f"{count} values of {path} are encrypted with the new key.")
    if where is None:
        screen.say(f"{encrypted.KEY} may now hold the first key alone.")
    else:
        screen.say(f"It is in {where}: keep a copy elsewhere.")
        screen.say(
            "The old ones are there too, for backups and other files of before; --drop-old later"
            " takes them away." if keep_old else
            "The old ones are gone: backups and other files of before can be read with a copy of"
            " them alone."
        )  # fmt: skip
    return 0


def _existing(file: Path | None) -> tuple[Path, Mapping[str, str]]:
    path = file or file_of(os.environ) or Path(".env")
    if not path.is_file():
        raise BadInput(f"There is no {path}.", hint="Make it with: datamind config init")
    return path, dotenv.read(path).values


def _keys(values: Mapping[str, str]) -> tuple[str, ...]:
    keys = encrypted.keys_of({**values, **os.environ})
    encrypted.fernet(keys)  # told if there is none
    if values.get(encrypted.KEY):
        raise BadInput(f"{encrypted.KEY} stands in the file itself.", hint=_ELSEWHERE)
    return keys


def check(*, as_json: bool) -> int:
    """All that is wrong; 2 where a server would not start."""
    path, env = file_of(os.environ), current()
    found = [*look(env, dotenv.read(path) if path is not None else None), *_of_places(env)]
    fatal = any(problem.fatal for problem in found)
    if as_json:
        problems = [
            {"name": p.name, "fatal": p.fatal, "message": p.said, "hint": p.hint} for p in found
        ]
        print_json({"file": str(path) if path else None, "problems": problems})
    else:
        screen = Screen()
        for problem in found:
            mark, style = ("✗", "red") if problem.fatal else ("!", "yellow")
            screen.say(f"{mark} {problem.said} {problem.hint}".rstrip(), style)
        if not found:
            screen.say("All settings are in order.")
    return BadInput.exit_code if fatal else 0


def _of_places(env: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with where things are to be kept, as far as that is seen without a start."""
    from datamind.migrations.stores import parsed

    settings = as_read(env)
    if settings is None:
        return
    try:
        parsed(settings.database_url)
    except BadInput as fault:
        yield Problem("DATABASE_URL", fault.message, fault.hint, fatal=True)
    yield from places(settings)


def show(*, as_json: bool) -> int:
    """What is set, secrets as ***."""
    env, path = current(), file_of(os.environ)
    rows = [
        (name, masked(name, env[name]), "environment" if name in os.environ else str(path))
        for name in sorted(known() & set(env))
    ]
    if as_json:
        print_json([{"name": n, "value": v, "from": source} for n, v, source in rows])
        return 0
    table = Table("setting", "value", "from", show_edge=False)
    for row in rows:
        table.add_row(*map(printable, row))
    Screen().console.print(table)
    return 0
