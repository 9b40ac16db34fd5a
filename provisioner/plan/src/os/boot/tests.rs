use proptest::prelude::*;

use super::*;
use crate::fixture::facts;
use crate::{Content, Edit, Refusal};

const PATH: &str = "/boot/firmware/cmdline.txt";
const STOCK: &str = "console=tty1 root=PARTUUID=1-02 rootwait\n";
const BOTH: &str = "console=tty1 root=PARTUUID=1-02 rootwait cgroup_enable=memory psi=1\n";

/// A node whose kernel offers this, with this file.
fn node(memory: bool, pressure: bool, file: impl AsRef<[u8]>) -> Facts {
    let mut facts = facts();
    let controllers: &[&str] = if memory { &["cpu", "memory"] } else { &["cpu"] };
    facts.cgroup_controllers = Some(controllers.iter().map(|name| (*name).to_owned()).collect());
    facts.pressure = pressure;
    facts.cmdlines = [(PATH.to_owned(), Bytes::from(file.as_ref()))].into();
    facts
}

/// What would be written, and where.
fn written(facts: &Facts) -> Option<(String, Vec<u8>)> {
    match plan(facts)?.actions.into_iter().next()? {
        Action::Write { path, content, backup: true, mode: None, over: Some(_) } => {
            let bytes = match content {
                Content::Text(text) => text.into_bytes(),
                Content::Bytes(bytes) => bytes.0,
                other => panic!("{other:?}"),
            };
            Some((path, bytes))
        }
        other => panic!("{other:?}"),
    }
}

fn text(facts: &Facts) -> Option<String> {
    written(facts).map(|(_, bytes)| String::from_utf8(bytes).unwrap())
}

fn refused(facts: &Facts) -> Option<Refusal> {
    let refusal = refusal("pi-1", facts);
    let line = refusal.as_ref().is_some_and(|refusal| refusal.id != "memory-cgroup");
    assert!(!line || plan(facts).is_none(), "it is refused and changed");
    refusal
}

#[test]
fn the_words_go_on_the_line_of_the_file_the_firmware_reads() {
    for (memory, pressure, file, expected) in [
        (false, false, STOCK, Some(BOTH)),
        (
            false,
            true,
            STOCK,
            Some("console=tty1 root=PARTUUID=1-02 rootwait cgroup_enable=memory\n"),
        ),
        (true, false, STOCK, Some("console=tty1 root=PARTUUID=1-02 rootwait psi=1\n")),
        (true, true, STOCK, None),
        (false, false, BOTH, None),
    ] {
        let facts = node(memory, pressure, file);
        assert_eq!(text(&facts).as_deref(), expected, "{memory} {pressure} {file:?}");
    }
}

#[test]
fn all_other_bytes_of_the_file_stay() {
    for (before, after) in [
        ("root=x", "root=x cgroup_enable=memory psi=1"),
        ("root=x \t\r\nold\r\n", "root=x cgroup_enable=memory psi=1 \t\r\nold\r\n"),
        (
            "root=x\n#root=/dev/sda2 init=/bin/sh\n",
            "root=x cgroup_enable=memory psi=1\n#root=/dev/sda2 init=/bin/sh\n",
        ),
        // Words by hand on a line that nobody reads.
        (
            "root=x\ncgroup_enable=memory psi=1\n",
            "root=x cgroup_enable=memory psi=1\ncgroup_enable=memory psi=1\n",
        ),
        ("root=x -- single", "root=x cgroup_enable=memory psi=1 -- single"),
        (
            "  root=x dyndbg=\"file a  +p\"  console=tty1 console=tty2",
            "  root=x dyndbg=\"file a  +p\"  console=tty1 console=tty2 cgroup_enable=memory psi=1",
        ),
        // Not words of the kernel: behind `--`, within quotes.
        ("root=x -- psi=1", "root=x cgroup_enable=memory psi=1 -- psi=1"),
        ("root=x a=\"b psi=1\"", "root=x a=\"b psi=1\" cgroup_enable=memory psi=1"),
        ("root=x cgroup_enable=cpuset,memory", "root=x cgroup_enable=cpuset,memory psi=1"),
    ] {
        assert_eq!(text(&node(false, false, before)).as_deref(), Some(after), "{before:?}");
    }
    let latin = b"root=x note=caf\xe9\n#\xff\n";
    let (_, after) = written(&node(false, false, latin)).unwrap();
    assert_eq!(after, b"root=x note=caf\xe9 cgroup_enable=memory psi=1\n#\xff\n");
}

