//! What is fetched, and what it is held against.

use std::io::{BufRead as _, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use crate::node::Node;
use crate::world::{ARCH, K3S_VERSION, World, k3s_path, sha256};

const OTHER: &str = "#!/bin/sh\n: not what it was\n";

fn name() -> String {
    format!("k3s-{K3S_VERSION}-{ARCH}")
}

fn lock(world: &World) -> PathBuf {
    world.path("inventory/pis.lock.toml")
}

/// The digest of the k3s in the mirror.
fn digest(world: &World) -> String {
    sha256(&std::fs::read(world.path("mirror").join(k3s_path())).unwrap())
}

/// How often something was written to the nodes.
fn writes(world: &World) -> usize {
    let calls = world.nodes.iter().flat_map(Node::calls);
    calls.filter(|call| call.what.starts_with("write ")).count()
}

pub(crate) fn a_plan_records_nothing_and_a_run_holds_a_changed_release_against_the_first_one() {
    let world = World::new(&["pi-1"]);
    world.unpinned(None);
    world.provision(&["plan"]).succeeded().says("would be recorded in pis.lock.toml");
    assert!(!lock(&world).exists());
    let ran = world.provision(&[]);
    ran.succeeded()
        .says("matches the release's own checksum file (same site); recorded in pis.lock.toml");
    let (first, recorded) = (digest(&world), std::fs::read_to_string(lock(&world)).unwrap());
    assert!(recorded.contains(&first) && recorded.contains(&name()), "{recorded}");
    world.provision(&[]).succeeded().says("is in the cache, as the first time (");

    world.release_anew(OTHER);
    let (second, before) = (digest(&world), writes(&world));
    let accept = format!(
        "`provision --inventory {} lock accept {} {second}` accepts it",
        world.inventory_path().display(),
        name()
    );
    for args in [&["plan"][..], &[]] {
        let ran = world.provision(args);
        ran.ended_with(6).says(&first).says(&second).says("the lock file has, since").says(&accept);
    }
    assert_eq!(writes(&world), before, "nothing was changed");
    assert_eq!(std::fs::read_to_string(lock(&world)).unwrap(), recorded);

    world.provision(&["lock", "accept", "k3s", &second]).ended_with(2).says(&name());
    let accepted = world.provision(&["lock", "accept", &name(), &second]);
    accepted.succeeded().says(&format!("sha256 {second} in place of {first}"));
    world.provision(&[]).succeeded().says("as the first time (");
}

/// Serves what is in the world's mirror, each file by `write`.
fn serve(
    world: &World,
    write: impl Fn(&mut std::net::TcpStream, &[u8]) -> std::io::Result<()> + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let folder = world.path("mirror");
    // Ends with the test process.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().and_then(Result::ok).unwrap_or_default();
            lines.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).count();
            let path = first.split(' ').nth(1).unwrap_or_default().replace("%2B", "+");
            let body = std::fs::read(folder.join(path.trim_start_matches('/')));
            let (status, body) = body.map_or((404, Vec::new()), |body| (200, body));
            let head = format!(
                "HTTP/1.1 {status} Said\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            // A client that hangs up has seen enough.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| write(&mut stream, &body));
        }
    });
    format!("http://{address}")
}

pub(crate) fn a_mirror_that_spoils_program_and_checksum_is_caught_by_the_lock_file() {
    let world = World::new(&["pi-1"]);
    world.unpinned(None);
    world.provision(&["plan"]).succeeded();
    world.provision(&[]).succeeded();
    let first = digest(&world);
    // Another way to the same files, on which somebody sits.
    let mirror = serve(&world, Write::write_all);
    world.unpinned(Some(&mirror));
    world.provision(&[]).succeeded().says("as the first time (");
    world.release_anew(OTHER);
    // Without the copy in the cache there is only what comes.
    std::fs::remove_dir_all(world.path("cache")).unwrap();
    let ran = world.provision(&[]);
    ran.ended_with(6).says(&first).says(&digest(&world)).says(&mirror);
}

pub(crate) fn over_plain_http_nothing_is_taken_that_nobody_knows() {
    let world = World::new(&["pi-1"]);
    let mirror = serve(&world, Write::write_all);
    world.unpinned(Some(&mirror));
    let ran = world.provision(&[]);
    ran.ended_with(6).says("plain http").says(&name()).says("[artifacts.sha256]");
    assert_eq!(writes(&world), 0);
    assert!(!lock(&world).exists());
    // Known by a pin, the same is taken.
    let text = std::fs::read_to_string(world.inventory_path()).unwrap();
    let pin = format!("\n[artifacts.sha256]\n\"{}\" = \"{}\"\n", name(), digest(&world));
    std::fs::write(world.inventory_path(), text + &pin).unwrap();
    world.provision(&[]).succeeded().says("pinned in the inventory");
}

pub(crate) fn ctrl_c_ends_a_download_that_drips_and_leaves_nothing() {
    let world = World::new(&["pi-1"]);
    world.release_anew(&"x".repeat(1 << 20));
    world.inventory("");
    let pinned = std::fs::read_to_string(world.inventory_path()).unwrap();
    let mirror = serve(&world, |stream, body| {
        // The checksums come at once, the program never whole.
        if body.len() < 4096 {
            return stream.write_all(body);
        }
        stream.write_all(&body[..200_000])?;
        stream.set_read_timeout(Some(Duration::from_mins(5)))?;
        std::io::Read::read(stream, &mut [0]).map(|_| ())
    });
    let pinned: Vec<String> = pinned
        .lines()
        .map(|line| match line.strip_prefix("mirror = ") {
            Some(_) => format!("mirror = \"{mirror}\""),
            None => line.to_owned(),
        })
        .collect();
    std::fs::write(world.inventory_path(), pinned.join("\n")).unwrap();
    let running = world.start(&["--json"]);
    running.wait_for(" of 1 MiB");
    let begun = std::time::Instant::now();
    running.signal("INT");
    running.end().ended_with(130).says("interrupted");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    let left = std::process::Command::new("find")
        .arg(world.path("cache"))
        .args(["-type", "f"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&left.stdout), "", "nothing half-written stays");
}
