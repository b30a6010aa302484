//! Calls that create and change a function.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    Architecture, Environment, FunctionCode, FunctionConfiguration, LastUpdateStatus, Runtime,
    State, TracingConfig, TracingMode, VpcConfig,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::live::{is_ready, source_tag};
use super::{CODE_TAG, ENVIRONMENT_TAG, Part, Props, SOURCE_TAG, Variable, outputs};
use crate::aws::patience::FUNCTION_READY;
use crate::aws::{AwsError, Operation, Writer, digest_of_variable};
use crate::kinds::{LiveReference, Outputs, Task, distinct, tags};
use crate::model::{OutputName, S3Object};

/// Code as Lambda takes it: an archive, or where it is in S3.
struct Code {
    written: String,
    archive: Option<Blob>,
    object: Option<S3Object>,
}

impl Code {
    fn of(writer: &Writer, want: &Props) -> Result<Self, AwsError> {
        let written = want.code.clone().unwrap_or_default();
        let object = S3Object::parse(&written);
        let payload = writer.payload(&written);
        if object.is_none() && payload.is_none() {
            let message = format!("the code of {} is not at hand", want.name());
            return Err(AwsError::gave_up("CreateFunction", message));
        }
        Ok(Self {
            archive: payload.map(|payload| Blob::new(payload.expose())),
            object,
            written,
        })
    }

    /// The `CodeSha256` that Lambda will have of it; of code in S3, it tells it.
    fn sha256(&self) -> Option<String> {
        let archive = self.archive.as_ref()?;
        Some(STANDARD.encode(Sha256::digest(archive.as_ref())))
    }

    /// The tags that say what code was uploaded.
    fn tags(&self, sha256: &str) -> [(String, String); 2] {
        [
            (SOURCE_TAG.to_owned(), tags::escape(&self.written)),
            (CODE_TAG.to_owned(), sha256.to_owned()),
        ]
    }

    fn bucket(&self) -> Option<String> {
        self.object.as_ref().map(|object| object.bucket.clone())
    }

    fn key(&self) -> Option<String> {
        self.object.as_ref().map(|object| object.key.clone())
    }

    fn version(&self) -> Option<String> {
        self.object.as_ref()?.version.clone()
    }
}

/// The values of the environment, and the tags of those from a source.
struct Values {
    values: HashMap<String, String>,
    tags: BTreeMap<String, String>,
}

impl Values {
    fn of(writer: &Writer, task: &Task<'_, Props>) -> Result<Self, AwsError> {
        let mut all = Self {
            values: HashMap::new(),
            tags: BTreeMap::new(),
        };
        for (name, variable) in &task.want.environment {
            let value = match variable {
                Variable::Text(text) => task.text(text),
                Variable::From { source, version } => {
                    let Some(secret) = writer.given_secret(source) else {
                        let message = format!("{source} was not read");
                        return Err(AwsError::gave_up("CreateFunction", message));
                    };
                    let digest = digest_of_variable(&task.want.arn, name, secret.expose());
                    all.tags.insert(
                        format!("{ENVIRONMENT_TAG}/{name}"),
                        source_tag(source, version, &digest),
                    );
                    secret.expose().to_owned()
                }
                // No file has one.
                Variable::Digest(_) => continue,
            };
            all.values.insert(name.clone(), value);
        }
        Ok(all)
    }

    fn environment(&self) -> Environment {
        Environment::builder()
            .set_variables(Some(self.values.clone()))
            .build()
    }
}

fn tracing(want: &Props) -> TracingConfig {
    let mode = match want.tracing {
        true => TracingMode::Active,
        false => TracingMode::PassThrough,
    };
    TracingConfig::builder().mode(mode).build()
}

fn network(task: &Task<'_, Props>) -> VpcConfig {
    let subnets = task.want.subnets.iter().map(|subnet| task.text(subnet));
    let groups = task.want.security_groups.iter();
    let groups = groups.map(|group| task.text(group));
    VpcConfig::builder()
        .set_subnet_ids(Some(subnets.collect()))
        .set_security_group_ids(Some(groups.collect()))
        .build()
}

fn number(of: u32) -> i32 {
    i32::try_from(of).unwrap_or(i32::MAX)
}

