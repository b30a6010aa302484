//! Reads of Lambda's functions and of their resource policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_lambda::types::FunctionConfiguration;
use serde::Deserialize;

use super::connection::Reader;
use super::error::AwsError;
use super::memo::Memo;
use super::pace::Operation;
use crate::model::digest;

/// Cached responses.
#[derive(Debug, Default)]
pub(super) struct LambdaAnswers {
    functions: Memo<String, Option<Arc<ListedFunction>>>,
    policies: Memo<String, Arc<Vec<Statement>>>,
    aliases: Memo<String, Arc<Vec<ListedAlias>>>,
    versions: Memo<String, Arc<Vec<ListedVersion>>>,
}

/// A function.
#[derive(Debug)]
pub(crate) struct ListedFunction {
    /// Its settings, without the values of its environment.
    pub(crate) configuration: FunctionConfiguration,
    /// The digests of its environment's values, by name: [`digest_of_variable`].
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// How many of its processes may run at once, if that is reserved.
    pub(crate) concurrency: Option<i32>,
}

/// An alias of a function.
#[derive(Clone, Debug)]
pub(crate) struct ListedAlias {
    pub(crate) arn: String,
    pub(crate) name: String,
    /// The version that it points to.
    pub(crate) version: String,
    pub(crate) description: String,
    /// The shares of calls, from 0 to 1, that other versions get.
    pub(crate) weights: BTreeMap<String, f64>,
}

/// A published version of a function.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ListedVersion {
    /// Its number.
    pub(crate) version: String,
    pub(crate) description: String,
    /// When it was published, as AWS writes it.
    pub(crate) published: String,
    pub(crate) runtime: String,
}

/// A statement of a function's resource policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Statement {
    /// Its id.
    pub(crate) sid: String,
    /// Whether it lets API Gateway invoke the function and says nothing else but the source.
    pub(crate) for_api_gateway: bool,
    /// The ARN pattern of the callers that it lets in.
    pub(crate) source: Option<String>,
}

/// The digest of a value in a function's environment. Values may be secrets, so reads keep only this; the function's ARN makes it
/// another one for every function.
pub(crate) fn digest_of_variable(function: &str, name: &str, value: &str) -> String {
    digest(format!("{function}\n{name}\n{value}").as_bytes())[..16].to_owned()
}

/// All pages of a list; none if what it is of does not exist.
macro_rules! all_pages {
    ($reader:expr, $operation:literal, $request:expr, $answer:ident => $items:expr) => {{
        let mut all = Vec::new();
        let mut marker = None;
        loop {
            let request = $request.set_marker(marker);
            let read = $reader.call(Operation::lambda($operation), request.send());
            let $answer = match read.await {
                Err(error) if error.is_not_found() => break all,
                answer => answer?,
            };
            marker = $answer.next_marker.clone().filter(|next| !next.is_empty());
            all.extend($items);
            if marker.is_none() {
                break all;
            }
        }
    }};
}

