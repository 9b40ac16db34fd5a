"""Write a Maven lock: everything that a pom's dependencies need at run time.

    lock.py POM LOCK

The pom is the question, the lock the answer that gets committed with it; only
this program resolves anything, and only from Maven's central repository, as
this machine reaches it: repositories that poms name are not asked.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
from xml.sax.saxutils import escape

import maven

EMPTY = (
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    "<groupId>terrarium.lab</groupId><artifactId>empty</artifactId><version>1</version><packaging>pom</packaging></project>"
)


def central(scratch):
    """The address Maven has for its central repository on this machine."""
    pom = scratch / "pom.xml"
    pom.write_text(EMPTY)
    told = subprocess.run(
        ["mvn", "--batch-mode", "-f", pom, f"{maven.PLUGIN}:list-repositories"],
        check=True, capture_output=True, text=True,
    ).stdout
    found = re.search(r"url:\s*(\S+)", told) or re.search(r"central\s*\((\S+?),", told)
    if not found:
        raise SystemExit(f"Maven names no central repository:\n{told}")
    return found.group(1)


def main():
    pom, lock = (pathlib.Path(arg).resolve() for arg in sys.argv[1:])
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        settings = scratch / "settings.xml"
        settings.write_text(
            "<settings><mirrors><mirror><id>only</id><mirrorOf>*</mirrorOf>"
            f"<url>{escape(central(scratch))}</url></mirror></mirrors></settings>"
        )
        found = scratch / "found"
        maven.run(
            scratch / "repository", "-s", settings, "-f", pom, f"{maven.PLUGIN}:copy-dependencies",
            "-DincludeScope=runtime", "-Dmdep.useRepositoryLayout=true", f"-DoutputDirectory={found}",
        )
        lines = []
        for path in sorted(p for p in found.rglob("*") if p.is_file() and p.suffix in (".jar", ".gz")):
            *group, artifact, version, name = path.relative_to(found).parts
            rest = name.removeprefix(f"{artifact}-{version}").lstrip("-")
            classifier, _, kind = rest.partition(".")
            extra = [kind, classifier] if classifier else [kind] if kind != "jar" else []
            lines.append(f"{':'.join(['.'.join(group), artifact, version, *extra])} {maven.sha256(path)}\n")
    lock.write_text(f"# Made from {pom.name} by tools/lock.py.\n" + "".join(lines))


if __name__ == "__main__":
    main()
