//! Held against the real `ssh -G`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// Files as they are; patterns as far as these tests use them.
struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> std::io::Result<Option<String>> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn glob(&self, pattern: &str) -> Vec<PathBuf> {
        match pattern.strip_suffix("/*") {
            None => vec![PathBuf::from(pattern)],
            Some(folder) => {
                let mut files: Vec<PathBuf> = fs::read_dir(folder)
                    .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
                    .unwrap_or_default();
                files.sort();
                files
            }
        }
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("it runs");
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

fn around() -> Around {
    static AROUND: LazyLock<Around> = LazyLock::new(look_around);
    AROUND.clone()
}

fn look_around() -> Around {
    let user = output("id", &["-un"]);
    Around {
        // As ssh: what the user database says, whatever HOME does.
        home: output("sh", &["-c", &format!("getent passwd {user} | cut -d: -f6")]).into(),
        uid: output("id", &["-u"]).parse().expect("a number"),
        machine: output("hostname", &[]),
        default_user: user.clone(),
        user,
        variables: BTreeMap::from([("KEYS".to_owned(), "/keys".to_owned())]),
    }
}

/// What ssh makes of a file, by keyword, or what it says against it.
fn of_ssh(file: &Path, host: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
    let output = Command::new("ssh").arg("-G").arg("-F").arg(file).arg(host).output().expect("ssh");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).expect("UTF-8").lines() {
        let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
        found.entry(keyword.to_owned()).or_default().push(value.to_owned());
    }
    Ok(found)
}

fn of_us(file: &Path, host: &str) -> Result<Way, ConfigError> {
    let folder = file.parent().expect("a folder").to_owned();
    let source = Source { file: file.to_owned(), folder };
    let asked = Asked { host: host.to_owned(), ..Asked::default() };
    resolve(&asked, &[source], &around(), &Disk)
}

/// Compares, value by value.
fn same(way: &Way, ssh: &BTreeMap<String, Vec<String>>, text: &str, host: &str) {
    let around = around();
    let home = around.home.to_string_lossy().into_owned();
    let all = |keyword: &str| ssh.get(keyword).cloned().unwrap_or_default();
    let one = |keyword: &str| all(keyword).first().cloned().unwrap_or_default();
    let paths = |list: Vec<String>| -> Vec<PathBuf> {
        list.iter().map(|path| PathBuf::from(path.replacen('~', &home, 1))).collect()
    };
    let what = format!("{host} in\n{text}\n{way:?}");
    assert_eq!(way.host, one("hostname"), "{what}");
    assert_eq!(way.user.clone().unwrap_or(around.user), one("user"), "{what}");
    assert_eq!(way.port.unwrap_or(22).to_string(), one("port"), "{what}");
    if let Some(identities) = &way.identities {
        let written: Vec<String> =
            all("identityfile").into_iter().filter(|file| file != "none").collect();
        assert_eq!(*identities, paths(written), "{what}");
    }
    assert_eq!(way.certificates, paths(all("certificatefile")), "{what}");
    let yes = |flag: bool| if flag { "yes" } else { "no" };
    assert_eq!(yes(way.identities_only), one("identitiesonly"), "{what}");
    assert_eq!(way.keys, one("pubkeyauthentication") != "false", "{what}");
    let agent = match &way.agent {
        Agent::Environment => None,
        Agent::None => Some("none".to_owned()),
        Agent::At(path) => Some(path.to_string_lossy().into_owned()),
    };
    let theirs = all("identityagent").first().cloned().filter(|it| it != "SSH_AUTH_SOCK");
    assert_eq!(agent, theirs.map(|it| it.replacen('~', &home, 1)), "{what}");
    if let Some(known) = &way.known_hosts {
        let theirs = one("userknownhostsfile");
        let theirs: Vec<String> = theirs.split(' ').map(str::to_owned).collect();
        assert_eq!(*known, paths(theirs), "{what}");
    }
    assert_eq!(way.host_key_alias.clone().unwrap_or_default(), one("hostkeyalias"), "{what}");
    let strict = match way.strict {
        None | Some(Strict::Ask) => ["ask"].as_slice(),
        Some(Strict::Yes) => &["true"],
        Some(Strict::AcceptNew) => &["accept-new", "false"],
    };
    assert!(strict.contains(&one("stricthostkeychecking").as_str()), "{what}");
    let seconds = |time: Option<Duration>| {
        time.map_or_else(|| "none".to_owned(), |it| it.as_secs().to_string())
    };
    assert_eq!(seconds(way.connect_timeout), one("connecttimeout"), "{what}");
    let alive = way.alive_interval.unwrap_or_default().as_secs().to_string();
    assert_eq!(alive, one("serveraliveinterval"), "{what}");
    assert_eq!(way.alive_count.unwrap_or(3).to_string(), one("serveralivecountmax"), "{what}");
    let family = match way.family {
        Family::Any => "any",
        Family::V4 => "inet",
        Family::V6 => "inet6",
    };
    assert_eq!(family, one("addressfamily"), "{what}");
    assert_eq!(
        way.jump.as_ref().map(|(jump, _)| jump.clone()).unwrap_or_default(),
        one("proxyjump"),
        "{what}"
    );
}

