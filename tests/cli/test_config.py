"""`datamind config` and the file .env: what is read, what is told, what stands open."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet
from typer.testing import CliRunner

from datamind.commands import config, config_options
from datamind.errors import BadInput, Conflict
from datamind.settings import dotenv, encrypted, environment, load
from datamind.settings.checking import known, look, must_be_safe

STRONG = "0123456789abcdefghijklmnopqrstuv"  # pragma: allowlist secret
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and none of our settings in the environment."""
    for name in known() | {"ENCRYPTION_KEY"}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(environment, "_taken", {})
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path / "home"))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_init_makes_secrets_that_only_their_key_opens(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert config.init(None, None) == 0
    file, key = here / ".env", here.parent / "elsewhere" / "datamind" / "encryption.key"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, key)] == [0o600, 0o600]
    server = load().server
    assert server.jwt_secret and server.api_token and server.jwt_secret != server.api_token
    for place in (file.read_text(), capsys.readouterr().out, repr(load()), str(dict(os.environ))):
        assert server.jwt_secret not in place and server.api_token not in place
        assert key.read_text().strip() not in place
    assert look(environment.current(), dotenv.read(file)) == []
    must_be_safe({**environment.current(), "DATAMIND_ENV": "production"})
    with pytest.raises(Conflict, match="already"):
        config.init(None, None)
    with pytest.raises(BadInput, match="beside what it encrypts"):
        config.init(here / "other.env", here / "key")


LINES = """# DataMind, mine
export  DB_PASSWORD = "pa ss\\"word"   # of the database  # pragma: allowlist secret
OPENAI_API_KEY='sk-abcdefgh#1'  # pragma: allowlist secret
JWT_SECRET=plain words   # spaces go on to the mark
DATAMIND_PORT=8123

  CLICKHOUSE_URL=clickhouse://ana:hunter2345@ch/x  # pragma: allowlist secret
MULTI="two
lines"
EMPTY=
"""


