//! A file system that another program serves, and that stops to answer when it
//! is told so: the kernel's own protocol over `/dev/fuse`, read-only, of a
//! folder that is there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};

const HEAD: usize = 40;
/// The kernel hands out requests only to who has room for the largest.
const ROOM: usize = 256 * 1024;

const ENOENT: i32 = 2;
const ENOSYS: i32 = 38;

/// Which requests are left without an answer.
#[derive(Debug, Clone, Default)]
enum Silent {
    /// None.
    #[default]
    No,
    /// All about paths that end so; the empty end is that of all.
    About(String),
}

/// The served folder.
pub(crate) struct Served {
    device: File,
    silent: Arc<(Mutex<Silent>, Condvar)>,
}

impl Served {
    /// Serves `folder` to whoever mounts the device.
    pub(crate) fn of(folder: &Path) -> Self {
        let device = OpenOptions::new().read(true).write(true).open("/dev/fuse").unwrap();
        let silent = Arc::<(Mutex<Silent>, Condvar)>::default();
        let mut tree = Tree {
            device: device.try_clone().unwrap(),
            paths: BTreeMap::from([(1, folder.to_owned())]),
            silent: Arc::clone(&silent),
        };
        std::thread::spawn(move || tree.serve());
        Self { device, silent }
    }

    /// From now on there is no answer about what ends so.
    pub(crate) fn hang(&self, ending: &str) {
        *self.silent.0.lock().unwrap() = Silent::About(ending.to_owned());
    }

    /// Answers again, also what was asked meanwhile.
    pub(crate) fn go_on(&self) {
        *self.silent.0.lock().unwrap() = Silent::No;
        self.silent.1.notify_all();
    }

    /// `program` in a mount namespace of its own, in which this is mounted on
    /// each of those folders.
    pub(crate) fn mounted(&self, on: &[&Path], program: &Command) -> Command {
        let options = "rootmode=40000,user_id=0,group_id=0,max_read=65536,allow_other";
        let mut script = format!("mount -i -t fuse -o fd=0,{options} served {}\n", on[0].display());
        for other in &on[1..] {
            writeln!(script, "mount --bind {} {}", on[0].display(), other.display()).unwrap();
        }
        let mut command = Command::new("unshare");
        if !rustix::process::getuid().is_root() {
            command.arg("--map-root-user");
        }
        command.args(["--mount", "--propagation", "private", "sh", "-euc"]);
        command.arg(script + "exec 0<&- \"$0\" \"$@\"").arg(program.get_program());
        command.args(program.get_args()).stdin(Stdio::from(self.device.try_clone().unwrap()));
        command
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.go_on();
    }
}

