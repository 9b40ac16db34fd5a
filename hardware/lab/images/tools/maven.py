"""Files of Maven's central repository, exactly those that a lock names.

A lock is one line per file: `group:artifact:version[:type[:classifier]] sha256`.
Nothing is resolved: no pom is read, so none can name another repository or
another version. `lock.py` writes locks.
"""

import hashlib
import shutil
import subprocess
import tarfile
from xml.sax.saxutils import escape

PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"


def add(folder, spec, root, scratch, cache):
    """Put each lock's files into its folder; archives are unpacked there."""
    repository = cache / "maven"
    for entry in spec["maven"]:
        files = read((folder / entry["lock"]).read_text())
        fetch([c for c in files if not place(repository, c).exists()], repository, scratch)
        target = root / entry["to"]
        target.mkdir(parents=True, exist_ok=True)
        for coordinates, expected in files.items():
            path = place(repository, coordinates)
            if (found := sha256(path)) != expected:
                raise SystemExit(f"{entry['lock']}: {':'.join(coordinates)} is {found}, not {expected}")
            if path.name.endswith(".tar.gz"):
                _unpack(path, target)
            else:
                shutil.copyfile(path, target / path.name)
                (target / path.name).chmod(0o644)


def read(text):
    """A lock's files: (group, artifact, version, type, classifier) to sha256."""
    rows = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {parse(coordinates): digest for coordinates, digest in rows}


def parse(text):
    """Coordinates with their defaults filled in."""
    group, artifact, version, *rest = text.split(":")
    kind, classifier = [*rest, *["jar", ""][len(rest):]]
    return group, artifact, version, kind, classifier


def place(repository, coordinates):
    """Where Maven keeps that file in a local repository."""
    group, artifact, version, kind, classifier = coordinates
    name = "-".join(part for part in (artifact, version, classifier) if part)
    return repository.joinpath(*group.split("."), artifact, version, f"{name}.{kind}")


def fetch(missing, repository, scratch):
    """Have Maven bring these files, and nothing they depend on, into the local repository."""
    if not missing:
        return
    names = ("groupId", "artifactId", "version", "type", "classifier")
    items = "".join(
        "<artifactItem>"
        + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in zip(names, coordinates) if value)
        + "</artifactItem>"
        for coordinates in missing
    )
    pom = scratch / "pom.xml"
    pom.write_text(
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>terrarium.lab</groupId><artifactId>files</artifactId><version>1</version><packaging>pom</packaging>"
        f"<build><plugins><plugin>{_plugin()}<configuration><artifactItems>{items}</artifactItems>"
        f"<outputDirectory>{escape(str(scratch / 'copies'))}</outputDirectory>"
        "</configuration></plugin></plugins></build></project>"
    )
    run(repository, "-f", pom, f"{PLUGIN}:copy")
    shutil.rmtree(scratch / "copies")


def run(repository, *arguments):
    """Maven with a local repository of our own; mirrors and proxies are as this machine has them."""
    command = ["mvn", "--batch-mode", "--quiet", "-Dstyle.color=never", f"-Dmaven.repo.local={repository}", *arguments]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def sha256(path):
    with open(path, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _plugin():
    group, artifact, version = PLUGIN.split(":")
    return f"<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"


def _unpack(path, target):
    with tarfile.open(path) as tar:
        for member in tar:
            # Layers are root's, and everybody's to read.
            member.mode |= 0o755 if member.isdir() else 0o644
            tar.extract(member, target, filter="tar")