fn compare(text: &str, hosts: &[&str]) {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("config");
    let text = text.replace("{dir}", &dir.path().to_string_lossy());
    fs::write(&file, &text).expect("written");
    fs::create_dir(dir.path().join("more")).expect("made");
    fs::write(dir.path().join("more/1"), "User included\nHost pi-2\n  Port 2201\n")
        .expect("written");
    fs::write(dir.path().join("more/2"), "Host *\n  IdentityFile ~/.ssh/more\n").expect("written");
    for host in hosts {
        match (of_us(&file, host), of_ssh(&file, host)) {
            (Ok(way), Ok(ssh)) => same(&way, &ssh, &text, host),
            (Err(_), Err(_)) => {}
            (us, ssh) => panic!("{host} in\n{text}\nwe: {us:?}\nssh: {ssh:?}"),
        }
    }
}

const HOSTS: [&str; 4] = ["pi-1", "pi-2", "nas.lan", "192.168.1.11"];

#[test]
fn whole_files_are_read_as_ssh_reads_them() {
    for text in [
        "",
        "Host pi-*\n  User pi\n  IdentityFile ~/.ssh/pis\nHost *\n  User other\n  Port 2222\n",
        "Host pi-* !pi-2\n User=pi\nHost !nas.lan *\n  HostName %h.home.arpa\n",
        "HostName x.%h\nMatch host x.pi-1\n  User matched\nMatch originalhost pi-2\n  User second\n",
        "Match user root\n Port 1\nMatch localuser root\n Port 2\nMatch all\n Port 3\n",
        "Match !host pi-1 user root,pi\n Port 7\nMatch host=pi-1\n Port 8\nMatch canonical all\n Port 9\n",
        "Include {dir}/more/*\nHost pi-2\n  User own\n",
        "Host pi-1\n  Include {dir}/more/1\n  Port 99\nHost *\n  Port 98\n",
        "Host pi-2\n  Include {dir}/more/1 {dir}/more/2\nUser after\n",
        "ProxyJump one,me@two:23\nProxyCommand nc %h %p\n",
        "ProxyCommand none\nProxyJump one\n",
        "ProxyJump none\nProxyJump one\n",
        "IdentityFile none\nIdentitiesOnly yes\nIdentityAgent none\nPubkeyAuthentication no\n",
        "IdentityAgent ~/agent\nUserKnownHostsFile ~/a /b\nHostKeyAlias pis\nStrictHostKeyChecking no\n",
        "StrictHostKeyChecking accept-new\nConnectTimeout 1m30s\nServerAliveInterval 2m\nServerAliveCountMax 5\n",
        "AddressFamily inet6\nCertificateFile ~/.ssh/a-cert.pub\nCertificateFile /b-cert.pub\n",
        "  # comment\n\n\tHost\tpi-1\t\n\t\tUser\t\"p i\"\t# end\n",
        "host PI-1\n  user upper\nHOST pi-1\n  USER lower\n",
        "Host pi-1\r\n  User dos\r\n",
        "ControlMaster auto\nForwardAgent yes\nSendEnv LANG\nCompression yes\nCiphers aes256-ctr\n",
        "IgnoreUnknown UseKeychain,Foo*\nUseKeychain yes\nFooBar 1\nUser a\n",
        "Port 0\n",
        "Port x\n",
        "User \"a\n",
        "Host\n",
        "Match\n",
        "Match host\n",
        "AddressFamily none\n",
        "ConnectTimeout 5x\n",
        "StrictHostKeyChecking maybe\n",
        "IdentitiesOnly perhaps\n",
    ] {
        compare(text, &HOSTS);
    }
}

