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

    /// What else is at a function, in words: it is deleted with it, or stops working.
    ///
    /// # Errors
    /// A call failed.
    pub(crate) async fn at_function(&self, name: &str) -> Result<FunctionParts, AwsError> {
        let sources = async {
            let request = self
                .lambda_client()
                .list_event_source_mappings()
                .function_name(name);
            let operation = Operation::lambda("ListEventSourceMappings");
            let answer = self.call(operation, request.send()).await?;
            let sources = answer.event_source_mappings.unwrap_or_default();
            let arns = sources.into_iter().filter_map(|it| it.event_source_arn);
            Ok(arns.collect())
        };
        let urls = async {
            let request = self
                .lambda_client()
                .list_function_url_configs()
                .function_name(name);
            let operation = Operation::lambda("ListFunctionUrlConfigs");
            let answer = self.call(operation, request.send()).await?;
            Ok(answer
                .function_url_configs
                .into_iter()
                .map(|url| url.function_url)
                .collect())
        };
        let aliases = async {
            let request = self.lambda_client().list_aliases().function_name(name);
            let operation = Operation::lambda("ListAliases");
            let answer = self.call(operation, request.send()).await?;
            let aliases = answer.aliases.unwrap_or_default();
            Ok(aliases.into_iter().filter_map(|it| it.name).collect())
        };
        let versions = async {
            let request = self
                .lambda_client()
                .list_versions_by_function()
                .function_name(name);
            let operation = Operation::lambda("ListVersionsByFunction");
            let answer = self.call(operation, request.send()).await?;
            let versions = answer.versions.unwrap_or_default();
            let numbers = versions.into_iter().filter_map(|it| it.version);
            Ok(numbers.filter(|version| version != "$LATEST").collect())
        };
        let (sources, urls, aliases, versions) = tokio::try_join!(
            Box::pin(sources),
            Box::pin(urls),
            Box::pin(aliases),
            Box::pin(versions)
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
    /// The ARNs of queues and streams that invoke it.
    pub(crate) sources: Vec<String>,
    /// Its own URLs.
    pub(crate) urls: Vec<String>,
    pub(crate) aliases: Vec<String>,
    /// The numbers of its published versions.
    pub(crate) versions: Vec<String>,
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
