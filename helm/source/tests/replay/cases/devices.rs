//! Device information.

use terrarium_source::devices::{device, marked};

use crate::broker::Broker;
use crate::program::{Setup, wait_for};
use crate::records::{decode, text};

const TOPIC: &str = "datagen_device_information";

pub(crate) fn devices_go_on_where_they_ended(broker: &Broker) {
    let setup = Setup::new(broker, "[devices]\nevery = \"20ms\"\nseed = 5\n");
    let count = || broker.records(TOPIC).len();

    let running = setup.start(&["devices"]);
    wait_for("ten devices", || (count() >= 10).then_some(()));
    running.kill();
    let before = count();
    let running = setup.start(&["devices"]);
    wait_for("ten more", || (count() >= before + 10).then_some(()));
    assert_eq!(running.get("/readyz").0, 200);
    assert!(running.stop());

    let records = broker.records(TOPIC);
    for (number, (key, value)) in records.iter().enumerate() {
        let record = decode(TOPIC, value, &broker.schemas);
        let expected = device(5, number.try_into().unwrap());
        assert_eq!(*key, expected.mac_address, "record {number}");
        assert_eq!(text(&record, "mac_address"), expected.mac_address);
        assert_eq!(text(&record, "device_ip"), expected.device_ip);
        assert_eq!(text(&record, "owner"), expected.owner);
    }

    let output = setup.output(&["devices", "--once", "--owner", "proof-123"]);
    assert!(output.status.success(), "{output:?}");
    let (key, value) = broker.records(TOPIC).pop().unwrap();
    assert_eq!(key, marked("proof-123").mac_address);
    assert_eq!(text(&decode(TOPIC, &value, &broker.schemas), "owner"), "proof-123");
}
