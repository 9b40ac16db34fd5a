//! What is wrong is told, and what is away is waited for.

use std::net::TcpListener;

use crate::broker::{Broker, PASSWORD};
use crate::program::{Setup, kafka, wait_for};

pub(crate) fn trouble_is_told_without_secrets(broker: &Broker) {
    let (user, password) = broker.login();
    let wrong = tempfile::tempdir().unwrap();
    let wrong = wrong.path().join("password");
    std::fs::create_dir_all(wrong.parent().unwrap()).unwrap();
    std::fs::write(&wrong, "not-the-Pa55word\n").unwrap();

    // A wrong password.
    let setup = Setup::with(&kafka(&broker.address, Some((&user, &wrong))), &broker.registry, "");
    let output = setup.output(&["devices", "--once", "--owner", "x"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.starts_with("error: cannot write the record\n"), "{told}");
    assert!(!told.contains("Pa55word"), "{told}");

    // A password in place of a file's name, and two slips more.
    let setup = Setup::with(
        &kafka(&broker.address, Some((&user, &password))),
        "http://me:Pa55word@registry",
        "[github]\nrepositories = [\"one\"]\nevry = \"1s\"\n",
    );
    let output = setup.output(&["github"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    for part in ["source.toml:6: `url`", "source.toml:10: \"one\"", "did you mean `every`?"] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    assert!(!told.contains("Pa55word"), "{told}");
    assert_eq!(PASSWORD, std::fs::read_to_string(password).unwrap());
}

pub(crate) fn a_broker_that_is_away_is_waited_for(broker: &Broker) {
    let (user, password) = broker.login();
    // A port where nobody answers, and then the broker behind it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let setup =
        Setup::with(&kafka(&address.to_string(), Some((&user, &password))), &broker.registry, "");
    let running = setup.start(&["devices"]);
    let (status, reason) = running.get("/readyz");
    assert_eq!(status, 503, "{reason}");
    assert_eq!(running.get("/healthz").0, 200);

    let before = broker.records("datagen_device_information").len();
    forward(&address.to_string(), &broker.address);
    wait_for("a device", || {
        (broker.records("datagen_device_information").len() > before).then_some(())
    });
    wait_for("readiness", || (running.get("/readyz").0 == 200).then_some(()));
    assert!(running.stop());
}

/// Passes connections on from one address to another until the test ends.
fn forward(from: &str, to: &str) {
    let listener = TcpListener::bind(from).unwrap();
    let to = to.to_owned();
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let far = std::net::TcpStream::connect(&to).unwrap();
            let (mut near_in, mut far_in) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            let (mut near_out, mut far_out) = (near, far);
            std::thread::spawn(move || std::io::copy(&mut near_in, &mut far_out));
            std::thread::spawn(move || std::io::copy(&mut far_in, &mut near_out));
        }
    });
}
