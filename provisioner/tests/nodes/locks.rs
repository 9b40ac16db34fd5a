//! The lock of a node: one run at a time, whatever an earlier run, an earlier
//! version or another user of the node left there. The script that takes it is
//! really executed, in the node's own folder.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::node::Do;
use crate::run::Running;
use crate::world::World;

const QUICK: [&str; 2] = ["--patience", "0.05"];

/// A process that holds the lock's file, as root or as nobody in particular.
struct Holder(Child);

impl Holder {
    fn of(file: &Path, kind: &str, user: &[&str]) -> Self {
        let script = "exec 9<\"$0\"; flock -n \"$1\" 9 || exit; echo got; exec cat >/dev/null";
        let mut words = user.to_vec();
        words.extend(["sh", "-c", script, file.to_str().unwrap(), kind]);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut got = [0; 4];
        child.stdout.as_mut().unwrap().read_exact(&mut got).unwrap();
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A run that stands still with the lock in its hands.
fn standing(world: &World) -> Running {
    world.node("pi-1").hook(|call| (call.what == "probe").then_some(Do::Hang));
    let run = world.start(&QUICK);
    while world.node("pi-1").calls().iter().all(|call| call.what != "probe") {
        std::thread::yield_now();
    }
    world.node("pi-1").behave();
    run
}

pub(crate) fn a_second_run_is_refused_with_who_and_since_and_the_first_goes_on() {
    let world = World::new(&["pi-1"]);
    let first = standing(&world);
    let run_dir = world.node("pi-1").run_dir();
    assert_eq!((mode(&run_dir), mode(&run_dir.join("lock"))), (0o700, 0o600));
    assert_eq!(mode(&run_dir.join("holder")), 0o600);

    let second = world.provision(&QUICK);
    let process = format!("process {}, since 2", first.id());
    second.ended_with(6).says("node `pi-1` is being worked on by op@").says(&process);
    first.signal("INT");
    first.end().ended_with(130);
    world.provision(&QUICK).succeeded();
}

pub(crate) fn a_holder_whose_words_begin_as_ours_is_somebody_else() {
    let world = World::new(&["pi-1"]);
    let first = standing(&world);
    let holder = world.node("pi-1").run_dir().join("holder");
    let text = fs::read_to_string(&holder).unwrap();
    let (run, rest) = text.split_once(' ').unwrap();
    // The words of an earlier version, and a number that begins as another.
    for text in
        ["op@".to_owned() + rest.split_once("op@").unwrap().1, format!("{} {rest}", &run[..31])]
    {
        fs::write(&holder, text).unwrap();
        world.provision(&QUICK).ended_with(6).says("is being worked on by op@");
    }
    drop(first);
}

pub(crate) fn the_lock_of_a_connection_the_node_has_not_given_up_is_taken_over() {
    let world = World::new(&["pi-1"]);
    let node = world.node("pi-1");
    node.manner().clings = true;
    let (lock, cut) = (node.run_dir().join("lock"), AtomicBool::new(false));
    node.hook(move |call| match call.what.as_str() {
        "write /etc/hosts" if !cut.swap(true, Ordering::SeqCst) => Some(Do::Cut),
        // Once the new connection works, it is this run that holds the lock.
        "install the agent" => {
            let free = Command::new("flock").arg("-n").arg(&lock).arg("true").status().unwrap();
            assert_eq!(free.code(), Some(1), "nobody holds the lock");
            None
        }
        _ => None,
    });
    world.provision(&QUICK).succeeded();
    let locks = node.calls().iter().filter(|call| call.what == "lock").count();
    assert_eq!(locks, 3, "at first, after the loss, and after the restart");
}

pub(crate) fn no_process_is_ended_that_is_not_proven_to_hold_our_lock() {
    let world = World::new(&["pi-1"]);
    let node = world.node("pi-1");
    node.manner().clings = true;
    let mut other = Command::new("sleep").arg("600").spawn().unwrap();
    let (holder, pid) = (node.run_dir().join("holder"), other.id());
    node.hook(move |call| {
        (call.what == "write /etc/hosts").then(|| {
            let text = fs::read_to_string(&holder).unwrap();
            let words: Vec<&str> = text.splitn(4, ' ').collect();
            let text = format!("{} {pid} {} {}", words[0], words[2], words[3]);
            fs::write(&holder, text).unwrap();
            Do::Cut
        })
    });
    let ran = world.provision(&QUICK);
    ran.ended_with(3).says("its lock is still held by an earlier connection of this run");
    assert_eq!(other.try_wait().unwrap(), None, "somebody else's process was ended");
    other.kill().unwrap();
    other.wait().unwrap();
}

pub(crate) fn what_an_earlier_version_or_another_user_left_is_healed_or_refused() {
    let world = World::new(&["pi-1"]);
    let run_dir = world.node("pi-1").run_dir();
    let lock = run_dir.join("lock");
    let open = |file_mode: u32| {
        let _ = fs::remove_dir_all(&run_dir);
        fs::create_dir_all(&run_dir).unwrap();
        fs::set_permissions(&run_dir, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(&lock, "").unwrap();
        fs::set_permissions(&lock, fs::Permissions::from_mode(file_mode)).unwrap();
        fs::write(run_dir.join("holder"), "pi@desk, process 7, since yesterday\n").unwrap();
    };
    let healed = || {
        world.provision(&QUICK).succeeded();
        assert_eq!((mode(&run_dir), mode(&lock)), (0o700, 0o600));
    };
    open(0o644);
    healed();

    // Another user of the node has it open and holds it.
    open(0o644);
    let nobody = ["setpriv", "--reuid", "65534", "--clear-groups", "--"];
    for folder in run_dir.ancestors().take_while(|folder| *folder != Path::new("/tmp")) {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let squatter = Holder::of(&lock, "-s", &nobody);
    healed();
    drop(squatter);

    // A run of the earlier version goes on.
    open(0o644);
    let running = Holder::of(&lock, "-x", &["env"]);
    world.provision(&QUICK).ended_with(6).says("worked on by pi@desk, process 7, since yesterday");
    drop(running);
    healed();

    // A link would be followed.
    let precious = world.path("precious");
    fs::write(&precious, "untouched").unwrap();
    fs::remove_file(&lock).unwrap();
    symlink(&precious, &lock).unwrap();
    healed();
    assert_eq!(fs::read_to_string(&precious).unwrap(), "untouched");
    assert!(fs::symlink_metadata(&lock).unwrap().is_file());
}

pub(crate) fn a_folder_that_is_not_roots_own_is_not_used() {
    let world = World::new(&["pi-1"]);
    let run_dir = world.node("pi-1").run_dir();
    let elsewhere = world.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, &run_dir).unwrap();
    let refused = world.provision(&QUICK);
    refused.ended_with(4).says("its lock cannot be taken").says("which is no folder");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);

    fs::remove_file(&run_dir).unwrap();
    fs::create_dir(&run_dir).unwrap();
    std::os::unix::fs::chown(&run_dir, Some(65534), None).unwrap();
    world.provision(&QUICK).ended_with(4).says("which belongs to user nobody");
}
