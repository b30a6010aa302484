//! The launch of an instance, which is idempotent across runs.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    HttpTokensState, IamInstanceProfileSpecification, InstanceMetadataEndpointState,
    InstanceMetadataOptionsRequest, InstanceNetworkInterfaceSpecification, InstanceType,
    ResourceType,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::state::{self, Start};
use super::{IMAGE_TAG, PARAMETER, Props, USER_DATA_TAG};
use crate::aws::{AwsError, Operation, Writer};
use crate::kinds::{Task, tags};
use crate::model::{Payload, digest};

/// What a launch creates and tags, beside the instance itself.
const MADE: [ResourceType; 3] = [
    ResourceType::Instance,
    ResourceType::Volume,
    ResourceType::NetworkInterface,
];

/// The most earlier launches with the same token that are skipped.
const REMEMBERED: usize = 20;

/// Containers on the instance are one network hop further from its metadata.
const METADATA_HOPS: i32 = 2;

/// Everything a launch says.
struct Launch {
    image: String,
    instance_type: String,
    subnet: String,
    security_groups: Vec<String>,
    profile: Option<String>,
    user_data: Option<Payload>,
    tags: BTreeMap<String, String>,
}

/// Launches an instance and waits until it runs.
///
/// For a known token EC2 returns the instance that was launched with it, so a run that died before the response launches nothing
/// twice. The token is the digest of the whole launch, the address and what it replaces (tags) included; another launch in the
/// same account and Region with the same digest is the same launch. But EC2 remembers a token for a day after its instance is
/// terminated: after a deletion by hand, or a change from three instances to one and back, it would return the terminated one. So
/// if the token's instance is terminated, the next token is the digest with that instance's id: every run follows the same chain
/// to the first live instance.
///
/// # Errors
/// The call failed, or EC2 terminated the instance during its start.
pub(super) async fn launch(writer: &Writer, task: &Task<'_, Props>) -> Result<String, AwsError> {
    let launch = Launch::of(writer, task).await?;
    let mut before = String::new();
    for _ in 0..REMEMBERED {
        let token = launch.token(&before);
        let id = launch.run(writer, &token).await?;
        match state::start_of(writer, &id).await? {
            Start::Running => return Ok(id),
            Start::Gone => before = id,
            Start::Failed(why) => {
                return Err(AwsError::gave_up(
                    "RunInstances",
                    format!("EC2 ended the instance {id} as it started: {why}"),
                ));
            }
        }
    }
    Err(AwsError::gave_up(
        "RunInstances",
        format!(
            "EC2 ended each of {REMEMBERED} launches of the same instance at once, the last one being {before}"
        ),
    ))
}

impl Launch {
    async fn of(writer: &Writer, task: &Task<'_, Props>) -> Result<Self, AwsError> {
        let want = task.want;
        let image = match want.image.strip_prefix(PARAMETER) {
            Some(parameter) => writer.image_behind(parameter).await?,
            None => want.image.clone(),
        };
        let mut tags = task.tags(&want.tags);
        tags.insert(IMAGE_TAG.into(), want.image.clone());
        let mut user_data = None;
        if let Some(digest) = &want.user_data {
            tags.insert(USER_DATA_TAG.into(), digest.clone());
            let payload = writer.payload(digest);
            user_data = Some(payload.ok_or_else(|| {
                AwsError::gave_up(
                    "RunInstances",
                    format!("the script sha256:{digest} is missing"),
                )
            })?);
        }
        let groups = want.security_groups.iter();
        Ok(Self {
            image,
            instance_type: want.instance_type.clone(),
            subnet: want.subnet.clone(),
            security_groups: groups.map(|group| task.text(group)).collect(),
            profile: want.profile.clone(),
            user_data,
            tags,
        })
    }

    /// The token of this launch after an earlier identical one whose instance is terminated. User data counts by its digest,
    /// which is a tag.
    fn token(&self, gone: &str) -> String {
        let facts = (
            (&self.image, &self.instance_type, &self.subnet),
            (&self.security_groups, &self.profile, &self.tags),
            gone,
        );
        digest(format!("{facts:?}").as_bytes())
    }

    async fn run(&self, writer: &Writer, token: &str) -> Result<String, AwsError> {
        let interface = InstanceNetworkInterfaceSpecification::builder()
            .device_index(0)
            .subnet_id(&self.subnet)
            .set_groups(Some(self.security_groups.clone()))
            .associate_public_ip_address(false)
            .delete_on_termination(true)
            .build();
        let metadata = InstanceMetadataOptionsRequest::builder()
            .http_endpoint(InstanceMetadataEndpointState::Enabled)
            .http_tokens(HttpTokensState::Required)
            .http_put_response_hop_limit(METADATA_HOPS)
            .build();
        let profile = self.profile.as_ref().map(|name| {
            IamInstanceProfileSpecification::builder()
                .name(name)
                .build()
        });
        let tags = MADE.map(|of| tags::ec2::sent(of, &self.tags)).to_vec();
        let answer = writer.patiently(async || {
            let request = writer
                .ec2()
                .run_instances()
                .client_token(token)
                .min_count(1)
                .max_count(1)
                .image_id(&self.image)
                .instance_type(InstanceType::from(self.instance_type.as_str()))
                .network_interfaces(interface.clone())
                .metadata_options(metadata.clone())
                .set_iam_instance_profile(profile.clone())
                .set_user_data(
                    self.user_data
                        .as_ref()
                        .map(|data| STANDARD.encode(data.expose())),
                )
                .set_tag_specifications(Some(tags.clone()));
            writer
                .call(Operation::ec2("RunInstances"), request.send())
                .await
        });
        let launched = answer.await?.instances.unwrap_or_default();
        let id = launched
            .into_iter()
            .find_map(|instance| instance.instance_id);
        Ok(id.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch() -> Launch {
        Launch {
            image: "ami-1".into(),
            instance_type: "t3.micro".into(),
            subnet: "subnet-1".into(),
            security_groups: vec!["sg-1".into()],
            profile: None,
            user_data: None,
            tags: BTreeMap::from([("gatestack:key".into(), "a".into())]),
        }
    }

    #[test]
    fn a_token_is_the_same_for_the_same_launch_only() {
        let token = launch().token("");
        assert_eq!(token.len(), 64, "as long as EC2 takes");
        assert_eq!(token, launch().token(""));
        let mut other = launch();
        other.tags.insert("gatestack:replaces".into(), "i-1".into());
        assert_ne!(token, other.token(""));
        assert_ne!(token, launch().token("i-1"));
        let mut other = launch();
        other.image = "ami-2".into();
        assert_ne!(token, other.token(""));
    }
}