#[test]
fn a_plan_shows_the_line_before_and_after() {
    let facts = node(false, false, "root=x\n#y\n");
    let edit = plan(&facts).unwrap().edits;
    let [Edit { path, line: 1, before, after }] = &edit[..] else { panic!("{edit:?}") };
    assert_eq!(
        (path.as_str(), before.as_str(), after.as_str()),
        (PATH, "root=x", "root=x cgroup_enable=memory psi=1")
    );
}

#[test]
fn what_is_not_plain_is_refused_with_the_file_and_the_line_to_write() {
    let long = format!("root=x {}\n", "x".repeat(2000));
    for (file, why, line) in [
        ("", "it has no line", "console=tty1 root=/dev/run rootwait cgroup_enable=memory psi=1"),
        (" \n# x\n", "it has no line", "console=tty1 root=/dev/run rootwait"),
        ("rootwait\n", "line 1 has no `root=`", "console=tty1 root=/dev/run rootwait"),
        ("rootwait root=\n", "line 1 has no `root=`", "console=tty1 root=/dev/run rootwait"),
        ("root =x\n", "line 1 has no `root=`", "console=tty1 root=/dev/run rootwait"),
        ("quiet -- root=x\n", "line 1 has no `root=`", "console=tty1 root=/dev/run rootwait"),
        ("console=tty1\nroot=y\n", "line 1 has no `root=`", "`root=y cgroup_enable=memory psi=1`"),
        ("\u{feff}root=x\n", "line 1 has no `root=`", "console=tty1 root=/dev/run rootwait"),
        (
            "# NOTES\n# more\nroot=y quiet\n",
            "line 3 is the first",
            "`root=y quiet cgroup_enable=memory psi=1`",
        ),
        ("\nroot=y\n", "line 2 is the first", "`root=y cgroup_enable=memory psi=1`"),
        ("root=y \0\0\n", "a NUL", "`root=y cgroup_enable=memory psi=1`"),
        ("root=y a=\"b\n", "quotation mark", "cgroup_enable=memory psi=1`"),
        (&long, "so long", "root=x"),
        (
            "root=y cgroup_disable=memory\n",
            "asks for that by `cgroup_disable=memory`",
            "`root=y cgroup_enable=memory psi=1`",
        ),
        (
            "root=y cgroup_enable=memory cgroup_disable=cpu,memory\n",
            "by `cgroup_disable=cpu,memory`",
            "`root=y cgroup_enable=memory psi=1`",
        ),
    ] {
        let mut facts = node(false, false, file);
        facts.kernel_cmdline = "coherent_pool=1M root=/dev/run quiet".to_owned();
        let Some(refusal) = refused(&facts) else { panic!("{file:?} is not refused") };
        assert_eq!(refusal.id, "boot-line");
        assert!(refusal.what.contains(why) && refusal.what.contains(PATH), "{refusal:?}");
        assert!(refusal.hint.contains(line) && refusal.hint.contains(PATH), "{refusal:?}");
    }
    let shown = refused(&node(false, false, "# NOTES\nroot=y\n")).unwrap().what;
    assert!(shown.ends_with("\n  1: `# NOTES`\n  2: `root=y`"), "{shown}");
}

#[test]
fn a_line_below_comments_is_taken_when_the_running_kernel_shows_that_it_was_read() {
    let file = "# serial0 is mapped\nconsole=serial0,115200 root=y quiet\n";
    let mut facts = node(false, false, file);
    facts.kernel_cmdline = "coherent_pool=1M console=ttyAMA0,115200 root=y quiet".to_owned();
    let after =
        "# serial0 is mapped\nconsole=serial0,115200 root=y quiet cgroup_enable=memory psi=1\n";
    assert_eq!(text(&facts).as_deref(), Some(after));
    assert_eq!(refused(&facts), None);
    facts.kernel_cmdline = "root=z quiet".to_owned();
    assert_eq!(refused(&facts).unwrap().id, "boot-line");
}

#[test]
fn without_need_nothing_is_refused() {
    for file in ["", "rootwait\n", "# x\nroot=y\n", "root=y cgroup_disable=memory\n"] {
        let facts = node(true, true, file);
        assert_eq!((refused(&facts), note("pi-1", &facts), plan(&facts)), (None, None, None));
    }
    // Pressure alone is no reason to refuse a node.
    for file in ["", "rootwait\n", "# x\nroot=y\n", "root=y psi=0\n"] {
        let facts = node(true, false, file);
        assert_eq!((refused(&facts), plan(&facts)), (None, None));
        assert_eq!(note("pi-1", &facts).unwrap().id, "pressure", "{file}");
    }
    // A person's `psi=0` stays, and the memory cgroup is added.
    let facts = node(false, false, "root=y psi=0\n");
    assert_eq!(text(&facts).as_deref(), Some("root=y psi=0 cgroup_enable=memory\n"));
}

