//! API Gateway's variant of JSON Patch.
//!
//! It is not RFC 6902: values are always text and get their type from the path, list members are given by value or at the end of
//! the path, and each noun has its own table of paths and operations (AWS's "Patch Operations" page). That table is a [`Rules`];
//! what it can't express, a noun does itself.

use serde_json::Value;

use super::super::operation::{Call, Object, Refusal};
use super::refusals::{bad_request, not_found};
use super::state::object_mut;

/// What to do at a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Op {
    Add,
    Remove,
    Replace,
    Copy,
    /// In JSON Patch, and valid at no path of API Gateway: `move` and `test`.
    Other,
}

/// One patch operation of a call.
#[derive(Debug)]
pub(super) struct Patch {
    pub(super) op: Op,
    /// The operation as sent, for messages.
    pub(super) name: String,
    /// The path as sent.
    pub(super) path: String,
    /// The path's parts, unescaped.
    pub(super) parts: Vec<String>,
    pub(super) value: Option<String>,
    pub(super) from: String,
}

impl Patch {
    /// The value, when there is one that isn't empty.
    pub(super) fn filled(&self) -> Option<&str> {
        self.value.as_deref().filter(|text| !text.is_empty())
    }

    /// The path's parts, to match on.
    pub(super) fn parts(&self) -> Vec<&str> {
        self.parts.iter().map(String::as_str).collect()
    }
}

/// The call's patch operations, in their order.
pub(super) fn patches(call: &Call) -> Result<Vec<Patch>, Refusal> {
    let sent = call.input.get("patchOperations").and_then(Value::as_array);
    sent.into_iter().flatten().map(read).collect()
}

fn read(sent: &Value) -> Result<Patch, Refusal> {
    let member = |name: &str| sent.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = member("op").unwrap_or_default();
    let path = member("path").ok_or_else(|| bad_request("Invalid patch path null"))?;
    let Some(pointer) = path.strip_prefix('/') else {
        return Err(bad_request(format!("Invalid patch path {path}")));
    };
    let op = match name.as_str() {
        "add" => Op::Add,
        "remove" => Op::Remove,
        "replace" => Op::Replace,
        "copy" => Op::Copy,
        "move" | "test" => Op::Other,
        _ => {
            return Err(bad_request(
                "Invalid patch operation specified. Must be 'add'|'remove'|'replace'",
            ));
        }
    };
    Ok(Patch {
        op,
        parts: pointer.split('/').map(unescape).collect(),
        name,
        value: member("value"),
        from: member("from").unwrap_or_default(),
        path,
    })
}

/// A part of a JSON pointer, unescaped. `~1` first: `~01` is `~1`, not `/`.
pub(super) fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// The type of the value at a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Takes {
    /// A text; an empty one removes the member.
    Text,
    /// A boolean: `true`, and false for anything else, as AWS reads it.
    Boolean,
    /// A whole number; an empty one removes the member.
    Whole,
    Number,
    /// An entry of a map of texts.
    TextEntry,
    /// An entry of a map of booleans.
    BooleanEntry,
    /// An entry of a map of templates, of which an empty one is null.
    TemplateEntry,
    /// A list; the value is the member to add or remove.
    Value,
    /// A member of a list, itself the end of the path.
    Member,
}

/// A path, its operations, and its type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    path: &'static str,
    ops: &'static [Op],
    takes: Takes,
}

/// A path of a noun: `{}` matches any one part.
pub(super) const fn rule(path: &'static str, ops: &'static [Op], takes: Takes) -> Rule {
    Rule { path, ops, takes }
}

pub(super) const REPLACE: &[Op] = &[Op::Replace];
pub(super) const ADD_REMOVE: &[Op] = &[Op::Add, Op::Remove];
pub(super) const ANY: &[Op] = &[Op::Add, Op::Replace, Op::Remove];

/// A noun's error message for a wrong path or operation. API Gateway has several.
#[derive(Clone, Copy, Debug)]
pub(super) enum Words {
    /// Names the valid paths of `replace`: `Invalid patch path '/x' specified for op 'replace'. Must be one of: [/name]`.
    Listing,
    /// The path, or the valid operations: `Invalid patch path /x`, `Invalid patch operation specified. Must be one of:
    /// [replace]`.
    Short,
    /// The path, whatever is wrong with it.
    PathOnly,
}

/// A noun's table of paths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) words: Words,
    pub(super) rules: &'static [Rule],
}

impl Rules {
    /// Applies all the call's patches to an object.
    pub(super) fn apply_all(&self, call: &Call, object: &mut Object) -> Result<(), Refusal> {
        patches(call)?
            .iter()
            .try_for_each(|patch| self.apply(patch, object))
    }

