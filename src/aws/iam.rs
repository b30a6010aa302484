//! Reads of IAM's roles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_iam::types::Role;
use futures_util::future::try_join_all;
use percent_encoding::percent_decode_str;

use super::connection::Reader;
use super::error::AwsError;
use super::memo::Memo;
use super::pace::Operation;

/// Cached responses.
#[derive(Debug, Default)]
pub(super) struct IamAnswers {
    below: Memo<String, Arc<Vec<String>>>,
    roles: Memo<String, Option<Arc<ListedRole>>>,
}

/// A role with its policies.
#[derive(Debug)]
pub(crate) struct ListedRole {
    pub(crate) role: Role,
    /// Who may take it: a policy in JSON.
    pub(crate) trust: String,
    pub(crate) tags: BTreeMap<String, String>,
    /// Its own policies in JSON, by name.
    pub(crate) policies: BTreeMap<String, String>,
    /// The ARNs of managed policies.
    pub(crate) attached: BTreeSet<String>,
}

/// A document as it was written: IAM returns it percent-encoded.
fn decoded(document: &str) -> String {
    percent_decode_str(document)
        .decode_utf8_lossy()
        .into_owned()
}

impl Reader {
    /// The names of all roles whose path begins so.
    ///
    /// # Errors
    /// A call failed.
    pub(crate) async fn roles_below(&self, path: &str) -> Result<Arc<Vec<String>>, AwsError> {
        let ask = || async {
            let mut names = Vec::new();
            let mut marker = None;
            loop {
                let request = self
                    .iam_client()
                    .list_roles()
                    .path_prefix(path)
                    .max_items(1000)
                    .set_marker(marker);
                let answer = self
                    .call(Operation::iam("ListRoles"), request.send())
                    .await?;
                names.extend(answer.roles.into_iter().map(|role| role.role_name));
                marker = answer.marker.filter(|_| answer.is_truncated);
                if marker.is_none() {
                    return Ok(Arc::new(names));
                }
            }
        };
        self.iam_answers.below.get(path.to_owned(), ask).await
    }

    /// The role of this name; `None` if there is none.
    ///
    /// # Errors
    /// A call failed.
    pub(crate) async fn role(&self, name: &str) -> Result<Option<Arc<ListedRole>>, AwsError> {
        let ask = || async {
            let request = self.iam_client().get_role().role_name(name);
            let role = self.call(Operation::iam("GetRole"), request.send());
            // Beside each other, since a function's own reads wait for them.
            let parts = tokio::try_join!(
                role,
                Box::pin(self.own_policies(name)),
                Box::pin(self.attached_policies(name))
            );
            let (role, policies, attached) = match parts {
                Err(error) if error.is_not_found() => return Ok(None),
                parts => parts?,
            };
            let Some(role) = role.role else {
                return Ok(None);
            };
            let tags = role.tags().iter();
            let tags = tags.map(|tag| (tag.key.clone(), tag.value.clone()));
            Ok(Some(Arc::new(ListedRole {
                tags: tags.collect(),
                trust: decoded(
                    role.assume_role_policy_document
                        .as_deref()
                        .unwrap_or_default(),
                ),
                role,
                policies,
                attached,
            })))
        };
        self.iam_answers.roles.get(name.to_owned(), ask).await
    }

    async fn own_policies(&self, role: &str) -> Result<BTreeMap<String, String>, AwsError> {
        let mut names = Vec::new();
        let mut marker = None;
        loop {
            let request = self
                .iam_client()
                .list_role_policies()
                .role_name(role)
                .set_marker(marker);
            let answer = self
                .call(Operation::iam("ListRolePolicies"), request.send())
                .await?;
            names.extend(answer.policy_names);
            marker = answer.marker.filter(|_| answer.is_truncated);
            if marker.is_none() {
                break;
            }
        }
        let documents = names.into_iter().map(|name| async {
            let request = self
                .iam_client()
                .get_role_policy()
                .role_name(role)
                .policy_name(&name);
            let answer = self
                .call(Operation::iam("GetRolePolicy"), request.send())
                .await?;
            Ok::<_, AwsError>((name, decoded(&answer.policy_document)))
        });
        Ok(try_join_all(documents).await?.into_iter().collect())
    }

    async fn attached_policies(&self, role: &str) -> Result<BTreeSet<String>, AwsError> {
        let mut arns = BTreeSet::new();
        let mut marker = None;
        loop {
            let request = self
                .iam_client()
                .list_attached_role_policies()
                .role_name(role)
                .set_marker(marker);
            let answer = self
                .call(Operation::iam("ListAttachedRolePolicies"), request.send())
                .await?;
            let policies = answer.attached_policies.unwrap_or_default();
            arns.extend(policies.into_iter().filter_map(|policy| policy.policy_arn));
            marker = answer.marker.filter(|_| answer.is_truncated);
            if marker.is_none() {
                return Ok(arns);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_document_is_read_as_it_was_written() {
        assert_eq!(
            super::decoded("%7B%22a%22%3A%22100%25%22%7D"),
            r#"{"a":"100%"}"#
        );
    }
}
