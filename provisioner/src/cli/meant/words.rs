//! The words, and what stands for them here.

/// Words of one meaning.
pub(super) struct Word {
    pub said: &'static [&'static str],
    /// What is the case; after "there is no `reset`: ".
    pub says: &'static str,
    /// What to type, or to do.
    pub hint: &'static str,
}

const NOT_OFF: &str = "nothing here takes k3s off a node yet";
const NO_COPY: &str = "nothing here makes a copy of the cluster or brings one back yet";
const INVENTORY: &str = "the inventory says what the nodes are to be";

/// Commands. None of these words is one of ours.
pub(super) const COMMANDS: &[Word] = &[
    Word {
        said: &[
            "up",
            "deploy",
            "install",
            "run",
            "start",
            "setup",
            "bootstrap",
            "create",
            "converge",
            "provision",
            "sync",
            "reconcile",
            "launch",
        ],
        says: "the first run, and every later one, is `apply`",
        hint: "provision apply",
    },
    Word {
        said: &["upgrade", "update", "patch"],
        says: "an upgrade is a run with another version in the inventory",
        hint: "write `version` in [k3s], or take another `provision`, then: provision plan && provision \
               apply. `provision lock update` looks for newer images; Raspberry Pi OS is upgraded with \
               apt on the nodes (docs/guide/care.md, Updating)",
    },
    Word {
        said: &[
            "reset",
            "destroy",
            "uninstall",
            "teardown",
            "down",
            "purge",
            "clean",
            "cleanup",
            "nuke",
            "wipe",
        ],
        says: NOT_OFF,
        hint: "`provision stack remove SERVICE` takes services out; to start anew, flash the card \
               again, then: provision trust NODE --replace && provision apply. By hand, step by step: \
               docs/guide/care.md, Uninstalling",
    },
    Word {
        said: &["delete", "remove", "rm", "leave", "evict", "remove-node", "delete-node"],
        says: "services are removed by `stack remove`; no command takes a node out yet",
        hint: "provision stack remove SERVICE --keep-data. For a node: take its [[node]] out of the \
               inventory, after: kubectl drain NODE --ignore-daemonsets --delete-emptydir-data && \
               kubectl delete node NODE (docs/guide/care.md, Taking a node out)",
    },
    Word {
        said: &["backup", "restore", "snapshot", "etcd-snapshot", "save"],
        says: NO_COPY,
        hint: "today, by hand: docs/guide/care.md, Backups, has the commands for k3s' datastore and \
               token, and what of the services to copy and how",
    },
    Word {
        said: &["rollback", "undo", "revert"],
        says: INVENTORY,
        hint: "put the former text of the inventory back, then: provision plan && provision apply. k3s \
               alone does not go back to an older version",
    },
    Word {
        said: &["get-config", "get-kubeconfig", "kube-config", "use-context"],
        says: "it is called `kubeconfig`",
        hint: "provision kubeconfig --merge, then: kubectl config get-contexts",
    },
    Word {
        said: &["config", "configure", "edit", "set", "values"],
        says: "the inventory is all there is to configure",
        hint: "edit pis.toml; docs/reference/inventory.md has every key, and `provision schema` tells \
               editors",
    },
    Word {
        said: &["logs", "log", "journal", "events"],
        says: "logs are where they are written",
        hint: "of a run: the folder that `provision doctor` names; of a pod: kubectl logs; of k3s: ssh USER@NODE journalctl -u k3s (k3s-agent on an agent \
               node); of the node agent: ssh USER@NODE journalctl -u terrarium-agent",
    },
    Word {
        said: &["health", "healthcheck", "ready", "wait", "ps", "nodes", "info", "describe"],
        says: "`status` tells how the nodes and their services are",
        hint: "provision status",
    },
    Word {
        said: &["get", "list", "ls", "show", "services", "pods"],
        says: "`status` shows the nodes, and kubectl what runs on them",
        hint: "provision status, or: kubectl get nodes, kubectl get pods -A",
    },
    Word {
        said: &["check", "preflight", "validate", "lint", "precheck", "diagnose", "ping"],
        says: "`doctor` looks at this machine, the inventory and every node, and changes nothing",
        hint: "provision doctor",
    },
    Word {
        said: &["dry-run", "dryrun", "diff", "preview", "whatif", "what-if", "changes"],
        says: "`plan` shows what a run would do; `plan --diff` goes down to each object",
        hint: "provision plan --diff",
    },
    Word {
        said: &["ssh", "exec", "shell", "console", "login", "connect", "sh"],
        says: "nodes are reached by ssh itself, and pods by kubectl",
        hint: "ssh USER@NODE, or: kubectl exec -it POD -- sh",
    },
    Word {
        said: &["join", "add", "add-node", "scale", "token", "node-token", "node", "enroll"],
        says: "a node is added by writing it down; its token is made and copied by the run",
        hint: "add a [[node]] with `name` and `host` to the inventory, then: provision apply",
    },
    Word {
        said: &["restart", "reboot", "stop", "shutdown", "poweroff", "halt", "drain", "cordon"],
        says: "no command stops or restarts a node; a run restarts one where that is needed",
        hint: "by hand: kubectl drain NODE --ignore-daemonsets --delete-emptydir-data, then: ssh \
               USER@NODE sudo systemctl reboot (or poweroff), and afterwards: kubectl uncordon NODE",
    },
    Word {
        said: &["password", "passwords", "secret", "secrets", "creds", "users", "logins"],
        says: "`credentials` prints who may log in where",
        hint: "provision credentials",
    },
    Word {
        said: &["cert", "certs", "certificate", "certificates", "ca"],
        says: "the certificate for browsers is printed by `credentials --ca`; k3s renews its own",
        hint: "provision credentials --ca",
    },
    Word {
        said: &["new", "generate", "example", "default-config", "scaffold", "inventory"],
        says: "`init` writes a first inventory",
        hint: "provision init 192.168.1.11 192.168.1.12",
    },
    Word {
        said: &["keyscan", "known-hosts", "known_hosts", "host-keys", "hostkeys", "keys", "accept"],
        says: "`trust` shows host keys and records them",
        hint: "provision trust",
    },
    Word {
        said: &["test", "smoke", "e2e", "prove"],
        says: "`verify` sends a record through each edge of the stack",
        hint: "provision verify",
    },
    Word {
        said: &["metrics", "usage", "resources", "top", "monitor", "capacity", "recommend"],
        says: "`report` tells what nodes and services use",
        hint: "provision report",
    },
    Word {
        said: &["size", "sizing", "estimate", "simulate", "boards", "profiles"],
        says: "`fit` judges whether a stack fits boards",
        hint: "provision fit --boards 3xpi5-8gb --profile core",
    },
    Word {
        said: &["facts", "gather", "gather-facts", "discover", "scan"],
        says: "`probe` asks a node for everything a plan is made of",
        hint: "provision probe NODE --json",
    },
    Word {
        said: &["enable", "disable", "addon", "addons", "helm", "chart", "charts", "service"],
        says: "services are chosen in [stack] of the inventory",
        hint: "write services = [\"redis\"] or `without` there, then: provision apply. To take one \
               out: provision stack remove SERVICE",
    },
    Word {
        said: &["completion", "autocomplete", "complete"],
        says: "it is called `completions`",
        hint: "provision completions bash",
    },
    Word {
        said: &["manual", "docs", "doc"],
        says: "the manual pages are written by `man`; the guide is docs/ of the project",
        hint: "provision man --out man && man -l man/provision.1",
    },
    Word {
        said: &["support", "support-dump", "bug-report", "dump", "debug", "inspect", "sos"],
        says: "`doctor` writes all that a report of a fault needs into one file",
        hint: "provision doctor --bundle report.tar.gz",
    },
];

