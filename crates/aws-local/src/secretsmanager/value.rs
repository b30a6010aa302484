//! Creating, updating and reading a secret.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::version::{self, CURRENT, Content, Version};
use super::{Secret, check_name, invalid, invalid_request, no_value, not_found, tags};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateSecret", create).refusing(&[
        "KmsKeyId",
        "AddReplicaRegions",
        "ForceOverwriteReplicaSecret",
        "Type",
    ]),
    Operation::change("PutSecretValue", put).refusing(&["RotationToken"]),
    Operation::change("UpdateSecret", update).refusing(&["KmsKeyId", "Type"]),
    // It records when the value was read, so it is a change.
    Operation::change("GetSecretValue", get),
];

/// The value in the input, if there is one.
fn content(call: &Call) -> Result<Option<Content>, Refusal> {
    let text = |member| call.input.get(member).and_then(Value::as_str);
    match (text("SecretString"), text("SecretBinary")) {
        (Some(_), Some(_)) => Err(invalid(
            "You can't specify both a binary secret value and a string secret value in the same secret.",
        )),
        (Some(value), None) => Ok(Some(Content::String(value.into()))),
        (None, Some(value)) => Ok(Some(Content::Binary(value.into()))),
        (None, None) => Ok(None),
    }
}

/// The id of the new version. The SDKs generate one; over HTTP it is required.
fn new_version(call: &Call) -> Result<&str, Refusal> {
    match call.text("ClientRequestToken") {
        "" => Err(invalid_request(
            "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
        )),
        token => Ok(token),
    }
}

/// Adds a version, unless an earlier identical call has added it.
fn add(
    secret: &mut Secret,
    call: &Call,
    content: Content,
    stages: BTreeSet<String>,
) -> Result<(), Refusal> {
    let id = new_version(call)?;
    match secret.versions.get(id) {
        Some(there) if there.content == content => return Ok(()),
        Some(_) => return Err(token_in_use(id, secret)),
        None => {}
    }
    secret.changed = call.seconds();
    version::add(&mut secret.versions, id, content, stages, call.seconds());
    Ok(())
}

fn token_in_use(token: &str, secret: &Secret) -> Refusal {
    let message = format!(
        "You can't use ClientRequestToken {token} because that value is already in use for a version of secret {}.",
        secret.arn
    );
    Refusal::new(400, "ResourceExistsException", message)
}

fn current() -> BTreeSet<String> {
    BTreeSet::from([CURRENT.to_owned()])
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let name = call.text("Name");
    check_name(name)?;
    let content = content(call)?;
    let secrets = &mut region.secretsmanager.secrets;
    if let Some(there) = secrets.get(name).filter(|it| !it.is_gone(call.seconds())) {
        return if there.deletion.is_some() {
            Err(invalid_request(
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            ))
        } else if let Some(version) = there.versions.get(call.text("ClientRequestToken")) {
            // The call that made this secret, sent again, or with another value.
            match Some(&version.content) == content.as_ref() {
                true => Ok(with_version(there, call)),
                false => Err(token_in_use(call.text("ClientRequestToken"), there)),
            }
        } else {
            let message = format!("The operation failed because the secret {name} already exists.");
            Err(Refusal::new(400, "ResourceExistsException", message))
        };
    }
    let mut secret = Secret::new(call, name);
    secret.description = description(call);
    secret.tags = tags::checked(call, secret.tags)?;
    let has_value = content.is_some();
    if let Some(content) = content {
        add(&mut secret, call, content, current())?;
    }
    let answer = if has_value {
        with_version(&secret, call)
    } else {
        secret.named()
    };
    secrets.insert(name, secret);
    Ok(answer)
}

fn description(call: &Call) -> Option<String> {
    let given = call.input.get("Description").and_then(Value::as_str);
    given.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn with_version(secret: &Secret, call: &Call) -> Object {
    let mut answer = secret.named();
    answer.insert("VersionId".into(), json!(call.text("ClientRequestToken")));
    answer
}

fn put(region: &mut Region, call: &Call) -> Answer {
    let secret = region.secretsmanager.find_mut(call)?;
    secret.usable()?;
    let content = content(call)?
        .ok_or_else(|| invalid_request("You must provide either SecretString or SecretBinary."))?;
    let given = call.input.get("VersionStages").and_then(Value::as_array);
    let stages = match given {
        Some(stages) => stages
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        None => current(),
    };
    // The first version is the current one, whatever else it is.
    let stages = if secret.versions.is_empty() {
        &stages | &current()
    } else {
        stages
    };
    add(secret, call, content, stages)?;
    let mut answer = with_version(secret, call);
    let version = &secret.versions[call.text("ClientRequestToken")];
    answer.insert("VersionStages".into(), json!(version.stages));
    Ok(answer)
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let secret = region.secretsmanager.find_mut(call)?;
    secret.usable()?;
    let content = content(call)?;
    if call.input.contains_key("Description") {
        secret.description = description(call);
        secret.changed = call.seconds();
    }
    let Some(content) = content else {
        return Ok(secret.named());
    };
    add(secret, call, content, current())?;
    Ok(with_version(secret, call))
}

fn get(region: &mut Region, call: &Call) -> Answer {
    let secret = region.secretsmanager.find_mut(call)?;
    secret.usable()?;
    let (id, stage) = (call.text("VersionId"), call.text("VersionStage"));
    let id = found(secret, id, stage)?;
    let Some(version) = secret.versions.get_mut(&id) else {
        return Err(not_found());
    };
    version.accessed = Some(call.seconds());
    let Version {
        content,
        stages,
        created,
        ..
    } = version.clone();
    let (member, value) = match content {
        Content::String(value) => ("SecretString", value),
        Content::Binary(value) => ("SecretBinary", value),
    };
    let mut answer = secret.named();
    answer.extend([
        ("VersionId".to_owned(), json!(id)),
        (member.to_owned(), json!(value)),
        ("CreatedDate".to_owned(), json!(created)),
    ]);
    if !stages.is_empty() {
        answer.insert("VersionStages".into(), json!(stages));
    }
    Ok(answer)
}

/// The id of the requested version.
fn found(secret: &Secret, id: &str, stage: &str) -> Result<String, Refusal> {
    match (id, stage) {
        ("", stage) => {
            let stage = if stage.is_empty() { CURRENT } else { stage };
            version::labelled(&secret.versions, stage)
                .map(|(id, _)| id.clone())
                .ok_or_else(|| no_value(&format!("staging label: {stage}")))
        }
        (id, stage) => {
            let version = secret.versions.get(id);
            let version = version.ok_or_else(|| no_value(&format!("VersionId: {id}")))?;
            if !stage.is_empty() && !version.stages.contains(stage) {
                return Err(invalid_request(
                    "You provided a VersionStage that is not associated to the provided VersionId.",
                ));
            }
            Ok(id.to_owned())
        }
    }
}
