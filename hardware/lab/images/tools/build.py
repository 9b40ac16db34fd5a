"""Build every recipe folder that changed; see README.md for what a recipe is."""

import hashlib
import pathlib
import shutil
import sys
import tomllib

import archive
import machine
import npm
import sources


class Recipe:
    """One folder: its `image.toml`, its files, and the recipe it stands on."""

    def __init__(self, folder):
        self.folder = folder
        self.name = folder.name
        text = (folder / "image.toml").read_text().replace("{arch}", machine.architecture())
        self.spec = tomllib.loads(text)
        base = self.spec.get("base")
        self.base = Recipe(folder.parent / base) if base else None

    def chain(self):
        """This recipe and those below it, the lowest first."""
        return [*(self.base.chain() if self.base else []), self]

    def digest(self):
        """Changes with anything that decides the layer: files, tools, base, architecture."""
        total = hashlib.sha256(machine.architecture().encode())
        if self.base:
            total.update(self.base.digest().encode())
        for path, name in sorted(self.inputs(), key=lambda pair: pair[1]):
            mode = path.stat().st_mode & 0o111
            total.update(f"{name}\0{mode}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
        return total.hexdigest()

    def inputs(self):
        """The files that count, each with the name it counts under."""
        for path in self.folder.rglob("*"):
            if path.is_file():
                yield path, str(path.relative_to(self.folder))
        # A change in how one kind of source is read leaves the recipes without it alone.
        used = {kind.__name__ for key, kind in sources.KINDS.items() if key in self.spec}
        for module in used | {"archive", "build", "machine", "sources"}:
            yield self.folder.parent / "tools" / f"{module}.py", f"tools/{module}.py"
        for entry in self.spec.get("pip", []):
            yield (self.folder / entry["requirements"]).resolve(), f"pip/{entry['requirements']}"
        if "npm" in self.spec:
            yield from ((path, f"npm/{path.name}") for path in npm.lock(self.folder, self.spec))


def layer(recipe, cache):
    """The layer's tar, made unless the cache has it."""
    done = cache / "layers" / f"{recipe.digest()}.tar"
    if not done.exists():
        done.parent.mkdir(exist_ok=True)
        below = [layer(r, cache) for r in recipe.chain()[:-1]]
        try:
            make(recipe.folder, recipe.spec, below, done, cache)
        except BaseException:
            done.unlink(missing_ok=True)
            raise
    return done


def make(folder, spec, below, done, cache):
    """Write the layer, finish it by the programs it brings, and try it out."""
    directories = spec.get("directory", [])
    with sources.tree(folder, spec, cache) as root:
        archive.write_layer(root, directories, done)
        for finish in spec.get("finish", []):
            with machine.stacked([*below, done], cache) as whole:
                machine.run_inside(whole, finish["run"])
                for path in finish["collect"]:
                    shutil.rmtree(root / path, ignore_errors=True)
                    copy = shutil.copytree if (whole / path).is_dir() else shutil.copyfile
                    copy(whole / path, root / path)
            archive.write_layer(root, directories, done)
    if "smoke" in spec:
        with machine.stacked([*below, done], cache) as whole:
            machine.run_inside(whole, spec["smoke"])


def main():
    recipes, cache, out = (pathlib.Path(arg).resolve() for arg in sys.argv[1:4])
    wanted = sys.argv[4:]
    names = set()
    used = set()
    for folder in sorted(p.parent for p in recipes.glob("*/image.toml")):
        recipe = Recipe(folder)
        if "image" not in recipe.spec or (wanted and recipe.name not in wanted):
            continue
        names.add(pathlib.Path(recipe.spec.get("stack", "."), recipe.name))
        used.update(f"{r.digest()}.tar" for r in recipe.chain())
        # A lab of another stack need not load what only this one runs.
        place = out / recipe.spec.get("stack", ".")
        place.mkdir(exist_ok=True)
        tar, mark = place / f"{recipe.name}.tar", place / f"{recipe.name}.digest"
        digest = recipe.digest()
        if tar.exists() and mark.exists() and mark.read_text().strip() == digest:
            print(f"{recipe.name}: unchanged", flush=True)
            continue
        print(f"{recipe.name}: building {recipe.spec['image']}", flush=True)
        layers = [layer(r, cache) for r in recipe.chain()]
        mark.unlink(missing_ok=True)
        archive.write_image(recipe.spec, machine.architecture(), layers, tar)
        mark.write_text(digest + "\n")
        print(f"{recipe.name}: {tar.stat().st_size / 1e6:.1f} MB", flush=True)
    if wanted:
        return  # what else there is has not been looked at
    for stale in (cache / "layers").glob("*.tar"):
        if stale.name not in used:
            stale.unlink()
    for mark in out.rglob("*.digest"):
        if mark.relative_to(out).with_suffix("") not in names:
            mark.unlink()
            mark.with_suffix(".tar").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
