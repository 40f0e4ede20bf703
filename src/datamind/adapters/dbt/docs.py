"""dbt's documentation of the build in use, as one page that needs no network and no other file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

from datamind.adapters.dbt.results import read_json
from datamind.dbt_records import DocsPage

MANIFEST = "docs-manifest.json"  # of the project as it was when its documentation was made
# What dbt's page holds where `docs generate --static` puts the data.
_PLACES = {
    '"MANIFEST.JSON INLINE DATA"': "manifest.json",
    '"CATALOG.JSON INLINE DATA"': "catalog.json",
}
_SCRIPT = re.compile(r"<script(?:\s[^>]*)?>(.*?)</script>", re.DOTALL)


def docs_page(artifacts: Path) -> DocsPage | None:
    """The page; None where the build has no documentation.

    Its policy lets the page's own scripts run, each known by its hash, and nothing be fetched:
    descriptions are text of the project's, and may hold HTML.
    """
    try:
        text = (artifacts / "index.html").read_text("utf-8")
    except OSError:
        return None
    for place, usual in _PLACES.items():
        of_its_own = usual == "manifest.json" and (artifacts / MANIFEST).is_file()
        name = MANIFEST if of_its_own else usual
        # `<` as an escape: no text of the project ends the script.
        data = json.dumps(read_json(artifacts / name)).replace("<", "\\u003c")
        text = text.replace(place, data)
    hashes = " ".join(_hash(script) for script in _SCRIPT.findall(text) if script)
    policy = (
        f"default-src 'none'; script-src {hashes} 'unsafe-eval'; style-src 'unsafe-inline';"
        " img-src data:; font-src data:; connect-src 'none'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'; sandbox allow-scripts"
    )
    return DocsPage(text.encode(), policy)


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
