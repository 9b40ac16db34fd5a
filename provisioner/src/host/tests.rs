use std::sync::Arc;

use terrarium_ssh::{ConnectError, Place, Turned};

use super::*;

#[test]
fn a_node_that_is_starting_gets_the_time_of_a_restart_and_a_wrong_login_none() {
    let place = Arc::new(Place {
        node: "pi-1".to_owned(),
        host: "10.0.0.1".to_owned(),
        port: 22,
        is_jump: false,
    });
    let turned = |why| {
        let (place, user) = (Arc::clone(&place), "pi".to_owned());
        let said = "words".to_owned();
        Unconnected::Ssh(ConnectError::Account { place, user, why, said }).worth_waiting()
    };
    assert_eq!(turned(Turned::NotUp), Duration::from_mins(10));
    assert_eq!(turned(Turned::Expired), Duration::ZERO);
    assert_eq!(turned(Turned::Other), Duration::ZERO);
    let source = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    let closed = ConnectError::Refused { place, source };
    assert_eq!(Unconnected::Ssh(closed).worth_waiting(), UP_WITHIN);
}
