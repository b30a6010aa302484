//! Members of inputs and responses.

use serde_json::Value;

use super::operation::{Answer, Object};

/// An object with one member.
pub(crate) fn object(member: &str, value: impl Into<Value>) -> Object {
    Object::from_iter([(member.to_owned(), value.into())])
}

/// An answer with one member.
pub(crate) fn one(member: &str, value: impl Into<Value>) -> Answer {
    Ok(object(member, value))
}

/// An answer without members.
pub(crate) fn nothing() -> Answer {
    Ok(Object::new())
}

/// The items of a list, none when it was not sent.
pub(crate) fn objects<'v>(members: &'v Object, name: &str) -> impl Iterator<Item = &'v Value> {
    let list = members.get(name).and_then(Value::as_array);
    list.into_iter().flatten()
}

/// The texts of a list, none when it was not sent.
pub(crate) fn texts<'v>(members: &'v Object, name: &str) -> Vec<&'v str> {
    objects(members, name).filter_map(Value::as_str).collect()
}

/// The text of an optional member.
pub(crate) fn optional<'v>(members: &'v Object, name: &str) -> Option<&'v str> {
    members.get(name).and_then(Value::as_str)
}
