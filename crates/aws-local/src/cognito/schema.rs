//! A user pool's attributes: the standard ones, and custom ones that can only be added.

use aws_facts::limits::cognito::MOST_CUSTOM_ATTRIBUTES;
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::{fill, invalid, limit, nothing, pool_mut};

pub(super) const OPERATIONS: &[Operation] = &[Operation::change(
    "AddCustomAttributes",
    add_custom_attributes,
)];

/// The standard attributes of OpenID Connect in AWS's order: (name, shortest, longest) of texts.
const STANDARD_TEXTS: &[(&str, &str, &str)] = &[
    ("sub", "1", "2048"),
    ("name", "0", "2048"),
    ("given_name", "0", "2048"),
    ("family_name", "0", "2048"),
    ("middle_name", "0", "2048"),
    ("nickname", "0", "2048"),
    ("preferred_username", "0", "2048"),
    ("profile", "0", "2048"),
    ("picture", "0", "2048"),
    ("website", "0", "2048"),
    ("email", "0", "2048"),
    ("gender", "0", "2048"),
    ("birthdate", "10", "10"),
    ("zoneinfo", "0", "2048"),
    ("locale", "0", "2048"),
    ("phone_number", "0", "2048"),
    ("address", "0", "2048"),
];

const STANDARD_BOOLEANS: &[&str] = &["email_verified", "phone_number_verified"];

fn standard() -> Vec<Object> {
    let attribute = |name: &str, data_type: &str| {
        let is_sub = name == "sub";
        let members = json!({
            "Name": name,
            "AttributeDataType": data_type,
            "DeveloperOnlyAttribute": false,
            "Mutable": !is_sub,
            "Required": is_sub,
        });
        let mut attribute = Object::new();
        fill(&mut attribute, members);
        attribute
    };
    let texts = STANDARD_TEXTS.iter().map(|(name, shortest, longest)| {
        let mut text = attribute(name, "String");
        text.insert(
            "StringAttributeConstraints".into(),
            json!({"MinLength": shortest, "MaxLength": longest}),
        );
        text
    });
    let booleans = STANDARD_BOOLEANS
        .iter()
        .map(|name| attribute(name, "Boolean"));
    let mut updated_at = attribute("updated_at", "Number");
    updated_at.insert(
        "NumberAttributeConstraints".into(),
        json!({"MinValue": "0"}),
    );
    texts.chain(booleans).chain([updated_at]).collect()
}

/// The attributes of a pool created with this input's `Schema`.
pub(super) fn of_new_pool(input: &Object) -> Result<Vec<Object>, Refusal> {
    let mut schema = standard();
    for wanted in input
        .get("Schema")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
    {
        match schema
            .iter_mut()
            .find(|attribute| attribute.get("Name") == wanted.get("Name"))
        {
            Some(standard) => adjust(standard, wanted)?,
            None => add(&mut schema, wanted)?,
        }
    }
    Ok(schema)
}

/// Changes a standard attribute at creation: whether it is required and mutable, and its constraints.
fn adjust(standard: &mut Object, wanted: &Object) -> Result<(), Refusal> {
    let changes_type = wanted
        .get("AttributeDataType")
        .is_some_and(|data_type| Some(data_type) != standard.get("AttributeDataType"));
    if changes_type || wanted.get("DeveloperOnlyAttribute") == Some(&json!(true)) {
        let name = wanted
            .get("Name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        return Err(invalid(format!(
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute {name}"
        )));
    }
    constraints(wanted)?;
    for member in [
        "Mutable",
        "Required",
        "StringAttributeConstraints",
        "NumberAttributeConstraints",
    ] {
        if let Some(value) = wanted.get(member) {
            standard.insert(member.into(), value.clone());
        }
    }
    Ok(())
}

/// Adds a custom attribute under the name by which the pool then knows it.
fn add(schema: &mut Vec<Object>, wanted: &Object) -> Result<(), Refusal> {
    let Some(data_type) = wanted.get("AttributeDataType").and_then(Value::as_str) else {
        return Err(invalid(
            "Invalid AttributeDataType input, consider using the provided AttributeDataType enum.",
        ));
    };
    if wanted.get("Required") == Some(&json!(true)) {
        return Err(invalid(
            "Required custom attributes are not supported currently.",
        ));
    }
    constraints(wanted)?;
    let developer_only = wanted.get("DeveloperOnlyAttribute") == Some(&json!(true));
    let prefix = if developer_only {
        "dev:custom:"
    } else {
        "custom:"
    };
    let name = format!(
        "{prefix}{}",
        wanted
            .get("Name")
            .and_then(Value::as_str)
            .unwrap_or_default()
    );
    if schema
        .iter()
        .any(|attribute| attribute.get("Name") == Some(&json!(name)))
    {
        return Err(invalid(format!(
            "{name}: Existing attribute already has name {name}."
        )));
    }
    let custom = schema
        .iter()
        .filter(|attribute| is_custom(attribute))
        .count();
    if custom >= MOST_CUSTOM_ATTRIBUTES {
        return Err(limit(format!(
            "A user pool has at most {MOST_CUSTOM_ATTRIBUTES} custom attributes."
        )));
    }
    let mut attribute = wanted.clone();
    attribute.insert("Name".into(), json!(name));
    fill(
        &mut attribute,
        json!({"DeveloperOnlyAttribute": false, "Mutable": true, "Required": false}),
    );
    match data_type {
        "String" => fill(&mut attribute, json!({"StringAttributeConstraints": {}})),
        "Number" => fill(&mut attribute, json!({"NumberAttributeConstraints": {}})),
        _ => {}
    }
    schema.push(attribute);
    Ok(())
}

fn is_custom(attribute: &Object) -> bool {
    attribute
        .get("Name")
        .and_then(Value::as_str)
        .is_some_and(|name| name.contains("custom:"))
}

fn constraints(wanted: &Object) -> Result<(), Refusal> {
    let name = wanted
        .get("Name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    for (kind, least, greatest) in [
        ("StringAttributeConstraints", "MinLength", "MaxLength"),
        ("NumberAttributeConstraints", "MinValue", "MaxValue"),
    ] {
        let Some(given) = wanted.get(kind) else {
            continue;
        };
        let number = |member: &str| match given.get(member).and_then(Value::as_str) {
            None | Some("") => Ok(None),
            Some(text) => {
                let number = text
                    .parse::<i128>()
                    .ok()
                    .filter(|number| kind.starts_with("Number") || *number >= 0);
                number
                    .map(Some)
                    .ok_or_else(|| invalid(format!("Invalid {kind} for schema attribute {name}")))
            }
        };
        let (least, greatest) = (number(least)?, number(greatest)?);
        if kind.starts_with("String") && least.max(greatest).is_some_and(|length| length > 2048) {
            return Err(invalid(format!(
                "user.{name}: String attributes cannot have a length of more than 2048"
            )));
        }
        if let (Some(least), Some(greatest)) = (least, greatest)
            && least > greatest
        {
            let what = if kind.starts_with("String") {
                "length"
            } else {
                "value"
            };
            return Err(invalid(format!(
                "user.{name}: Max {what} cannot be less than min {what}."
            )));
        }
    }
    Ok(())
}

fn add_custom_attributes(region: &mut Region, call: &Call) -> Answer {
    let pool = pool_mut(region, call)?;
    for wanted in call
        .input
        .get("CustomAttributes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
    {
        add(&mut pool.schema, wanted)?;
    }
    pool.modified = call.seconds();
    nothing()
}