/// Creates a function. What its tags say is written with it, so that the next run finds it wherever this one dies.
///
/// # Errors
/// A call failed.
pub(super) async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
    let want = task.want;
    let code = Code::of(writer, want)?;
    let values = Values::of(writer, task)?;
    let mut all_tags = task.tags(&want.tags);
    all_tags.extend(values.tags.clone());
    let sha256 = code.sha256();
    if let Some(sha256) = &sha256 {
        all_tags.extend(code.tags(sha256));
    }
    let sent = FunctionCode::builder()
        .set_zip_file(code.archive.clone())
        .set_s3_bucket(code.bucket())
        .set_s3_key(code.key())
        .set_s3_object_version(code.version())
        .build();
    // A new role is not known to Lambda at once.
    let answer = writer
        .patiently(async || {
            let request = writer
                .lambda()
                .create_function()
                .function_name(want.name())
                .role(task.text(&want.role))
                .runtime(Runtime::from(want.runtime.as_str()))
                .set_handler(want.handler.clone())
                .memory_size(number(want.memory_mb))
                .timeout(number(want.timeout_seconds))
                .architectures(Architecture::from(want.architecture.as_str()))
                .set_environment((!values.values.is_empty()).then(|| values.environment()))
                .set_layers(Some(layers(task)).filter(|layers| !layers.is_empty()))
                .tracing_config(tracing(want))
                .set_vpc_config((!want.subnets.is_empty()).then(|| network(task)))
                .set_tags(Some(all_tags.clone().into_iter().collect()))
                .code(sent.clone());
            writer
                .call(Operation::lambda("CreateFunction"), request.send())
                .await
        })
        .await?;
    let arn = answer.function_arn.clone().unwrap_or_default();
    if sha256.is_none()
        && let Some(sha256) = &answer.code_sha256
    {
        tag(writer, &arn, code.tags(sha256)).await?;
    }
    if want.concurrency.is_some() {
        reserve(writer, want).await?;
    }
    Ok(outputs(&arn))
}

fn layers(task: &Task<'_, Props>) -> Vec<String> {
    let layers = task.want.layers.iter();
    layers.map(|layer| task.text(layer)).collect()
}

/// Changes a function. Lambda takes one change at a time, so each waits for the one before.
///
/// # Errors
/// A call failed.
pub(super) async fn update(
    writer: &Writer,
    task: &Task<'_, Props>,
    live: &LiveReference<'_, Props>,
    changed: &[Part],
) -> Result<(), AwsError> {
    let want = task.want;
    let arn = live.output(OutputName::Arn);
    let parts = distinct(changed);
    let has = |part: Part| parts.contains(&part);
    // A runtime and its code belong together, and calls between the two changes get both of them in one order or the other. Settings
    // come first: new code is more likely to need them than old code is to mind them.
    if has(Part::Configuration) || has(Part::Environment) {
        configure(
            writer,
            task,
            arn,
            has(Part::Configuration),
            has(Part::Environment),
        )
        .await?;
    }
    if has(Part::Code) {
        if has(Part::Configuration) || has(Part::Environment) {
            wait(writer, want.name()).await?;
        }
        upload(writer, want, arn).await?;
    }
    if has(Part::Concurrency) {
        reserve(writer, want).await?;
    }
    if has(Part::Tags) {
        tags::lambda::write(writer, arn, &want.tags, &live.props.tags).await?;
    }
    let given = live.props.tags.keys();
    let stale = given.filter(|key| {
        let name = key
            .strip_prefix(ENVIRONMENT_TAG)
            .and_then(|rest| rest.strip_prefix('/'));
        let is_wanted =
            |name: &str| matches!(want.environment.get(name), Some(Variable::From { .. }));
        name.is_some_and(|name| !is_wanted(name))
    });
    let stale: Vec<String> = stale.cloned().collect();
    if has(Part::Environment) && !stale.is_empty() {
        tags::lambda::remove(writer, arn, &stale).await?;
    }
    Ok(())
}

