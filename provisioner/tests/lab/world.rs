//! The lab, the program, and what is asked of both.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use terrarium_lab::{Extent, Lab, Options, Paths, Site, Stack};

pub(crate) const NODES: [&str; 3] = ["pi-1", "pi-2", "pi-3"];
pub(crate) const PASSWORD: &str = "raspberry";

static WORLD: Mutex<Option<World>> = Mutex::new(None);

/// What the nodes are known to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Fresh,
    Provisioned,
    Anything,
}

/// Builds of our own programs, and the variables `provision` finds them by.
const BUILDS: [(&str, &str, &str); 2] = [
    ("TERRARIUM_AGENT_DIR", "agent/build.sh", "dist/agent"),
    ("TERRARIUM_SOURCE_DIR", "helm/source/build.sh", "dist/source"),
];

/// What tells of a cluster in which something does not come up.
const LOOKS: [&str; 4] = [
    "df -h /var/lib; free -m; cat /proc/loadavg",
    "k3s kubectl get nodes,pods -A -o wide",
    "k3s kubectl get events -A --field-selector type=Warning --sort-by .lastTimestamp | tail -n 30",
    r#"k3s kubectl get pods -A --no-headers |
    awk '{ split($3, ready, "/") } $4 != "Completed" && ready[1] != ready[2] { print $1, $2 }' |
    while read -r space pod; do
        echo "$pod:"
        k3s kubectl logs -n "$space" "$pod" --all-containers --tail 20 2>&1 < /dev/null
    done"#,
];

/// One lab of three nodes and what is known of it.
pub(crate) struct World {
    pub(crate) lab: Lab,
    paths: Paths,
    known: Known,
    failed: bool,
    stack: Stack,
    builds: [PathBuf; 2],
    _state: tempfile::TempDir,
}

impl World {
    /// Runs a scenario on the lab, brought up by the first one. After one that failed
    /// the others are not tried: each would wait as long for what does not come up.
    pub(crate) fn with(scenario: fn(&mut Self)) {
        let begun = Instant::now();
        let mut slot = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
        let world = slot.get_or_insert_with(Self::begin);
        assert!(!world.failed, "not tried, for a scenario before it failed");
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scenario(world)));
        eprint!("({:.0} s) ", begun.elapsed().as_secs_f64());
        if let Err(panic) = result {
            world.failed = true;
            world.explain();
            std::panic::resume_unwind(panic);
        }
    }

    /// Says what the cluster looks like after a failure.
    fn explain(&self) {
        for look in LOOKS {
            match self.lab.exec("pi-1", &["timeout", "60", "sh", "-c", look]) {
                Ok(found) => eprintln!("{look}\n{found}"),
                Err(error) => eprintln!("{look}: {error}"),
            }
        }
    }

    /// Takes the lab away.
    pub(crate) fn end() {
        let world = WORLD.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(world) = world
            && let Err(error) = Lab::down(&world.paths, Site::Test, Extent::Lab, &mut |_| {})
        {
            eprintln!("the test's lab is still up: {error}");
        }
    }

    fn begin() -> Self {
        let state = tempfile::tempdir().unwrap();
        let paths = Paths::from_env().unwrap().with_state(state.path().join("lab"));
        let lab = up(&paths, Stack::Starter);
        let stack = Stack::Starter;
        let (known, builds) = (Known::Fresh, BUILDS.map(build));
        Self { lab, paths, known, failed: false, stack, builds, _state: state }
    }

    /// Three nodes with the profile `core`, as the inventory wishes.
    pub(crate) fn core(&mut self) {
        if self.stack != Stack::Core {
            self.lab = up(&self.paths, Stack::Core);
            (self.stack, self.known) = (Stack::Core, Known::Fresh);
        }
        self.provisioned();
    }

    /// Three freshly flashed nodes.
    pub(crate) fn fresh(&mut self) {
        if self.known != Known::Fresh {
            self.lab.reset(&mut |_| {}).unwrap();
            self.known = Known::Fresh;
        }
    }

    /// Three nodes as the inventory wishes.
    pub(crate) fn provisioned(&mut self) {
        if self.known != Known::Provisioned {
            succeeded(&self.provision(&[]));
            self.known = Known::Provisioned;
        }
    }

    /// The scenario is about to change the nodes in its own way.
    pub(crate) fn touched(&mut self) {
        self.known = Known::Anything;
    }

    /// The nodes are as the inventory wishes after all.
    pub(crate) fn mended(&mut self) {
        self.known = Known::Provisioned;
    }

    /// Runs `provision` to its end.
    pub(crate) fn provision(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Starts `provision`, its output piped.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        self.command(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The command line, for scenarios that change its environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
        command.arg("--inventory").arg(self.lab.inventory_path()).args(args);
        command.env_remove("TERRARIUM_PASSWORD");
        // The lab made these nodes a moment ago: nobody else answers at their addresses.
        command.env("TERRARIUM_HOST_KEYS", "accept-new");
        for ((variable, ..), dir) in BUILDS.iter().zip(&self.builds) {
            command.env(variable, dir);
        }
        command
    }

    /// A file beside the inventory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.lab.inventory_path().with_file_name(name)
    }

    /// The agent's package for the lab's nodes.
    pub(crate) fn package(&self) -> PathBuf {
        let dir = self.builds[0].join(std::env::consts::ARCH);
        let files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
        let version = concat!("_", env!("CARGO_PKG_VERSION"), "_");
        let mut packages = files.filter(|path| path.to_str().unwrap().contains(version));
        packages.next().unwrap()
    }

    /// The lab's own helm.
    pub(crate) fn helm(&self) -> PathBuf {
        self.paths.cache.join("helm/helm")
    }

    /// What a shell says on a node, as root.
    pub(crate) fn sh(&self, node: &str, script: &str) -> String {
        self.lab.exec(node, &["sh", "-c", script]).unwrap().trim().to_owned()
    }

    /// A page of the agent of a node, asked there with its login. The password is
    /// in no command line: others sample those.
    pub(crate) fn agent(&self, node: &str, path: &str) -> String {
        let script = format!(
            "printf 'user = \"terrarium-agent:%s\"\n' \"$(cat /etc/terrarium/agent.password)\" | \
             curl -sf --config - --cacert /etc/terrarium/agent.crt \
             --resolve terrarium-agent:9100:127.0.0.1 https://terrarium-agent:9100{path}"
        );
        self.sh(node, &script)
    }

    /// What the cluster says.
    pub(crate) fn kubectl(&self, arguments: &str) -> String {
        self.sh("pi-1", &format!("k3s kubectl {arguments}"))
    }

    /// The same, as JSON.
    pub(crate) fn kubectl_json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.kubectl(&format!("{arguments} -o json"))).unwrap()
    }

    /// What Redis says to its administrator.
    pub(crate) fn redis(&self, command: &str) -> String {
        let password = "REDISCLI_AUTH=$(cat /run/secrets/redis/password)";
        let line = format!("sh -c '{password} redis-cli {command}'");
        self.kubectl(&format!("exec -n terrarium redis-0 -- {line}"))
    }
}

