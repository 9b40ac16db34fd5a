use std::io;
use std::path::Path;

use super::fake::Fake;
use super::*;
use crate::encoder::Format;

const PMIC: &str = "     3V7_WL_SW_A current(0)=0.09010870A\n        VDD_CORE_A current(7)=1.28840000A\n\
     3V7_WL_SW_V volt(8)=3.71921100V\n        VDD_CORE_V volt(15)=0.79870280V\n           \
     EXT5V_V volt(24)=5.15091800V\n";

fn settings(board: &str) -> Settings {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(board);
    Settings {
        procfs: root.join("proc"),
        sysfs: root.join("sys"),
        rootfs: root,
        ..Settings::default()
    }
}

/// A firmware that holds the board back now for want of volts, and was hot once.
fn firmware(text: Option<&str>, soc: u32) -> Fake {
    let mut fake = Fake { text: text.map(str::to_owned), ..Fake::default() };
    fake.answers.insert((0x0003_0046, 0), vec![0x000D_0005]);
    fake.answers.insert((0x0003_0006, 0), vec![0, soc]);
    for (id, microvolts) in [(1, 880_000), (2, 1_100_000), (3, 1_100_000), (4, 1_100_000)] {
        fake.answers.insert((0x0003_0003, id), vec![id, microvolts]);
    }
    for (id, hertz) in [(3, 1_500_000_000), (4, 500_000_000), (5, 500_000_000)] {
        fake.answers.insert((0x0003_0002, id), vec![id, hertz]);
    }
    fake
}

/// The page, and whether everything could be told.
fn page(settings: &Settings, mailbox: Box<dyn Mailbox>) -> (String, Result<(), Failure>) {
    let mut pi = Pi::asking(settings, mailbox);
    let mut out = Encoder::default();
    pi.find(&mut Vec::new());
    let mut result = Ok(());
    for _ in 0..2 {
        if let Some(board) = &mut pi.board {
            // This machine's is not the fixture's.
            board.page_size = if board.is_pi_5 { 16_384 } else { 4096 };
        }
        out.begin(4096, Format::Text);
        result = pi.collect(&mut Vec::new(), &mut out);
    }
    (str::from_utf8(out.page()).unwrap().to_owned(), result)
}

#[test]
fn the_page_of_a_pi_5() {
    let (page, result) = page(&settings("pi5"), Box::new(firmware(Some(PMIC), 48_312)));
    result.unwrap();
    insta::assert_snapshot!(page);
}

#[test]
fn the_page_of_a_pi_4() {
    let (page, result) = page(&settings("pi4"), Box::new(firmware(None, 62_300)));
    result.unwrap();
    insta::assert_snapshot!(page);
}

#[test]
fn without_the_firmwares_device_its_driver_tells_of_the_voltage() {
    let settings = settings("pi4");
    let (page, result) = page(&settings, Box::new(Vcio::new(&settings.rootfs)));
    let device = settings.rootfs.join("dev/vcio");
    assert_eq!(result.unwrap_err().to_string(), format!("cannot read {}", device.display()));
    assert!(page.ends_with("rpi_under_voltage 1\n"), "{page}");
    assert!(page.contains("rpi_board_info{"), "{page}");
    assert!(!page.contains("rpi_throttled_state{"), "{page}");
}

#[test]
fn a_firmware_that_takes_one_question_at_a_time_is_not_asked_more() {
    let refuse_lists = Some(io::ErrorKind::InvalidInput);
    let fake = Fake { refuse_lists, ..firmware(None, 48_312) };
    let mut pi = Pi::asking(&settings("pi4"), Box::new(fake));
    for _ in 0..3 {
        let mut out = Encoder::default();
        pi.collect(&mut Vec::new(), &mut out).unwrap();
        let page = str::from_utf8(out.page()).unwrap();
        assert!(page.contains("rpi_throttled_state{flag=\"under_voltage\"} 1"), "{page}");
        assert!(!page.contains("rpi_temperature_celsius"), "{page}");
    }
    assert!(pi.without_numbers);
}

#[test]
fn a_message_that_was_lost_is_sent_again() {
    let fake = Fake { lose_lists: 1, ..firmware(None, 48_312) };
    let mut pi = Pi::asking(&settings("pi4"), Box::new(fake));
    let told = [false, true].map(|_| {
        let mut out = Encoder::default();
        pi.collect(&mut Vec::new(), &mut out).unwrap();
        str::from_utf8(out.page()).unwrap().contains("rpi_temperature_celsius")
    });
    assert_eq!(told, [false, true]);
}

#[test]
fn another_board_is_none() {
    let root = tempfile::tempdir().unwrap();
    let sysfs = root.path().to_owned();
    let tree = sysfs.join("firmware/devicetree/base");
    std::fs::create_dir_all(&tree).unwrap();
    std::fs::write(tree.join("compatible"), "radxa,rock-5b\0rockchip,rk3588\0").unwrap();
    let settings = Settings { sysfs, ..Settings::default() };
    let mut out = Encoder::default();
    let result = Pi::new(&settings).collect(&mut Vec::new(), &mut out);
    assert_eq!(result.unwrap_err().to_string(), "no Raspberry Pi on this host");
    assert!(out.page().is_empty());
}
