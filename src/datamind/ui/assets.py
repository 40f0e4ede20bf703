"""What the pages are dressed in: our style sheet, script and logo, all served by ourselves."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import quote

FOLDER = Path(__file__).parent / "static"
PATH = "/assets"
LOGO = (
    '<svg class="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">'
    '<rect width="32" height="32" rx="8" fill="#0f766e"/>'
    '<path d="M8 23V9h6.5a7 7 0 0 1 0 14z" fill="none" stroke="#fff" stroke-width="2.6"'
    ' stroke-linejoin="round"/><circle cx="24" cy="9.5" r="2.6" fill="#5eead4"/></svg>'
)
NAMESPACE = "http://www.w3.org/2000/svg"
FAVICON = "data:image/svg+xml," + quote(LOGO.replace("<svg ", f'<svg xmlns="{NAMESPACE}" ', 1))


def head() -> str:
    """The lines for a page's head; the names change with what the files hold."""
    return (
        f'<link rel="icon" href="{FAVICON}">\n'
        f"{script('theme.js', defer=False)}\n"
        f'<link rel="stylesheet" href="{_versioned("app.css")}">'
    )


def script(name: str, *, defer: bool = True) -> str:
    """A script of ours; `defer`, for one that is run once the page is read."""
    return f'<script src="{_versioned(name)}"{" defer" if defer else ""}></script>'


def _versioned(name: str) -> str:
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:10]
    return f"{PATH}/{name}?v={digest}"
