//! A live function.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::types::{
    FunctionConfiguration, LastUpdateStatus, PackageType, State, TracingMode,
};
use futures_util::future::try_join_all;

use super::{CODE_TAG, ENVIRONMENT_TAG, Props, SOURCE_TAG, Variable, outputs};
use crate::aws::{AwsError, ListedFunction, Reader, digest_of_variable};
use crate::kinds::ownership::Candidate;
use crate::kinds::{Scope, tags};
use crate::model::Text;

/// The functions of these names.
///
/// # Errors
/// A read failed.
pub(super) async fn candidates(
    reader: &Reader,
    scope: &Scope<'_>,
    names: &BTreeSet<String>,
) -> Result<Vec<Candidate<Props>>, AwsError> {
    let functions = try_join_all(names.iter().map(|name| reader.function(name))).await?;
    let functions = functions.iter().flatten();
    Ok(functions
        .map(|function| candidate(scope, function))
        .collect())
}

fn candidate(scope: &Scope<'_>, listed: &ListedFunction) -> Candidate<Props> {
    let live = &listed.configuration;
    let name = live.function_name.clone().unwrap_or_default();
    let arn = live.function_arn.clone().unwrap_or_default();
    let positive = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok());
    let vpc = live.vpc_config.as_ref();
    let texts = |texts: &[String]| texts.iter().map(|text| Text::literal(&**text)).collect();
    Candidate {
        props: Props {
            arn: arn.clone(),
            role: live.role.as_deref().unwrap_or_default().into(),
            runtime: live
                .runtime
                .as_ref()
                .map_or("none", |runtime| runtime.as_str())
                .to_owned(),
            handler: live.handler.clone(),
            memory_mb: positive(live.memory_size).unwrap_or_default(),
            timeout_seconds: positive(live.timeout).unwrap_or_default(),
            environment: environment(scope, &arn, listed),
            architecture: live
                .architectures()
                .first()
                .map_or("x86_64", |it| it.as_str())
                .to_owned(),
            layers: live
                .layers()
                .iter()
                .filter_map(|layer| layer.arn.as_deref().map(Text::from))
                .collect(),
            tracing: live.tracing_config.as_ref().and_then(|it| it.mode.as_ref())
                == Some(&TracingMode::Active),
            subnets: vpc.map(|vpc| texts(vpc.subnet_ids())).unwrap_or_default(),
            security_groups: vpc
                .map(|vpc| texts(vpc.security_group_ids()))
                .unwrap_or_default(),
            concurrency: positive(listed.concurrency),
            code: Some(code(listed)),
            active: is_ready(live),
            tags: listed.tags.clone(),
        },
        name,
        tags: listed.tags.clone(),
        outputs: outputs(&arn),
        unmanaged: unmanaged(live),
    }
}

/// Whether calls are answered by its newest code and settings.
pub(super) fn is_ready(live: &FunctionConfiguration) -> bool {
    // An inactive one is woken by its next call.
    let active = matches!(live.state, None | Some(State::Active | State::Inactive));
    let updated = !matches!(
        live.last_update_status,
        Some(LastUpdateStatus::InProgress | LastUpdateStatus::Failed)
    );
    active && updated
}

/// What a tag says of the code's sources, if the code is the one that was uploaded from them.
fn code(listed: &ListedFunction) -> String {
    let sha = listed.configuration.code_sha256.as_deref();
    let sha = sha.unwrap_or_default();
    let uploaded = listed.tags.get(CODE_TAG);
    match listed.tags.get(SOURCE_TAG) {
        Some(sources) if uploaded.is_some_and(|uploaded| uploaded == sha) => {
            tags::unescape(sources).unwrap_or_else(|| sources.clone())
        }
        _ => format!("other code, with the CodeSha256 {sha}"),
    }
}

/// The environment: texts that the file has, sources as the tags say, and digests of all others.
fn environment(
    scope: &Scope<'_>,
    arn: &str,
    listed: &ListedFunction,
) -> BTreeMap<String, Variable> {
    let want = super::wanted(scope.desired).find(|(_, props)| props.arn == arn);
    let want = want.map(|(_, props)| &props.environment);
    let variable = |variable: &String, digest: &String| {
        let text = match want.and_then(|want| want.get(variable)) {
            Some(Variable::Text(text)) => text.resolve(scope.book),
            _ => None,
        };
        if let Some(text) = text
            && digest_of_variable(arn, variable, &text) == *digest
        {
            return Variable::Text(Text::literal(text));
        }
        let tag = listed.tags.get(&format!("{ENVIRONMENT_TAG}/{variable}"));
        let known = tag.and_then(|tag| source(tag, digest));
        known.unwrap_or_else(|| Variable::Digest(digest.clone()))
    };
    let variables = listed.environment.iter();
    variables
        .map(|(name, digest)| (name.clone(), variable(name, digest)))
        .collect()
}

/// The tag of a value from a source: `SOURCE VERSION DIGEST`, of which the source and the version may have been escaped.
pub(super) fn source_tag(source: &str, version: &str, digest: &str) -> String {
    format!(
        "{} {} {digest}",
        tags::escape(source),
        tags::escape(version)
    )
}

fn source(tag: &str, digest: &str) -> Option<Variable> {
    let mut words = tag.split(' ');
    let (source, version, written) = (words.next()?, words.next()?, words.next()?);
    (written == digest).then_some(())?;
    Some(Variable::From {
        source: tags::unescape(source)?,
        version: tags::unescape(version)?,
    })
}

/// Settings that no file says.
fn unmanaged(live: &FunctionConfiguration) -> Vec<String> {
    let mut unmanaged = Vec::new();
    if live.package_type == Some(PackageType::Image) {
        unmanaged.push("a container image".to_owned());
    }
    if live
        .dead_letter_config
        .as_ref()
        .and_then(|it| it.target_arn.as_ref())
        .is_some()
    {
        unmanaged.push("a dead letter queue".to_owned());
    }
    if !live.file_system_configs().is_empty() {
        unmanaged.push("file systems".to_owned());
    }
    if live.kms_key_arn.is_some() {
        unmanaged.push("a KMS key for its environment".to_owned());
    }
    if live
        .ephemeral_storage
        .as_ref()
        .is_some_and(|it| it.size != 512)
    {
        unmanaged.push("the size of /tmp".to_owned());
    }
    unmanaged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_known_by_its_tag_as_long_as_the_value_is_the_one_that_was_written() {
        let tag = source_tag("secretsmanager:a#b c", "3", "12ab");
        assert!(
            tag.bytes()
                .all(|it| it.is_ascii_alphanumeric() || b"_.:/=+-@ ".contains(&it)),
            "AWS takes it: {tag}"
        );
        let read = source(&tag, "12ab");
        let Some(Variable::From {
            source: name,
            version,
        }) = read
        else {
            panic!("{read:?}");
        };
        assert_eq!(
            (name.as_str(), version.as_str()),
            ("secretsmanager:a#b c", "3")
        );
        assert_eq!(source(&tag, "12ac"), None);
        assert_eq!(source("nonsense", "12ab"), None);
    }

    #[test]
    fn a_function_is_ready_once_its_last_update_is_done() {
        let with = |state: State, update: Option<LastUpdateStatus>| {
            let live = FunctionConfiguration::builder().state(state);
            is_ready(&live.set_last_update_status(update).build())
        };
        assert!(with(State::Active, Some(LastUpdateStatus::Successful)));
        assert!(with(State::Inactive, None));
        assert!(!with(State::Pending, None));
        assert!(!with(State::Active, Some(LastUpdateStatus::InProgress)));
        assert!(!with(State::Failed, None));
    }
}
