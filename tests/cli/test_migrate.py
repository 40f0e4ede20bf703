"""`datamind migrate` on the embedded store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datamind.commands.migrate import run
from datamind.errors import BadInput
from datamind.migrations import head

pytestmark = pytest.mark.slow


def test_there_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path))
    for name in ("DATABASE_URL", "DB_HOST"):
        monkeypatch.delenv(name, raising=False)

    def migrate(code: int = 0, **options: Any) -> Any:
        usual = {"to": None, "down": False, "check": False, "target": None, "as_json": True}
        assert run(**{**usual, **options}) == code
        return json.loads(capsys.readouterr().out)

    assert migrate(1, check=True) == {"revision": None, "newest": head(), "current": False}
    assert not list(tmp_path.iterdir())  # a look makes nothing
    assert migrate(to="3") == {"before": None, "after": "0003", "backup": None}
    assert migrate(1, check=True)["revision"] == "0003"
    done = migrate()
    assert (done["before"], done["after"]) == ("0003", head())
    assert Path(done["backup"]).exists()
    assert migrate(check=True)["current"]
    assert migrate(to="0002", down=True)["after"] == "0002"
    migrate()
    for options, said in (
        ({"to": "0002"}, "newer than 0002"), ({"to": "99"}, "no revision"),
        ({"down": True}, "where to"), ({"target": "sqlite:///x", "check": True}, "no other option"),
        ({"target": "sqlite:///x"}, "not PostgreSQL"), ({"target": "nonsense"}, "no address"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=said):
            migrate(**options)
    assert migrate(check=True)["current"]
