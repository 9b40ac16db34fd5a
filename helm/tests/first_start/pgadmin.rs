//! pgAdmin's first start: pgAdmin itself, from the lab's image, whose start does in the
//! same order what that of the real image does to its database.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::chart::environment;
use crate::image::unpacked;
use crate::pod::{ADDRESS, Pod};
use crate::states::states;

const READY: &str = "Booting worker";

/// Where the pod's folders are mounted.
const MOUNTED: [(&str, &str); 5] = [
    ("data", "var/lib/pgadmin"),
    ("config", "etc/pgadmin"),
    ("secret", "run/secrets/postgresql"),
    ("run", "run/pgadmin"),
    ("tmp", "tmp"),
];

/// The servers a browser is shown.
const ASK: &str = r#"
import http.cookiejar, json, re, sys, urllib.request
cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
browser = urllib.request.build_opener(cookies)
def ask(path):
    with browser.open(f"http://{sys.argv[1]}:8080/{path}", timeout=120) as answer:
        return answer.read().decode()
ask("")
token = re.search(r"\['csrf_token'\] = '([^']+)'", ask("browser/js/utils.js"))[1]
browser.addheaders = [("X-pgA-CSRFToken", token)]
for group in json.loads(ask("browser/nodes/"))["data"]:
    for server in json.loads(ask(f"browser/server/nodes/{group['_id']}/"))["result"]:
        print(server["label"])
"#;

struct Volume(TempDir);

impl Volume {
    fn new() -> Self {
        let volume = Self(tempfile::tempdir().expect("a folder"));
        fs::set_permissions(volume.path(""), fs::Permissions::from_mode(0o755)).expect("ours");
        for (name, _) in MOUNTED {
            fs::create_dir(volume.path(name)).expect("made");
            chown(volume.path(name), Some(5050), Some(0)).expect("root may");
        }
        fs::set_permissions(volume.path("tmp"), fs::Permissions::from_mode(0o777)).expect("ours");
        fs::write(volume.path("secret/password"), "first-start").expect("written");
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/pgadmin/files");
        for name in ["start.sh", "config_distro.py", "servers.json"] {
            let text = fs::read_to_string(files.join(name)).expect("text");
            let text = text.replace("{{ .Values.serverName | toJson }}", "\"Terrarium Postgres\"");
            assert!(!text.contains("{{"), "{text}");
            fs::write(volume.path("config").join(name), text).expect("written");
        }
        volume
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn start(&self, root: &Path) -> Pod {
        let begin = self.path("begin.sh");
        let text = format!(
            "exec chroot --userspec=5050:0 --groups= {} sh /etc/pgadmin/start.sh\n",
            root.display()
        );
        fs::write(&begin, text).expect("written");
        let places = MOUNTED.map(|(name, place)| (self.path(name), place));
        let machine = ["proc", "dev"].map(|name| (Path::new("/").join(name), name));
        let mounts: Vec<_> = places.into_iter().chain(machine).collect();
        let mounts: Vec<_> = mounts
            .iter()
            .map(|(from, to)| (from.as_path(), format!("{}/{to}", root.display())))
            .collect();
        let mounts: Vec<_> = mounts.iter().map(|(from, to)| (*from, to.as_str())).collect();
        let template = "pgadmin/templates/pgadmin.yaml";
        let environment = environment(template, &[("{{ .Values.threads | quote }}", "4")]);
        let mut all = vec![
            ("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("PYTHONPATH", "/pgadmin4"),
            ("LANG", "C.UTF-8"),
        ];
        all.extend(environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        Pod::start("root", &begin, &[], &all, &mounts)
    }

    /// Starts pgAdmin, and holds what its tree shows.
    fn shows(&self, root: &Path, servers: &str, told: &str) {
        let mut pod = self.start(root);
        let said = pod.until(READY);
        let asked = pod.client(Path::new("python3")).args(["-c", ASK, ADDRESS]).output();
        let asked = asked.expect("python3 runs");
        let stderr = String::from_utf8_lossy(&asked.stderr);
        let shown = String::from_utf8_lossy(&asked.stdout);
        assert_eq!(shown.trim(), servers, "{told}: {stderr}{}", said.join("\n"));
    }
}

#[test]
fn pgadmin_cut_off_at_any_line_of_its_first_start_shows_its_servers_the_next_time() {
    let folders = MOUNTED.map(|(_, place)| place);
    let root = unpacked("pgadmin", &[&folders[..], &["proc", "dev"]].concat());
    let whole = Volume::new();
    let states = states(whole.start(&root), &whole.path("data"), READY, 4);
    assert!(states.len() > 2, "{}", states.len());
    let (early, late) = states.split_at(states.len() / 2);
    std::thread::scope(|scope| {
        for half in [early, late] {
            let root = &root;
            scope.spawn(move || {
                for state in half {
                    let volume = Volume::new();
                    state.put(&volume.path("data"));
                    volume.shows(root, "Terrarium Postgres", &state.told);
                }
            });
        }
    });
    // What a user keeps outlives a restart of its container.
    let keep = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
                columns = [r[1] for r in c.execute('PRAGMA table_info(server)')]; \
                values = [{'id': 'NULL', 'name': repr('mine')}.get(n, n) for n in columns]; \
                c.execute('INSERT INTO server (%s) SELECT %s FROM server' \
                % (', '.join(columns), ', '.join(values))); c.commit()";
    let mut kept = Command::new("python3");
    kept.args(["-c", keep]).arg(whole.path("data/pgadmin4.db"));
    assert!(kept.status().expect("it runs").success());
    whole.shows(&root, "Terrarium Postgres\nmine", "a server of the user's own");
}
