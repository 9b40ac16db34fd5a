"""What this machine is, and programs run inside layers."""

import contextlib
import functools
import os
import pathlib
import subprocess
import tarfile
import tempfile


@functools.cache
def architecture():
    """Debian's name, which for amd64 and arm64 is Go's and the image format's too."""
    done = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@contextlib.contextmanager
def stacked(layers, cache):
    """A folder with these layers over each other."""
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        for layer in layers:
            with tarfile.open(layer) as tar:
                tar.extractall(scratch, filter="tar")
        yield pathlib.Path(scratch)


def run_inside(folder, command):
    """Run `command` with `folder` as its root, and a /proc and /dev as a container has them."""
    for name in ("proc", "dev"):
        (folder / name).mkdir(exist_ok=True)
    enter = ["unshare", "--mount", "--pid", "--fork", f"--mount-proc={folder / 'proc'}"]
    if os.geteuid() != 0:
        enter.append("--map-root-user")
    enter += ["sh", "-c", 'mount --rbind /dev "$1/dev" && exec chroot "$@"', "sh", folder]
    environment = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    subprocess.run([*enter, *command], check=True, env=environment, stdout=subprocess.DEVNULL)