    /// Applies one patch to an object.
    pub(super) fn apply(&self, patch: &Patch, object: &mut Object) -> Result<(), Refusal> {
        let matching = self.rules.iter().find(|rule| rule.matches(patch));
        let Some(rule) = matching else {
            return Err(self.unknown(patch));
        };
        if !rule.ops.contains(&patch.op) {
            return Err(self.unsupported(rule, patch));
        }
        rule.apply(patch, object)
    }

    /// The error for an unknown path.
    pub(super) fn unknown(&self, patch: &Patch) -> Refusal {
        let Patch { path, name, .. } = patch;
        match self.words {
            Words::Short | Words::PathOnly => bad_request(format!("Invalid patch path {path}")),
            Words::Listing if patch.op == Op::Replace => {
                let paths: Vec<_> = self
                    .rules
                    .iter()
                    .filter(|rule| rule.ops.contains(&Op::Replace))
                    .map(|rule| rule.path)
                    .collect();
                bad_request(format!(
                    "Invalid patch path  '{path}' specified for op '{name}'. Must be one of: [{}]",
                    paths.join(", ")
                ))
            }
            Words::Listing => unsupported(patch),
        }
    }

    fn unsupported(&self, rule: &Rule, patch: &Patch) -> Refusal {
        match self.words {
            Words::PathOnly => bad_request(format!("Invalid patch path {}", patch.path)),
            Words::Listing => unsupported(patch),
            Words::Short => {
                let ops: Vec<_> = rule.ops.iter().map(|op| op.name()).collect();
                bad_request(format!(
                    "Invalid patch operation specified. Must be one of: [{}]",
                    ops.join(", ")
                ))
            }
        }
    }
}

/// The error for an invalid operation at a path, of nouns that list their paths.
fn unsupported(patch: &Patch) -> Refusal {
    let Patch { path, name, .. } = patch;
    bad_request(format!(
        "Invalid patch path  '{path}' specified for op '{name}'. Please choose supported operations"
    ))
}

impl Op {
    fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Replace => "replace",
            Self::Copy => "copy",
            Self::Other => "test",
        }
    }
}

impl Rule {
    fn matches(&self, patch: &Patch) -> bool {
        let pattern: Vec<_> = self.path.split('/').skip(1).collect();
        pattern.len() == patch.parts.len()
            && pattern
                .iter()
                .zip(&patch.parts)
                .all(|(wanted, part)| *wanted == part || (*wanted == "{}" && !part.is_empty()))
    }

    fn apply(&self, patch: &Patch, object: &mut Object) -> Result<(), Refusal> {
        let Some((last, above)) = patch.parts.split_last() else {
            return Ok(());
        };
        match self.takes {
            Takes::Text | Takes::Boolean | Takes::Whole | Takes::Number => {
                let holder = above
                    .iter()
                    .fold(object, |holder, part| object_mut(holder, part));
                match self.scalar(patch)? {
                    Some(value) => holder.insert(last.clone(), value),
                    None => holder.remove(last),
                };
                Ok(())
            }
            Takes::TextEntry | Takes::BooleanEntry | Takes::TemplateEntry => {
                let Some((map, above)) = above.split_last() else {
                    return Ok(());
                };
                let holder = above
                    .iter()
                    .fold(object, |holder, part| object_mut(holder, part));
                self.entry(patch, holder, map, last)
            }
            Takes::Value => {
                let holder = above
                    .iter()
                    .fold(object, |holder, part| object_mut(holder, part));
                let value = patch
                    .filled()
                    .ok_or_else(|| bad_request(format!("Invalid patch path {}", patch.path)))?;
                change_list(holder, last, |list| {
                    list.retain(|member| member != value);
                    if patch.op == Op::Add {
                        list.push(value.into());
                    }
                });
                Ok(())
            }
            Takes::Member => {
                let Some((list, above)) = above.split_last() else {
                    return Ok(());
                };
                let holder = above
                    .iter()
                    .fold(object, |holder, part| object_mut(holder, part));
                let replacement = match patch.op {
                    Op::Add => Some(last.as_str()),
                    Op::Replace => patch.filled(),
                    _ => None,
                };
                change_list(holder, list, |list| {
                    list.retain(|member| member != last.as_str());
                    list.extend(replacement.map(Value::from));
                });
                Ok(())
            }
        }
    }

    /// The value of a member; none removes it.
    fn scalar(&self, patch: &Patch) -> Result<Option<Value>, Refusal> {
        if patch.op == Op::Remove {
            return Ok(None);
        }
        let Patch { name, value, .. } = patch;
        let wrong = |wanted: &str| {
            bad_request(format!(
                "Invalid patch value  '{}' specified for op '{name}'. Must be {wanted}",
                value.as_deref().unwrap_or_default()
            ))
        };
        Ok(match (self.takes, patch.filled()) {
            (Takes::Boolean, filled) => Some(truth(filled).into()),
            (_, None) => None,
            (Takes::Whole, Some(text)) => {
                Some(text.parse::<i64>().map_err(|_| wrong("an integer"))?.into())
            }
            (Takes::Number, Some(text)) => {
                let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
                Some(number.ok_or_else(|| wrong("a number"))?.into())
            }
            (_, Some(text)) => Some(text.into()),
        })
    }