impl Reader {
    /// The function of this name; `None` if there is none.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn function(
        &self,
        name: &str,
    ) -> Result<Option<Arc<ListedFunction>>, AwsError> {
        let ask = || async {
            let request = self.lambda_client().get_function().function_name(name);
            let answer = self
                .call(Operation::lambda("GetFunction"), request.send())
                .await;
            let answer = match answer {
                Err(error) if error.is_not_found() => return Ok(None),
                answer => answer?,
            };
            let Some(mut configuration) = answer.configuration else {
                return Ok(None);
            };
            let arn = configuration.function_arn.clone().unwrap_or_default();
            let environment = configuration.environment.take();
            let variables = environment.and_then(|environment| environment.variables);
            let environment = variables.into_iter().flatten().map(|(name, value)| {
                let digest = digest_of_variable(&arn, &name, &value);
                (name, digest)
            });
            Ok(Some(Arc::new(ListedFunction {
                environment: environment.collect(),
                configuration,
                tags: answer.tags.unwrap_or_default().into_iter().collect(),
                concurrency: answer
                    .concurrency
                    .and_then(|concurrency| concurrency.reserved_concurrent_executions),
            })))
        };
        self.lambda_answers
            .functions
            .get(name.to_owned(), ask)
            .await
    }

    /// The statements of a function's resource policy; none if the function does not exist.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn function_policy(
        &self,
        function: &str,
    ) -> Result<Arc<Vec<Statement>>, AwsError> {
        let ask = || async {
            let request = self.lambda_client().get_policy().function_name(function);
            let answer = self
                .call(Operation::lambda("GetPolicy"), request.send())
                .await;
            match answer {
                Err(error) if error.is_not_found() => Ok(Arc::default()),
                answer => Ok(Arc::new(statements(
                    answer?.policy.as_deref().unwrap_or_default(),
                ))),
            }
        };
        self.lambda_answers
            .policies
            .get(function.to_owned(), ask)
            .await
    }

    /// The aliases of a function; none if it does not exist.
    ///
    /// # Errors
    /// A call failed.
    pub(crate) async fn aliases(&self, name: &str) -> Result<Arc<Vec<ListedAlias>>, AwsError> {
        let ask = || async {
            let client = self.lambda_client();
            let aliases = all_pages!(self, "ListAliases",
                client.list_aliases().function_name(name),
                answer => answer.aliases.unwrap_or_default());
            let aliases = aliases.into_iter().map(|alias| ListedAlias {
                arn: alias.alias_arn.unwrap_or_default(),
                name: alias.name.unwrap_or_default(),
                version: alias.function_version.unwrap_or_default(),
                description: alias.description.unwrap_or_default(),
                weights: alias
                    .routing_config
                    .and_then(|routing| routing.additional_version_weights)
                    .into_iter()
                    .flatten()
                    .collect(),
            });
            Ok(Arc::new(aliases.collect()))
        };
        self.lambda_answers.aliases.get(name.to_owned(), ask).await
    }

    /// The published versions of a function; none if it does not exist.
    ///
    /// # Errors
    /// A call failed.
    pub(crate) async fn versions(&self, name: &str) -> Result<Arc<Vec<ListedVersion>>, AwsError> {
        let ask = || async {
            let client = self.lambda_client();
            let versions = all_pages!(self, "ListVersionsByFunction",
                client.list_versions_by_function().function_name(name),
                answer => answer.versions.unwrap_or_default());
            let published = versions.into_iter();
            let published = published.filter(|one| one.version.as_deref() != Some("$LATEST"));
            let versions = published.map(|one| ListedVersion {
                version: one.version.unwrap_or_default(),
                description: one.description.unwrap_or_default(),
                published: one.last_modified.unwrap_or_default(),
                runtime: one
                    .runtime
                    .map(|runtime| runtime.as_str().to_owned())
                    .unwrap_or_default(),
            });
            Ok(Arc::new(versions.collect()))
        };
        self.lambda_answers.versions.get(name.to_owned(), ask).await
    }

    /// What else is at a function: it is deleted with it, or stops working.
    ///
    /// # Errors
    /// A call failed.
    pub(crate) async fn at_function(&self, name: &str) -> Result<FunctionParts, AwsError> {
        let client = self.lambda_client();
        let sources = async {
            let sources = all_pages!(self, "ListEventSourceMappings",
                client.list_event_source_mappings().function_name(name),
                answer => answer.event_source_mappings.unwrap_or_default());
            let sources = sources.into_iter().filter_map(|it| {
                let of = it.function_arn.unwrap_or_default();
                it.event_source_arn.map(|name| Part { of, name })
            });
            Ok(sources.collect())
        };
        let urls = async {
            let urls = all_pages!(self, "ListFunctionUrlConfigs",
                client.list_function_url_configs().function_name(name),
                answer => answer.function_url_configs);
            let urls = urls.into_iter().map(|url| Part {
                of: url.function_arn,
                name: url.function_url,
            });
            Ok(urls.collect())
        };
        let (sources, urls, aliases, versions) = tokio::try_join!(
            Box::pin(sources),
            Box::pin(urls),
            Box::pin(self.aliases(name)),
            Box::pin(self.versions(name))
        )?;
        Ok(FunctionParts {
            sources,
            urls,
            aliases,
            versions,
        })
    }
}

