//! Random passwords.

use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation};
use super::super::state::Region;
use super::invalid;

pub(super) const OPERATIONS: &[Operation] = &[Operation::read("GetRandomPassword", random)];

/// The length, if none is given.
const LENGTH: u64 = 32;

/// The characters of a type, and the member that leaves them out.
const TYPES: [(&str, &[u8]); 4] = [
    ("ExcludeUppercase", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("ExcludeLowercase", b"abcdefghijklmnopqrstuvwxyz"),
    ("ExcludeNumbers", b"0123456789"),
    ("ExcludePunctuation", b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
];

fn random(_: &Region, call: &Call) -> Answer {
    let says = |member: &str| call.input.get(member).and_then(Value::as_bool);
    let length = call.input.get("PasswordLength").and_then(Value::as_u64);
    let length = usize::try_from(length.unwrap_or(LENGTH)).unwrap_or(usize::MAX);
    let excluded = call.text("ExcludeCharacters").as_bytes();
    let left = |of: &[u8]| -> Vec<u8> {
        let kept = of.iter().filter(|byte| !excluded.contains(byte));
        kept.copied().collect()
    };
    let types: Vec<Vec<u8>> = TYPES
        .iter()
        .filter(|(member, _)| says(member) != Some(true))
        .map(|(_, of)| left(of))
        .collect();
    let mut all = types.concat();
    if says("IncludeSpace") == Some(true) {
        all.extend(left(b" "));
    }
    if all.is_empty() {
        return Err(invalid("All characters have been excluded from selection."));
    }
    let mut password = Vec::with_capacity(length);
    if says("RequireEachIncludedType") != Some(false) {
        if types.iter().any(Vec::is_empty) {
            return Err(invalid(
                "All characters of the desired type have been excluded.",
            ));
        }
        if types.len() > length {
            return Err(invalid(
                "Password length is too short based on the required types.",
            ));
        }
        let one = |of: &Vec<u8>| identifiers::random(of, 1);
        password.extend(types.iter().map(one));
    }
    let rest = identifiers::random(&all, length - password.len());
    password.extend(rest.chars().map(String::from));
    let password = identifiers::shuffled(password).concat();
    Ok(Object::from_iter([(
        "RandomPassword".to_owned(),
        json!(password),
    )]))
}
