//! A node made up for a test: an SSH server whose scripts are answered from a
//! model, and which can be told to lie, fail, hang, or go away.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use russh::keys::PrivateKey;
use russh::keys::ssh_key::private::Ed25519Keypair;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::model::{Model, Reply};
use crate::server;
use crate::shell::{Shell, Sudo};

/// All nodes of all tests are served by these threads.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// One command a node was sent.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Counted from 1, over all connections.
    pub(crate) number: usize,
    /// What the model takes it for: `probe`, `lock`, `write /etc/hosts`.
    pub(crate) what: String,
    pub(crate) script: String,
}

/// What a node does instead of what it was asked for.
pub(crate) enum Do {
    /// Says this, having done nothing.
    Say(Reply),
    /// Does it, and says something else.
    Twist(Box<dyn FnOnce(Reply) -> Reply + Send>),
    /// The connection ends before it is done.
    Cut,
    /// The connection ends after it was done.
    CutAfter,
    /// The connection ends before it is done, and none is taken any more.
    Vanish,
    /// Never answers, until the command's own deadline ends it on the node.
    Hang,
}

/// Asked about every command; `None` lets the model answer.
type Hook = Arc<dyn Fn(&Call) -> Option<Do> + Send + Sync>;
/// Asked about every request before any shell has seen it.
type RequestHook = Arc<dyn Fn(&str) -> Option<Reply> + Send + Sync>;

/// How a node lets people in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Login {
    /// Without asking for anything.
    Open,
    /// With this password.
    Password(String),
    /// With the key of this fingerprint.
    Key(String),
    /// Not at all.
    Refused,
}

/// How a node behaves; may be changed at any time.
pub(crate) struct Manner {
    pub(crate) login: Login,
    pub(crate) sudo: Sudo,
    /// Sent before the login.
    pub(crate) banner: Option<String>,
    /// Scripts with this text in them are executed for real.
    pub(crate) really: String,
    /// Commands do not come to know that their connection is gone.
    pub(crate) clings: bool,
    hook: Option<Hook>,
    request_hook: Option<RequestHook>,
}

/// What a node's connections share.
pub(crate) struct Shared {
    model: Mutex<Model>,
    manner: Mutex<Manner>,
    /// Turns away whoever connects.
    down: AtomicBool,
    pub(super) shell: Shell,
    numbers: AtomicUsize,
    calls: Mutex<Vec<Call>>,
    /// Passwords that were tried at the login.
    passwords: Mutex<Vec<String>>,
    connections: Mutex<Vec<TcpStream>>,
    /// Commands under way by their process id.
    pub(super) live: Mutex<BTreeMap<u32, Arc<Notify>>>,
}

