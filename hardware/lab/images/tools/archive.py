"""Layers and image archives, byte for byte the same for the same input.

The archive is `docker save`'s: `manifest.json`, one config, the layers
uncompressed. containerd and docker both import it, and both keep a layer that
several images share only once.
"""

import hashlib
import io
import json
import os
import tarfile

EPOCH = "1970-01-01T00:00:00Z"


def write_layer(root, directories, target):
    """Pack `root`, everything owned by root except what `directories` says."""
    owners = {}
    for entry in directories:
        path = root / entry["path"]
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(entry.get("mode", 0o755))
        owners[entry["path"]] = tuple(map(int, entry.get("owner", "0:0").split(":")))

    def settle(info):
        info.mtime = 0
        info.uname = info.gname = ""
        info.uid, info.gid = owners.get(info.name, (0, 0))
        return info

    def pack(tar):
        for folder, names, files in os.walk(root):
            names.sort()
            links = [n for n in names if os.path.islink(os.path.join(folder, n))]
            for name in sorted([*files, *names]):
                path = os.path.join(folder, name)
                tar.add(path, os.path.relpath(path, root), recursive=False, filter=settle)
            names[:] = [n for n in names if n not in links]

    _replace(target, pack)


def write_image(spec, architecture, layers, target):
    """One image of these layers, named as `spec["image"]`, configured by `spec["config"]`."""
    digests = [_sha256(layer) for layer in layers]
    config = json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "created": EPOCH,
            "config": spec.get("config", {}),
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{d}" for d in digests]},
            "history": [{"created": EPOCH, "created_by": "terrarium lab"} for _ in digests],
        },
        sort_keys=True,
    ).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = [
        {
            "Config": name,
            "RepoTags": [spec["image"]],
            "Layers": [f"{d}/layer.tar" for d in digests],
        }
    ]

    def pack(tar):
        _add(tar, "manifest.json", json.dumps(manifest).encode())
        _add(tar, name, config)
        for digest, layer in zip(digests, layers):
            info = tar.gettarinfo(layer, f"{digest}/layer.tar")
            info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
            info.mode = 0o644
            with open(layer, "rb") as content:
                tar.addfile(info, content)

    _replace(target, pack)


def _add(tar, name, content):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _replace(target, pack):
    """Write beside the target, then rename: a reader sees the old or the new, whole."""
    temporary = target.with_name(f".{target.name}.part")
    with tarfile.open(temporary, "w", format=tarfile.GNU_FORMAT) as tar:
        pack(tar)
    temporary.rename(target)


def _sha256(path):
    with open(path, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
