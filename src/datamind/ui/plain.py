"""Plain pages: sign-in and errors, as HTML that needs no socket and no script to work."""

from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse

from datamind.ui.assets import LOGO, head, script

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}


def sign_in_page(
    *, target: str = "/", email: str = "", note: str = "", fault: str = "", status: int = 200,
    people: bool = True,
) -> HTMLResponse:  # fmt: skip
    """The form; `note` is said calmly and kept as it is, `fault` as an error; without `people`
    nobody can help."""
    lost = "No account, or the password is lost? An admin of yours can help." if people else ""
    said = f'<p class="fault" role="alert" id="fault">{escape(fault)}</p>' if fault else ""
    wrong = ' aria-invalid="true" aria-describedby="fault"' if fault else ""
    first, second = ("", " autofocus") if email else (" autofocus", "")
    form = f"""
<h1>Sign in</h1>
<p class="lead">Ask your company's data in plain English.</p>
<p class="note" role="status">{escape(note)}</p>
{said}
<form method="post" action="/signin">
  <input type="hidden" name="next" value="{escape(target)}">
  <label for="email">E-mail address</label>
  <input id="email" name="email" type="email" autocomplete="username" required maxlength="254"
    value="{escape(email)}"{first}{wrong}>
  <label for="password">Password</label>
  <input id="password" name="password" type="password" autocomplete="current-password" required
    maxlength="1024"{second}{wrong}>
  <button type="submit">Sign in</button>
</form>
<p class="small">{lost}</p>
{script("signin.js")}"""
    return _page("Sign in", form, status)


def message_page(title: str, text: str, status: int) -> HTMLResponse:
    """A page that says one thing, and leads back."""
    body = f"""
<h1>{escape(title)}</h1>
<p class="lead">{escape(text)}</p>
<p><a class="button" href="/">Go to Ask</a></p>"""
    return _page(title, body, status)


def _page(title: str, body: str, status: int) -> HTMLResponse:
    html = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · DataMind</title>
{head()}
</head>
<body class="plain">
<main>
<div class="brand">{LOGO}<span>DataMind</span></div>
<div class="sheet">{body}</div>
</main>
</body>
</html>"""
    return HTMLResponse(html, status, headers=HEADERS)