/// A running node.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) address: Ipv4Addr,
    shared: Arc<Shared>,
    key: PrivateKey,
    listener: tokio::task::JoinHandle<()>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Node {
    /// Starts one at port 22 of an address of its own.
    pub(crate) fn start(address: Ipv4Addr, model: Model, dir: &Path) -> Self {
        let [a, b, c, d] = address.octets();
        let seed: [u8; 32] = std::array::from_fn(|at| [a, b, c, d][at % 4]);
        let key = PrivateKey::from(Ed25519Keypair::from_seed(&seed));
        let name = model.name.clone();
        let manner = Manner {
            login: Login::Open,
            sudo: Sudo::Passwordless,
            banner: None,
            really: String::new(),
            clings: false,
            hook: None,
            request_hook: None,
        };
        let shared = Arc::new(Shared {
            model: Mutex::new(model),
            manner: Mutex::new(manner),
            down: AtomicBool::new(false),
            shell: Shell::new(dir),
            numbers: AtomicUsize::new(0),
            calls: Mutex::default(),
            passwords: Mutex::default(),
            connections: Mutex::default(),
            live: Mutex::default(),
        });
        let listener = TcpListener::bind((address, 22)).unwrap();
        let listener = RUNTIME.spawn(server::listen(listener, Arc::clone(&shared), key.clone()));
        Self { name, address, shared, key, listener }
    }

    /// What the node is.
    pub(crate) fn model(&self) -> MutexGuard<'_, Model> {
        self.shared.model()
    }

    /// How the node behaves.
    pub(crate) fn manner(&self) -> MutexGuard<'_, Manner> {
        lock(&self.shared.manner)
    }

    /// Another handle to its manner and model, for a hook.
    pub(crate) fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.shared))
    }

    /// From now on `hook` is asked about every command, after the lines before
    /// it have run and before it has any effect.
    pub(crate) fn hook(&self, hook: impl Fn(&Call) -> Option<Do> + Send + Sync + 'static) {
        self.manner().hook = Some(Arc::new(hook));
    }

    /// From now on `hook` is asked about every request as it comes, before a
    /// shell has seen it: for nodes whose login shell is something else.
    pub(crate) fn hook_requests(
        &self,
        hook: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static,
    ) {
        self.manner().request_hook = Some(Arc::new(hook));
    }

    /// The node behaves again.
    pub(crate) fn behave(&self) {
        let mut manner = self.manner();
        (manner.hook, manner.request_hook) = (None, None);
        manner.login = Login::Open;
        self.shared.down.store(false, Ordering::SeqCst);
    }

    /// Everything the node was sent so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        lock(&self.shared.calls).clone()
    }

    /// Forgets what it was sent; numbers begin at 1 again.
    pub(crate) fn forget(&self) {
        lock(&self.shared.calls).clear();
        self.shared.numbers.store(0, Ordering::SeqCst);
    }

    /// Every password that was tried at the login.
    pub(crate) fn passwords(&self) -> Vec<String> {
        lock(&self.shared.passwords).clone()
    }

    /// Ends every connection there is.
    pub(crate) fn cut(&self) {
        self.shared.cut();
    }

    /// Turns everybody away, or no longer.
    pub(crate) fn down(&self, down: bool) {
        self.shared.down.store(down, Ordering::SeqCst);
    }

    /// Another card in the same board, whose k3s will make this authority.
    pub(crate) fn flash(&self, authority: &str) {
        self.shared.cut();
        self.model().flash(authority);
    }

    /// Its line of a `known_hosts` file.
    pub(crate) fn known_line(&self) -> String {
        format!("{} {}\n", self.address, self.key.public_key().to_openssh().unwrap())
    }

    /// Its host key's fingerprint, `SHA256:…`.
    pub(crate) fn fingerprint(&self) -> String {
        self.key.public_key().fingerprint(russh::keys::HashAlg::Sha256).to_string()
    }

    /// What stands for the node's `/run/terrarium`.
    pub(crate) fn run_dir(&self) -> std::path::PathBuf {
        self.shared.shell.run_dir()
    }
}

/// What a hook may hold of its node.
pub(crate) struct Handle(Arc<Shared>);

impl Handle {
    pub(crate) fn manner(&self) -> MutexGuard<'_, Manner> {
        lock(&self.0.manner)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.listener.abort();
        self.shared.cut();
        for command in lock(&self.shared.live).values() {
            command.notify_one();
        }
    }
}

impl Shared {
    pub(super) fn model(&self) -> MutexGuard<'_, Model> {
        lock(&self.model)
    }

    pub(super) fn is_down(&self) -> bool {
        self.down.load(Ordering::SeqCst)
    }

    pub(super) fn login(&self) -> Login {
        lock(&self.manner).login.clone()
    }

    pub(super) fn banner(&self) -> Option<String> {
        lock(&self.manner).banner.clone()
    }

    pub(super) fn ways(&self) -> (Sudo, String) {
        let manner = lock(&self.manner);
        (manner.sudo.clone(), manner.really.clone())
    }

    pub(super) fn clings(&self) -> bool {
        lock(&self.manner).clings
    }

    pub(super) fn note_password(&self, password: &str) {
        lock(&self.passwords).push(password.to_owned());
    }

    /// Counts a command and asks the hook about it.
    pub(super) fn called(&self, script: &str) -> Option<Do> {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst) + 1;
        let call = Call { number, what: Model::name_of(script), script: script.to_owned() };
        lock(&self.calls).push(call.clone());
        // The hook may look at the node: nothing is locked while it does.
        let hook = lock(&self.manner).hook.clone();
        hook.and_then(|hook| hook(&call))
    }

    pub(super) fn requested(&self, request: &str) -> Option<Reply> {
        let hook = lock(&self.manner).request_hook.clone();
        hook.and_then(|hook| hook(request))
    }

    pub(super) fn connected(&self, stream: TcpStream) {
        lock(&self.connections).push(stream);
    }

    pub(super) fn vanish(&self) {
        self.down.store(true, Ordering::SeqCst);
        self.cut();
    }

    pub(super) fn cut(&self) {
        for stream in lock(&self.connections).drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// The node restarts: connections end, and so does what was in memory.
    pub(super) fn restart(&self) {
        self.cut();
        let _ = std::fs::remove_dir_all(self.shell.run_dir());
        self.model().restart();
    }
}