/// Words behind `stack`.
pub(super) const STACK: &[Word] = &[
    Word {
        said: &["add", "install", "deploy", "enable", "up", "upgrade", "apply", "set"],
        says: "services are chosen in [stack] of the inventory, and deployed by a run",
        hint: "write services = [\"redis\"] there, then: provision apply",
    },
    Word {
        said: &["rm", "delete", "uninstall", "destroy", "disable"],
        says: "it is called `remove`",
        hint: "take it out of [stack], then: provision stack remove SERVICE --keep-data",
    },
    Word {
        said: &["list", "ls", "status", "get", "show"],
        says: "`status` tells how the services are",
        hint: "provision status",
    },
    Word {
        said: &["diff", "plan"],
        says: "`plan` is about the stack too",
        hint: "provision plan --diff",
    },
];

/// Options.
pub(super) const OPTIONS: &[Word] = &[
    Word {
        said: &["--dry-run", "--check", "--plan-only", "--what-if"],
        says: "`plan` shows what a run would do, and touches nothing",
        hint: "provision plan",
    },
    Word {
        said: &["-y", "--yes", "--auto-approve", "--assume-yes", "--non-interactive", "--batch"],
        says: "a run asks nothing but what it has to know: a password, or whether a host key is right",
        hint: "for a script: TERRARIUM_PASSWORD, and --host-keys strict or accept-new",
    },
    Word {
        said: &["-c", "-f", "--config", "--file", "--inventory-file", "--values-file"],
        says: "the one file is the inventory",
        hint: "provision -i FILE",
    },
    Word {
        said: &["-u", "--user", "--remote-user", "--username"],
        says: "the login name stands in the inventory",
        hint: "write user = \"pi\" in [ssh], or ssh = { user = \"pi\" } for one node",
    },
    Word {
        said: &["--private-key", "--ssh-key", "--ssh-key-path", "--identity", "--key-file"],
        says: "the private key stands in the inventory; without it the agent's and the usual ones are \
               offered",
        hint: "write identity = \"~/.ssh/id_ed25519\" in [ssh]",
    },
    Word {
        said: &[
            "-b",
            "--become",
            "--sudo",
            "--ask-become-pass",
            "--ask-sudo",
            "-k",
            "--ask-pass",
            "--password",
        ],
        says: "root is reached by sudo wherever that is needed; the password is that of the login",
        hint: "provision -K asks for it; TERRARIUM_PASSWORD and `password_file` in [ssh] are for scripts",
    },
    Word {
        said: &["--host", "--ip", "--hosts", "--server-ip", "--address"],
        says: "nodes stand in the inventory",
        hint: "provision init 192.168.1.11 192.168.1.12",
    },
    Word {
        said: &["-l", "--limit", "--node", "--tags", "--skip-tags", "--target"],
        says: "a run is about all nodes of the inventory unless some are named",
        hint: "provision --only pi-2, or provision --without-node pi-3 while that is off",
    },
    Word {
        said: &["--force", "--ignore-errors", "--no-verify", "--skip-checks"],
        says: "what is refused is not forced: each refusal says what to change",
        hint: "provision plan; where the stack does not fit its nodes: --ignore-fit",
    },
    Word {
        said: &["--k3s-version", "--k3s-channel"],
        says: "the version stands in the inventory",
        hint: "write version = \"v1.36.3+k3s1\" in [k3s]",
    },
    Word {
        said: &["--kubeconfig", "--local-path", "--kubeconfig-out", "--context", "--merge"],
        says: "where the kubeconfig lies, and what its context is called, stands in the inventory",
        hint: "write kubeconfig = \"…\" and name = \"…\" in [cluster], or: provision kubeconfig --out \
               FILE",
    },
    Word {
        said: &["--timeout", "--wait", "--no-wait", "--retry", "--forks", "--concurrency"],
        says: "a run waits as long as each step may take, on all nodes side by side",
        hint: "--patience 2 doubles every deadline",
    },
    Word {
        said: &["-o", "--format", "--output-format"],
        says: "there are two forms: for people, and --json",
        hint: "provision status --json",
    },
    Word {
        said: &["-q", "--quiet", "--silent"],
        says: "what happens is told on standard error, and documents come on standard output",
        hint: "2>/dev/null",
    },
    Word {
        said: &["--set", "--values", "-n", "--namespace"],
        says: "what charts are told stands in the inventory",
        hint: "write it in [stack.values.SERVICE]",
    },
    Word {
        said: &["--insecure", "--skip-host-key-check", "--no-host-key-checking"],
        says: "host keys are always compared; the first one may be recorded without a question",
        hint: "--host-keys accept-new",
    },
];
