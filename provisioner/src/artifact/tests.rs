mod known;
mod pace;
mod server;

use std::cell::RefCell;
use std::error::Error as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use sha2::{Digest as _, Sha256 as Hasher};
use terrarium_k3s::release::{Arch, HelmRelease, Os, Release};
use terrarium_k3s::sums::Sha256;
use terrarium_k3s::version::Version;

use super::{
    Artifact, Check, Expected, FetchError, Fetched, Origin, Source, Store, Timeouts, Wanted,
};
use server::{Reply, Server};

const BINARY_PATH: &str = "/k3s-io/k3s/releases/download/v1.34.4%2Bk3s1/k3s-arm64";
const SUMS_PATH: &str = "/k3s-io/k3s/releases/download/v1.34.4%2Bk3s1/sha256sum-arm64.txt";

fn binary() -> Vec<u8> {
    (0..50_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn digest(bytes: &[u8]) -> Sha256 {
    Sha256::new(Hasher::digest(bytes).into())
}

fn sums(bytes: &[u8]) -> Vec<u8> {
    format!("{}  k3s-arm64\n", digest(bytes)).into_bytes()
}

fn release() -> Release {
    Release { version: Version::parse("v1.34.4+k3s1").unwrap(), arch: Arch::Arm64 }
}

fn wanted(mirror: &str) -> Wanted {
    Wanted::k3s(&release(), None, Some(mirror))
}

/// A store that waits for nothing between attempts, and takes what the test's own
/// server says.
fn store(dir: &Path) -> Store {
    Store { plain_http: true, ..Store::new(dir).pauses(vec![Duration::ZERO; 2]) }
}

/// Where it matters what comes, and not what it was compared with.
trait File {
    fn file(
        &self,
        wanted: &Wanted,
        progress: impl Fn(u64, Option<u64>),
    ) -> Result<Artifact, FetchError>;
}

impl File for Store {
    fn file(
        &self,
        wanted: &Wanted,
        progress: impl Fn(u64, Option<u64>),
    ) -> Result<Artifact, FetchError> {
        self.fetch(wanted, progress).map(|fetched| fetched.artifact)
    }
}

/// A site with both files, where `binary_reply` may spoil the binary.
fn site(binary_reply: impl Fn(usize) -> Reply + Send + 'static) -> Server {
    Server::start(move |path, before| match path {
        SUMS_PATH => Reply::Body(sums(&binary())),
        BINARY_PATH => binary_reply(before),
        _ => Reply::Status(404),
    })
}

fn fails(store: &Store, wanted: &Wanted) -> FetchError {
    store.file(wanted, |_, _| ()).unwrap_err()
}

/// All that lies in the cache, without records.
fn files(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for site in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        for file in std::fs::read_dir(site.path()).unwrap().flatten() {
            names.push(file.file_name().into_string().unwrap());
        }
    }
    names.sort();
    names
}

#[test]
fn downloads_verifies_and_asks_no_second_time() {
    let server = site(|_| Reply::Body(binary()));
    let dir = tempfile::tempdir().unwrap();
    let seen = RefCell::new(Vec::new());
    let first = store(dir.path())
        .file(&wanted(&server.url), |done, total| seen.borrow_mut().push((done, total)))
        .unwrap();
    assert_eq!(std::fs::read(&first.path).unwrap(), binary());
    assert_eq!((first.sha256, first.size), (digest(&binary()), 200_000));
    let seen = seen.into_inner();
    assert_eq!(seen.last(), Some(&(200_000, Some(200_000))));
    assert!(seen.is_sorted());
    assert_eq!(server.asked(), [SUMS_PATH, BINARY_PATH]);

    let second =
        store(dir.path()).file(&wanted(&server.url), |_, _| panic!("no download")).unwrap();
    assert_eq!(second, first);
    assert_eq!(server.asked().len(), 2, "a cached file is not asked for");
    assert_eq!(files(dir.path()), ["k3s-v1.34.4+k3s1-arm64", "k3s-v1.34.4+k3s1-arm64.sha256"]);
}

#[test]
fn a_corrupt_download_is_refused_and_removed() {
    let mut spoilt = binary();
    spoilt[7] ^= 1;
    let got = digest(&spoilt);
    let server = site(move |_| Reply::Body(spoilt.clone()));
    let dir = tempfile::tempdir().unwrap();
    let error = fails(&store(dir.path()), &wanted(&server.url));
    let text = error.to_string();
    for part in
        [&server.url, &digest(&binary()).to_string(), &got.to_string(), "v1.34.4%2Bk3s1/k3s-arm64"]
    {
        assert!(text.contains(part), "{text}");
    }
    assert!(error.hint().contains("[artifacts] mirror"), "{}", error.hint());
    assert_eq!(files(dir.path()), [""; 0]);
    assert_eq!(server.asked().len(), 2, "the same again would come again");
}

#[test]
fn a_broken_download_is_tried_again() {
    let server = site(|before| match before {
        1 => Reply::Truncated(200_000, binary()[..100_000].to_vec()),
        2 => Reply::Status(500),
        _ => Reply::Body(binary()),
    });
    let dir = tempfile::tempdir().unwrap();
    assert!(store(dir.path()).file(&wanted(&server.url), |_, _| ()).is_ok());
    assert_eq!(server.asked(), [SUMS_PATH, BINARY_PATH, BINARY_PATH, BINARY_PATH]);
}

#[test]
fn three_attempts_and_no_more() {
    for (truncated, expected) in
        [(true, "broke off after 100000 bytes of 200000"), (false, "HTTP status 503")]
    {
        let server = site(move |_| {
            if truncated {
                Reply::Truncated(200_000, binary()[..100_000].to_vec())
            } else {
                Reply::Status(503)
            }
        });
        let dir = tempfile::tempdir().unwrap();
        let error = fails(&store(dir.path()), &wanted(&server.url));
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(server.asked().len(), 4);
        assert_eq!(files(dir.path()), [""; 0]);
    }
}

#[test]
fn what_is_not_there_is_asked_for_once() {
    let server = site(|_| Reply::Status(404));
    let dir = tempfile::tempdir().unwrap();
    let error = fails(&store(dir.path()), &wanted(&server.url));
    assert!(matches!(error, FetchError::Status { status: 404, .. }), "{error}");
    assert!(error.to_string().contains(&server.url) && error.hint().contains("version"), "{error}");
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn redirects_are_followed() {
    let server = Server::start(|path, _| match path {
        SUMS_PATH => Reply::Redirect("/elsewhere/sums".to_owned()),
        "/elsewhere/sums" => Reply::Body(sums(&binary())),
        BINARY_PATH => Reply::Redirect("/elsewhere/k3s".to_owned()),
        "/elsewhere/k3s" => Reply::Body(binary()),
        _ => Reply::Status(404),
    });
    let dir = tempfile::tempdir().unwrap();
    assert!(store(dir.path()).file(&wanted(&server.url), |_, _| ()).is_ok());
}

#[test]
fn a_redirect_without_end_is_an_error() {
    let server = Server::start(|path, _| Reply::Redirect(path.to_owned()));
    let dir = tempfile::tempdir().unwrap();
    let error = fails(&store(dir.path()), &wanted(&server.url));
    let cause = error.source().map(ToString::to_string);
    assert!(cause.is_some_and(|cause| cause.contains("redirect")), "{error:?}");
}

#[test]
fn a_checksum_file_without_the_file_is_refused_before_the_download() {
    for (text, cause) in [
        (format!("{}  k3s\n", digest(&binary())), "no line for `k3s-arm64` among the 1 listed"),
        ("<html>Sign in</html>".to_owned(), "no checksum file"),
    ] {
        let server = Server::start(move |_, _| Reply::Body(text.clone().into_bytes()));
        let dir = tempfile::tempdir().unwrap();
        let error = fails(&store(dir.path()), &wanted(&server.url));
        assert!(error.to_string().contains("sha256sum-arm64.txt"), "{error}");
        assert!(error.source().unwrap().to_string().contains(cause), "{error:?}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[test]
fn nobody_there_and_no_tls_there() {
    let dir = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = fails(&store(dir.path()), &wanted(&format!("http://{free}")));
    assert!(error.is_transient() && error.to_string().contains(&free.to_string()), "{error}");
    assert!(error.source().unwrap().to_string().contains("refused"), "{error:?}");

    let server = site(|_| Reply::Body(binary()));
    let error = fails(&store(dir.path()), &wanted(&server.url.replace("http", "https")));
    assert!(matches!(error, FetchError::Transport { .. }) && !error.is_transient(), "{error:?}");
    assert!(error.hint().contains("certificate"), "{}", error.hint());
}

#[test]
fn a_file_mirror_needs_no_encoding_and_is_looked_at_each_time() {
    let (mirror, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = mirror.path().join("k3s-io/k3s/releases/download/v1.34.4+k3s1");
    std::fs::create_dir_all(&folder).unwrap();
    let put = |bytes: &[u8]| {
        std::fs::write(folder.join("k3s-arm64"), bytes).unwrap();
        std::fs::write(folder.join("sha256sum-arm64.txt"), sums(bytes)).unwrap();
    };
    let wanted = wanted(&format!("file://{}", mirror.path().display()));
    let store = store(cache.path());
    put(b"first");
    let first = store.file(&wanted, |_, _| ()).unwrap();
    assert_eq!(store.file(&wanted, |_, _| panic!("cached")).unwrap(), first);
    put(b"second");
    let second = store.file(&wanted, |_, _| ()).unwrap();
    assert_eq!(std::fs::read(&second.path).unwrap(), b"second");

    std::fs::remove_file(folder.join("sha256sum-arm64.txt")).unwrap();
    let error = fails(&store, &wanted);
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("sha256sum-arm64.txt"), "{cause}");
    assert!(error.hint().contains("layout"), "{}", error.hint());
}

#[test]
fn a_cached_file_is_doubted_when_it_changed() {
    let server = site(|_| Reply::Body(binary()));
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let first = store.file(&wanted(&server.url), |_, _| ()).unwrap();

    // Touched, same content: hashed again, kept.
    let touch = |seconds| {
        let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        std::fs::File::open(&first.path).unwrap().set_modified(time).unwrap();
    };
    touch(1_000_000_000);
    assert_eq!(store.file(&wanted(&server.url), |_, _| panic!("whole")).unwrap(), first);

    // One bit off, same size; then cut short; then without its record.
    let mut spoilt = binary();
    spoilt[0] ^= 1;
    for damage in [&spoilt[..], &spoilt[..10]] {
        std::fs::write(&first.path, damage).unwrap();
        touch(1_000_000_001);
        let before = server.asked().len();
        assert_eq!(store.file(&wanted(&server.url), |_, _| ()).unwrap(), first);
        assert_eq!(server.asked().len(), before + 2);
        assert_eq!(std::fs::read(&first.path).unwrap(), binary());
    }
    std::fs::remove_file(first.path.with_file_name("k3s-v1.34.4+k3s1-arm64.sha256")).unwrap();
    let before = server.asked().len();
    assert_eq!(store.file(&wanted(&server.url), |_, _| ()).unwrap(), first);
    assert_eq!(server.asked().len(), before + 2);
}

#[test]
fn runs_side_by_side_do_not_disturb_each_other() {
    let server = site(|_| Reply::Body(binary()));
    let dir = tempfile::tempdir().unwrap();
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let (store, wanted) = (store(dir.path()), wanted(&server.url));
            std::thread::spawn(move || store.file(&wanted, |_, _| ()).unwrap())
        })
        .collect();
    for run in runs {
        let artifact = run.join().unwrap();
        assert_eq!(std::fs::read(&artifact.path).unwrap(), binary());
    }
    assert_eq!(files(dir.path()), ["k3s-v1.34.4+k3s1-arm64", "k3s-v1.34.4+k3s1-arm64.sha256"]);
}

#[test]
fn a_cache_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let blocked = dir.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let server = site(|_| Reply::Body(binary()));
    let error = fails(&store(&blocked), &wanted(&server.url));
    assert!(error.source().unwrap().to_string().contains("file"), "{error:?}");
    assert!(error.hint().contains("TERRARIUM_CACHE"), "{}", error.hint());
}

#[test]
fn a_full_disk_says_so() {
    let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
    let error = FetchError::Io { action: "write to the cache", source };
    assert!(error.hint().contains("free some space"));
}

#[test]
fn credentials_stay_out_of_errors() {
    let server = site(|_| Reply::Status(403));
    let url = server.url.replace("http://", "http://me:hunter2@");
    let dir = tempfile::tempdir().unwrap();
    let error = fails(&store(dir.path()), &wanted(&url));
    assert!(matches!(error, FetchError::Status { status: 403, .. }), "{error}");
    assert!(!format!("{error} {error:?} {:?}", wanted(&url)).contains("hunter2"));
    let public = Origin::Public("https://github.com".into());
    assert_eq!(format!("{public:?}"), "Public(\"https://github.com\")");
}

/// An archive with these entries, by `tar`'s own naming rules or past them.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder =
        tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, content) in entries {
        let mut header = tar::Header::new_ustar();
        // `set_path` refuses what a hostile archive would hold.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o4777);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    let mut encoder = builder.into_inner().unwrap();
    encoder.flush().unwrap();
    encoder.finish().unwrap()
}

fn helm_site(archive: Vec<u8>) -> Server {
    Server::start(move |path, _| match path {
        "/helm-v3.21.4-linux-amd64.tar.gz" => Reply::Body(archive.clone()),
        "/helm-v3.21.4-linux-amd64.tar.gz.sha256sum" => Reply::Body(
            format!("{}  helm-v3.21.4-linux-amd64.tar.gz\n", digest(&archive)).into_bytes(),
        ),
        _ => Reply::Status(404),
    })
}

fn helm() -> HelmRelease {
    HelmRelease { version: "v3.21.4".into(), os: Os::Linux, arch: Arch::Amd64 }
}

#[test]
fn helm_is_unpacked_and_nothing_else_is() {
    let server = helm_site(archive(&[
        ("../../evil", b"x"),
        ("linux-amd64/README.md", b"x"),
        ("linux-amd64/helm", b"#!/bin/sh\n"),
        ("/etc/evil", b"x"),
    ]));
    let dir = tempfile::tempdir().unwrap();
    let helm_program =
        store(dir.path()).helm(&helm(), None, Some(&server.url), |_, _| ()).unwrap().1;
    assert_eq!(std::fs::read(&helm_program.path).unwrap(), b"#!/bin/sh\n");
    assert_eq!(std::fs::metadata(&helm_program.path).unwrap().permissions().mode() & 0o7777, 0o755);
    assert_eq!(files(dir.path()).len(), 4, "archive and program, a record each");
    assert!(!dir.path().join("evil").exists());

    let again = store(dir.path())
        .helm(&helm(), None, Some(&server.url), |_, _| panic!("cached"))
        .unwrap()
        .1;
    assert_eq!(again, helm_program);
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn an_archive_without_the_program_or_damaged_is_refused() {
    for (bytes, expected) in [
        (archive(&[("linux-amd64/helm.txt", b"x")]), "expected a file `linux-amd64/helm`"),
        (b"no archive".to_vec(), "cannot be read"),
        (archive(&[("linux-amd64/helm", &binary())])[..60].to_vec(), "cannot be read"),
    ] {
        let server = helm_site(bytes);
        let dir = tempfile::tempdir().unwrap();
        let error =
            store(dir.path()).helm(&helm(), None, Some(&server.url), |_, _| ()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(files(dir.path()).len(), 2, "archive and its record");
    }
}
