"""Which secrets servers of one installation share."""

from __future__ import annotations

from pathlib import Path

import pytest

from datamind.api.secrets import secrets_of
from datamind.errors import BadInput
from datamind.settings import load

KEYS = {
    "JWT_SECRET": "0123456789abcdef" * 2,
    "MASK_KEY": "fedcba9876543210" * 2,  # pragma: allowlist secret
}  # pragma: allowlist secret


def test_servers_share_the_keys_of_tokens_and_masks_and_each_has_an_audit_key(
    tmp_path: Path,
) -> None:
    one, other = (
        secrets_of(load({"DATAMIND_HOME": str(tmp_path / name), **KEYS})) for name in ("a", "b")
    )
    assert (one.jwt, one.masks) == (other.jwt, other.masks)
    assert one.audit != other.audit
    alone = secrets_of(load({"DATAMIND_HOME": str(tmp_path / "a")}))
    assert alone.audit == one.audit and alone.masks not in (one.masks, KEYS["MASK_KEY"])


@pytest.mark.parametrize("name", list(KEYS))
def test_a_weak_key_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=f"{name} is too weak"):
        secrets_of(load({"DATAMIND_HOME": str(tmp_path), **KEYS, name: "weak"}))
