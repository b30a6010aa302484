//! An API key. Its value is a partner's credential, so it is never replaced and never read by a plan.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::ApiKey as LiveKey;
use serde::{Deserialize, Serialize};

use super::ownership::{Candidate, sort_out};
use super::patch::{Part, patches};
use super::{
    CREDENTIALS_LOST, Desired, Field, Findings, InPicture, Kind, KindInfo, LiveReference, Look,
    Note, Outputs, Resource, Scope, Task, gone_is_success, marks, tags,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Text};

/// An API key.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name.
    pub name: Text,
    /// The description; empty for none.
    pub description: Text,
    /// Whether it works.
    pub enabled: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The mark of its client, which is created after it (see [`marks`]), set by the create call to save a call. Empty on the
    /// live side and never compared.
    pub marks: BTreeMap<String, String>,
}

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
             reads it only to hand it over. See the API Gateway developer guide, \"Usage plans and API keys\".",
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
        let request = writer
            .apigateway()
            .create_api_key()
            .name(task.text(&want.name))
            .set_description(Some(task.text(&want.description)).filter(|text| !text.is_empty()))
            .enabled(want.enabled)
            // Otherwise the id that every list returns can be the secret value itself.
            .generate_distinct_id(true)
            .set_tags(tags::sent(&key_tags));
        // The response contains the key's value; only its id is kept.
        let id = writer
            .call(Operation::apigateway("CreateApiKey"), request.send())
            .await?
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

fn candidate(reader: &Reader, key: &LiveKey) -> Candidate<Props> {
    let name = key.name.clone().unwrap_or_default();
    let tags = tags::live(key.tags.as_ref());
    let customer = key
        .customer_id
        .iter()
        .filter(|customer| !customer.is_empty());
    Candidate {
        props: Props {
            name: name.as_str().into(),
            description: key.description.clone().unwrap_or_default().into(),
            enabled: key.enabled,
            tags: tags.clone(),
            marks: BTreeMap::new(),
        },
        name,
        tags,
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
            reader.apigateway_arn(&format!("/apikeys/{id}")),
        ),
    ])
}