#[test]
fn what_would_change_the_way_and_is_not_understood_is_refused_with_its_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("config");
    for (text, line, says) in [
        ("User pi\nProxyCommand nc %h %p\n", 2, "`proxycommand`"),
        ("Host pi-1\n\n  BindAddress 10.0.0.1\n", 3, "`bindaddress`"),
        ("Match exec \"true\"\n  User x\n", 1, "`Match exec`"),
        ("Match host pi-1 final\n  User x\n", 1, "`Match final`"),
        ("CanonicalizeHostname yes\n", 1, "`canonicalizehostname`"),
        ("KnownHostsCommand /bin/true\n", 1, "`knownhostscommand`"),
        ("# x\nProxyComand nc\n", 2, "no keyword"),
        ("IdentityFile ~root/.ssh/id\n", 1, "another user"),
        ("IdentityFile %z\n", 1, "`%z`"),
        ("IdentityFile ${NOWHERE}/id\n", 1, "NOWHERE"),
    ] {
        fs::write(&file, text).expect("written");
        let error = of_us(&file, "pi-1").expect_err(text);
        assert_eq!((error.at.file.as_path(), error.at.line), (file.as_path(), line), "{text}");
        assert!(error.to_string().contains(says), "{error}");
    }
    // Not for this host, or settled before.
    for text in [
        "Host other\n  ProxyCommand nc\n",
        "Match host other exec true\n  User x\n",
        "ProxyJump one\nProxyCommand nc\n",
        "CanonicalizeHostname no\nProxyCommand none\n",
    ] {
        fs::write(&file, text).expect("written");
        assert!(of_us(&file, "pi-1").is_ok(), "{text}");
    }
}

#[test]
fn tokens_are_written_out() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("config");
    fs::write(&file, "HostName %h.lan\nUser me\nPort 23\nHostKeyAlias k\nIdentityFile %d/%h-%n-%p-%r-%k-%u-%i-%%\nIdentityFile ${KEYS}/x\nUserKnownHostsFile ~/%k\n").expect("written");
    let way = of_us(&file, "pi-1").expect("a way");
    let around = around();
    let (home, user) = (around.home.display(), &around.user);
    let expected = format!("{home}/pi-1.lan-pi-1-23-me-k-{user}-{}-%", around.uid);
    assert_eq!(way.identities, Some(vec![expected.into(), "/keys/x".into()]));
    assert_eq!(way.known_hosts, Some(vec![around.home.join("k")]));
}

fn pattern() -> impl Strategy<Value = String> {
    let one = prop::sample::select(vec![
        "pi-1",
        "pi-*",
        "pi-?",
        "*",
        "!pi-1",
        "!pi-*",
        "nas.lan",
        "*.lan",
        "192.168.*",
        "!*.11",
        "x.*",
    ]);
    prop::collection::vec(one, 1..4).prop_map(|list| list.join(" "))
}

fn block() -> impl Strategy<Value = String> {
    let list = || pattern().prop_map(|text| text.replace(' ', ","));
    prop_oneof![
        4 => pattern().prop_map(|patterns| format!("Host {patterns}\n")),
        2 => (any::<bool>(), list()).prop_map(|(not, list)| format!("Match {}host {list}\n", if not { "!" } else { "" })),
        1 => list().prop_map(|list| format!("Match originalhost {list} user root,a,b\n")),
        1 => Just("Match all\n".to_owned()),
        1 => Just("Match !canonical localuser *\n".to_owned()),
        1 => Just("Include {dir}/more/*\n".to_owned()),
        1 => Just("Include {dir}/more/1\n".to_owned()),
    ]
}

fn setting() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "User a",
        "user = b",
        "Port 2222",
        "Port=23",
        "HostName x.%h",
        "HostName 10.0.0.9",
        "IdentityFile ~/.ssh/a",
        "IdentityFile \"/k/b c\"",
        "IdentitiesOnly yes",
        "IdentitiesOnly no",
        "IdentityAgent /run/a",
        "IdentityAgent none",
        "CertificateFile ~/c-cert.pub",
        "UserKnownHostsFile /kh1 /kh2",
        "HostKeyAlias one",
        "HostKeyAlias two",
        "StrictHostKeyChecking yes",
        "StrictHostKeyChecking ask",
        "ConnectTimeout 7",
        "ConnectTimeout 2m",
        "ServerAliveInterval 9",
        "ProxyJump j1",
        "ProxyJump u@j2:24,j3",
        "ProxyJump none",
        "ProxyCommand none",
        "ForwardAgent yes",
        "LogLevel QUIET",
        "# nothing",
        "",
    ])
    .prop_map(|text| format!("  {text}\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_file_is_read_as_ssh_reads_it(
        before in prop::collection::vec(setting(), 0..3),
        blocks in prop::collection::vec((block(), prop::collection::vec(setting(), 0..5)), 0..6),
    ) {
        let mut text = before.concat();
        for (block, settings) in blocks {
            text.push_str(&block);
            text.push_str(&settings.concat());
        }
        compare(&text, &HOSTS[..3]);
    }

    #[test]
    fn no_file_brings_it_down(text in "[ -~\\t\\n]{0,200}") {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("config");
        fs::write(&file, text).expect("written");
        let _ = of_us(&file, "pi-1");
    }
}