def test_encrypt_changes_values_and_nothing_else(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = here / ".env"
    file.write_text(LINES)
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    before = environment.current()
    config.encrypt([], None)
    text = file.read_text()
    assert text.count("enc:") == 4 and "hunter2345" not in text and "abcdefgh" not in text
    assert environment.current() == before
    was, now = LINES.splitlines(), text.splitlines()
    assert len(was) == len(now)
    for old, new in zip(was, now, strict=True):
        head, mark, _ = new.partition("enc:")
        assert old.startswith(head) if mark else old == new
        assert ("   #" in old) == ("   #" in new)
    config.encrypt([], None)
    assert file.read_text() == text  # what is encrypted stays as it is
    config.encrypt(["MULTI"], None)
    assert environment.current() == before
    for names, said in ((["NONE"], "no NONE"), (["EMPTY"], "no EMPTY")):
        with pytest.raises(BadInput, match=said):
            config.encrypt(names, None)


def test_rotate_takes_a_new_key_and_the_old_one_opens_nothing(here: Path) -> None:
    config.init(None, None)
    before, path = environment.current(), encrypted.key_file(environment.current())
    assert path is not None
    old = path.read_text().strip()
    config.rotate(None, keep_old=True)
    assert path.read_text().split()[1] == old
    config.rotate(None, keep_old=False)
    assert environment.current() == before and old not in path.read_text()
    path.write_text(old)
    with pytest.raises(BadInput, match="JWT_SECRET can't be decrypted"):
        load()


def test_rotate_keeps_the_old_key_unless_it_is_to_go(here: Path) -> None:
    config.init(None, None)
    path = encrypted.key_file(environment.current())
    assert path is not None
    old = path.read_text().strip()
    assert CliRunner().invoke(config_options.app, ["rotate"]).exit_code == 0
    assert old in path.read_text()
    assert CliRunner().invoke(config_options.app, ["rotate", "--drop-old"]).exit_code == 0
    assert old not in path.read_text()


def test_what_unmasks_is_a_secret_too() -> None:
    assert environment.is_secret("MASK_KEY", STRONG)


def test_rotate_with_the_key_in_the_environment(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = here / ".env"
    file.write_text(f"# DataMind\nAPI_TOKEN={STRONG}\n")
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    config.encrypt([], None)
    with pytest.raises(BadInput, match="holds one key"):
        config.rotate(None, keep_old=False)
    new = encrypted.new_key()
    monkeypatch.setenv("ENCRYPTION_KEY", f"{new},{KEY}")
    config.rotate(None, keep_old=False)
    monkeypatch.setenv("ENCRYPTION_KEY", new)
    assert load().server.api_token == STRONG


def test_a_rotation_that_is_stopped_leaves_what_can_be_read(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.init(None, None)
    before, put = environment.current(), dotenv.put
    left = 0

    def stopping(path: Path, text: str) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        put(path, text)

    monkeypatch.setattr(dotenv, "put", stopping)
    for writes in range(3):
        left = writes
        with pytest.raises(KeyboardInterrupt):
            config.rotate(None, keep_old=False)
        assert environment.current() == before
    assert sorted(p.name for p in here.iterdir()) == [".env"]


def test_any_fernet_reads_what_we_write() -> None:
    value = encrypted.encrypt("größe", [KEY])
    assert MultiFernet([Fernet(KEY)]).decrypt(value.removeprefix("enc:")).decode() == "größe"


@pytest.mark.parametrize(
    ("where", "text", "wanted"),
    [
        ("here/.env", "# DataMind\nDATAMIND_PORT=1234\n", 1234),
        ("here/.env", "DATAMIND_PORT=1234\n", 8000),  # another program's
        ("home/.env", "DATAMIND_PORT=1234\n", 1234),
        ("named.env", "DATAMIND_PORT=1234\n", 1234),
    ],
)
def test_which_file_is_read(
    here: Path, monkeypatch: pytest.MonkeyPatch, where: str, text: str, wanted: int
) -> None:
    path = here.parent / where
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    if where == "named.env":
        monkeypatch.setenv("DATAMIND_ENV_FILE", str(path))
    assert load().server.port == wanted
    monkeypatch.setenv("DATAMIND_PORT", "4321")  # the environment comes first
    assert load().server.port == 4321


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# DataMind\nDATAMIND_PORT='80\n", "Line 2"),
        ("# DataMind\nJWT_SECRET=enc:abc\n", "no ENCRYPTION_KEY"),
        (f"# DataMind\nENCRYPTION_KEY={KEY}\nJWT_SECRET=enc:abc\n", "in the same file"),
        ("# DataMind\nENCRYPTION_KEY_FILE=nowhere\nJWT_SECRET=enc:abc\n", "can't be read"),
        ("# DataMind\nENCRYPTION_KEY=short\nJWT_SECRET=enc:abc\n", "no key of Fernet"),
    ],
)
def test_a_file_that_can_not_be_used_is_told(here: Path, text: str, said: str) -> None:
    (here / ".env").write_text(text)
    with pytest.raises(BadInput, match=said) as told:
        load()
    assert "enc:" not in f"{told.value}{told.value.hint}" and KEY not in str(told.value)


SAFE = {"DATAMIND_ENV": "production", "JWT_SECRET": STRONG}
STORE = {
    "DB_HOST": "db",
    "DB_NAME": "dm",
    "DB_USER": "dm",
    "DB_PASSWORD": "fünf Enten",  # pragma: allowlist secret
}


@pytest.mark.parametrize(
    ("env", "said", "fatal"),
    [
        ({}, [], False),
        (SAFE, [], False),
        ({"DATAMIND_ENV": "production"}, ["JWT_SECRET is missing"], True),
        ({**SAFE, "JWT_SECRET": "a" * 64}, ["JWT_SECRET is too weak"], True),
        ({"JWT_SECRET": "a" * 64}, ["JWT_SECRET is too weak"], False),
        ({**SAFE, "API_TOKEN": "changeme"}, ["API_TOKEN is too weak"], True),
        ({**SAFE, "ENCRYPTION_KEY": "A" * 43 + "="}, ["ENCRYPTION_KEY is too weak"], True),
        ({**SAFE, **STORE}, [], False),
        (
            {**SAFE, **STORE, "DB_PASSWORD": "postgres"},  # pragma: allowlist secret
            ["DB_PASSWORD is too weak"],
            True,
        ),
        ({**SAFE, **STORE, "DB_PASSWORD": ""}, ["DB_PASSWORD is missing"], True),
        ({**STORE, "DB_PASSWORD": ""}, ["DB_PASSWORD is missing"], False),
        ({"DB_HOST": "/run/pg", "DB_NAME": "dm"}, [], False),
        ({"DB_HOST": "db", "DATAMIND_PORT": "x"}, ["_PORT", "_NAME", "_USER", "_PASS"], True),
        (
            {**SAFE, "DATABASE_URL": "postgresql://u:admin@h/d"},  # pragma: allowlist secret
            ["DATABASE_URL is too w"],
            True,
        ),
        ({**SAFE, "DATABASE_URL": "postgresql://u@h/d"}, [], False),
        ({**SAFE, "WAREHOUSE_URL": "postgresql://u:secret@h/d"}, ["WAREHOUSE_URL is"], True),
        ({**SAFE, "REDIS_URL": "redis://:redis@r:6379/0"}, ["REDIS_URL is too weak"], True),
        ({"LLM_PROVIDER": "openai"}, ["OPENAI_API_KEY is missing", "OPENAI_MODEL"], True),
        ({"LLM_PROVIDER": "ollama"}, ["OLLAMA_BASE_URL is", "OLLAMA_MODEL is"], True),
        ({"LLM_PROVIDER": "azure"}, ["AZURE_OPENAI_END", "AZURE_OPENAI_API", "AZURE_OP"], True),
        ({"LLM_PROVIDER": "openia"}, ["LLM_PROVIDER is one of"], True),
        ({"DATAMIND_PROT": "1"}, ["DATAMIND_PROT is no setting"], False),
        ({"REDIS_URI": "x"}, ["REDIS_URI is no setting"], False),
        ({"DATAMIND_PORT": "99999"}, ["DATAMIND_PORT has to be 65,535 at most"], True),
        ({"DATAMIND_ENGINE_WORKERS": "100000"}, ["_ENGINE_WORKERS has to be 256 at"], True),
        ({"DATAMIND_JOBS": "celery"}, ["there is no REDIS_URL"], False),
        ({"DATAMIND_JOBS": "local"}, [], False),
        ({"DATAMIND_JOBS": "celery", "REDIS_URL": "redis://r:6379/0"}, [], False),
        ({"HOME": "/root", "LANG": "C", "PATH": "/bin", "PGHOST": "x"}, [], False),
    ],
)
def test_all_that_is_wrong_is_said_at_once(
    env: dict[str, str], said: list[str], fatal: bool
) -> None:
    found = look(env)
    assert len(found) == len(said), found
    for wanted in said:
        assert any(wanted in problem.said for problem in found), found
    assert any(problem.fatal for problem in found) == fatal
    if not fatal:
        must_be_safe(env)
        return
    with pytest.raises(BadInput) as told:
        must_be_safe(env)
    assert all(problem.said in told.value.message for problem in found if problem.fatal)


def test_check_and_show_tell_no_secret(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = here / ".env"
    file.write_text(
        "# DataMind\nJWT_SECRET=canary-1\nREDIS_URL=redis://:canary-2@r:6379/1\nPORTT=1\n"
        "SOME_WEBHOOK_URL=https://hooks/canary-3\nWAREHOUSE_URL=duckdb:////data/x.duckdb\n"
    )
    file.chmod(0o644)
    assert config.check(as_json=True) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    said = " ".join(problem["message"] for problem in told["problems"])
    for part in (
        ".env can be read by others", "JWT_SECRET stands in plain", "REDIS_URL stands in plain",
        "PORTT is no setting", "JWT_SECRET is too weak",
    ):  # fmt: skip
        assert part in said
    assert config.show(as_json=True) == 0
    shown = capsys.readouterr().out
    values = {row["name"]: row["value"] for row in json.loads(shown)}
    assert values["REDIS_URL"] == "redis://***@r:6379/1" and values["JWT_SECRET"] == "***"
    assert values["WAREHOUSE_URL"] == "duckdb:////data/x.duckdb"
    assert config.check(as_json=False) == config.show(as_json=False) == 0
    assert "canary" not in said + shown + capsys.readouterr().out


@pytest.mark.parametrize(
    ("env", "said", "code"),
    [
        ({"DATABASE_URL": "mysql://u@h/x"}, ["DATABASE_URL can't be mysql."], 2),
        ({"DATABASE_URL": "store.db"}, ["DATABASE_URL is no address of a database."], 2),
        ({"DATABASE_URL": "postgresql://a@[::1/x"}, ["DATABASE_URL is no address of a d"], 2),
        ({"DATABASE_URL": "postgresql://u@h/x"}, [], 0),
        ({"DATAMIND_HOME": "/proc/x"}, ["DATAMIND_HOME is /proc/x, where nothing can be w"], 2),
        ({"BACKUP_FOLDER": "/proc/x"}, ["BACKUP_FOLDER is /proc/x, where nothing can be wr"], 0),
        ({"BACKUP_FOLDER": "{here}/new/folder"}, [], 0),
        ({"DATAMIND_LOG_FILE": "1"}, [], 0),
        ({"DATAMIND_LOG_FILE": "{here}/x.log"}, [], 0),
        ({"DATAMIND_LOG_FILE": "{here}/new/x.log"}, ["/here/new, which is not there"], 0),
        ({"DATAMIND_LOG_FILE": "/proc/new/x.log"}, ["/proc/new, where nothing can be w"], 0),
        (
            {"DATAMIND_PORT": "99999", "DATABASE_URL": "mysql://h/x", "BACKUP_FOLDER": "/proc/x"},
            ["DATAMIND_PORT has", "DATABASE_URL can't", "BACKUP_FOLDER is"],
            2,
        ),
    ],
)
def test_where_nothing_can_be_kept_is_said_and_nothing_is_made(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    env: dict[str, str], said: list[str], code: int,
) -> None:  # fmt: skip
    for name, value in env.items():
        monkeypatch.setenv(name, value.format(here=here))
    assert config.check(as_json=True) == code
    told = [problem["message"] for problem in json.loads(capsys.readouterr().out)["problems"]]
    assert len(told) == len(said), told
    for wanted, one in zip(said, told, strict=True):
        assert wanted in one
    assert list(here.parent.rglob("*")) == [here]


def test_children_inherit_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", STRONG)
    monkeypatch.setenv("REDIS_URL", f"redis://:{STRONG}@r:6379/0")
    monkeypatch.setenv("DATAMIND_PORT", "1234")
    monkeypatch.setenv("SOMEBODY_ELSES_TOKEN", "kept")
    environment.hide(known())
    assert STRONG not in str(dict(os.environ))
    assert os.environ["DATAMIND_PORT"] == "1234" and os.environ["SOMEBODY_ELSES_TOKEN"] == "kept"
    assert load().server.jwt_secret == STRONG


def test_each_problem_is_told_once_and_those_behind_it_too() -> None:
    env = {"ALERT_WEBHOOK_URL": "https://hooks.example.com/x", "DATAMIND_REQUESTS": "many"}
    assert sorted(p.name for p in look(env)) == ["ALERT_WEBHOOK_SECRET", "DATAMIND_REQUESTS"]
