//! Cognito's replacing updates: what a request leaves out is reset. So a request is merged over the latest description, taken
//! from the raw response instead of the SDK's types, which drop unknown members.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::{Map, Value};

/// An update that resets what its request leaves out. Members are named by their path, `Outer.Inner`, without lists; a path
/// includes everything below it.
///
/// Every described member that is not named here is carried over under its own name, whether this gatestack knows it or not: AWS
/// calls a setting the same in a description and in its update (`assert_covers_model` checks that for every member of AWS's
/// model), so a newer setting survives the update. A newer member that is no setting, and so can't be reset, is sent as well.
/// That does not stop the update: AWS's JSON protocol 1.1 has no error for unknown members, and the servers that AWS generates
/// from its models skip them (smithy-rs, `JsonParserGenerator`; Smithy, "Evolving models", lets inputs gain members). Those that
/// AWS has published are in `settled`, so none of them is sent.
#[derive(Debug)]
pub(crate) struct Replacing {
    pub(crate) update: &'static str,
    /// The operation that describes it.
    pub(crate) describe: &'static str,
    /// The response's member with the description.
    pub(crate) member: &'static str,
    /// Members that are not carried over: the request sets them, or the update doesn't have them.
    pub(crate) settled: &'static [&'static str],
    /// Lists that the request sets, each with the member by which its elements are matched with the described ones.
    pub(crate) matched: &'static [(&'static str, &'static str)],
}

/// Keeps a raw response body. Copies share it.
#[derive(Clone, Default)]
pub(crate) struct Answer(Arc<Mutex<Option<Value>>>);

/// Merges a request over the carried members.
pub(crate) struct CarryOver {
    members: Value,
    matched: &'static [(&'static str, &'static str)],
}

/// Removes a member from a request. Where AWS's model has a plain number, the SDK's type can't leave it out and sends 0.
#[derive(Debug)]
pub(crate) struct LeaveOut {
    /// The object with the member, as a JSON pointer.
    pub(crate) within: &'static str,
    pub(crate) member: &'static str,
}

/// Merges members over the SDK's request. Where AWS's model has a plain number, the SDK omits a zero, which AWS treats as no
/// limit.
#[derive(Debug)]
pub(crate) struct SayAlso(pub(crate) Value);

impl Answer {
    /// The text at this JSON pointer.
    pub(crate) fn text(&self, pointer: &str) -> Option<String> {
        let answer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = answer.as_ref()?.pointer(pointer)?.as_str()?;
        Some(text.to_owned())
    }
}

impl Replacing {
    /// What the update must carry over from this response.
    pub(crate) fn carry_over(&self, answer: &Answer) -> CarryOver {
        let answer = answer
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let described = answer.and_then(|mut answer| answer.get_mut(self.member).map(Value::take));
        CarryOver {
            members: described
                .and_then(|described| self.sift("", described))
                .unwrap_or_else(|| Value::Object(Map::new())),
            matched: self.matched,
        }
    }

    // Returns what of a value is carried over.
    fn sift(&self, path: &str, value: Value) -> Option<Value> {
        if self.settled.contains(&path) {
            return None;
        }
        match value {
            Value::Null => None,
            Value::Object(members) if path.is_empty() || self.names_below(path) => {
                let kept = self.sift_members(path, members);
                (!kept.is_empty()).then_some(Value::Object(kept))
            }
            Value::Array(elements) => match matched_by(self.matched, path) {
                Some(key) => {
                    let elements = elements.into_iter().filter_map(|element| {
                        let Value::Object(mut members) = element else {
                            return None;
                        };
                        let id = members.shift_remove(key)?;
                        let mut kept = self.sift_members(path, members);
                        (!kept.is_empty()).then(|| {
                            kept.insert(key.to_owned(), id);
                            Value::Object(kept)
                        })
                    });
                    let kept: Vec<Value> = elements.collect();
                    (!kept.is_empty()).then_some(Value::Array(kept))
                }
                None => Some(Value::Array(elements)),
            },
            value => Some(value),
        }
    }

