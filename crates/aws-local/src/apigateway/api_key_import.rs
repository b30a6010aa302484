//! `ImportApiKeys`: keys from a CSV file, which is idempotent by the keys' values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::api_keys::{add, check_value};
use super::refusals::bad_request;
use super::state::{State, date};
use super::tags::Tags;
use super::usage_plans::check_shared_stages;

pub(super) const OPERATIONS: &[Operation] = &[Operation::change("ImportApiKeys", import)];

/// A key with a known value is updated, any other is created. An error in a row is a warning, unless the call says otherwise.
fn import(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let format = call.text("format");
    if !format.eq_ignore_ascii_case("csv") {
        return Err(bad_request(format!(
            "Invalid API Key import format specified: {format}"
        )));
    }
    let body = STANDARD.decode(call.text("body")).unwrap_or_default();
    let text = String::from_utf8(body).map_err(|_| bad_request("The file is not UTF-8"))?;
    let mut rows = records(&text).into_iter();
    let header: Vec<String> = rows
        .next()
        .unwrap_or_default()
        .iter()
        .map(|name| name.trim().to_lowercase())
        .collect();
    for column in ["name", "key"] {
        if !header.iter().any(|name| name == column) {
            return Err(bad_request(format!(
                "Unable to import API Keys: the column {column} is missing"
            )));
        }
    }
    let (mut ids, mut warnings) = (Vec::new(), Vec::new());
    for (number, row) in rows.enumerate() {
        let field = |column: &str| {
            let index = header.iter().position(|name| name == column)?;
            row.get(index)
                .map(|field| field.trim())
                .filter(|field| !field.is_empty())
        };
        match import_one(state, field, call) {
            Ok((id, notes)) => {
                ids.push(id);
                warnings.extend(notes);
            }
            Err(refusal) => warnings.push(format!("Row {}: {}", number + 1, refusal.message)),
        }
    }
    let fails = call.input.get("failOnWarnings") == Some(&json!(true));
    if fails && !warnings.is_empty() {
        return Err(bad_request(warnings.join("; ")));
    }
    let mut answer = Object::from_iter([("ids".to_owned(), json!(ids))]);
    if !warnings.is_empty() {
        answer.insert("warnings".into(), json!(warnings));
    }
    Ok(answer)
}

fn import_one<'f>(
    state: &mut State,
    field: impl Fn(&str) -> Option<&'f str>,
    call: &Call,
) -> Result<(String, Vec<String>), Refusal> {
    let value = field("key").ok_or_else(|| bad_request("the key is missing"))?;
    let name = field("name").ok_or_else(|| bad_request("the name is missing"))?;
    check_value(value)?;
    let enabled = field("enabled").is_none_or(|text| text.eq_ignore_ascii_case("true"));
    let mut settings = Object::from_iter([
        ("name".to_owned(), json!(name)),
        ("enabled".to_owned(), json!(enabled)),
    ]);
    if let Some(description) = field("description") {
        settings.insert("description".into(), json!(description));
    }
    let known = state.api_keys.iter().find(|(_, key)| key.value == value);
    let id = match known.map(|(id, _)| id.to_owned()) {
        Some(id) => {
            settings.insert("lastUpdatedDate".into(), json!(date(call)));
            if let Some(key) = state.api_keys.get_mut(&id) {
                key.settings.extend(settings);
            }
            id
        }
        None => {
            settings.insert("stageKeys".into(), json!([]));
            let (id, key) = add(state, settings, Tags::new(), Some(value), call)?;
            state.api_keys.insert(&id, key);
            id
        }
    };
    let mut warnings = Vec::new();
    let plans = field("usageplanids").unwrap_or_default().split(',');
    for plan in plans.map(str::trim).filter(|plan| !plan.is_empty()) {
        let Some(row) = state.usage_plans.get(plan) else {
            warnings.push(format!("Invalid Usage Plan ID specified: {plan}"));
            continue;
        };
        if let Err(refusal) = check_shared_stages(state, &id, plan, &row.settings) {
            warnings.push(refusal.message);
        } else if let Some(key) = state.api_keys.get_mut(&id) {
            key.usage_plans.insert(plan.to_owned());
        }
    }
    Ok((id, warnings))
}

/// The records of a CSV file (RFC 4180): fields may be quoted, a quote within is doubled, lines without any field are left out.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut characters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(character) = characters.next() {
        match (quoted, character) {
            (true, '"') if characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            (_, '"') => quoted = !quoted,
            (false, ',') => record.push(std::mem::take(&mut field)),
            (false, '\r') => {}
            (false, '\n') => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            (_, character) => field.push(character),
        }
    }
    record.push(field);
    records.push(record);
    records.retain(|record| record.iter().any(|field| !field.trim().is_empty()));
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_keep_commas_quotes_and_lines() {
        let text = "\u{feff}Name,Key\r\n\"a, b\",\"say \"\"x\"\"\ny\"\n\nlast,";
        assert_eq!(
            records(text),
            [["Name", "Key"], ["a, b", "say \"x\"\ny"], ["last", ""]]
        );
    }
}
