use terrarium_inventory::{reference, schema, schema_text};

use crate::{beside, committed};

#[test]
fn the_schema_is_fresh() {
    committed(&beside("schema.json"), &schema_text()).unwrap();
}

#[test]
fn the_reference_is_fresh() {
    committed(&beside("../docs/reference/inventory.md"), &reference()).unwrap();
}

#[test]
fn the_text_of_the_schema_is_the_schema() {
    let read: serde_json::Value = serde_json::from_str(&schema_text()).unwrap();
    assert_eq!(read, schema());
}
