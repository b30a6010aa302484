//! The writes that put secrets away, in Secrets Manager and in Systems Manager's encrypted parameters. Plans and applies have no
//! way to them: only a command whose purpose is to hand credentials over makes a [`SecretKeeper`].

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::types::Tag;
use aws_sdk_ssm::types::{ParameterType, ResourceTypeForTagging, Tag as ParameterTag};

use super::connection::{Connection, Reader};
use super::error::AwsError;
use super::pace::{Operation, Service};
use crate::model::Secret;

/// Writes secrets, and reads existing ones.
#[derive(Clone, Debug)]
pub struct SecretKeeper(Reader);

type Tags = BTreeMap<String, String>;

const fn secrets(name: &str) -> Operation<'_> {
    Operation::of(Service::SecretsManager, name)
}

const fn parameters(name: &str) -> Operation<'_> {
    Operation::of(Service::Ssm, name)
}

impl Connection {
    /// Puts secrets away.
    pub fn secret_keeper(&self) -> SecretKeeper {
        SecretKeeper(self.reader())
    }
}

impl Reader {
    /// The id of a secret's current version; none if it has none.
    ///
    /// # Errors
    /// The call failed, or there is no such secret.
    pub(crate) async fn secret_version(&self, name: &str) -> Result<Option<String>, AwsError> {
        let request = self
            .secretsmanager_client()
            .describe_secret()
            .secret_id(name);
        let answer = self.call(secrets("DescribeSecret"), request.send()).await?;
        let versions = answer.version_ids_to_stages.unwrap_or_default();
        let current = |stages: &Vec<String>| stages.iter().any(|stage| stage == CURRENT);
        let found = versions.into_iter().find(|(_, stages)| current(stages));
        Ok(found.map(|(version, _)| version))
    }
}

/// The stage of a secret's current version.
const CURRENT: &str = "AWSCURRENT";

impl SecretKeeper {
    /// Makes a secret.
    ///
    /// # Errors
    /// The call failed, or the name exists already.
    pub(crate) async fn make_secret(
        &self,
        name: &str,
        text: &Secret,
        tags: &Tags,
    ) -> Result<(), AwsError> {
        let tags = tags
            .iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build());
        let request = self
            .0
            .secretsmanager_client()
            .create_secret()
            .name(name)
            .secret_string(text.expose())
            .set_tags(Some(tags.collect()));
        self.0.call(secrets("CreateSecret"), request.send()).await?;
        Ok(())
    }

    /// A secret's tags.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn tags_of_secret(&self, name: &str) -> Result<Tags, AwsError> {
        let client = self.0.secretsmanager_client();
        let request = client.describe_secret().secret_id(name);
        let answer = self
            .0
            .call(secrets("DescribeSecret"), request.send())
            .await?;
        let tags = answer.tags.unwrap_or_default();
        Ok(tags
            .into_iter()
            .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
            .collect())
    }

    /// A secret's current text; none if it has no version yet or is binary.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn secret(&self, name: &str) -> Result<Option<Secret>, AwsError> {
        let client = self.0.secretsmanager_client();
        let request = client.get_secret_value().secret_id(name);
        let operation = secrets("GetSecretValue");
        match self.0.call(operation, request.send()).await {
            Ok(answer) => Ok(answer.secret_string.map(Secret::new)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds a new current version of a secret.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn change_secret(&self, name: &str, text: &Secret) -> Result<(), AwsError> {
        let client = self.0.secretsmanager_client();
        let request = client
            .put_secret_value()
            .secret_id(name)
            .secret_string(text.expose());
        let operation = secrets("PutSecretValue");
        self.0.call(operation, request.send()).await?;
        Ok(())
    }

    /// Creates a SecureString parameter. AWS allows tags only without `Overwrite`.
    ///
    /// # Errors
    /// The call failed, or the name exists already.
    pub(crate) async fn make_parameter(
        &self,
        name: &str,
        text: &Secret,
        tags: &Tags,
    ) -> Result<(), AwsError> {
        let tags: Result<Vec<ParameterTag>, _> = tags
            .iter()
            .map(|(key, value)| ParameterTag::builder().key(key).value(value).build())
            .collect();
        let request = self
            .0
            .ssm_client()
            .put_parameter()
            .name(name)
            .r#type(ParameterType::SecureString)
            .value(text.expose())
            .set_tags(Some(
                tags.expect("a tag that was given a key and a value has both"),
            ));
        let operation = parameters("PutParameter");
        self.0.call(operation, request.send()).await?;
        Ok(())
    }

    /// A parameter's tags.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn tags_of_parameter(&self, name: &str) -> Result<Tags, AwsError> {
        let request = self
            .0
            .ssm_client()
            .list_tags_for_resource()
            .resource_type(ResourceTypeForTagging::Parameter)
            .resource_id(name);
        let operation = parameters("ListTagsForResource");
        let answer = self.0.call(operation, request.send()).await?;
        let tags = answer.tag_list.unwrap_or_default();
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    /// A parameter's text.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn parameter(&self, name: &str) -> Result<Option<Secret>, AwsError> {
        let client = self.0.ssm_client();
        let request = client.get_parameter().name(name).with_decryption(true);
        let operation = parameters("GetParameter");
        let answer = self.0.call(operation, request.send()).await?;
        let value = answer.parameter.and_then(|parameter| parameter.value);
        Ok(value.map(Secret::new))
    }

    /// Adds a new version of a SecureString parameter.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn change_parameter(&self, name: &str, text: &Secret) -> Result<(), AwsError> {
        let request = self
            .0
            .ssm_client()
            .put_parameter()
            .name(name)
            .r#type(ParameterType::SecureString)
            .value(text.expose())
            .overwrite(true);
        let operation = parameters("PutParameter");
        self.0.call(operation, request.send()).await?;
        Ok(())
    }
}