/// A lab of its own; what a killed test or another stack left behind goes first.
fn up(paths: &Paths, stack: Stack) -> Lab {
    Lab::down(paths, Site::Test, Extent::Lab, &mut |_| {}).unwrap();
    let options = Options { stack, ..Options::default() };
    Lab::up(paths.clone(), Site::Test, options, &mut |line| eprintln!("{line}"))
        .expect("the lab needs root and what hardware/lab/bootstrap.sh installs")
}

/// The programs the nodes get: those of a build that is there, or built now.
fn build((variable, script, folder): (&str, &str, &str)) -> PathBuf {
    if let Some(dir) = std::env::var_os(variable) {
        return dir.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let dir = root.join(folder);
    let built = Command::new(root.join(script)).arg(&dir).arg(std::env::consts::ARCH).status();
    assert!(built.unwrap().success(), "{script} failed");
    dir
}

/// The run ended with 0; otherwise all it said is shown.
pub(crate) fn succeeded(output: &Output) {
    ended_with(output, 0);
}

/// The run ended with this code; otherwise all it said is shown.
pub(crate) fn ended_with(output: &Output, code: i32) {
    assert_eq!(
        output.status.code(),
        Some(code),
        "stdout:\n{}\nstderr:\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The events of a `--json` run, and its summary.
pub(crate) fn events(output: &Output) -> (Vec<Value>, Value) {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines
        .pop()
        .filter(|last| last.get("summary").is_some())
        .expect("a summary ends the stream");
    (lines, summary["summary"].clone())
}

/// What a run changed, as `node: change`, in the order of their names.
pub(crate) fn changed(output: &Output) -> Vec<String> {
    let (events, _) = events(output);
    let mut changed: Vec<String> = events
        .iter()
        .filter(|event| event["state"] == "changed")
        .map(|event| {
            format!("{}: {}", event["node"].as_str().unwrap(), event["change"].as_str().unwrap())
        })
        .collect();
    changed.sort();
    changed
}

/// Waits until a condition holds, and says what was waited for if it does not.
pub(crate) fn wait_for<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < within, "waited {within:?} for {what} in vain");
        std::thread::sleep(Duration::from_millis(250));
    }
}