/// What a function has beside its settings.
#[derive(Debug, Default)]
pub(crate) struct FunctionParts {
    /// The queues and streams that invoke it, by their ARNs.
    sources: Vec<Part>,
    /// Its own URLs.
    urls: Vec<Part>,
    pub(crate) aliases: Arc<Vec<ListedAlias>>,
    pub(crate) versions: Arc<Vec<ListedVersion>>,
}

/// A part of a function, or of an alias or version of it.
#[derive(Debug)]
struct Part {
    /// The ARN of the function, the alias or the version.
    of: String,
    name: String,
}

impl FunctionParts {
    /// The ARNs of the queues and streams that invoke this function, alias or version.
    pub(crate) fn sources_of(&self, arn: &str) -> impl Iterator<Item = &str> {
        names(&self.sources, move |of| of == arn)
    }

    /// The URLs of this function, alias or version.
    pub(crate) fn urls_of(&self, arn: &str) -> impl Iterator<Item = &str> {
        names(&self.urls, move |of| of == arn)
    }

    /// The ARNs of the queues and streams that invoke anything but these.
    pub(crate) fn sources_beside(&self, arns: &[&str]) -> impl Iterator<Item = &str> {
        names(&self.sources, move |of| !arns.contains(&of))
    }

    /// The URLs of anything but these.
    pub(crate) fn urls_beside(&self, arns: &[&str]) -> impl Iterator<Item = &str> {
        names(&self.urls, move |of| !arns.contains(&of))
    }
}

fn names(parts: &[Part], is: impl Fn(&str) -> bool) -> impl Iterator<Item = &str> {
    let parts = parts.iter().filter(move |part| is(&part.of));
    parts.map(|part| part.name.as_str())
}

/// The statements of a policy. What can't be read is a statement that isn't gatestack's.
fn statements(policy: &str) -> Vec<Statement> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Policy {
        statement: Vec<serde_json::Value>,
    }
    let policy: Option<Policy> = serde_json::from_str(policy).ok();
    let statements = policy.map(|policy| policy.statement).unwrap_or_default();
    let read = |statement: serde_json::Value| {
        let condition = &statement["Condition"];
        let source = condition["ArnLike"]["AWS:SourceArn"].as_str();
        let only = |value: &serde_json::Value| value.as_object().is_some_and(|all| all.len() == 1);
        Statement {
            sid: statement["Sid"].as_str().unwrap_or_default().to_owned(),
            for_api_gateway: statement["Effect"] == "Allow"
                && statement["Action"] == "lambda:InvokeFunction"
                && statement["Principal"]["Service"] == "apigateway.amazonaws.com"
                && only(condition)
                && only(&condition["ArnLike"]),
            source: source.map(str::to_owned),
        }
    };
    statements.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_read_with_its_source() {
        // As AWS returns it: LocalStack's recording of TestLambdaPermissions.
        let policy = r#"{"Version":"2012-10-17","Id":"default","Statement":[
            {"Sid":"a","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction",
             "Resource":"arn:aws:lambda:eu-central-1:123456789012:function:f",
             "Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:eu-central-1:123456789012:a/*/GET/x"}}},
            {"Sid":"b","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"x"},
            {"Sid":"c","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction",
             "Condition":{"ArnLike":{"AWS:SourceArn":"x"},"StringEquals":{"AWS:SourceAccount":"1"}}}]}"#;
        let read = statements(policy);
        let told: Vec<_> = read
            .iter()
            .map(|it| (it.sid.as_str(), it.for_api_gateway, it.source.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "a",
                    true,
                    Some("arn:aws:execute-api:eu-central-1:123456789012:a/*/GET/x")
                ),
                ("b", false, None),
                ("c", false, Some("x")),
            ]
        );
        assert_eq!(statements("no JSON"), []);
    }

    #[test]
    fn a_value_has_another_digest_in_every_function() {
        let one = digest_of_variable("arn:a", "KEY", "value");
        assert_eq!(one.len(), 16);
        assert_ne!(one, digest_of_variable("arn:b", "KEY", "value"));
        assert_ne!(one, digest_of_variable("arn:a", "OTHER", "value"));
        assert_ne!(one, digest_of_variable("arn:a", "KEY", "other"));
    }
}
