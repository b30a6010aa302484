//! Writes a partner's credentials to a SecureString parameter or a secret in Secrets Manager. A new version is only written if
//! the credentials have changed.

use std::collections::BTreeMap;

use aws_facts::limits::ssm::LONGEST_VALUE;

use crate::aws::{AwsError, SecretKeeper};
use crate::kinds::{STACK_TAG, StackContext, tags};
use crate::model::{Address, Secret};

/// The tag with the partner of the credentials. It does not make it a resource of the stack: `destroy` leaves it.
pub const HANDOFF_TAG: &str = "gatestack:handoff";

/// A store of secrets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Store {
    /// Systems Manager's Parameter Store.
    Parameters,
    /// Secrets Manager.
    SecretsManager,
}

/// The result of a write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kept {
    /// There was nothing.
    Made,
    /// There was something else.
    Changed,
    /// It is there already.
    Unchanged,
}

/// Why credentials were not written.
#[derive(Debug)]
pub enum NotKept {
    /// AWS refused.
    Aws(AwsError),
    /// The name exists and is not this partner's, with its tags.
    NotOurs(Option<String>),
    /// It is longer than a standard parameter: its length, and the limit.
    TooLong(usize, usize),
}

impl From<AwsError> for NotKept {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}

impl Store {
    /// Writes a text under a name.
    ///
    /// # Errors
    /// A call failed; the name is not this partner's; the text is too long.
    pub async fn keep(
        self,
        keeper: &SecretKeeper,
        context: &StackContext,
        partner: &Address,
        name: &str,
        text: &Secret,
    ) -> Result<Kept, NotKept> {
        let length = text.expose().chars().count();
        if self == Self::Parameters && length > LONGEST_VALUE {
            return Err(NotKept::TooLong(length, LONGEST_VALUE));
        }
        let mark = tags::escape(partner.as_str());
        let mut tags = context.tags.clone();
        tags.insert(STACK_TAG.into(), context.stack.clone());
        tags.insert(HANDOFF_TAG.into(), mark.clone());
        let made = match self {
            Self::Parameters => keeper.make_parameter(name, text, &tags).await,
            Self::SecretsManager => keeper.make_secret(name, text, &tags).await,
        };
        match made {
            Ok(()) => return Ok(Kept::Made),
            Err(error) if error.is(self.exists()) => {}
            Err(error) => return Err(error.into()),
        }
        let tags = match self {
            Self::Parameters => keeper.tags_of_parameter(name).await?,
            Self::SecretsManager => keeper.tags_of_secret(name).await?,
        };
        if !is_ours(&tags, &context.stack, &mark) {
            return Err(NotKept::NotOurs(owner(&tags)));
        }
        let there = match self {
            Self::Parameters => keeper.parameter(name).await?,
            Self::SecretsManager => keeper.secret(name).await?,
        };
        if there.is_some_and(|there| there.expose() == text.expose()) {
            return Ok(Kept::Unchanged);
        }
        match self {
            Self::Parameters => keeper.change_parameter(name, text).await?,
            Self::SecretsManager => keeper.change_secret(name, text).await?,
        }
        Ok(Kept::Changed)
    }

    /// AWS's error code for an existing name.
    fn exists(self) -> &'static str {
        match self {
            Self::Parameters => "ParameterAlreadyExists",
            Self::SecretsManager => "ResourceExistsException",
        }
    }
}

fn is_ours(tags: &BTreeMap<String, String>, stack: &str, mark: &str) -> bool {
    tags.get(STACK_TAG).is_some_and(|it| it == stack)
        && tags.get(HANDOFF_TAG).is_some_and(|it| it == mark)
}

/// The owner in the tags.
fn owner(tags: &BTreeMap<String, String>) -> Option<String> {
    let stack = tags.get(STACK_TAG)?;
    Some(match tags.get(HANDOFF_TAG) {
        Some(partner) => format!("{partner} of the stack {stack}"),
        None => format!("the stack {stack}"),
    })
}
