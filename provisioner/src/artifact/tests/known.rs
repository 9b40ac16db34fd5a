//! What is known of a file before its site is asked.

use super::*;

/// What the site lists; the spoilt one is told from it by one bit.
fn spoilt() -> Vec<u8> {
    let mut bytes = binary();
    bytes[7] ^= 1;
    bytes
}

/// A site whose program was changed, and its checksum file with it.
fn changed_site() -> Server {
    Server::start(|path, _| match path {
        SUMS_PATH => Reply::Body(sums(&spoilt())),
        BINARY_PATH => Reply::Body(spoilt()),
        _ => Reply::Status(404),
    })
}

fn sources() -> [Source; 3] {
    let first_seen = jiff::civil::date(2026, 1, 31);
    let from = "https://github.com/k3s-arm64".to_owned();
    [Source::Pinned, Source::BuiltIn, Source::Locked { first_seen, from }]
}

fn known(source: Source, bytes: &[u8], server: &Server) -> Wanted {
    let expected = Expected { sha256: digest(bytes), source };
    Wanted::k3s(&release(), Some(expected), Some(&server.url))
}

#[test]
fn a_changed_release_with_its_checksum_is_caught_by_whoever_knows_better() {
    for (source, says) in sources().into_iter().zip([
        "the inventory pins sha256",
        "provision has built in sha256",
        "the lock file has, since 2026-01-31 from https://github.com/k3s-arm64, sha256",
    ]) {
        let server = changed_site();
        let dir = tempfile::tempdir().unwrap();
        let error = fails(&store(dir.path()), &known(source, &binary(), &server));
        let text = error.to_string();
        let (good, bad) = (digest(&binary()).to_string(), digest(&spoilt()).to_string());
        for part in ["k3s-v1.34.4+k3s1-arm64", says, &good, &bad, &server.url] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(matches!(error, FetchError::Disagrees(_)) && !error.is_transient());
        assert_eq!(server.asked(), [SUMS_PATH], "the file itself is not even asked for");
        assert_eq!(files(dir.path()), [""; 0]);
    }
}

#[test]
fn without_a_checksum_file_the_download_itself_is_held_against_it() {
    for source in sources() {
        let server = Server::start(|path, _| match path {
            BINARY_PATH => Reply::Body(spoilt()),
            _ => Reply::Status(404),
        });
        let dir = tempfile::tempdir().unwrap();
        let error = fails(&store(dir.path()), &known(source.clone(), &binary(), &server));
        assert!(matches!(error, FetchError::Disagrees(_)), "{error}");
        assert_eq!(files(dir.path()), [""; 0]);
        let fetched =
            store(dir.path()).fetch(&known(source.clone(), &spoilt(), &server), |_, _| ());
        assert_eq!(fetched.unwrap().check, Check::Known(source));
    }
}

#[test]
fn a_cached_file_is_held_against_what_is_known_on_every_run() {
    let dir = tempfile::tempdir().unwrap();
    let server = changed_site();
    let first = store(dir.path()).fetch(&wanted(&server.url), |_, _| ()).unwrap();
    assert_eq!(first.check, Check::ReleaseChecksum);
    assert_eq!(first.from, format!("{}{BINARY_PATH}", server.url));
    for source in sources() {
        // The same again, from the cache, now known to be right.
        let again = store(dir.path())
            .fetch(&known(source.clone(), &spoilt(), &server), |_, _| panic!("cached"))
            .unwrap();
        assert_eq!(again.artifact, first.artifact);
        assert_eq!(again.check, Check::Known(source.clone()));
        // And known to be wrong, although it lies in the cache, once verified.
        let error = fails(&store(dir.path()), &known(source, &binary(), &server));
        assert!(matches!(error, FetchError::Disagrees(_)), "{error}");
    }
}

#[test]
fn plain_http_is_taken_only_when_something_says_what_the_file_is() {
    let server = site(|_| Reply::Body(binary()));
    let dir = tempfile::tempdir().unwrap();
    let strict = Store::new(dir.path()).pauses(Vec::new());
    let error = fails(&strict, &wanted(&server.url));
    assert!(matches!(error, FetchError::PlainHttp { .. }), "{error}");
    for part in ["plain http", "k3s-v1.34.4+k3s1-arm64", &server.url] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(error.hint().contains("[artifacts.sha256]"), "{}", error.hint());
    assert_eq!(server.asked(), [""; 0], "nothing is asked of it");

    for source in sources() {
        let dir = tempfile::tempdir().unwrap();
        let strict = Store::new(dir.path()).pauses(Vec::new());
        assert!(strict.fetch(&known(source, &binary(), &server), |_, _| ()).is_ok());
    }
    // What an earlier run left in the cache is no reason either.
    store(dir.path()).fetch(&wanted(&server.url), |_, _| ()).unwrap();
    assert!(matches!(fails(&strict, &wanted(&server.url)), FetchError::PlainHttp { .. }));
}

#[test]
fn a_file_that_is_not_even_what_its_site_lists_is_no_other_release() {
    let server = site(|_| Reply::Body(spoilt()));
    let dir = tempfile::tempdir().unwrap();
    let error = fails(&store(dir.path()), &known(Source::BuiltIn, &binary(), &server));
    assert!(matches!(error, FetchError::Checksum { .. }), "{error}");
}

#[test]
fn with_neither_a_checksum_file_nor_a_known_digest_nothing_is_fetched() {
    let server = site(|_| Reply::Body(binary()));
    let neither = Wanted { sums_path: None, ..wanted(&server.url) };
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(fails(&store(dir.path()), &neither), FetchError::NoDigest { .. }));
    let expected = Some(Expected { sha256: digest(&binary()), source: Source::Pinned });
    let pinned = Wanted { expected, ..neither };
    let fetched: Fetched = store(dir.path()).fetch(&pinned, |_, _| ()).unwrap();
    assert_eq!(fetched.check.to_string(), "pinned in the inventory");
}
