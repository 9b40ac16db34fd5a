"""Debian packages, unpacked without their scripts."""

import fnmatch
import functools
import os
import shutil
import subprocess

SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def add(folder, spec, root, scratch, cache):
    """Unpack the named packages and keep what matches `keep`."""
    subprocess.run(["apt-get", "-qq", "download", *spec["packages"]], check=True, cwd=scratch, env=_apt(cache))
    for package in sorted(scratch.glob("*.deb")):
        subprocess.run(["dpkg", "-x", package, scratch / "tree"], check=True)
    for path in sorted((scratch / "tree").rglob("*")):
        inside = path.relative_to(scratch / "tree")
        wanted = any(fnmatch.fnmatch(str(inside), pattern) for pattern in spec["keep"])
        if wanted and (path.is_symlink() or not path.is_dir()):
            (root / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, root / inside, follow_symlinks=False)


def _archives():
    """Where this machine gets Debian and its security updates from: label to address."""
    ask = ["apt-get", "indextargets", "--format", "$(ORIGIN)\t$(LABEL)\t$(REPO_URI)", "Identifier: Packages"]
    for attempt in range(2):
        told = subprocess.run(ask, check=True, capture_output=True, text=True).stdout
        rows = [row.split("\t") for row in told.splitlines()]
        found = {label: address for origin, label, address in rows if origin == "Debian"}
        if {"Debian", "Debian-Security"} <= found.keys():
            return found
        if attempt == 0:
            # A machine that has never updated does not know its archives' names yet.
            subprocess.run(["apt-get", "-qq", "update"], check=True)
    raise SystemExit(f"apt knows no archive of Debian and its security updates here, only: {sorted(found)}")


@functools.cache
def _apt(cache):
    """An apt of our own, so that the machine's suites and package state play no part."""
    home = cache / "apt"
    for folder in ("lists/partial", "archives/partial"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    (home / "status").touch()
    suites = {"Debian": SUITE, "Debian-Security": f"{SUITE}-security"}
    archives = _archives()
    (home / "sources.list").write_text(
        "".join(f"deb [signed-by={KEYRING}] {archives[label]} {suite} main\n" for label, suite in suites.items())
    )
    (home / "apt.conf").write_text(
        f'Dir::Etc::sourcelist "{home}/sources.list";\n'
        'Dir::Etc::sourceparts "-";\n'
        f'Dir::State::lists "{home}/lists";\n'
        f'Dir::State::status "{home}/status";\n'
        f'Dir::Cache "{home}";\n'
        f'Dir::Cache::archives "{home}/archives";\n'
        'Acquire::Languages "none";\n'
        'APT::Sandbox::User "root";\n'
    )
    environment = {**os.environ, "APT_CONFIG": str(home / "apt.conf")}
    subprocess.run(["apt-get", "-qq", "update"], check=True, env=environment)
    return environment
