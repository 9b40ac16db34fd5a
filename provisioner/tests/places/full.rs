//! A disk of a mebibyte, which is full.

use std::process::Command;

use crate::world::{Ran, World};

/// Runs the program in a mount namespace of its own, where `full` of the world is a
/// small disk; `before` is a script that fills it, `$1` being the folder. What is
/// on the disk afterwards is printed below a line of dashes.
fn run(world: &World, before: &str, args: &[&str]) -> (Ran, Vec<String>) {
    let full = world.path("full");
    std::fs::create_dir_all(&full).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=1m,mode=0755 tmpfs \"$1\" && cd \"$1\" && {{ {before}\n}} && shift && \
         status=0; \"$@\" || status=$?; echo ----; find . -type f -printf '%P %s\\n' | sort; exit $status"
    );
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script, "sh"])
        .arg(&full)
        .arg(world.program())
        .args(args)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", world.path("home"))
        .env("TERRARIUM_CACHE", full.join("cache"))
        .env("TERRARIUM_LOG_DIR", full.join("logs"))
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, files) = stdout.split_once("----\n").unwrap_or_else(|| {
        panic!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
    });
    let files = files.lines().map(str::to_owned).collect();
    (Ran::of(output), files)
}

const FILL: &str = "head -c 2M /dev/zero >filler 2>/dev/null || :";

#[test]
fn a_download_onto_a_full_disk_leaves_nothing() {
    let world = World::new();
    let folder = world.path("mirror/helm");
    std::fs::create_dir_all(&folder).unwrap();
    let version = terrarium_inventory::HELM_VERSION;
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let name = format!("helm-{version}-linux-{machine}");
    std::fs::write(folder.join(format!("{name}.tar.gz")), vec![7; 3 << 20]).unwrap();
    let digest = terrarium_k3s::sums::Sha256::of(&vec![7; 3 << 20]);
    std::fs::write(
        folder.join(format!("{name}.tar.gz.sha256sum")),
        format!("{digest}  {name}.tar.gz\n"),
    )
    .unwrap();
    world.inventory(&format!("[artifacts.sha256]\n\"{name}\" = \"{digest}\"\n"));
    let inventory = world.path("work/pis.toml");
    let text = std::fs::read_to_string(&inventory).unwrap();
    let mirror = format!("file://{}", world.path("mirror").display());
    std::fs::write(&inventory, text.replace("file:///nowhere", &mirror)).unwrap();
    let inventory = inventory.display().to_string();
    let (ran, files) = run(&world, ":", &["--inventory", &inventory, "fit", "--offline"]);
    ran.ended(3, &["cannot write to the cache", "free some space"]);
    assert_eq!(files, [""; 0], "{}", ran.text);
}

#[test]
fn what_is_replaced_on_a_full_disk_stays_as_it_was() {
    let world = World::new();
    let inventory = world.path("work/pis.toml").display().to_string();
    let full = world.path("full");
    let page = full.join("page.html").display().to_string();
    let targets = full.join("targets.json").display().to_string();
    let before = format!("printf old >page.html; printf old >targets.json; {FILL}");
    for args in [
        vec!["fit", "--boards", "3xpi5-8gb", "--profile", "small", "--html", &page],
        vec!["--inventory", &inventory, "targets", "--output", &targets],
    ] {
        let (ran, files) = run(&world, &before, &args);
        assert_eq!(ran.code, Some(2), "{}", ran.text);
        assert!(ran.text.contains("cannot write"), "{}", ran.text);
        assert_eq!(files.len(), 3, "{files:?}");
        assert!(files.contains(&"page.html 3".to_owned()), "{files:?}");
        assert!(files.contains(&"targets.json 3".to_owned()), "{files:?}");
    }
}

#[test]
fn a_lock_file_and_an_inventory_on_a_full_disk_are_whole_or_not_there() {
    let world = World::new();
    let inventory = world.path("full/pis.toml").display().to_string();
    let (ran, files) = run(&world, FILL, &["--inventory", &inventory, "init", "192.0.2.1"]);
    ran.ended(2, &["cannot write"]);
    assert_eq!(files.len(), 1, "{files:?}");

    let digest = "a".repeat(64);
    let lock = format!(
        "version = 1\n\n[artifacts.k3s]\nsha256 = \"{digest}\"\nfrom = \"x\"\n\
         first-seen = \"2026-01-31\"\nchecked = \"pinned\"\n"
    );
    let before = format!("printf '%s' '{lock}' >pis.lock.toml; {FILL}");
    let other = "b".repeat(64);
    let args = ["--inventory", &inventory, "lock", "accept", "k3s", &other];
    let (ran, files) = run(&world, &before, &args);
    ran.ended(2, &["cannot write the lock file", "free some space"]);
    assert!(files.contains(&format!("pis.lock.toml {}", lock.len())), "{files:?}");
    assert_eq!(files.len(), 2, "{files:?}");
}

#[test]
fn a_log_on_a_full_disk_is_told_once_and_the_command_goes_on() {
    let world = World::new();
    // No node answers there.
    let inventory = world.path("work/pis.toml").display().to_string();
    let args = ["--inventory", &inventory, "--patience", "0.01", "probe"];
    let (ran, _) = run(&world, FILL, &args);
    ran.ended(3, &["note: there is no log of this run: cannot write"]);
    assert_eq!(ran.text.matches("no log of this run").count(), 1, "{}", ran.text);
    assert!(!ran.text.contains("\nlog: "), "{}", ran.text);
    let (ran, files) = run(&world, ":", &args);
    ran.ended(3, &["/full/logs/"]);
    assert!(files.iter().any(|file| file.contains("-probe-")), "{files:?}");
}
