//! An API key. Its value is a partner's credential, so it is never replaced and never read by a plan. AWS makes the value, or
//! takes a given one when the key is created; nothing changes it afterwards.

use std::collections::BTreeMap;

use aws_facts::limits::apigateway::{LONGEST_KEY_VALUE, SHORTEST_KEY_VALUE};
use aws_sdk_apigateway::types::ApiKey as LiveKey;
use serde::{Deserialize, Serialize};

use super::ownership::{Candidate, sort_out};
use super::patch::{Part, patches};
use super::{
    CREDENTIALS_LOST, Desired, Field, Findings, InPicture, Kind, KindInfo, LiveReference, Look,
    Note, OnChange, Outputs, Resource, Scope, Task, gone_is_success, marks, tags,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Secret, Text};

/// An API key.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name.
    pub name: Text,
    /// The description; empty for none.
    pub description: Text,
    /// Whether it works.
    pub enabled: bool,
    /// Where its value was given, as in `ssm:NAME`: AWS makes the value where this is left out. A tag keeps it, since the value
    /// itself is not compared.
    pub value_from: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The mark of its client, which is created after it (see [`marks`]), set by the create call to save a call. Empty on the
    /// live side and never compared.
    pub marks: BTreeMap<String, String>,
}

/// The tag of a key with a given value: its source, as the file had it when the key was created.
pub const SOURCE_TAG: &str = "gatestack:value_from";

/// An API key.
#[derive(Debug)]
pub struct ApiKey;

impl Kind for ApiKey {
    type Props = Props;
    type Part = Part<Props>;

    const INFO: KindInfo = KindInfo {
        loss: Some("its value can't be restored; calls that use it get 403"),
        doubles: true,
        older_stay: true,
        in_picture: InPicture::Caller,
        when_different: "calls with the key are refused, or admitted against the file",
        ..KindInfo::new(
            "api_key",
            "API key",
            "An API Gateway API key: it counts a caller's requests against a usage plan. AWS makes its value; gatestack \
             reads it only to hand it over, or `key` in the file says where it is given. See the API Gateway developer guide, \"Usage plans and API keys\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::new(
            "name",
            "The key's name in the console.",
            |p: &Props, book| p.name.value(book),
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            patches.replace("/name", task.text(&task.want.name))
        })),
        Field::new(
            "description",
            "A description, shown in the console.",
            |p: &Props, book| p.description.value(book),
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            patches.replace("/description", task.text(&task.want.description))
        })),
        Field::new(
            "enabled",
            "Whether calls with the key are accepted.",
            |p: &Props, _| p.enabled.into(),
        )
        .by(Part::Patch(|patches, task, _: &Props| {
            patches.replace("/enabled", task.want.enabled)
        })),
        Field::new(
            "key",
            "Where its value was given when it was created, as a tag of the key says; the value itself is never compared. Without it, \
             AWS makes the value of a new key, and an existing key keeps its own.",
            |p: &Props, _| p.value_from.as_ref().into(),
        )
        .when_wanted()
        .on_change(OnChange::Refuse(
            "AWS takes a key's value only when it creates the key, and a key is never replaced: put the line back as it was, or \
             remove it, and the key keeps its value. For another value, add a second entry under another name with this line, \
             move its callers over and then remove this one",
        )),
        Field::new(
            "tags",
            "Tags. Others on the key are left alone.",
            |p: &Props, _| tags::value(&p.tags),
        )
        .by(Part::Tags)
        .wanted_keys(),
    ];

    fn follows(want: &Props, address: &Address, desired: &Desired) -> bool {
        let client = desired.resources.get(&address.owner().client());
        let marks = client.and_then(|client| marks::of_key(&client.resource));
        want.marks == marks.into_iter().collect()
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let wanted = scope
            .desired
            .resources
            .iter()
            .filter_map(|(address, wanted)| match &wanted.resource {
                Resource::ApiKey(props) => Some((address.clone(), props.name.resolve(scope.book)?)),
                _ => None,
            });
        let candidates = reader
            .api_keys()
            .await?
            .iter()
            .map(|key| candidate(reader, key))
            .collect();
        Ok(sort_out(scope, &Self::INFO, &wanted.collect(), candidates))
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let mut key_tags = want.tags.clone();
        key_tags.extend(want.marks.clone());
        let source = want.value_from.as_deref();
        key_tags.extend(source.map(|source| (SOURCE_TAG.to_owned(), tags::escape(source))));
        let value = source.map(|source| given(writer, source)).transpose()?;
        let request = writer
            .apigateway()
            .create_api_key()
            .name(task.text(&want.name))
            .set_description(Some(task.text(&want.description)).filter(|text| !text.is_empty()))
            .enabled(want.enabled)
            // Otherwise the id that every list returns can be the secret value itself.
            .generate_distinct_id(true)
            .set_value(value.map(|value| value.expose().to_owned()))
            .set_tags(tags::sent(&key_tags));
        // The response contains the key's value; only its id is kept.
        let answer = writer
            .call(Operation::apigateway("CreateApiKey"), request.send())
            .await;
        let id = answer
            .map_err(|error| taken(error, source))?
            .id
            .unwrap_or_default();
        Ok(outputs(writer, &id))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let (patches, tags_differ) = patches(task, live.props, changed);
        if !patches.is_empty() {
            let request = writer
                .apigateway()
                .update_api_key()
                .api_key(live.output(OutputName::Id))
                .set_patch_operations(patches.operations());
            writer
                .call(Operation::apigateway("UpdateApiKey"), request.send())
                .await?;
        }
        if tags_differ {
            let arn = live.output(OutputName::Arn);
            tags::write(writer, arn, &task.want.tags, &live.props.tags).await?;
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let request = writer
            .apigateway()
            .delete_api_key()
            .api_key(live.output(OutputName::Id));
        gone_is_success(
            writer
                .call(Operation::apigateway("DeleteApiKey"), request.send())
                .await,
        )
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        let is_lost = look.change.goes() && look.live.is_some_and(|live| !live.only_a_mark);
        let lost = "its value can't be restored: a new API key gets another one";
        let note = is_lost.then(|| Note::warning(CREDENTIALS_LOST, look.address, lost));
        note.into_iter().collect()
    }
}

