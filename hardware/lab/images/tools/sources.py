"""A recipe's tree: what each kind of source adds, then the recipe's own files."""

import contextlib
import fnmatch
import pathlib
import shutil
import subprocess
import tempfile

import debian
import golang
import maven
import npm
import pypi

# The key of a recipe, and the module that brings what it names.
KINDS = {"packages": debian, "go": golang, "maven": maven, "pip": pypi, "npm": npm}


@contextlib.contextmanager
def tree(folder, spec, cache):
    """A temporary root tree holding everything the recipe names."""
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        root = pathlib.Path(scratch, "root")
        root.mkdir(mode=0o755)
        for key, kind in KINDS.items():
            if key in spec:
                room = pathlib.Path(scratch, key)
                room.mkdir()
                kind.add(folder, spec, root, room, cache)
        if (folder / "root").is_dir():
            shutil.copytree(folder / "root", root, symlinks=True, dirs_exist_ok=True)
        if "drop" in spec:
            _drop(root, spec["drop"])
        for link in spec.get("link", []):
            path = root / link["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(link["to"])
        if "applets" in spec:
            _applets(root, spec["applets"])
        yield root


def _drop(root, patterns):
    """Remove what matches, folders with all they hold; a pattern that matches nothing is a mistake."""
    for pattern in patterns:
        found = [p for p in sorted(root.rglob("*")) if fnmatch.fnmatch(str(p.relative_to(root)), pattern)]
        if not found:
            raise SystemExit(f"drop: nothing matches {pattern}")
        for path in found:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.is_symlink() or path.exists():
                path.unlink()


def _applets(root, program):
    """One link per applet, at the path the program itself lists."""
    listed = subprocess.run([root / program, "--list-full"], check=True, capture_output=True, text=True)
    for applet in listed.stdout.split():
        path = root / applet
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.symlink_to(f"/{program}")
