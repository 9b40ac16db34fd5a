//! D-Bus messages, as far as two calls need them: little-endian, which is what
//! a bus on the same host speaks.

/// Larger than the list of units of any host; a stop for a length that lies.
pub const MOST: usize = 16 * 1024 * 1024;

/// Bytes of a message before the length of its header's fields.
pub const FIXED: usize = 16;

/// A call's receiver.
#[derive(Debug, Clone, Copy)]
pub struct Target<'t> {
    /// The name on the bus.
    pub destination: &'t str,
    /// The object.
    pub path: &'t str,
    /// The interface.
    pub interface: &'t str,
    /// The method.
    pub member: &'t str,
}

/// Writes a call with arguments that are all strings.
pub fn call(target: &Target<'_>, arguments: &[&str], serial: u32, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    for argument in arguments {
        string(argument, &mut body);
    }
    out.clear();
    // Little-endian, a call, without flags, version 1.
    out.extend_from_slice(&[b'l', 1, 0, 1]);
    out.extend_from_slice(&length(body.len()));
    out.extend_from_slice(&serial.to_le_bytes());
    // The fields' length, known at the end.
    out.extend_from_slice(&[0; 4]);
    for (code, kind, text) in [
        (1, b'o', target.path),
        (2, b's', target.interface),
        (3, b's', target.member),
        (6, b's', target.destination),
    ] {
        pad(8, out);
        out.extend_from_slice(&[code, 1, kind, 0]);
        string(text, out);
    }
    if !arguments.is_empty() {
        pad(8, out);
        out.extend_from_slice(&[8, 1, b'g', 0]);
        out.push(u8::try_from(arguments.len()).unwrap_or(u8::MAX));
        out.extend(arguments.iter().map(|_| b's'));
        out.push(0);
    }
    let fields = length(out.len() - FIXED);
    out[FIXED - 4..FIXED].copy_from_slice(&fields);
    pad(8, out);
    out.extend_from_slice(&body);
}

fn string(text: &str, out: &mut Vec<u8>) {
    pad(4, out);
    out.extend_from_slice(&length(text.len()));
    out.extend_from_slice(text.as_bytes());
    out.push(0);
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

fn pad(to: usize, out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(to), 0);
}

/// How many bytes follow the fixed part: fields, padding and body. `None` for
/// what is no message or none that is understood here.
pub fn rest(fixed: &[u8; FIXED]) -> Option<usize> {
    (fixed[0] == b'l' && fixed[3] == 1).then_some(())?;
    let mut reader = Reader::new(fixed);
    reader.at = 4;
    let body = usize::try_from(reader.number()?).ok()?;
    reader.at = FIXED - 4;
    let fields = usize::try_from(reader.number()?).ok()?;
    let rest = fields.checked_next_multiple_of(8)?.checked_add(body)?;
    (rest <= MOST).then_some(rest)
}

/// An answer: to which call, and whether it is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The serial number of the call.
    pub serial: u32,
    /// It is an error.
    pub failed: bool,
    /// Where the body starts.
    pub body: usize,
}

/// Reads a whole message; `None` for one that answers nothing, or is broken.
pub fn answer(message: &[u8]) -> Option<Answer> {
    let mut reader = Reader { message, at: FIXED - 4 };
    let fields = usize::try_from(reader.number()?).ok()?;
    let end = FIXED.checked_add(fields)?;
    let mut serial = None;
    while reader.at < end {
        reader.align(8);
        let code = reader.byte()?;
        let kind = reader.signature()?;
        match kind {
            b"u" => {
                let number = reader.number()?;
                if code == 5 {
                    serial = Some(number);
                }
            }
            b"s" | b"o" => drop(reader.text()?),
            b"g" => drop(reader.signature()?),
            _ => return None,
        }
    }
    let failed = match message.get(1)? {
        2 => false,
        3 => true,
        _ => return None,
    };
    Some(Answer { serial: serial?, failed, body: end.checked_next_multiple_of(8)? })
}

