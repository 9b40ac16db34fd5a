//! Avro's binary encoding, as far as flat records need it, and Confluent's
//! frame around it.

/// A value being encoded: the fields of a record, one after the other in the
/// order of its schema.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// `"string"`
    pub fn text(&mut self, text: &str) -> &mut Self {
        // A text longer than i64 does not fit into memory.
        self.long(i64::try_from(text.len()).unwrap_or(i64::MAX));
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    /// `["null", "string"]`
    pub fn maybe_text(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            None => self.long(0),
            Some(text) => self.long(1).text(text),
        }
    }

    /// `"long"`, and the moments in milliseconds made from it: the sign in the
    /// lowest bit, seven bits a byte, the lowest first.
    pub fn long(&mut self, number: i64) -> &mut Self {
        let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
        while rest > 0x7f {
            self.bytes.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest.to_le_bytes()[0]);
        self
    }

    /// `["null", "long"]`
    pub fn maybe_long(&mut self, number: Option<i64>) -> &mut Self {
        match number {
            None => self.long(0),
            Some(number) => self.long(1).long(number),
        }
    }

    /// `"boolean"`
    pub fn flag(&mut self, flag: bool) -> &mut Self {
        self.bytes.push(u8::from(flag));
        self
    }

    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// `value` as Kafka gets it: a zero, the registry's number of the schema, the
/// value.
pub fn framed(schema: u32, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(5 + value.len());
    bytes.push(0);
    bytes.extend_from_slice(&schema.to_be_bytes());
    bytes.extend_from_slice(value);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(write: impl Fn(&mut Encoder) -> &mut Encoder) -> Vec<u8> {
        let mut encoder = Encoder::default();
        write(&mut encoder);
        encoder.finish()
    }

    /// The examples of Avro's specification.
    #[test]
    fn the_specifications_examples() {
        for (number, bytes) in [
            (0, &[0x00][..]),
            (-1, &[0x01]),
            (1, &[0x02]),
            (-2, &[0x03]),
            (2, &[0x04]),
            (-64, &[0x7f]),
            (64, &[0x80, 0x01]),
        ] {
            assert_eq!(encoded(|e| e.long(number)), bytes, "{number}");
        }
        assert_eq!(encoded(|e| e.text("foo")), [0x06, 0x66, 0x6f, 0x6f]);
        assert_eq!(encoded(|e| e.maybe_text(None)), [0x00]);
        assert_eq!(encoded(|e| e.maybe_text(Some("a"))), [0x02, 0x02, 0x61]);
        assert_eq!(encoded(|e| e.flag(true)), [1]);
        assert_eq!(framed(258, &[9]), [0, 0, 0, 1, 2, 9]);
    }

    proptest! {
        /// Another implementation reads what this one writes.
        #[test]
        fn another_implementation_reads_it(
            text in ".*", maybe in proptest::option::of(".{0,9}"), number: i64,
            perhaps: Option<i64>, flag: bool,
        ) {
            use apache_avro::types::Value;
            use apache_avro::{Schema, from_avro_datum};
            let schema = Schema::parse_str(r#"{"type": "record", "name": "r", "fields": [
                {"name": "a", "type": "string"}, {"name": "b", "type": ["null", "string"]},
                {"name": "c", "type": "long"}, {"name": "d", "type": ["null", "long"]},
                {"name": "e", "type": "boolean"}]}"#).unwrap();
            let bytes = encoded(|e| {
                e.text(&text).maybe_text(maybe.as_deref()).long(number).maybe_long(perhaps).flag(flag)
            });
            let mut rest = bytes.as_slice();
            let read = from_avro_datum(&schema, &mut rest, None).unwrap();
            prop_assert!(rest.is_empty());
            let union = |value: Option<Value>| match value {
                None => Value::Union(0, Box::new(Value::Null)),
                Some(value) => Value::Union(1, Box::new(value)),
            };
            let expected = Value::Record(vec![
                ("a".into(), Value::String(text)),
                ("b".into(), union(maybe.map(Value::String))),
                ("c".into(), Value::Long(number)),
                ("d".into(), union(perhaps.map(Value::Long))),
                ("e".into(), Value::Boolean(flag)),
            ]);
            prop_assert_eq!(read, expected);
        }
    }
}
