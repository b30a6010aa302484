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

use super::error::AwsError;

/// An update that resets what its request leaves out. Members are named by their path, `Outer.Inner`, without lists; a path
/// includes everything below it.
#[derive(Debug)]
pub(crate) struct Replacing {
    pub(crate) update: &'static str,
    /// The operation that describes it.
    pub(crate) describe: &'static str,
    /// The response's member with the description.
    pub(crate) member: &'static str,
    /// Members that are carried over.
    pub(crate) carried: &'static [&'static str],
    /// Members that are not: the request sets them, or the update doesn't have them.
    pub(crate) settled: &'static [&'static str],
}

/// Keeps a raw response body. Copies share it.
#[derive(Clone, Default)]
pub(crate) struct Answer(Arc<Mutex<Option<Value>>>);

/// Merges a request over the carried members.
pub(crate) struct CarryOver(Map<String, Value>);

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
    ///
    /// # Errors
    /// A member that gatestack doesn't know: the update would reset it silently.
    pub(crate) fn carry_over(&self, answer: &Answer) -> Result<CarryOver, AwsError> {
        let answer = answer
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let described = answer.and_then(|mut answer| answer.get_mut(self.member).map(Value::take));
        let mut unknown = Vec::new();
        let kept = match described {
            Some(described) => self.sift("", described, &mut unknown),
            None => None,
        };
        unknown.dedup();
        if !unknown.is_empty() {
            return Err(AwsError::unknown(
                self.update,
                format!(
                    "{} answers settings that this gatestack doesn't know and that the update would reset: {}",
                    self.describe,
                    unknown.join(", ")
                ),
            ));
        }
        Ok(CarryOver(match kept {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        }))
    }

    // Returns what of a value is carried over.
    fn sift(&self, path: &str, value: Value, unknown: &mut Vec<String>) -> Option<Value> {
        if self.carried.contains(&path) {
            return Some(value);
        }
        if self.settled.contains(&path) {
            return None;
        }
        match value {
            Value::Object(members) if path.is_empty() || self.names_below(path) => {
                let kept: Map<_, _> = members
                    .into_iter()
                    .filter_map(|(name, value)| {
                        let path = if path.is_empty() {
                            name.clone()
                        } else {
                            format!("{path}.{name}")
                        };
                        Some((name, self.sift(&path, value, unknown)?))
                    })
                    .collect();
                (!kept.is_empty()).then_some(Value::Object(kept))
            }
            // A list with named members of its elements is the request's own; only unknown members matter.
            Value::Array(elements) if self.names_below(path) => {
                for element in elements {
                    if let Value::Object(members) = element {
                        for (name, value) in members {
                            self.sift(&format!("{path}.{name}"), value, unknown);
                        }
                    }
                }
                None
            }
            Value::Null => None,
            _ => {
                unknown.push(path.to_owned());
                None
            }
        }
    }

    fn names_below(&self, path: &str) -> bool {
        self.carried.iter().chain(self.settled).any(|named| {
            named
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with('.'))
        })
    }
}

impl CarryOver {
    /// Whether this member is carried over.
    pub(crate) fn has(&self, member: &str) -> bool {
        self.0.contains_key(member)
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
            let mut body = Value::Object(self.0.clone());
            lay_over(&mut body, said);
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
    /// Panics unless every member in AWS's model is listed as carried or not, and the update has every carried one.
    pub(crate) fn assert_covers_model(&self) {
        let model: Value =
            serde_json::from_str(include_str!("../../crates/aws-local/models/cognito.json"))
                .expect("AWS's model");
        let shape = |name: &Value| &model["shapes"][name.as_str().unwrap_or_default()];
        let answer = shape(&model["operations"][self.describe]["output"]);
        let input = shape(&model["operations"][self.update]["input"]);
        let described = shape(&answer["members"][self.member]["shape"]);
        let mut unknown = Vec::new();
        self.walk("", described, Some(input), &shape, &mut unknown);
        assert!(
            described["members"].is_object(),
            "{} is in the model",
            self.member
        );
        assert_eq!(unknown, [""; 0], "{}", self.update);
    }

    fn walk<'m>(
        &self,
        path: &str,
        described: &'m Value,
        input: Option<&'m Value>,
        shape: &impl Fn(&Value) -> &'m Value,
        unknown: &mut Vec<String>,
    ) {
        let element = &described["member"]["shape"];
        let described = if element.is_null() {
            described
        } else {
            shape(element)
        };
        for (name, member) in described["members"].as_object().into_iter().flatten() {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            let sent = input
                .map(|input| &input["members"][name]["shape"])
                .filter(|sent| !sent.is_null());
            if self.carried.contains(&path.as_str()) {
                if sent.is_none() {
                    unknown.push(format!("the update takes no {path}"));
                }
            } else if self.names_below(&path) {
                self.walk(
                    &path,
                    shape(&member["shape"]),
                    sent.map(shape),
                    shape,
                    unknown,
                );
            } else if !self.settled.contains(&path.as_str()) {
                unknown.push(path);
            }
        }
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
        carried: &["Tags", "Messages.Invite", "Messages.Inner"],
        settled: &["Id", "Messages.Days", "Scopes.Name"],
    };

    fn carried(thing: Value) -> Result<Value, AwsError> {
        let answer = Answer(Arc::new(Mutex::new(Some(json!({ "Thing": thing })))));
        UPDATE
            .carry_over(&answer)
            .map(|carried| Value::Object(carried.0))
    }

    #[test]
    fn what_is_carried_stays_whole_and_what_is_settled_goes() {
        let carried = carried(json!({
            "Id": "x",
            "Tags": { "any": "tag" },
            "Messages": { "Invite": { "New": [1] }, "Days": 7 },
            "Scopes": [{ "Name": "read" }],
        }));
        assert_eq!(
            carried.expect("everything is known"),
            json!({ "Tags": { "any": "tag" }, "Messages": { "Invite": { "New": [1] } } })
        );
    }

    #[test]
    fn every_unknown_member_is_named_however_deep() {
        let refused = carried(json!({
            "Lock": false,
            "Messages": { "Hours": 1 },
            "Scopes": [{ "Name": "read", "Kind": "a" }, { "Name": "write", "Kind": "b" }],
        }))
        .expect_err("three members are unknown");
        assert!(
            refused
                .message
                .ends_with(": Lock, Messages.Hours, Scopes.Kind"),
            "{refused}"
        );
        assert_eq!(refused.cause, super::super::Cause::Unknown);
    }

    #[test]
    fn a_request_wins_over_what_is_carried() {
        let mut body = json!({ "Policies": { "History": 3, "Length": 8 }, "Tags": { "a": "1" } });
        lay_over(
            &mut body,
            json!({ "Policies": { "Length": 12 }, "Name": "n" }),
        );
        assert_eq!(
            body,
            json!({ "Policies": { "History": 3, "Length": 12 }, "Tags": { "a": "1" }, "Name": "n" })
        );
    }
}
