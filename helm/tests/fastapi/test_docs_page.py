"""The documentation's page, as a browser without a network shows it."""

import shutil
import subprocess

from client import get


def test_it_renders_in_a_browser_that_reaches_nothing_else(app, tmp_path):
    it = app()
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    assert browser, "no chromium"
    command = [
        *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
        # Every name but the app's own address leads nowhere.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        *("--virtual-time-budget=20000", f"--user-data-dir={tmp_path}", f"{it.url}/docs"),
    ]
    page = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    assert "Terrarium API" in page
    # Drawn by the script from the API's own description.
    assert 'data-path="/foo"' in page
    assert 'class="opblock-summary-description"' in page


def test_no_page_names_another_server(app):
    it = app()
    assert get(it, "/").headers["location"] == "/docs"
    page = get(it, "/docs").text
    assert "://" not in page.replace(it.url, ""), page