/// Reads values one after another.
#[derive(Debug)]
pub struct Reader<'m> {
    message: &'m [u8],
    at: usize,
}

impl<'m> Reader<'m> {
    /// Reads from the start of `message`, which has to be aligned as the
    /// message it is part of.
    pub fn new(message: &'m [u8]) -> Self {
        Self { message, at: 0 }
    }

    /// Where it is.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Goes on at the next multiple of `to`.
    pub fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn take(&mut self, bytes: usize) -> Option<&'m [u8]> {
        let taken = self.message.get(self.at..self.at.checked_add(bytes)?)?;
        self.at += bytes;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// A `u`.
    pub fn number(&mut self) -> Option<u32> {
        self.align(4);
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A `t`.
    pub fn long(&mut self) -> Option<u64> {
        self.align(8);
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    /// An `s` or an `o`.
    pub fn text(&mut self) -> Option<&'m str> {
        let length = usize::try_from(self.number()?).ok()?;
        let text = str::from_utf8(self.take(length)?).ok()?;
        self.take(1)?;
        Some(text)
    }

    /// A `g`.
    pub fn signature(&mut self) -> Option<&'m [u8]> {
        let length = usize::from(self.byte()?);
        let signature = self.take(length)?;
        self.take(1)?;
        Some(signature)
    }
}

/// What a property holds, of the kinds asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property<'m> {
    /// Text.
    Text(&'m str),
    /// A number.
    Number(u64),
}

/// A `v`.
pub fn property(body: &[u8]) -> Option<Property<'_>> {
    let mut reader = Reader::new(body);
    match reader.signature()? {
        b"s" => reader.text().map(Property::Text),
        b"u" => reader.number().map(|number| Property::Number(number.into())),
        b"t" => reader.long().map(Property::Number),
        _ => None,
    }
}

/// A unit of the manager's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'m> {
    /// `k3s.service`
    pub name: &'m str,
    /// `loaded`, `not-found`, …
    pub load: &'m str,
    /// `active`, `failed`, …
    pub active: &'m str,
    /// The object that knows more.
    pub path: &'m str,
}

/// The manager's list of units, `a(ssssssouso)`; `None` when it is broken.
pub fn units(body: &[u8]) -> Option<Vec<Listed<'_>>> {
    let mut reader = Reader::new(body);
    let length = usize::try_from(reader.number()?).ok()?;
    reader.align(8);
    let end = reader.at().checked_add(length)?;
    let mut units = Vec::new();
    while reader.at() < end {
        reader.align(8);
        let name = reader.text()?;
        let _description = reader.text()?;
        let load = reader.text()?;
        let active = reader.text()?;
        let _sub = reader.text()?;
        let _followed = reader.text()?;
        let path = reader.text()?;
        let _job = (reader.number()?, reader.text()?, reader.text()?);
        units.push(Listed { name, load, active, path });
    }
    Some(units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TARGET: Target<'_> =
        Target { destination: "d.d", path: "/p", interface: "i.i", member: "M" };

    #[test]
    fn a_call_tells_its_own_length() {
        for arguments in [&[][..], &["interface", "property"]] {
            let mut message = Vec::new();
            call(&TARGET, arguments, 7, &mut message);
            let fixed = message[..FIXED].try_into().unwrap();
            assert_eq!(rest(fixed), Some(message.len() - FIXED));
            // A call is no answer.
            assert_eq!(answer(&message), None);
        }
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let mut fixed = [0; FIXED];
        fixed[0] = b'l';
        fixed[3] = 1;
        assert_eq!(rest(&fixed), Some(0));
        fixed[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(rest(&fixed), None);
        fixed[0] = b'B';
        assert_eq!(rest(&fixed), None);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes: Vec<u8>) {
            let _ = (answer(&bytes), property(&bytes), units(&bytes));
            if let Ok(fixed) = <&[u8; FIXED]>::try_from(bytes.get(..FIXED).unwrap_or_default()) {
                prop_assert!(rest(fixed).is_none_or(|rest| rest <= MOST));
            }
        }
    }
}
