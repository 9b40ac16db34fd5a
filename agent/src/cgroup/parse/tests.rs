use super::*;
use crate::cgroup::files::{V1, V2};

fn read(parse: fn(&[u8], &mut Readings) -> bool, input: &str) -> (bool, Readings) {
    let mut readings = Readings::default();
    (parse(input.as_bytes(), &mut readings), readings)
}

#[test]
fn processor_time_is_in_nanoseconds_whatever_the_file_counts() {
    let v2 = "usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 9\nnr_throttled 1\nthrottled_usec 7\n";
    let (whole, readings) = read(cpu_stat, v2);
    assert!(whole);
    assert_eq!(
        (readings.cpu, readings.cpu_user, readings.cpu_system),
        (Some(5000), Some(3000), Some(2000))
    );
    let throttling = Throttling { periods: 9, throttled: 1, nanoseconds: 7000 };
    assert_eq!(readings.throttling, Some(throttling));

    let (whole, readings) = read(cpuacct_stat, "user 3\nsystem 2\n");
    assert!(whole);
    assert_eq!((readings.cpu_user, readings.cpu_system), (Some(30_000_000), Some(20_000_000)));
    let v1 = "nr_periods 9\nnr_throttled 1\nthrottled_time 7000\n";
    assert_eq!(read(cpu_stat_v1, v1).1.throttling, Some(throttling));
}

#[test]
fn without_a_limit_there_is_no_throttling() {
    let (whole, readings) = read(cpu_stat, "usage_usec 5\nuser_usec 3\nsystem_usec 2\n");
    assert!(whole);
    assert_eq!(readings.throttling, None);
}

#[test]
fn limits_are_set_absent_or_unknown() {
    for (input, limit) in
        [("268435456\n", Limit::Set(268_435_456)), ("max\n", Limit::None), ("-1\n", Limit::Unknown)]
    {
        assert_eq!(read(memory_max, input).1.memory_limit, limit, "{input}");
    }
    // By pages of 4, 16 and 64 KiB.
    for input in ["9223372036854771712\n", "9223372036854759424\n", "9223372036854710272\n"] {
        assert_eq!(read(memory_limit, input).1.memory_limit, Limit::None, "{input}");
    }
    assert_eq!(read(memory_limit, "4096\n").1.memory_limit, Limit::Set(4096));
    let (whole, readings) = read(cpu_max, "max 100000\n");
    assert_eq!(
        (whole, readings.cpu_quota, readings.cpu_period),
        (true, Limit::None, Some(100_000))
    );
    assert_eq!(read(cpu_max, "50000 100000\n").1.cpu_quota, Limit::Set(50_000));
    assert_eq!(read(cfs_quota, "-1\n").1.cpu_quota, Limit::None);
    assert_eq!(read(cfs_quota, "50000\n").1.cpu_quota, Limit::Set(50_000));
    assert!(!read(cfs_quota, "many\n").0);
}

#[test]
fn devices_are_told_apart_in_both_versions() {
    let card = Io { device: (179, 0), read_bytes: 4096, written_bytes: 8192, reads: 1, writes: 2 };
    let (whole, readings) = read(
        io_stat,
        "179:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n7:0 \n259:0 rbytes=1 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n",
    );
    assert!(whole);
    assert_eq!(
        readings.io,
        [card, Io { device: (259, 0), read_bytes: 1, reads: 1, ..Io::default() }]
    );

    let mut readings = Readings::default();
    let bytes = "179:0 Read 4096\n179:0 Write 8192\n179:0 Sync 0\n179:0 Total 12288\nTotal 12288\n";
    let operations = "179:0 Read 1\n179:0 Write 2\n179:0 Total 3\nTotal 3\n";
    assert!(blkio_bytes(bytes.as_bytes(), &mut readings));
    assert!(blkio_operations(operations.as_bytes(), &mut readings));
    assert_eq!(readings.io, [card]);
}

#[test]
fn a_broken_number_costs_itself_and_is_told() {
    let (whole, readings) = read(io_stat, "179:0 rbytes=many wbytes=8192\n");
    assert!(!whole);
    assert_eq!(readings.io[0].written_bytes, 8192);
    let (whole, readings) = read(memory_events, "low 0\nmax x\noom_kill 2\n");
    assert_eq!((whole, readings.oom_kills), (false, Some(2)));
    assert!(!read(memory_stat, "anon 1\n").0);
}

#[test]
fn every_form_in_which_the_kernel_tells_of_devices_is_read() {
    let devices = |readings: &Readings| -> Vec<_> {
        readings.io.iter().map(|io| (io.device, io.read_bytes, io.writes)).collect()
    };
    for (text, found) in [
        // A device that is gone.
        ("(unknown) rbytes=1 wios=2\n8:0 rbytes=3 wios=4\n", vec![((8, 0), 3, 4)]),
        // Devices without numbers, and without a line's end.
        (
            "252:0 8:16 (unknown) 8:0 rbytes=3 wbytes=1 rios=1 wios=4 dbytes=0 dios=0\n",
            vec![((8, 0), 3, 4)],
        ),
        ("8:0 rbytes=3 wios=4 \n252:0 ", vec![((8, 0), 3, 4)]),
        ("8:0 rbytes=3 wios=4 cost.vrate=100.00 cost.usage=7\n", vec![((8, 0), 3, 4)]),
        ("(unknown) \n", vec![]),
    ] {
        let (whole, readings) = read(io_stat, text);
        assert!(whole, "{text}");
        assert_eq!(devices(&readings), found, "{text}");
    }
    assert!(!read(io_stat, "sda rbytes=1\n").0);
    let (whole, readings) = read(blkio_bytes, "(unknown) Read 5\n8:0 Read 3\nTotal 8\n");
    assert!(whole);
    assert_eq!(devices(&readings), [((8, 0), 3, 0)]);
}

#[test]
fn of_an_empty_file_nothing_is_left() {
    let content = "usage_usec 1\nuser_usec 1\nsystem_usec 1\nuser 1\nsystem 1\nmax 1\noom_kill 1\n179:0 rbytes=1\n179:0 Read 1\n";
    for file in V1.iter().chain(&V2) {
        let mut readings = Readings::default();
        for input in [content, "7\n", "max 100000\n", "some total=1\nfull total=2\n"] {
            (file.parse)(input.as_bytes(), &mut readings);
        }
        (file.parse)(b"", &mut readings);
        assert_eq!(readings, Readings::default(), "{}", file.name);
    }
}
