"""Static programs from Go: a module's, built as its own author would, or the recipe's `main.go`."""

import json
import os
import shutil
import subprocess

import machine


def add(folder, spec, root, scratch, cache):
    """Build what `go` says into the tree."""
    go = spec["go"]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": machine.architecture()}
    environment |= {"GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
    link = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in go.get("set", {}).items())])
    flags = ["-trimpath", "-ldflags", link]
    if "tags" in go:
        flags += ["-tags", ",".join(go["tags"])]
    if "install" in go:
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