    fn sift_members(&self, path: &str, members: Map<String, Value>) -> Map<String, Value> {
        let kept = members.into_iter().filter_map(|(name, value)| {
            let value = self.sift(&below(path, &name), value)?;
            Some((name, value))
        });
        kept.collect()
    }

    fn names_below(&self, path: &str) -> bool {
        self.settled.iter().any(|named| {
            named
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with('.'))
        })
    }
}

fn below(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

fn matched_by(matched: &[(&str, &'static str)], path: &str) -> Option<&'static str> {
    let list = matched.iter().find(|(list, _)| *list == path);
    list.map(|(_, key)| *key)
}

impl CarryOver {
    /// Whether this member is carried over.
    pub(crate) fn has(&self, member: &str) -> bool {
        self.members.get(member).is_some()
    }

    // Merges a request over the carried members. Of a list that the request sets, its own elements are left.
    fn merge(&self, path: &str, base: &mut Value, over: Value) {
        match (base, over) {
            (Value::Object(base), Value::Object(over)) => {
                for (name, value) in over {
                    let path = below(path, &name);
                    self.merge(&path, base.entry(name).or_insert(Value::Null), value);
                }
            }
            (base, Value::Array(over)) => {
                let key = matched_by(self.matched, path);
                let same = |one: &Value, other: &Value| {
                    key.is_some_and(|key| one.get(key).is_some() && one.get(key) == other.get(key))
                };
                let mut carried = match base.take() {
                    Value::Array(elements) => elements,
                    _ => Vec::new(),
                };
                let elements = over.into_iter().map(|element| {
                    let held = carried.iter_mut().find(|held| same(held, &element));
                    let mut merged = held.map_or(Value::Null, Value::take);
                    self.merge(path, &mut merged, element);
                    merged
                });
                *base = Value::Array(elements.collect());
            }
            (base, over) => *base = over,
        }
    }
}

// A response may contain a client's secret.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

impl fmt::Debug for CarryOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CarryOver")
    }
}

impl Intercept for Answer {
    fn name(&self) -> &'static str {
        "Answer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(body) = context.response().body().bytes() {
            let body = serde_json::from_slice(body)?;
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
        Ok(())
    }
}

impl Intercept for CarryOver {
    fn name(&self) -> &'static str {
        "CarryOver"
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        rewrite(context, |said| {
            let mut body = self.members.clone();
            self.merge("", &mut body, said);
            body
        })
    }
}

impl Intercept for SayAlso {
    fn name(&self) -> &'static str {
        "SayAlso"
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        rewrite(context, |mut said| {
            lay_over(&mut said, self.0.clone());
            said
        })
    }
}

impl Intercept for LeaveOut {
    fn name(&self) -> &'static str {
        "LeaveOut"
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        rewrite(context, |mut said| {
            let within = said.pointer_mut(self.within).and_then(Value::as_object_mut);
            if let Some(within) = within {
                within.shift_remove(self.member);
            }
            said
        })
    }
}

/// Replaces a request's body by a transformation of it.
fn rewrite(
    context: &mut BeforeTransmitInterceptorContextMut<'_>,
    with: impl FnOnce(Value) -> Value,
) -> Result<(), BoxError> {
    let request = context.request_mut();
    let said = request
        .body()
        .bytes()
        .ok_or("the request's body is not in memory")?;
    let body = serde_json::to_vec(&with(serde_json::from_slice(said)?))?;
    request
        .headers_mut()
        .insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
    Ok(())
}