/// Who serves it.
struct Tree {
    device: File,
    paths: BTreeMap<u64, PathBuf>,
    silent: Arc<(Mutex<Silent>, Condvar)>,
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

fn half(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

impl Tree {
    fn serve(&mut self) {
        let mut room = vec![0; ROOM];
        loop {
            let length = match self.device.read(&mut room) {
                Ok(length) => length,
                // Nobody has it mounted yet.
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    std::thread::yield_now();
                    continue;
                }
                // Nobody has it mounted any more.
                Err(_) => return,
            };
            let request = &room[..length];
            let (kind, unique, node) = (half(request, 4), word(request, 8), word(request, 16));
            let path = self.paths.get(&node).cloned().unwrap_or_default();
            let body = &request[HEAD..];
            let about = match kind {
                1 => path.join(std::ffi::OsStr::from_bytes(&body[..body.len() - 1])),
                _ => path,
            };
            // What needs no answer: forgotten nodes, and that it takes long.
            if matches!(kind, 2 | 36 | 42) {
                continue;
            }
            self.wait(kind, &about);
            let (error, answer) = match self.answer(kind, &about, body) {
                Ok(answer) => (0, answer),
                Err(error) => (error, Vec::new()),
            };
            let mut reply = u32::try_from(16 + answer.len()).unwrap().to_le_bytes().to_vec();
            reply.extend((-error).to_le_bytes());
            reply.extend(unique.to_le_bytes());
            reply.extend(answer);
            // Who asked may be gone.
            let _ = self.device.write(&reply);
        }
    }

    /// Stands still while it is told to: as a disk's driver does, for all who ask.
    fn wait(&self, kind: u32, about: &Path) {
        let mut silent = self.silent.0.lock().unwrap();
        loop {
            match &*silent {
                // The kernel has to be greeted.
                Silent::About(end) if kind != 26 && about.to_str().unwrap().ends_with(end) => {}
                _ => return,
            }
            silent = self.silent.1.wait(silent).unwrap();
        }
    }

    fn node(&mut self, path: &Path) -> u64 {
        let known = self.paths.iter().find(|(_, known)| *known == path).map(|(node, _)| *node);
        known.unwrap_or_else(|| {
            let node = self.paths.len() as u64 + 1;
            self.paths.insert(node, path.to_owned());
            node
        })
    }

    fn answer(&mut self, kind: u32, path: &Path, body: &[u8]) -> Result<Vec<u8>, i32> {
        let mut out = Vec::new();
        match kind {
            26 => {
                out.extend([7_u32, 31, 0, 0].map(u32::to_le_bytes).concat());
                out.extend([12_u16, 9].map(u16::to_le_bytes).concat());
                out.extend([65536_u32, 1].map(u32::to_le_bytes).concat());
                out.resize(64, 0);
            }
            1 => {
                let about = fs::symlink_metadata(path).map_err(|_| ENOENT)?;
                let node = self.node(path);
                out.extend([node, 0, 0, 0, 0].map(u64::to_le_bytes).concat());
                out.extend(attributes(node, &about));
            }
            3 => {
                let about = fs::symlink_metadata(path).map_err(|_| ENOENT)?;
                let node = self.node(path);
                out.extend([0_u64; 2].map(u64::to_le_bytes).concat());
                out.extend(attributes(node, &about));
            }
            5 => out.extend(fs::read_link(path).map_err(|_| ENOENT)?.as_os_str().as_bytes()),
            // Read past the kernel's own memory of it, as sysfs is.
            14 | 27 => out.extend([0_u64, 1].map(u64::to_le_bytes).concat()),
            15 => {
                let file = File::open(path).map_err(|_| ENOENT)?;
                out.resize(half(body, 16) as usize, 0);
                let read = file.read_at(&mut out, word(body, 8)).map_err(|_| ENOENT)?;
                out.truncate(read);
            }
            17 => {
                out.extend([1000_u64, 600, 500, 100, 50].map(u64::to_le_bytes).concat());
                out.extend([4096_u32, 255, 4096, 0].map(u32::to_le_bytes).concat());
                out.resize(80, 0);
            }
            28 => self.list(path, usize::try_from(word(body, 8)).unwrap(), &mut out),
            18 | 25 | 29 => {}
            _ => return Err(ENOSYS),
        }
        Ok(out)
    }

    fn list(&mut self, path: &Path, from: usize, out: &mut Vec<u8>) {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        names.sort();
        for (at, name) in names.iter().enumerate().skip(from) {
            let kind = fs::symlink_metadata(path.join(name)).map_or(0, |found| found.mode() >> 12);
            let length = u32::try_from(name.len()).unwrap();
            out.extend([self.node(&path.join(name)), at as u64 + 1].map(u64::to_le_bytes).concat());
            out.extend([length, kind].map(u32::to_le_bytes).concat());
            out.extend(name.as_bytes());
            out.resize(out.len().next_multiple_of(8), 0);
            if out.len() > 2048 {
                return;
            }
        }
    }
}

fn attributes(node: u64, about: &fs::Metadata) -> Vec<u8> {
    // As sysfs says of its files: a page, whatever is in them.
    let size = if about.is_file() { 4096 } else { about.len() };
    let mut out = [node, size, 8, 0, 0, 0].map(u64::to_le_bytes).concat();
    out.extend([0, 0, 0, about.mode(), 1, 0, 0, 0, 4096, 0].map(u32::to_le_bytes).concat());
    out
}
