"""Packages of npm, exactly those that a lock file names with their digests.

Their install scripts are not run. Locks are written with
`omit-lockfile-registry-resolved=true`: where to fetch from is this machine's to say.
"""

import shutil
import subprocess


def add(folder, spec, root, scratch, cache):
    """Install the lock of the folder `lock`, without what only development needs, into `to`."""
    for path in lock(folder, spec):
        shutil.copy(path, scratch)
    command = ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    command += ["--loglevel=error", f"--cache={cache / 'npm'}"]
    subprocess.run(command, check=True, cwd=scratch, stdin=subprocess.DEVNULL)
    target = root / spec["npm"]["to"]
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(scratch / "node_modules", target)
    (target / ".package-lock.json").unlink(missing_ok=True)


def lock(folder, spec):
    """The two files that say what is installed; they may be a chart's."""
    where = (folder / spec["npm"].get("lock", ".")).resolve()
    return [where / "package.json", where / "package-lock.json"]