fn lay_over(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                lay_over(base.entry(name).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

/// Checks an update's lists against AWS's own model of the service.
#[cfg(test)]
impl Replacing {
    /// Panics unless every setting in AWS's model has the same name and shape in the description and in the update, so that it can be
    /// carried over, and every other described member is settled. `of_update` are the update's members without a described one.
    pub(crate) fn assert_covers_model(&self, of_update: &[&str]) {
        let model: Value =
            serde_json::from_str(include_str!("../../crates/aws-local/models/cognito.json"))
                .expect("AWS's model");
        let shape = |name: &Value| &model["shapes"][name.as_str().unwrap_or_default()];
        let answer = shape(&model["operations"][self.describe]["output"]);
        let input = shape(&model["operations"][self.update]["input"]);
        let described = shape(&answer["members"][self.member]["shape"]);
        let of_input = input["members"].as_object().expect("the update's input");
        let of_answer = described["members"].as_object().expect("the description");
        let mut faults = Vec::new();
        for (name, member) in of_answer {
            match of_input.get(name) {
                Some(sent) if sent["shape"] != member["shape"] => {
                    faults.push(format!(
                        "{name} is {member} in the answer and {sent} in the update"
                    ));
                }
                None if !self.settled.contains(&name.as_str()) => {
                    faults.push(format!("the update takes no {name}"));
                }
                _ => {}
            }
        }
        for name in of_input.keys() {
            if !of_answer.contains_key(name) && !of_update.contains(&name.as_str()) {
                faults.push(format!("no description has {name}"));
            }
        }
        for path in self.settled {
            let mut held = described;
            for name in path.split('.') {
                let element = &held["member"]["shape"];
                let members = if element.is_null() {
                    held
                } else {
                    shape(element)
                };
                held = shape(&members["members"][name]["shape"]);
            }
            if held.is_null() {
                faults.push(format!("AWS's model has no {path}"));
            }
        }
        assert_eq!(faults, [""; 0], "{}", self.update);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const UPDATE: Replacing = Replacing {
        update: "UpdateThing",
        describe: "DescribeThing",
        member: "Thing",
        settled: &["Id", "Messages.Days", "Scopes.Text"],
        matched: &[("Scopes", "Name")],
    };

    fn carried(thing: Value) -> CarryOver {
        let answer = Answer(Arc::new(Mutex::new(Some(json!({ "Thing": thing })))));
        UPDATE.carry_over(&answer)
    }

    fn sent(thing: Value, request: Value) -> Value {
        let carried = carried(thing);
        let mut body = carried.members.clone();
        carried.merge("", &mut body, request);
        body
    }

    #[test]
    fn what_is_not_settled_is_carried_known_or_not_however_deep() {
        let carried = carried(json!({
            "Id": "x",
            "Tags": { "any": "tag" },
            "Lock": false,
            "Nothing": null,
            "Messages": { "Invite": { "New": [1] }, "Days": 7 },
            "Scopes": [{ "Name": "read", "Text": "Read" }],
        }));
        assert_eq!(
            carried.members,
            json!({ "Tags": { "any": "tag" }, "Lock": false, "Messages": { "Invite": { "New": [1] } } })
        );
    }

    #[test]
    fn a_request_wins_over_what_is_carried() {
        let body = sent(
            json!({ "Policies": { "History": 3, "Length": 8 }, "Tags": { "a": "1" }, "Urls": ["a", "b"] }),
            json!({ "Policies": { "Length": 12 }, "Name": "n", "Urls": ["c"] }),
        );
        assert_eq!(
            body,
            json!({ "Policies": { "History": 3, "Length": 12 }, "Tags": { "a": "1" }, "Name": "n", "Urls": ["c"] })
        );
    }

    #[test]
    fn an_element_keeps_what_the_request_does_not_know_of_it() {
        let thing = json!({ "Scopes": [
            { "Name": "gone", "Text": "Gone", "Kind": "c" },
            { "Name": "read", "Text": "Read", "Kind": "a" },
        ] });
        let request = json!({ "Scopes": [{ "Name": "new", "Text": "New" }, { "Name": "read", "Text": "Look" }] });
        assert_eq!(
            sent(thing, request),
            json!({ "Scopes": [
                { "Name": "new", "Text": "New" },
                { "Kind": "a", "Name": "read", "Text": "Look" },
            ] })
        );
    }
}
