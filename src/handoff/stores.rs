//! Keeping a partner's credentials in a store of AWS's: a SecureString parameter or a secret in Secrets Manager. Each run leaves
//! there what AWS has now, and makes a new version only when that is something else.

use std::collections::BTreeMap;

use aws_facts::limits::ssm::LONGEST_VALUE;

use crate::aws::{AwsError, SecretKeeper};
use crate::kinds::{Ground, STACK_TAG, tags};
use crate::model::{Address, Secret};

/// The tag that says whose credentials something holds. It is not the key of a resource: what is handed over is not the stack's any
/// more, and stays when the stack goes.
pub const HANDOFF_TAG: &str = "gatestack:handoff";

/// A store of secrets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Store {
    /// Systems Manager's Parameter Store.
    Parameters,
    /// Secrets Manager.
    SecretsManager,
}

/// What has become of what was there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kept {
    /// There was nothing.
    Made,
    /// There was something else.
    Changed,
    /// It is there already.
    Unchanged,
}

/// Why something was not kept.
#[derive(Debug)]
pub enum NotKept {
    /// AWS refused.
    Aws(AwsError),
    /// Something of that name is there, and it is not this partner's. What its tags say.
    NotOurs(Option<String>),
    /// It is longer than a standard parameter may be: how long, and how long that is.
    TooLong(usize, usize),
}

impl From<AwsError> for NotKept {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}

impl Store {
    /// Keeps a text under a name.
    ///
    /// # Errors
    /// AWS's refusal; something of that name that is not this partner's; a text that is too long.
    pub async fn keep(
        self,
        keeper: &SecretKeeper,
        ground: &Ground,
        partner: &Address,
        name: &str,
        text: &Secret,
    ) -> Result<Kept, NotKept> {
        let length = text.expose().chars().count();
        if self == Self::Parameters && length > LONGEST_VALUE {
            return Err(NotKept::TooLong(length, LONGEST_VALUE));
        }
        let mark = tags::escape(partner.as_str());
        let mut tags = ground.tags.clone();
        tags.insert(STACK_TAG.into(), ground.stack.clone());
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
        if !is_ours(&tags, &ground.stack, &mark) {
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

    /// AWS's code for a name that is taken.
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

/// Whose something is, as its tags say.
fn owner(tags: &BTreeMap<String, String>) -> Option<String> {
    let stack = tags.get(STACK_TAG)?;
    Some(match tags.get(HANDOFF_TAG) {
        Some(partner) => format!("{partner} of the stack {stack}"),
        None => format!("the stack {stack}"),
    })
}
