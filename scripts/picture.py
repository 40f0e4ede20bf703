"""Draw docs/ui.png: the Ask page of a running demo, with an answered question."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

OUT = Path(__file__).parents[1] / "docs" / "ui.png"
QUESTION = "What is the revenue by product category this year?"
MOST_BYTES = 200_000


def main() -> None:
    """Sign in, ask, and take the picture."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", default="http://localhost:8000")
    options.add_argument("--email", default="ana@demo.example")
    options.add_argument("--password", required=True, help="as `datamind demo` told it")
    options.add_argument("--out", type=Path, default=OUT)
    given = options.parse_args()
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1010}, reduced_motion="reduce")
        page.goto(f"{given.url}/signin")
        page.fill("#email", given.email)
        page.fill("#password", given.password)
        page.keyboard.press("Enter")
        page.get_by_role("combobox").fill(QUESTION)
        page.keyboard.press("Enter")
        page.locator(".chart svg text", has_text="Home").first.wait_for()
        page.wait_for_timeout(500)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=given.out)
        browser.close()
    size = given.out.stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{given.out} has {size:,} bytes, more than {MOST_BYTES:,}")
    print(f"{given.out}: {size:,} bytes")


if __name__ == "__main__":
    main()