#[test]
fn a_word_that_only_the_running_kernel_has_is_written_without_a_restart() {
    let mut facts = node(true, true, "root=x psi=1\n");
    facts.kernel_cmdline = "root=x cgroup_enable=memory psi=1".to_owned();
    let change = plan(&facts).unwrap();
    assert_eq!(change.effect, Effect::None);
    assert!(change.reason.contains("the next boot would be without it"), "{}", change.reason);
    assert_eq!(text(&facts).as_deref(), Some("root=x psi=1 cgroup_enable=memory\n"));
    // A kernel that offers it unasked needs no word.
    facts.kernel_cmdline = "root=x psi=1".to_owned();
    assert_eq!(plan(&facts), None);
    // Somebody has switched it off for the next boot.
    let mut facts = node(true, true, "root=x psi=1 cgroup_disable=memory\n");
    facts.kernel_cmdline = "root=x cgroup_enable=memory psi=1".to_owned();
    assert!(refused(&facts).unwrap().what.contains("after the next boot"));
}

#[test]
fn the_file_is_the_one_config_txt_names() {
    let with = |config: &str, files: &[&str], prefix: Option<&str>| {
        let mut facts = node(false, true, STOCK);
        facts.cmdlines =
            files.iter().map(|name| (format!("/boot/firmware/{name}"), STOCK.into())).collect();
        facts.boot_configs = [("/boot/firmware/config.txt".to_owned(), config.into())].into();
        facts.os_prefix = prefix.map(str::to_owned);
        let refusal = refused(&facts).map(|refusal| (refusal.id, refusal.what));
        (written(&facts).map(|(path, _)| path), refusal)
    };
    let ubuntu = "[all]\nos_prefix=current/\n[tryboot]\nos_prefix=new/\n";
    let current = "/boot/firmware/current/cmdline.txt";
    for files in [&["current/cmdline.txt"][..], &["current/cmdline.txt", "cmdline.txt"]] {
        for prefix in [None, Some("current/")] {
            assert_eq!(with(ubuntu, files, prefix), (Some(current.to_owned()), None));
        }
    }
    // The stray file is not the one, though it is the only one.
    let (path, refusal) = with(ubuntu, &["cmdline.txt"], None);
    assert_eq!(path, None);
    let (id, what) = refusal.unwrap();
    assert!(id == "boot-partition" && what.contains(current), "{what}");
    // Started from another folder than the next start will be from.
    let (path, refusal) = with(ubuntu, &["current/cmdline.txt", "cmdline.txt"], Some(""));
    assert_eq!((path, refusal.unwrap().0), (None, "boot-line".to_owned()));
    let (path, refusal) = with("[gpio4=1]\ncmdline=own.txt\n", &["cmdline.txt", "own.txt"], None);
    assert_eq!((path, refusal.unwrap().0), (None, "boot-line".to_owned()));
    assert_eq!(with("cmdline=own.txt\n", &["own.txt"], None).0.unwrap(), "/boot/firmware/own.txt");
}

#[test]
fn the_older_path_is_used_where_it_is_the_real_one() {
    let older = "/boot/cmdline.txt";
    let mut facts = node(false, true, "");
    facts.cmdlines = [(older.to_owned(), STOCK.into())].into();
    assert_eq!(written(&facts).unwrap().0, older);
    let stub = "DO NOT EDIT THIS FILE\n\nThe file has moved\n";
    facts.cmdlines = [(older.to_owned(), stub.into())].into();
    facts.boot_configs = [("/boot/config.txt".to_owned(), stub.into())].into();
    assert_eq!(written(&facts), None);
    assert_eq!(refused(&facts).unwrap().id, "boot-partition");
}

#[test]
fn a_word_the_kernel_did_not_heed_is_named_with_the_file() {
    let facts = node(false, true, "root=x cgroup_enable=memory\n");
    assert_eq!(unheard(&facts), ["cgroup_enable=memory"]);
    let refusal = refused(&facts).unwrap();
    assert_eq!(refusal.id, "memory-cgroup");
    assert!(refusal.what.contains(PATH) && refusal.hint.contains(PATH), "{refusal:?}");
}

