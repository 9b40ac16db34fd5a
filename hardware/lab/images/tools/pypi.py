"""Python packages, exactly those that a requirements file names with their sha256.

They are chosen for the Python of the images, Debian 12's, not for this
machine's, so only wheels will do. `build` is for what has none: packages of
Python code alone, of which any Python makes the same wheel.
"""

import os
import shutil
import subprocess

import machine

PYTHON = "3.11"
# Debian 12's C library; a wheel for any older one runs as well.
GLIBC = 36
CPU = {"amd64": "x86_64", "arm64": "aarch64"}


def add(folder, spec, root, scratch, cache):
    """Install each list into its folder `to`, or lay its wheels and the list down in `wheels`."""
    for entry in spec["pip"]:
        named = (folder / entry["requirements"]).resolve()
        requirements = ["--no-deps", "--require-hashes", "--requirement", named]
        if "wheels" in entry:
            _pip(cache, "download", *_target(), *requirements, "--dest", root / entry["wheels"])
            shutil.copyfile(named, root / entry["wheels"] / named.name)
            continue
        into = root / entry["to"]
        if entry.get("build"):
            made = scratch / named.stem
            _pip(cache, "wheel", *requirements, "--wheel-dir", made)
            wheels = sorted(made.iterdir())
            if foreign := [wheel.name for wheel in wheels if not wheel.name.endswith("-none-any.whl")]:
                raise SystemExit(f"{named}: not of Python code alone: {foreign}")
            _pip(cache, "install", *_target(), "--no-index", "--no-deps", "--no-compile", *wheels, "--target", into)
            continue
        _pip(cache, "install", *_target(), *requirements, "--no-compile", "--target", into)
        # Start scripts name this machine's Python.
        shutil.rmtree(into / "bin", ignore_errors=True)


def _target():
    cpu = CPU[machine.architecture()]
    platforms = [f"manylinux_2_{minor}_{cpu}" for minor in range(GLIBC, 16, -1)]
    platforms += [f"{name}_{cpu}" for name in ("manylinux2014", "linux")]
    told = ["--only-binary", ":all:", "--implementation", "cp", "--python-version", PYTHON]
    for platform in platforms:
        told += ["--platform", platform]
    for abi in (f"cp{PYTHON.replace('.', '')}", "abi3", "none"):
        told += ["--abi", abi]
    return told


def _pip(cache, *arguments):
    """pip of an environment of our own: Debian's refuses to be used, and others' settings differ."""
    home = cache / "venv"
    pip = home / "bin" / "pip"
    if not pip.exists() or subprocess.run([pip, "--version"], capture_output=True).returncode != 0:
        subprocess.run(["python3", "-m", "venv", "--clear", home], check=True)
    environment = {**os.environ, "PIP_CACHE_DIR": str(cache / "pip"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([pip, "--quiet", *arguments], check=True, env=environment, stdin=subprocess.DEVNULL)
