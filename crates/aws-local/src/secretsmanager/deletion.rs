//! Deleting a secret, at once or after a recovery window.

use aws_facts::limits::secretsmanager::RECOVERY_DAYS;
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation};
use super::super::state::Region;
use super::{invalid, invalid_request};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("DeleteSecret", delete),
    Operation::change("RestoreSecret", restore),
];

const DAY: f64 = 86_400.0;

fn delete(region: &mut Region, call: &Call) -> Answer {
    let forced = call.input.get("ForceDeleteWithoutRecovery") == Some(&Value::Bool(true));
    let window = call
        .input
        .get("RecoveryWindowInDays")
        .and_then(Value::as_i64);
    if forced && window.is_some() {
        return Err(invalid(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        ));
    }
    let window = window.unwrap_or(RECOVERY_DAYS);
    if !(7..=30).contains(&window) {
        return Err(invalid(
            "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
        ));
    }
    let now = call.seconds();
    let name = match region.secretsmanager.name_of(call) {
        Ok(name) => name,
        // Without recovery, deleting a missing secret succeeds.
        Err(refusal)
            if forced
                && refusal.code == "ResourceNotFoundException"
                && !call.text("SecretId").starts_with("arn:") =>
        {
            return Ok(Object::from_iter([
                ("Name".to_owned(), json!(call.text("SecretId"))),
                ("DeletionDate".to_owned(), json!(now)),
            ]));
        }
        Err(refusal) => return Err(refusal),
    };
    let secret = region.secretsmanager.find_mut(call)?;
    if !forced && secret.deletion.is_some() {
        return Err(invalid_request(
            "You can't perform this operation on the secret because it was already scheduled for deletion.",
        ));
    }
    let mut answer = secret.named();
    if forced {
        answer.insert("DeletionDate".into(), json!(now));
        region.secretsmanager.secrets.remove(&name);
        return Ok(answer);
    }
    let until = now + DAY * window as f64;
    secret.deletion = Some(until);
    secret.deleted = Some(now);
    answer.insert("DeletionDate".into(), json!(until));
    Ok(answer)
}

fn restore(region: &mut Region, call: &Call) -> Answer {
    let secret = region.secretsmanager.find_mut(call)?;
    secret.deletion = None;
    secret.deleted = None;
    Ok(secret.named())
}