/// What the kernel takes from a line, written down anew: the words before `--`, in
/// order, as it splits them.
fn in_force(line: &[u8]) -> Vec<Vec<u8>> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), Vec::new(), false, false);
    for byte in line.iter().chain(b" ") {
        let blank = b" \t\r\n\x0b\x0c\xa0".contains(byte);
        if blank && !quoted {
            if begun {
                words.push(std::mem::take(&mut word));
            }
            begun = false;
            continue;
        }
        begun = true;
        if *byte == b'"' {
            quoted = !quoted;
        } else {
            word.push(*byte);
        }
    }
    let end = words.iter().position(|word| word == b"--").unwrap_or(words.len());
    words.truncate(end);
    words
}

/// One line of a file as people leave them.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        &b"console=tty1"[..],
        b"console=serial0,115200",
        b"root=PARTUUID=1-02",
        b"root=/dev/sda2",
        b"root=",
        b"rootwait",
        b"quiet",
        b"init=/bin/sh",
        b"psi=1",
        b"psi=0",
        b"psi=on",
        b"cgroup_enable=memory",
        b"cgroup_disable=memory",
        b"cgroup_enable=cpuset,memory",
        b"cgroup_memory=1",
        b"--",
        b"dyndbg=\"file a  +p\"",
        b"\"",
        b"#",
        b"#note",
        b"\xef\xbb\xbf",
        b"caf\xe9",
        b"\0",
        b"a\xa0b",
        b"\xc2\xa0",
        b"boot=overlay",
    ]);
    let gap = prop::sample::select(vec![&b" "[..], b"  ", b"\t", b"\r", b" \x0c"]);
    let start = prop::sample::select(vec![&b""[..], b"", b"", b"# ", b"  ", b"\xef\xbb\xbf"]);
    (start, prop::collection::vec((word, gap), 0..8)).prop_map(|(start, words)| {
        let words = words.into_iter().flat_map(|(word, gap)| [word, gap].concat());
        start.iter().copied().chain(words).collect()
    })
}

proptest! {
    /// Whichever of the readings of a file the firmware has (the first line, the
    /// first that is no comment, all of it), what was in force stays in force, in
    /// its order, and nothing comes to it but our words.
    #[test]
    fn the_words_in_force_afterwards_are_those_before_and_ours(
        all in prop::collection::vec((line(), prop::sample::select(vec![&b"\n"[..], b"\r\n"])), 0..5),
        cut in any::<bool>(),
        memory in any::<bool>(),
        pressure in any::<bool>(),
        running in prop::option::of(0_usize..5),
    ) {
        let mut file: Vec<u8> =
            all.iter().flat_map(|(line, end)| [&line[..], end].concat()).collect();
        if cut {
            file.pop();
        }
        let mut facts = node(memory, pressure, &file);
        if let Some((line, _)) = running.and_then(|at| all.get(at)) {
            facts.kernel_cmdline = String::from_utf8_lossy(line).into_owned();
        }
        let judged = (refused(&facts), note("pi-1", &facts));
        let Some((path, after)) = written(&facts) else {
            let asked = unheard(&facts).len() == usize::from(!memory) + usize::from(!pressure);
            prop_assert!(memory && pressure || asked || judged != (None, None), "nothing is said");
            return Ok(());
        };
        prop_assert_eq!(path, PATH);
        let lines = |file: &[u8]| -> Vec<Vec<u8>> {
            file.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
        };
        let (old, new) = (lines(&file), lines(&after));
        prop_assert_eq!(old.len(), new.len());
        let changed: Vec<usize> = (0..old.len()).filter(|at| old[*at] != new[*at]).collect();
        let [at] = changed[..] else { panic!("{changed:?}") };
        // Of the one line that differs: ours at the end, nothing else.
        let (words, mut wanted) = (in_force(&new[at]), in_force(&old[at]));
        let ours = words[wanted.len()..].to_vec();
        prop_assert!(!ours.is_empty());
        prop_assert!(ours.iter().all(|word| [&b"cgroup_enable=memory"[..], b"psi=1"].contains(&&word[..])));
        wanted.extend(ours);
        prop_assert_eq!(&words, &wanted);
        prop_assert!(words.iter().any(|word| word.starts_with(b"root=") && word.len() > 5));
        prop_assert!(!new[at].contains(&0));
        // Comments and lines that nobody reads do not change.
        let before = &old[..at];
        let idle = |line: &Vec<u8>| {
            let line = line.trim_ascii();
            line.is_empty() || line.starts_with(b"#")
        };
        prop_assert!(before.iter().all(idle));
        prop_assert!(at == 0 || !facts.kernel_cmdline.is_empty());
        // Done once is done.
        let again = node(memory, pressure, &after);
        let again = Facts { kernel_cmdline: facts.kernel_cmdline, ..again };
        prop_assert_eq!(written(&again), None);
    }
}
