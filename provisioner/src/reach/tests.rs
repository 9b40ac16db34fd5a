use std::fs;
use std::path::Path;

use terrarium_ssh::config::Around;

use super::*;
use crate::measured::gather::tests::settings;

/// What becomes of an inventory's one node by a `~/.ssh/config`.
fn reached(inventory: &str, config: &str) -> Result<Target, Failure> {
    let home = tempfile::tempdir().unwrap();
    let folder = fs::canonicalize(home.path()).unwrap();
    fs::create_dir(folder.join(".ssh")).unwrap();
    fs::write(folder.join(".ssh/config"), config).unwrap();
    let mut settings = settings(&folder);
    settings.around = Around { home: folder.clone(), user: "me".to_owned(), ..Around::default() };
    settings.user_known_hosts = Some(folder.join(".ssh/known_hosts"));
    let text = format!("{inventory}\n[[node]]\nname = 'pi-1'\nhost = 'pi'\n");
    let mut inventory = Inventory::parse(&folder.join("pis.toml"), &text, Some(&folder))
        .unwrap_or_else(|problems| panic!("{problems}"));
    follow(&mut inventory, &settings)?;
    target(&inventory.nodes[0], None, &settings)
}

fn to(target: &Target) -> String {
    format!("{}@{}:{}", target.user, target.host, target.port)
}

fn via(target: &Target) -> Vec<String> {
    target.jumps.iter().map(to).collect()
}

#[test]
fn the_inventory_wins_over_the_ssh_config_and_that_over_what_is_usual() {
    let config = "Host pi\n HostName 10.0.0.7\n User alex\n Port 2222\n IdentityFile /k\n ConnectTimeout 3\n ProxyJump bastion\n";
    let found = reached("", config).unwrap();
    assert_eq!(to(&found), "alex@10.0.0.7:2222");
    assert_eq!(found.identities, [Path::new("/k")]);
    assert_eq!(found.connect_timeout, Some(std::time::Duration::from_secs(3)));
    assert_eq!(via(&found), ["me@bastion:22"]);

    let own = "[ssh]\nuser = 'pi'\nport = 23\nidentity = '/mine'\nconnect_timeout = 7\njump = []\n";
    let found = reached(own, config).unwrap();
    assert_eq!(to(&found), "pi@10.0.0.7:23");
    assert_eq!(found.identities, [Path::new("/mine")]);
    assert_eq!(found.connect_timeout, Some(std::time::Duration::from_secs(7)));
    assert!(found.jumps.is_empty());

    let found = reached("[ssh]\nconfig = 'none'\n", config).unwrap();
    assert_eq!(to(&found), "pi@pi:22");
    assert!(found.jumps.is_empty() && found.identities.is_empty());
    assert_eq!(to(&reached("", "").unwrap()), "pi@pi:22");
}

#[test]
fn jump_hosts_are_looked_up_as_hosts_of_their_own() {
    let config = "Host b\n HostName bastion.lan\n User gate\n Port 2200\n ProxyJump outer\nHost outer\n HostName 192.0.2.9\n IdentityFile /outer\nHost pi\n ProxyJump b,me2@inner:24\n";
    let found = reached("", config).unwrap();
    assert_eq!(via(&found), ["me@192.0.2.9:22", "gate@bastion.lan:2200", "me2@inner:24"]);
    assert_eq!(found.jumps[0].identities, [Path::new("/outer")]);
    assert!(found.jumps.iter().all(|jump| jump.is_jump && jump.password.is_none()));

    let found = reached("[ssh]\njump = 'you@b:1'\n", config).unwrap();
    assert_eq!(via(&found), ["me@192.0.2.9:22", "you@bastion.lan:1"]);
    let found = reached("[ssh]\njump = ['x', 'b']\n", config).unwrap();
    assert_eq!(via(&found), ["me@x:22", "gate@bastion.lan:2200"]);
}

#[test]
fn a_circle_of_jump_hosts_is_refused_by_file_and_line() {
    let failure = reached("", "Host pi a\n ProxyJump b\nHost b\n ProxyJump a\n").unwrap_err();
    assert_eq!(failure.code, Code::Usage);
    let line = failure.line();
    assert!(line.contains(".ssh/config line ") && line.contains("without an end"), "{line}");
    let failure = reached("", "Host pi\n ProxyJump a:b:c:x@y:0\n").unwrap_err().line();
    assert!(failure.contains(".ssh/config line 2: `ProxyJump`"), "{failure}");
}

#[test]
fn what_is_not_understood_is_refused_before_anything_is_sent() {
    let failure = reached("", "Host *\n\tProxyCommand cloudflared %h\n").unwrap_err();
    assert_eq!(failure.code, Code::Usage);
    let line = failure.line();
    assert!(line.contains(".ssh/config line 2") && line.contains("`jump`"), "{line}");
    // The inventory says how, so it does not matter.
    assert!(reached("[ssh]\njump = 'b'\n", "Host pi\n ProxyCommand nc\n").is_ok());
}

#[test]
fn the_rest_is_passed_on() {
    let found = reached(
        "",
        "IdentitiesOnly yes\nIdentityAgent /agent\nCertificateFile /c\nHostKeyAlias one\n\
         UserKnownHostsFile /a /b\nServerAliveInterval 9\nServerAliveCountMax 4\nAddressFamily inet\n",
    )
    .unwrap();
    assert!(found.identities_only);
    assert_eq!(found.agent_socket.as_deref(), Some(Path::new("/agent")));
    assert_eq!(found.certificates, [Path::new("/c")]);
    assert_eq!(found.host_key_alias.as_deref(), Some("one"));
    assert_eq!(found.user_known_hosts[..2], [Path::new("/a"), Path::new("/b")]);
    assert_eq!(found.alive_interval, Some(std::time::Duration::from_secs(9)));
    assert_eq!((found.alive_count, found.family), (Some(4), config::Family::V4));
    let none = reached("", "PubkeyAuthentication no\nIdentityFile /k\nIdentityAgent /a\n").unwrap();
    assert!(none.identities.is_empty() && none.agent_socket.is_none() && none.usual_keys.is_none());
}