async fn configure(
    writer: &Writer,
    task: &Task<'_, Props>,
    arn: &str,
    settings: bool,
    environment: bool,
) -> Result<(), AwsError> {
    let want = task.want;
    let values = match environment {
        true => Some(Values::of(writer, task)?),
        false => None,
    };
    writer
        .patiently(async || {
            let mut request = writer
                .lambda()
                .update_function_configuration()
                .function_name(want.name())
                .set_environment(values.as_ref().map(Values::environment));
            if settings {
                request = request
                    .role(task.text(&want.role))
                    .runtime(Runtime::from(want.runtime.as_str()))
                    .set_handler(want.handler.clone())
                    .memory_size(number(want.memory_mb))
                    .timeout(number(want.timeout_seconds))
                    .set_layers(Some(layers(task)))
                    .tracing_config(tracing(want))
                    .vpc_config(network(task));
            }
            writer
                .call(
                    Operation::lambda("UpdateFunctionConfiguration"),
                    request.send(),
                )
                .await
        })
        .await?;
    let tags = values.map(|values| values.tags).unwrap_or_default();
    if !tags.is_empty() {
        tag(writer, arn, tags).await?;
    }
    Ok(())
}

async fn upload(writer: &Writer, want: &Props, arn: &str) -> Result<(), AwsError> {
    let code = Code::of(writer, want)?;
    let answer = writer
        .patiently(async || {
            let request = writer
                .lambda()
                .update_function_code()
                .function_name(want.name())
                .architectures(Architecture::from(want.architecture.as_str()))
                .set_zip_file(code.archive.clone())
                .set_s3_bucket(code.bucket())
                .set_s3_key(code.key())
                .set_s3_object_version(code.version());
            writer
                .call(Operation::lambda("UpdateFunctionCode"), request.send())
                .await
        })
        .await?;
    // After a run that dies here, the next plan shows the code as changed, and uploads it again.
    let sha256 = answer.code_sha256.unwrap_or_default();
    tag(writer, arn, code.tags(&sha256)).await
}

async fn reserve(writer: &Writer, want: &Props) -> Result<(), AwsError> {
    match want.concurrency {
        Some(most) => {
            let request = writer
                .lambda()
                .put_function_concurrency()
                .function_name(want.name())
                .reserved_concurrent_executions(number(most));
            let operation = Operation::lambda("PutFunctionConcurrency");
            writer.call(operation, request.send()).await?;
        }
        None => {
            let request = writer
                .lambda()
                .delete_function_concurrency()
                .function_name(want.name());
            let operation = Operation::lambda("DeleteFunctionConcurrency");
            writer.call(operation, request.send()).await?;
        }
    }
    Ok(())
}

async fn tag(
    writer: &Writer,
    arn: &str,
    tags: impl IntoIterator<Item = (String, String)>,
) -> Result<(), AwsError> {
    let tags = tags.into_iter().collect();
    tags::lambda::write(writer, arn, &tags, &BTreeMap::new()).await
}

/// Waits until the function can be called with its newest code and settings.
///
/// # Errors
/// A read failed, or Lambda gave up.
pub(super) async fn wait(writer: &Writer, name: &str) -> Result<(), AwsError> {
    FUNCTION_READY
        .until(
            writer,
            "CreateFunction",
            &format!("the function {name} is not ready"),
            async || {
                let request = writer
                    .lambda()
                    .get_function_configuration()
                    .function_name(name);
                let operation = Operation::lambda("GetFunctionConfiguration");
                let answer = writer.call(operation, request.send()).await?;
                let live = FunctionConfiguration::builder()
                    .set_state(answer.state.clone())
                    .set_last_update_status(answer.last_update_status.clone())
                    .build();
                if is_ready(&live) {
                    return Ok(Some(()));
                }
                if answer.state == Some(State::Failed) {
                    let why = answer.state_reason.unwrap_or_default();
                    return Err(AwsError::gave_up("CreateFunction", failed(name, &why)));
                }
                if answer.last_update_status == Some(LastUpdateStatus::Failed) {
                    let why = answer.last_update_status_reason.unwrap_or_default();
                    let operation = "UpdateFunctionConfiguration";
                    return Err(AwsError::gave_up(operation, failed(name, &why)));
                }
                Ok(None)
            },
        )
        .await
}

fn failed(name: &str, why: &str) -> String {
    match why {
        "" => format!("Lambda could not set up the function {name}, and gave no reason"),
        why => format!("Lambda could not set up the function {name}: {why}"),
    }
}
