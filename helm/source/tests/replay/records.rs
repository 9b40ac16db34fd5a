//! Reading records as a consumer does: the frame, the schema, Avro.

use std::collections::BTreeMap;

use apache_avro::types::Value;
use apache_avro::{Schema, from_avro_datum};

use crate::registry::Schemas;

/// The fields of a record; its schema is registered for `topic`.
pub(crate) fn decode(topic: &str, bytes: &[u8], schemas: &Schemas) -> BTreeMap<String, Value> {
    let (zero, rest) = bytes.split_first().unwrap();
    assert_eq!(*zero, 0, "{topic}: Confluent's frame begins with a zero");
    let (id, mut value) = rest.split_first_chunk().unwrap();
    let place = usize::try_from(u32::from_be_bytes(*id)).unwrap() - 1;
    let (subject, schema) = schemas.lock().unwrap()[place].clone();
    assert_eq!(subject, format!("{topic}-value"));
    let schema = Schema::parse_str(&schema).unwrap();
    let record = from_avro_datum(&schema, &mut value, None)
        .unwrap_or_else(|error| panic!("{topic}: {error}: {bytes:?}"));
    assert!(value.is_empty(), "{topic}: bytes are left over");
    let Value::Record(fields) = record else { panic!("{topic}: no record") };
    fields.into_iter().collect()
}

/// A text of a record.
pub(crate) fn text(record: &BTreeMap<String, Value>, field: &str) -> String {
    match &record[field] {
        Value::String(text) => text.clone(),
        Value::Union(_, value) => match value.as_ref() {
            Value::String(text) => text.clone(),
            other => panic!("{field}: {other:?}"),
        },
        other => panic!("{field}: {other:?}"),
    }
}

/// A moment of a record, in milliseconds.
pub(crate) fn moment(record: &BTreeMap<String, Value>, field: &str) -> i64 {
    match record[field] {
        Value::TimestampMillis(millis) => millis,
        ref other => panic!("{field}: {other:?}"),
    }
}