    fn entry(
        &self,
        patch: &Patch,
        holder: &mut Object,
        map: &str,
        key: &str,
    ) -> Result<(), Refusal> {
        let entries = object_mut(holder, map);
        if patch.op != Op::Add && !entries.contains_key(key) {
            return Err(not_found(if map.ends_with("Parameters") {
                "Invalid parameter name specified"
            } else {
                "Content-Type specified was not found"
            }));
        }
        if patch.op == Op::Remove {
            entries.remove(key);
            if entries.is_empty() {
                holder.remove(map);
            }
            return Ok(());
        }
        let value = match (self.takes, patch.filled()) {
            (Takes::BooleanEntry, filled) => truth(filled).into(),
            (Takes::TemplateEntry, None) => Value::Null,
            (_, Some(text)) => text.into(),
            (_, None) => {
                return Err(bad_request(format!("Invalid null or empty value in {map}")));
            }
        };
        entries.insert(key.to_owned(), value);
        Ok(())
    }
}

/// A boolean in a patch: everything but `true` is false, without errors.
pub(super) fn truth(value: Option<&str>) -> bool {
    value.is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// Changes a list; an empty one is removed.
fn change_list(holder: &mut Object, member: &str, change: impl FnOnce(&mut Vec<Value>)) {
    let mut list = match holder.remove(member) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    change(&mut list);
    if !list.is_empty() {
        holder.insert(member.to_owned(), list.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RULES: Rules = Rules {
        words: Words::Short,
        rules: &[
            rule("/name", REPLACE, Takes::Text),
            rule("/size", REPLACE, Takes::Whole),
            rule("/on", REPLACE, Takes::Boolean),
            rule("/types/{}", ANY, Takes::Member),
            rule("/scopes", ADD_REMOVE, Takes::Value),
            rule("/parameters/{}", ANY, Takes::BooleanEntry),
            rule("/deep/rate", REPLACE, Takes::Number),
        ],
    };

    fn patched(object: Value, patch: Value) -> Result<Value, Refusal> {
        let Value::Object(mut object) = object else {
            panic!("objects only")
        };
        RULES.apply(&read(&patch)?, &mut object)?;
        Ok(object.into())
    }

    #[test]
    fn values_get_their_type_from_the_path() {
        let of = |path: &str, value: &str| {
            patched(
                json!({}),
                json!({"op": "replace", "path": path, "value": value}),
            )
        };
        assert_eq!(of("/name", "3"), Ok(json!({"name": "3"})));
        assert_eq!(of("/size", "3"), Ok(json!({"size": 3})));
        assert_eq!(of("/on", "True"), Ok(json!({"on": true})));
        assert_eq!(of("/on", "whatever"), Ok(json!({"on": false})));
        assert_eq!(of("/deep/rate", "2"), Ok(json!({"deep": {"rate": 2.0}})));
        assert_eq!(of("/size", "x").unwrap_err().code, "BadRequestException");
    }

    #[test]
    fn lists_take_members_by_value_and_by_path() {
        let add = |path: &str, value: Option<&str>| {
            patched(
                json!({"scopes": ["a"], "types": ["b"]}),
                json!({"op": "add", "path": path, "value": value}),
            )
        };
        assert_eq!(
            add("/scopes", Some("api/read")),
            Ok(json!({"types": ["b"], "scopes": ["a", "api/read"]}))
        );
        assert_eq!(
            add("/types/image~1png", None),
            Ok(json!({"scopes": ["a"], "types": ["b", "image/png"]}))
        );
        let remove = json!({"op": "remove", "path": "/scopes", "value": "a"});
        assert_eq!(
            patched(json!({"scopes": ["a", "b"]}), remove),
            Ok(json!({"scopes": ["b"]}))
        );
    }

    #[test]
    fn the_escapes_of_a_pointer_are_undone_in_the_right_order() {
        assert_eq!(unescape("a~1b~0c"), "a/b~c");
        assert_eq!(unescape("~01"), "~1");
    }

    #[test]
    fn paths_and_operations_outside_the_table_are_refused() {
        let refusal = |op: &str, path: &str| {
            patched(json!({}), json!({"op": op, "path": path, "value": "x"}))
                .unwrap_err()
                .message
        };
        assert_eq!(refusal("replace", "/x"), "Invalid patch path /x");
        assert_eq!(
            refusal("add", "/name"),
            "Invalid patch operation specified. Must be one of: [replace]"
        );
        assert_eq!(
            refusal("remove", "/parameters/x"),
            "Content-Type specified was not found"
        );
    }
}
