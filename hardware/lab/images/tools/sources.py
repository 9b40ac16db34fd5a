"""Where a layer's files come from: Debian packages, Go modules, the recipe's own `root/`."""

import contextlib
import fnmatch
import functools
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@functools.cache
def architecture():
    """Debian's name, which for amd64 and arm64 is Go's and the image format's too."""
    done = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@contextlib.contextmanager
def tree(folder, spec, cache):
    """A temporary root tree holding everything the recipe names."""
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        root = pathlib.Path(scratch, "root")
        root.mkdir(mode=0o755)
        if "packages" in spec:
            _unpack(spec["packages"], spec["keep"], pathlib.Path(scratch, "deb"), root, cache)
        if "go" in spec:
            _compile(folder, spec["go"], pathlib.Path(scratch, "go"), root)
        if (folder / "root").is_dir():
            shutil.copytree(folder / "root", root, symlinks=True, dirs_exist_ok=True)
        for link in spec.get("link", []):
            path = root / link["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(link["to"])
        if "applets" in spec:
            _applets(root, spec["applets"])
        yield root


def smoke(layers, command, cache):
    """Run `command` in the stacked layers: the loader must find every library."""
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        for layer in layers:
            with tarfile.open(layer) as tar:
                tar.extractall(scratch, filter="tar")
        enter = ["chroot"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "chroot"]
        environment = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
        subprocess.run([*enter, scratch, *command], check=True, env=environment, stdout=subprocess.DEVNULL)


def _unpack(packages, keep, scratch, root, cache):
    """Unpack the named packages, no maintainer scripts, and keep what matches `keep`."""
    scratch.mkdir()
    subprocess.run(["apt-get", "-qq", "download", *packages], check=True, cwd=scratch, env=_apt(cache))
    for package in sorted(scratch.glob("*.deb")):
        subprocess.run(["dpkg", "-x", package, scratch / "tree"], check=True)
    for path in sorted((scratch / "tree").rglob("*")):
        inside = path.relative_to(scratch / "tree")
        wanted = any(fnmatch.fnmatch(str(inside), pattern) for pattern in keep)
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


def _compile(folder, go, scratch, root):
    """Static programs: a module's, built as its own author would, or the recipe's `main.go`."""
    environment = {**os.environ, "CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": architecture()}
    environment |= {"GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
    link = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in go.get("set", {}).items())])
    flags = ["-trimpath", "-ldflags", link]
    if "tags" in go:
        flags += ["-tags", ",".join(go["tags"])]
    if "install" in go:
        scratch.mkdir()
        environment["GOBIN"] = str(scratch)
        subprocess.run(["go", "install", *flags, go["install"]], check=True, env=environment)
        (built,) = scratch.iterdir()
        target = root / go["to"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(built, target)
        return
    # A module with `replace` lines cannot be installed, only built where it lies.
    where, commands = folder, {"main.go": go.get("to")}
    if "module" in go:
        fetched = ["go", "mod", "download", "-json", go["module"]]
        fetched = subprocess.run(fetched, check=True, capture_output=True, text=True, env=environment, cwd=root)
        where, commands = json.loads(fetched.stdout)["Dir"], go["commands"]
    for command, to in commands.items():
        (root / to).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["go", "build", *flags, "-o", root / to, command], check=True, env=environment, cwd=where)


def _applets(root, program):
    """One link per applet, at the path the program itself lists."""
    listed = subprocess.run([root / program, "--list-full"], check=True, capture_output=True, text=True)
    for applet in listed.stdout.split():
        path = root / applet
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.symlink_to(f"/{program}")