/// Why a value can't be given to a key, after the words "the value", and what to do; without the value. AWS's rule is its length
/// (API Gateway developer guide, "Usage plans and API keys": 20 to 128 characters), and callers send it in a header.
pub fn refused_value(value: &Secret) -> Option<(String, String)> {
    let text = value.expose();
    let length = text.chars().count();
    let (what, help) = if text.ends_with(['\n', '\r']) {
        let help = "store it without: `printf %s VALUE`, not `echo VALUE`";
        ("ends with a line break".to_owned(), help.to_owned())
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let what = "has a space, or a character that is not ASCII";
        let help = "callers send it in a header: use letters and digits";
        (what.to_owned(), help.to_owned())
    } else if !(SHORTEST_KEY_VALUE..=LONGEST_KEY_VALUE).contains(&length) {
        (
            format!("has {length} characters"),
            format!("AWS takes {SHORTEST_KEY_VALUE} to {LONGEST_KEY_VALUE}"),
        )
    } else {
        return None;
    };
    Some((what, help))
}

/// A given value, which was read before the first step.
fn given(writer: &Writer, source: &str) -> Result<Secret, AwsError> {
    let value = writer.given_secret(source);
    value.ok_or_else(|| {
        AwsError::gave_up(
            "CreateApiKey",
            format!("the value of {source} was not read"),
        )
    })
}

/// AWS's refusal of a value that another key has, "API Key already exists", with its cause.
fn taken(error: AwsError, source: Option<&str>) -> AwsError {
    match source {
        Some(source) if error.is_there_already() => AwsError {
            message: format!(
                "{}: another API key of this account and Region has the value of {source}, and AWS allows each value once. \
                 Delete that key first if nothing uses it, or give this one another value",
                error.message
            ),
            ..error
        },
        _ => error,
    }
}

fn candidate(reader: &Reader, key: &LiveKey) -> Candidate<Props> {
    let name = key.name.clone().unwrap_or_default();
    let live_tags = tags::live(key.tags.as_ref());
    let customer = key
        .customer_id
        .iter()
        .filter(|customer| !customer.is_empty());
    Candidate {
        props: Props {
            name: name.as_str().into(),
            description: key.description.clone().unwrap_or_default().into(),
            enabled: key.enabled,
            value_from: live_tags
                .get(SOURCE_TAG)
                .map(|source| tags::unescape(source).unwrap_or_else(|| source.clone())),
            tags: live_tags.clone(),
            marks: BTreeMap::new(),
        },
        name,
        tags: live_tags,
        outputs: outputs(reader, key.id.as_deref().unwrap_or_default()),
        unmanaged: customer
            .map(|customer| format!("the AWS Marketplace customer {customer}"))
            .collect(),
    }
}

fn outputs(reader: &Reader, id: &str) -> Outputs {
    Outputs::from([
        (OutputName::Id, id.to_owned()),
        (
            OutputName::Arn,
            reader.apigateway_arn(&format!("apikeys/{id}")),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_length_and_characters_that_work() {
        let refused = |text: &str| refused_value(&Secret::new(text)).map(|(what, _)| what);
        assert_eq!(refused(&"a".repeat(20)), None);
        assert_eq!(refused(&"a-".repeat(64)), None);
        for (text, said) in [
            ("a".repeat(19), "19 characters"),
            ("a".repeat(129), "129 characters"),
            ("a".repeat(30) + "\n", "line break"),
            ("a".repeat(30) + " b", "a space"),
            ("ü".repeat(30), "not ASCII"),
        ] {
            let refused = refused(&text).unwrap();
            assert!(refused.contains(said), "{refused}");
            assert!(!refused.contains(text.trim_end()), "{refused}");
        }
    }
}
