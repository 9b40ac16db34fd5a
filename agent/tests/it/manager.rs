//! A stand-in for systemd on a private bus: real `dbus-daemon`, made-up units.
//!
//! No machine that tests run on has a systemd that can be asked; the bus in
//! between is real, and `node_exporter` asks the same stand-in.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

/// Name, load state, active state, and properties besides.
type Unit = (&'static str, &'static str, &'static str, &'static [(&'static str, Held)]);

/// What a property holds.
#[derive(Debug, Clone, Copy)]
enum Held {
    Text(&'static str),
    Number(u32),
    Long(u64),
}
use Held::{Long, Number, Text};

const UNITS: [Unit; 8] = [
    ("k3s.service", "loaded", "active", &[("Type", Text("notify")), ("NRestarts", Number(3))]),
    ("cron.service", "loaded", "failed", &[("Type", Text("simple")), ("NRestarts", Number(0))]),
    ("absent.service", "not-found", "inactive", &[("Type", Text("simple"))]),
    ("fstrim.timer", "loaded", "active", &[("LastTriggerUSec", Long(1_790_000_000_123_456))]),
    (
        "ssh.socket",
        "loaded",
        "active",
        &[("NAccepted", Number(12)), ("NConnections", Number(2)), ("NRefused", Number(1))],
    ),
    ("boot-firmware.mount", "loaded", "active", &[("Type", Text("vfat"))]),
    ("system.slice", "loaded", "active", &[]),
    ("multi-user.target", "loaded", "activating", &[]),
];

const OF_MANAGER: [(&str, Held); 3] = [
    ("Version", Text("257.8-1~deb13u2")),
    ("SystemState", Text("degraded")),
    ("Virtualization", Text("")),
];

/// The bus and the stand-in; both end when dropped.
pub(crate) struct Manager {
    bus: Child,
    pub(crate) address: String,
    serving: Option<JoinHandle<()>>,
}

impl Manager {
    /// Starts both with sockets in `folder`.
    pub(crate) fn start(folder: &Path) -> Self {
        let socket = folder.join("bus");
        let address = format!("unix:path={}", socket.display());
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address"])
            .arg(format!("--address={address}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("dbus-daemon: {error}; apt-get install dbus-daemon"));
        let mut said = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert!(said.starts_with(&address), "{said}");
        let mut peer = Peer::greet(&socket);
        let name = [padded(text("org.freedesktop.systemd1"), 4), number(4)].concat();
        peer.call("RequestName", "su", &name);
        let serving = Some(std::thread::spawn(move || peer.serve()));
        Self { bus, address, serving }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // The stand-in ends with its bus.
        let _ = self.bus.kill();
        let _ = self.bus.wait();
        if let Some(serving) = self.serving.take() {
            let _ = serving.join();
        }
    }
}

fn padded(mut bytes: Vec<u8>, to: usize) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
    bytes
}

fn number(number: u32) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

fn length(bytes: &[u8]) -> Vec<u8> {
    number(u32::try_from(bytes.len()).unwrap())
}

fn text(text: &str) -> Vec<u8> {
    [length(text.as_bytes()), text.as_bytes().to_vec(), vec![0]].concat()
}

fn variant(held: Held) -> Vec<u8> {
    match held {
        Text(held) => [b"\x01s\0\0".to_vec(), text(held)].concat(),
        Number(held) => [b"\x01u\0\0".to_vec(), number(held)].concat(),
        Long(held) => [b"\x01t\0\0\0\0\0\0".to_vec(), held.to_le_bytes().to_vec()].concat(),
    }
}

/// The object of a unit, its name escaped as systemd does.
fn path(unit: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
        other => format!("_{other:02x}"),
    };
    let escaped: Vec<String> = unit.bytes().map(escape).collect();
    format!("/org/freedesktop/systemd1/unit/{}", escaped.concat())
}

fn units() -> Vec<u8> {
    let mut rows = Vec::new();
    for (name, load, active, _) in UNITS {
        rows = padded(rows, 8);
        for field in [name, "made up", load, active, "some", "", &path(name)] {
            rows = padded(rows, 4);
            rows.extend(text(field));
        }
        // No job: number, kind and object.
        rows = padded(rows, 4);
        rows.extend([number(0), padded(text(""), 4), text("/")].concat());
    }
    [length(&rows), vec![0; 4], rows].concat()
}

/// A connection to the bus.
struct Peer {
    stream: UnixStream,
    serial: u32,
}

impl Peer {
    fn greet(socket: &Path) -> Self {
        let mut stream = UnixStream::connect(socket).unwrap();
        let user = rustix::process::getuid().as_raw().to_string();
        let user: String = user.chars().flat_map(|digit| ['3', digit]).collect();
        stream.write_all(format!("\0AUTH EXTERNAL {user}\r\n").as_bytes()).unwrap();
        let mut last = 0;
        while last != b'\n' {
            stream.read_exact(std::slice::from_mut(&mut last)).unwrap();
        }
        stream.write_all(b"BEGIN\r\n").unwrap();
        let mut peer = Self { stream, serial: 0 };
        peer.call("Hello", "", &[]);
        peer
    }

    fn send(&mut self, kind: u8, fields: &[(u8, char, Vec<u8>)], signature: &str, body: &[u8]) {
        self.serial += 1;
        let mut packed = Vec::new();
        for (code, kind, value) in fields {
            packed = padded(packed, 8);
            packed.extend([*code, 1, u8::try_from(*kind).unwrap(), 0]);
            packed.extend(value);
        }
        if !signature.is_empty() {
            packed = padded(packed, 8);
            packed.extend([8, 1, b'g', 0, u8::try_from(signature.len()).unwrap()]);
            packed.extend(signature.bytes());
            packed.push(0);
        }
        let start = [vec![b'l', kind, 0, 1], length(body), number(self.serial), length(&packed)];
        let header = padded([start.concat(), packed].concat(), 8);
        // A bus that is gone has nobody to tell.
        let _ = self.stream.write_all(&[&header, body].concat());
    }

    /// Calls the bus itself; its answers are read and not looked at.
    fn call(&mut self, member: &str, signature: &str, body: &[u8]) {
        let bus = "org.freedesktop.DBus";
        let path = "/org/freedesktop/DBus";
        let fields = [
            (1, 'o', text(path)),
            (2, 's', text(bus)),
            (3, 's', text(member)),
            (6, 's', text(bus)),
        ];
        self.send(1, &fields, signature, body);
    }

    /// The next message: its kind, serial, fields of text, and body.
    fn receive(&mut self) -> Option<(u8, u32, [String; 10], Vec<u8>)> {
        let mut fixed = [0; 16];
        self.stream.read_exact(&mut fixed).ok()?;
        let word = |at: usize| u32::from_le_bytes(fixed[at..at + 4].try_into().unwrap());
        let long = |at: usize| usize::try_from(word(at)).unwrap();
        let mut rest = vec![0; long(12).next_multiple_of(8) + long(4)];
        self.stream.read_exact(&mut rest).ok()?;
        let body = rest.split_off(long(12).next_multiple_of(8));
        let mut fields: [String; 10] = Default::default();
        let mut at = 0;
        while at + 8 <= long(12) {
            let (code, kind) = (usize::from(rest[at]), rest[at + 2]);
            let value = &rest[at + 4..];
            let taken = match kind {
                b's' | b'o' => {
                    fields[code] = string(value);
                    4 + fields[code].len() + 1
                }
                b'g' => usize::from(value[0]) + 2,
                _ => 4,
            };
            at = (at + 4 + taken).next_multiple_of(8);
        }
        Some((fixed[1], word(8), fields, body))
    }

    fn serve(mut self) {
        while let Some((kind, serial, fields, body)) = self.receive() {
            if kind != 1 {
                continue;
            }
            let reply = [(5, 'u', number(serial)), (6, 's', text(&fields[7]))];
            let answer = match fields[3].as_str() {
                "ListUnits" => Some(("a(ssssssouso)", units())),
                "Get" => held(&fields[1], &body).map(|held| ("v", variant(held))),
                _ => None,
            };
            if let Some((signature, body)) = answer {
                self.send(2, &reply, signature, &body);
            } else {
                let [serial, to] = reply;
                let name = (4, 's', text("org.freedesktop.DBus.Error.UnknownProperty"));
                self.send(3, &[name, serial, to], "", &[]);
            }
        }
    }
}

fn string(value: &[u8]) -> String {
    let length = usize::try_from(u32::from_le_bytes(value[..4].try_into().unwrap())).unwrap();
    String::from_utf8(value[4..4 + length].to_vec()).unwrap()
}

/// The property asked for by interface and name.
fn held(object: &str, body: &[u8]) -> Option<Held> {
    let interface = string(body);
    let name = string(&body[(4 + interface.len() + 1).next_multiple_of(4)..]);
    let unit = UNITS.iter().find(|(unit, ..)| path(unit) == object);
    let held = unit.map_or(&OF_MANAGER[..], |(.., held)| held);
    held.iter().find(|(known, _)| *known == name).map(|(_, held)| *held)
}
