"""Looks at all settings at once: what is missing, weak, misspelt, or stands open."""

from __future__ import annotations

import base64
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from datamind.errors import BadInput
from datamind.settings import Settings, encrypted, load
from datamind.settings.dotenv import EnvFile
from datamind.settings.environment import Asked, current, hide, is_secret

LEAST_BYTES, LEAST_LETTERS = 32, 10  # of a key of ours
LEAST_PASSWORD = 8
NEAR = 0.85
PROVIDERS = "builtin ollama openai azure anthropic google".split()
# (what is needed, what needs it, and with which value of that; None: with any)
REQUIRED = (
    ("DB_NAME", "DB_HOST", None),
    ("DB_USER", "DB_HOST", None),
    ("DB_PASSWORD", "DB_HOST", None),
    ("OLLAMA_BASE_URL", "LLM_PROVIDER", "ollama"),
    ("OLLAMA_MODEL", "LLM_PROVIDER", "ollama"),
    ("OPENAI_API_KEY", "LLM_PROVIDER", "openai"),
    ("OPENAI_MODEL", "LLM_PROVIDER", "openai"),
    ("AZURE_OPENAI_ENDPOINT", "LLM_PROVIDER", "azure"),
    ("AZURE_OPENAI_API_KEY", "LLM_PROVIDER", "azure"),
    ("AZURE_OPENAI_DEPLOYMENT", "LLM_PROVIDER", "azure"),
    ("ANTHROPIC_API_KEY", "LLM_PROVIDER", "anthropic"),
    ("GOOGLE_API_KEY", "LLM_PROVIDER", "google"),
    ("JWT_SECRET", "DATAMIND_ENV", "production"),
)
# Names that are ours though no part of this version reads them.
OWED = frozenset(
    "ENCRYPTION_KEY ENCRYPTION_KEY_FILE DATAMIND_ENV_FILE DASHBOARD_ADAPTER CLICKHOUSE_URL"
    " LLM_PROVIDER".split()
) | {name for name, _, _ in REQUIRED}
KEYS = ("JWT_SECRET", "MASK_KEY", "API_TOKEN")  # made by us, of any length
DEFAULTS = frozenset(
    "password passw0rd postgres admin root secret changeme change-me change_me default datamind"
    " test example guest user redis clickhouse letmein qwerty 12345678 123456789 1234567890"
    " your-api-key your_api_key sk-xxx xxx todo replace-me replaceme".split()
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a setting, without its value; `fatal` where no server starts so."""

    name: str
    said: str
    hint: str
    fatal: bool


def known() -> frozenset[str]:
    """The names of all settings."""
    asked = set(OWED)
    for values in ({}, {"DB_HOST": "db", "DB_NAME": "dm"}):
        recorder = Asked(values)
        load(recorder)
        asked |= recorder.names
    return frozenset(asked)


def look(env: Mapping[str, str], file: EnvFile | None = None) -> list[Problem]:
    """All that is wrong with these settings."""
    found = [*_of_values(env), *_misspelt(env, file)]
    return found if file is None else [*found, *_open(file, _is_production(env))]


def as_read(env: Mapping[str, str]) -> Settings | None:
    """The settings without what can't be read in them, to look further."""
    return _read(env)[1]


def must_be_safe(env: Mapping[str, str]) -> None:
    """BadInput with all that keeps a server from starting on these settings, in one message."""
    fatal = [problem for problem in _of_values(env) if problem.fatal]
    if not fatal:
        return
    hints = list(dict.fromkeys(problem.hint for problem in fatal if problem.hint))
    raise BadInput(" ".join(problem.said for problem in fatal), hint=" ".join(hints))


def keep_secrets() -> None:
    """What a server or worker does first: it does not start on weak secrets, and what it starts
    itself sees none of them."""
    must_be_safe(current())
    hide(known())


def _of_values(env: Mapping[str, str]) -> Iterator[Problem]:
    yield from _read(env)[0]
    yield from _missing(env, _is_production(env))
    yield from _unheard(env)
    yield from _weak(env, _is_production(env))


def _is_production(env: Mapping[str, str]) -> bool:
    return env.get("DATAMIND_ENV") == "production"


MISSING = "missing" * 6  # stands for what is not there, to read on; long enough for a secret


def _read(env: Mapping[str, str]) -> tuple[list[Problem], Settings | None]:
    """What the settings' own readers refuse, one after the other, and the others as they are."""
    found, left = list[Problem](), dict(env)
    for _ in range(len(env) + 1):
        try:
            return found, load(left)
        except BadInput as fault:
            name = fault.message.partition(" ")[0]
            found.append(Problem(name, fault.message, fault.hint, fatal=True))
            if name not in left:
                left[name] = MISSING
            elif left.pop(name) == MISSING:
                break
    return found, None


def _missing(env: Mapping[str, str], production: bool) -> Iterator[Problem]:
    provider = env.get("LLM_PROVIDER", "").lower()
    if provider and provider not in PROVIDERS:
        said = f"LLM_PROVIDER is one of {', '.join(PROVIDERS)}."
        yield Problem("LLM_PROVIDER", said, "", fatal=True)
    for name, of, value in REQUIRED:
        given = env.get(of, "")
        if env.get(name) or not given or (value is not None and given.lower() != value):
            continue
        if of == "DB_HOST" and (env.get("DATABASE_URL") or given.startswith("/")):
            continue  # not read; or who is at the socket is known by the system
        why = "this is production" if of == "DATAMIND_ENV" else f"{of} is {given}"
        if name == "DB_NAME":
            continue  # its reader says so
        hint = "Set it to the output of: openssl rand -hex 32" if name in KEYS else f"Set {name}."
        fatal = production or of == "LLM_PROVIDER"
        yield Problem(name, f"{name} is missing, and {why}.", hint, fatal=fatal)


def _unheard(env: Mapping[str, str]) -> Iterator[Problem]:
    """What was asked for and is not done, for it takes another setting."""
    if env.get("DATAMIND_JOBS", "").strip().lower() == "celery" and not env.get("REDIS_URL"):
        said = "DATAMIND_JOBS is celery, and there is no REDIS_URL: the server runs jobs itself."
        yield Problem("DATAMIND_JOBS", said, "Set REDIS_URL, or DATAMIND_JOBS=local.", fatal=False)


def _weak(env: Mapping[str, str], production: bool) -> Iterator[Problem]:
    for name in sorted(known() & set(env)):
        value = env[name]
        if not value:
            continue
        if name in KEYS:
            weak = len(value.encode()) < LEAST_BYTES or len(set(value)) < LEAST_LETTERS
            hint = f"Use {LEAST_BYTES} random bytes: openssl rand -hex 32"
        elif name == encrypted.KEY:
            weak = any(map(_is_weak_key, value.replace(",", " ").split()))
            hint = "Make one with: datamind config key"
        elif is_secret(name, value):
            password = _password_in(value)
            weak = password.lower() in DEFAULTS or len(password) < LEAST_PASSWORD
            hint = f"Give it {LEAST_PASSWORD} letters or more that nobody guesses."
        else:
            continue
        if weak:
            yield Problem(name, f"{name} is too weak.", hint, fatal=production)


def _is_weak_key(key: str) -> bool:
    return not encrypted.is_key(key) or len(set(base64.urlsafe_b64decode(key))) < LEAST_LETTERS


def _password_in(value: str) -> str:
    """The password of an address; what is none is one as a whole."""
    if "://" not in value:
        return value
    try:
        return unquote(urlsplit(value).password or value)
    except ValueError:  # no address; whoever reads it says so
        return value


def _misspelt(env: Mapping[str, str], file: EnvFile | None) -> Iterator[Problem]:
    names = known()
    ours = set(file.values if file is not None else ())
    for name in sorted((ours | set(env)) - names):
        near = difflib.get_close_matches(name.upper(), names, n=1, cutoff=NEAR)
        if name in ours or name.startswith("DATAMIND_") or near:
            hint = f"Do you mean {near[0]}?" if near else "docs/server.md lists the settings."
            yield Problem(name, f"{name} is no setting; nothing reads it.", hint, fatal=False)


def _open(file: EnvFile, production: bool) -> Iterator[Problem]:
    where = file.path.name
    if file.readable_by_others:
        hint = f"chmod 600 {file.path}"
        yield Problem(where, f"{where} can be read by others.", hint, fatal=production)
    for name, value in file.values.items():
        if value and is_secret(name, value) and not value.startswith(encrypted.PREFIX):
            said = f"{name} stands in plain in {where}."
            yield Problem(name, said, "datamind config encrypt", fatal=False)
