"""Build every recipe folder that changed; see README.md for what a recipe is."""

import hashlib
import pathlib
import sys
import tomllib

import archive
import sources


class Recipe:
    """One folder: its `image.toml`, its files, and the recipe it stands on."""

    def __init__(self, folder):
        self.folder = folder
        self.name = folder.name
        self.spec = tomllib.loads((folder / "image.toml").read_text())
        base = self.spec.get("base")
        self.base = Recipe(folder.parent / base) if base else None

    def chain(self):
        """This recipe and those below it, the lowest first."""
        return [*(self.base.chain() if self.base else []), self]

    def digest(self):
        """Changes with anything that decides the layer: files, tools, base, architecture."""
        tools = self.folder.parent / "tools"
        total = hashlib.sha256(sources.architecture().encode())
        if self.base:
            total.update(self.base.digest().encode())
        for root in (tools, self.folder):
            for path in sorted(p for p in root.rglob("*") if p.is_file()):
                mode = path.stat().st_mode & 0o111
                total.update(f"{path.relative_to(root)}\0{mode}\0".encode())
                total.update(hashlib.sha256(path.read_bytes()).digest())
        return total.hexdigest()


def layer(recipe, cache):
    """The layer's tar, made unless the cache has it."""
    done = cache / "layers" / f"{recipe.digest()}.tar"
    if not done.exists():
        done.parent.mkdir(exist_ok=True)
        below = [layer(r, cache) for r in recipe.chain()[:-1]]
        with sources.tree(recipe.folder, recipe.spec, cache) as root:
            archive.write_layer(root, recipe.spec.get("directory", []), done)
        if "smoke" in recipe.spec:
            try:
                sources.smoke([*below, done], recipe.spec["smoke"], cache)
            except Exception:
                done.unlink()
                raise
    return done


def main():
    recipes, cache, out = (pathlib.Path(arg).resolve() for arg in sys.argv[1:])
    names = set()
    used = set()
    for folder in sorted(p.parent for p in recipes.glob("*/image.toml")):
        recipe = Recipe(folder)
        if "image" not in recipe.spec:
            continue
        names.add(recipe.name)
        used.update(f"{r.digest()}.tar" for r in recipe.chain())
        tar, mark = out / f"{recipe.name}.tar", out / f"{recipe.name}.digest"
        digest = recipe.digest()
        if tar.exists() and mark.exists() and mark.read_text().strip() == digest:
            print(f"{recipe.name}: unchanged", flush=True)
            continue
        print(f"{recipe.name}: building {recipe.spec['image']}", flush=True)
        layers = [layer(r, cache) for r in recipe.chain()]
        mark.unlink(missing_ok=True)
        archive.write_image(recipe.spec, sources.architecture(), layers, tar)
        mark.write_text(digest + "\n")
        print(f"{recipe.name}: {tar.stat().st_size / 1e6:.1f} MB", flush=True)
    for stale in (cache / "layers").glob("*.tar"):
        if stale.name not in used:
            stale.unlink()
    for mark in out.glob("*.digest"):
        if mark.stem not in names:
            mark.unlink()
            mark.with_suffix(".tar").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
