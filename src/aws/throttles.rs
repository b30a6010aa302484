//! A throttle without a number limits nothing, but the SDK reads a missing number as 0, a throttle that denies every call. So
//! missing numbers become -1, AWS's value for no limit, before the SDK reads a response.

use serde_json::Value;

/// The same JSON with every number of a throttle; nothing if there is none or it isn't JSON.
pub(super) fn with_whole_throttles(body: &[u8]) -> Option<Vec<u8>> {
    if !body
        .windows(THROTTLE.len())
        .any(|bytes| bytes == THROTTLE.as_bytes())
    {
        return None;
    }
    let mut value: Value = serde_json::from_slice(body).ok()?;
    complete(&mut value);
    serde_json::to_vec(&value).ok()
}

const THROTTLE: &str = "throttle";

/// A plan has one throttle, its stages one for each method.
fn complete(value: &mut Value) {
    let numbers = ["rateLimit", "burstLimit"];
    match value {
        Value::Object(members) => {
            let throttle = members.get_mut(THROTTLE).and_then(Value::as_object_mut);
            if let Some(throttle) = throttle {
                let of_methods = throttle.values_mut().filter_map(Value::as_object_mut);
                let mut told = false;
                for method in of_methods {
                    told = true;
                    for number in numbers {
                        method.entry(number).or_insert((-1).into());
                    }
                }
                if !told && !throttle.is_empty() {
                    for number in numbers {
                        throttle.entry(number).or_insert((-1).into());
                    }
                }
            }
            members.values_mut().for_each(complete);
        }
        Value::Array(items) => items.iter_mut().for_each(complete),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttle_has_both_numbers() {
        let body = br#"{"item":[{"throttle":{"burstLimit":5},"apiStages":[{"throttle":{"/a/GET":{"rateLimit":1.0}}}]},{"throttle":{}}]}"#;
        let whole = with_whole_throttles(body).and_then(|body| String::from_utf8(body).ok());
        assert_eq!(
            whole.as_deref(),
            Some(
                r#"{"item":[{"throttle":{"burstLimit":5,"rateLimit":-1},"apiStages":[{"throttle":{"/a/GET":{"rateLimit":1.0,"burstLimit":-1}}}]},{"throttle":{}}]}"#
            )
        );
        assert_eq!(with_whole_throttles(br#"{"item":[]}"#), None);
    }
}
