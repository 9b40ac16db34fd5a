//! Good texts spoilt: most in one small place, as somebody with a purpose would,
//! and few of them wholly. The same round spoils the same text in the same way.

use std::ops::Range;

/// How a text is made of keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Yaml,
    Json,
    /// `key<tab>value`.
    Lines,
}

/// What stands where a good value was.
const VALUES: [&str; 40] = [
    "",
    "\0",
    "\u{feff}",
    "\u{1b}]0;title\u{7}",
    "\u{1b}[2J\u{1b}[1;1H",
    "\u{9b}31m",
    "\u{202e}gnp.exe",
    "\u{2066}a\u{2069}",
    "\u{2028}",
    "\u{e0041}",
    "a\u{200b}b",
    "\r",
    "a\nb: c",
    "\t",
    "'",
    "\"",
    "\\",
    "a b;c",
    "$(id)",
    "`id`",
    "../../etc/shadow",
    "--kubeconfig=/x",
    "https://elsewhere.invalid",
    "-1",
    "0",
    "1.5",
    "1e999",
    "-9223372036854775808",
    "18446744073709551616",
    "99999999999999999999999999999999999999999",
    "NaN",
    ".inf",
    "0x10",
    "null",
    "true",
    "[]",
    "{}",
    "*anchor",
    "&anchor x",
    "!!binary eA==",
];

/// Keys and lines nobody asked for.
const MORE: [(Form, &str); 16] = [
    (Form::Yaml, "exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh}"),
    (Form::Yaml, "tokenFile: /etc/shadow"),
    (Form::Yaml, "proxy-url: http://elsewhere.invalid"),
    (Form::Yaml, "insecure-skip-tls-verify: true"),
    (Form::Yaml, "extensions: [{name: x, extension: {}}]"),
    (Form::Yaml, "token: abc"),
    (Form::Yaml, "<<: *anchor"),
    (Form::Yaml, "# a comment"),
    (Form::Json, "\"name\": \"\\u001b[2J\","),
    (Form::Json, "\"a\": {\"b\": [1, 2, {}]},"),
    (Form::Json, "\"__proto__\": null,"),
    (Form::Json, "\"namespace\": \"../x\","),
    (Form::Lines, "os\tDebian\u{1b}[2J"),
    (Form::Lines, "hostname\ta b;c"),
    (Form::Lines, "unit \u{202e}x\tactive enabled no"),
    (Form::Lines, "a key of later versions\t1"),
];

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % most.max(1)
    }
}

/// The text of this round.
pub(super) fn spoilt(seed: &str, form: Form, round: usize) -> Vec<u8> {
    let mix = (round as u64 + 1).wrapping_mul(0x2545_f491_4f6c_dd1d);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ mix);
    let mut bytes = seed.as_bytes().to_vec();
    let times = if dice.below(5) == 0 { 3 } else { 1 };
    for _ in 0..times {
        spoil(&mut bytes, form, &mut dice);
    }
    // Large ones are few: they are to be refused, and quickly.
    if round % 2_000 == 1_999 {
        let at = word(&bytes, &mut dice);
        bytes.splice(at, "x".repeat(2 << 20).into_bytes());
    }
    bytes
}

/// The same as text, as the program makes one of what a node said.
pub(super) fn spoilt_text(seed: &str, form: Form, round: usize) -> String {
    String::from_utf8_lossy(&spoilt(seed, form, round)).into_owned()
}

/// Does one thing to it.
fn spoil(bytes: &mut Vec<u8>, form: Form, dice: &mut Dice) {
    let at = word(bytes, dice);
    let line = around(bytes, at.start, |byte| byte == b'\n');
    match dice.below(100) {
        0..15 => {
            if let Some(byte) = bytes.get_mut(at.start + dice.below(at.len())) {
                *byte = u8::try_from(dice.below(256)).unwrap();
            }
        }
        15..21 => bytes.insert(at.start, u8::try_from(dice.below(256)).unwrap()),
        21..27 if !at.is_empty() => drop(bytes.remove(at.start + dice.below(at.len()))),
        // A line away, twice, or somewhere else.
        27..35 => drop(bytes.drain(line.start..(line.end + 1).min(bytes.len()))),
        35..42 => {
            let again = [&bytes[line.clone()], b"\n"].concat();
            let to = word(bytes, dice).start;
            let to = around(bytes, to, |byte| byte == b'\n').start;
            bytes.splice(to..to, again);
        }
        42..75 => {
            let value = written(VALUES[dice.below(VALUES.len())], form, dice);
            bytes.splice(at, value.into_bytes());
        }
        75..84 => {
            let more: Vec<&str> =
                MORE.iter().filter(|(of, _)| *of == form).map(|(_, more)| *more).collect();
            let indent = bytes[line.clone()].iter().take_while(|byte| **byte == b' ').count();
            let text = format!("{}{}\n", " ".repeat(indent), more[dice.below(more.len())]);
            bytes.splice(line.start..line.start, text.into_bytes());
        }
        84..88 => {
            let long = [255, 1_025, 9_000, 70_000][dice.below(4)];
            bytes.splice(at, "x".repeat(long).into_bytes());
        }
        88..91 => {
            let depth = [20, 130, 2_000][dice.below(3)];
            let open = ["[", "{\"a\":", "{a: "][dice.below(3)];
            bytes.splice(at, open.repeat(depth).into_bytes());
        }
        91..94 => *bytes = String::from_utf8_lossy(bytes).replace('\n', "\r\n").into_bytes(),
        94 if form == Form::Yaml && dice.below(5) == 0 => {
            drop(bytes.splice(0..0, laughs().into_bytes()));
        }
        95 => drop(bytes.splice(0..0, "\u{feff}".bytes())),
        96 => bytes.truncate(at.start),
        97 => bytes.reverse(),
        _ => bytes.extend_from_slice(b"\n"),
    }
}

/// A value as the form writes it: as it is, or between quotes.
fn written(value: &str, form: Form, dice: &mut Dice) -> String {
    let quoted = serde_json::to_string(value).unwrap();
    match form {
        Form::Lines => value.to_owned(),
        _ if dice.below(4) == 0 => value.to_owned(),
        Form::Yaml => quoted,
        // The quotes are there, but around numbers.
        Form::Json => quoted[1..quoted.len() - 1].to_owned(),
    }
}

/// A word of the text; of long ones, which are keys and certificates, few.
fn word(bytes: &[u8], dice: &mut Dice) -> Range<usize> {
    let sign = |byte: u8| byte.is_ascii_whitespace() || b"\"{}[],:".contains(&byte);
    let mut found = 0..0;
    for _ in 0..12 {
        let at = dice.below(bytes.len());
        found = around(bytes, at, sign);
        if (1..60).contains(&found.len()) {
            break;
        }
    }
    found
}

/// What is around a place until a byte that ends it.
fn around(bytes: &[u8], at: usize, ends: impl Fn(u8) -> bool) -> Range<usize> {
    let from = bytes[..at.min(bytes.len())].iter().rposition(|byte| ends(*byte));
    let to = bytes[at.min(bytes.len())..].iter().position(|byte| ends(*byte));
    from.map_or(0, |from| from + 1)..to.map_or(bytes.len(), |to| at + to)
}

/// Few lines that are many when they are read.
fn laughs() -> String {
    (1..12).fold("a0: &a0 [lol]\n".to_owned(), |text, level| {
        let before = format!("*a{},", level - 1).repeat(9);
        format!("{text}a{level}: &a{level} [{before}]\n")
    })
}
