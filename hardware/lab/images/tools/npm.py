"""Packages of npm, exactly those that a lock file names with their digests.

Their install scripts are not run. Locks are written with
`omit-lockfile-registry-resolved=true`: where to fetch from is this machine's to say.
"""

import shutil
import subprocess


def add(folder, spec, root, scratch, cache):
    """Install `package-lock.json`, without what only development needs, into `to`."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(folder / name, scratch)
    command = ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--no-bin-links"]
    command += ["--loglevel=error", f"--cache={cache / 'npm'}"]
    subprocess.run(command, check=True, cwd=scratch, stdin=subprocess.DEVNULL)
    target = root / spec["npm"]["to"]
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(scratch / "node_modules", target)
    (target / ".package-lock.json").unlink(missing_ok=True)
