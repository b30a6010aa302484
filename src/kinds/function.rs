//! A Lambda function: its settings and its code.
//!
//! Lambda returns the values of a function's environment to whoever may read its configuration, so reads keep only their digests
//! (`aws/lambda.rs`), and a plan shows a value only if the file has it.

mod live;
pub mod names;
pub(super) mod parts;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use aws_facts::arns;
use serde::{Deserialize, Serialize};

use super::ownership::sort_out;
use super::{
    Desired, Field, Findings, InPicture, Kind, KindInfo, LiveReference, Look, Note, OnChange,
    Outputs, Replace, Resource, Scope, StackContext, Task, Word, gone_is_success, tags,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, Book, HumanDuration, OutputName, S3Object, Text, Value, digest};

/// A function.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// Its ARN: its name, and where it is.
    pub arn: String,
    /// The ARN of the role that it runs with.
    pub role: Text,
    /// The runtime, such as `nodejs24.x`.
    pub runtime: String,
    /// What is called in its code; none if the code was not read.
    pub handler: Option<String>,
    /// Its memory in MB, which decides its share of a processor as well.
    pub memory_mb: u32,
    /// How long a call may take, in seconds.
    pub timeout_seconds: u32,
    /// Its environment.
    #[serde(default)]
    pub environment: BTreeMap<String, Variable>,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// The ARNs of versions of layers, in their order.
    #[serde(default)]
    pub layers: Vec<Text>,
    /// Whether X-Ray records its calls.
    #[serde(default)]
    pub tracing: bool,
    /// The subnets that it runs in; none for Lambda's own network.
    #[serde(default)]
    pub subnets: BTreeSet<Text>,
    /// Its security groups in these.
    #[serde(default)]
    pub security_groups: BTreeSet<Text>,
    /// How many of its processes run at once, if that is reserved.
    #[serde(default)]
    pub concurrency: Option<u32>,
    /// The digest of the code's sources, or where the code is in S3; none if it was not read.
    pub code: Option<String>,
    /// Whether it can be called. Always `true` on the wanted side.
    pub active: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A value in a function's environment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Variable {
    /// The file's text.
    Text(Text),
    /// What is at a source, such as `ssm:/claims/key`, in this version.
    From {
        /// The source.
        source: String,
        /// Its version.
        version: String,
    },
    /// A live value that the file does not have, by its digest.
    Digest(String),
}

impl Props {
    /// Its name.
    pub fn name(&self) -> &str {
        name_of(&self.arn).unwrap_or_default()
    }

    /// The digest of what a version of it holds: its code and its settings. `None` before the code is read.
    pub fn content(&self) -> Option<String> {
        self.code.as_ref()?;
        let held = Function::FIELDS.iter().filter(|field| {
            let held = [Part::Code, Part::Configuration, Part::Environment];
            field.part.is_some_and(|part| held.contains(&part))
        });
        let values = held.map(|field| match (field.get)(self, &Book::default()) {
            // A role of its own goes by the function's name, wherever the two stand in the file.
            Value::AfterApply(_) if field.info.refers_to == Some("function_role") => {
                (field.info.name, Value::Unset)
            }
            value => (field.info.name, value),
        });
        let values: BTreeMap<&str, Value> = values.collect();
        let text = serde_json::to_string(&values).unwrap_or_default();
        Some(digest(text.as_bytes())[..16].to_owned())
    }
}

impl Variable {
    /// Where the value is, if not in the file.
    pub fn source(&self) -> Option<&str> {
        match self {
            Self::From { source, .. } => Some(source),
            Self::Text(_) | Self::Digest(_) => None,
        }
    }

    fn value(&self, book: &Book) -> Value {
        match self {
            Self::Text(text) => text.value(book),
            Self::From { source, version } => from(source, version).into(),
            Self::Digest(digest) => format!("a value with the digest {digest}").into(),
        }
    }
}

/// A value from a source, as plans show it.
fn from(source: &str, version: &str) -> String {
    format!("{source}, version {version}")
}

/// A function.
#[derive(Debug)]
pub struct Function;

/// The parts of an update.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// Its code.
    Code,
    /// Its settings.
    Configuration,
    /// Its environment, which is written as a whole.
    Environment,
    /// The reserved concurrency.
    Concurrency,
    /// The tags.
    Tags,
    /// Nothing but a wait until it can be called.
    Wait,
}

/// The tag with the digest of the code's sources, or with the place in S3.
pub const SOURCE_TAG: &str = "gatestack:source";
/// The tag with the `CodeSha256` that Lambda had after gatestack's upload.
pub const CODE_TAG: &str = "gatestack:code";
/// The prefix of the tags with where the values of the environment are from.
pub const ENVIRONMENT_TAG: &str = "gatestack:environment";

/// The tag of one that has an alias, or had.
pub const ALIAS_TAG: &str = "gatestack:alias";

/// The name of the field of its code.
const CODE: &str = "code";

impl Kind for Function {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        marked_on: Some("rest_api"),
        phase: 2,
        replace: Replace::CreateFirst,
        // Pending for "a minute or so" with a VPC, else for seconds: Lambda developer guide, "Lambda function states".
        settles_in: Some(5),
        serves_callers: true,
        dependents: parts::DEPENDENTS,
        in_picture: InPicture::Api,
        when_different: "calls get another answer than the file says",
        ..KindInfo::new(
            "function",
            "function",
            "A Lambda function. A changed archive is told by the digest of its sources, in a tag, and code that was changed by \
             hand by Lambda's `CodeSha256`. See the Lambda developer guide, \"Lambda functions\".",
        )
    };

    const FIELDS: &'static [Field<Props, Part>] = &[
        Field::new(
            "name",
            "The function's name, 1 to 64 letters, digits, `-` and `_`.",
            |p: &Props, _| p.name().into(),
        )
        .on_change(OnChange::Replace("Lambda can't rename a function")),
        Field::new(
            CODE,
            "The code, by the digest of its sources.",
            |p: &Props, _| p.code.as_deref().map(shown_code).into(),
        )
        .by(Part::Code)
        .when_wanted(),
        Field::new(
            "role",
            "The IAM role that it runs with.",
            |p: &Props, book| p.role.value(book),
        )
        .by(Part::Configuration)
        .refers_to("function_role"),
        Field::new(
            "runtime",
            "What runs the code, such as `nodejs24.x`, `python3.14` or `provided.al2023`.",
            |p: &Props, _| (&p.runtime).into(),
        )
        .by(Part::Configuration),
        Field::new(
            "handler",
            "What is called: the file and the function in it.",
            |p: &Props, _| p.handler.as_ref().into(),
        )
        .by(Part::Configuration)
        .when_wanted(),
        Field::new("memory", "Memory in MB.", |p: &Props, _| {
            p.memory_mb.into()
        })
        .by(Part::Configuration),
        Field::new(
            "timeout",
            "How long a call may take.",
            |p: &Props, _| HumanDuration::from_secs(u64::from(p.timeout_seconds)).into(),
        )
        .by(Part::Configuration),
        Field::new(
            "environment",
            "The environment. A value that is not in the file is shown as its source, or as a digest.",
            |p: &Props, book| {
                let variables = p.environment.iter();
                Value::map(variables.map(|(name, variable)| (name, variable.value(book))))
            },
        )
        .by(Part::Environment),
        Field::new(
            "architecture",
            "The processor: `x86_64` or `arm64`.",
            |p: &Props, _| (&p.architecture).into(),
        )
        .by(Part::Code),
        Field::new("layers", "Layers, in their order.", |p: &Props, book| {
            Value::List(p.layers.iter().map(|layer| layer.value(book)).collect())
        })
        .by(Part::Configuration),
        Field::new(
            "tracing",
            "Whether AWS X-Ray records its calls.",
            |p: &Props, _| p.tracing.into(),
        )
        .by(Part::Configuration)
        .always(false),
        Field::new(
            "subnets",
            "The subnets that it runs in; none for Lambda's own network.",
            |p: &Props, book| Value::set(p.subnets.iter().map(|subnet| subnet.value(book))),
        )
        .by(Part::Configuration),
        Field::new(
            "security_groups",
            "Its security groups in these subnets.",
            |p: &Props, book| Value::set(p.security_groups.iter().map(|group| group.value(book))),
        )
        .by(Part::Configuration),
        Field::new(
            "concurrency",
            "How many calls run at once, if that is reserved.",
            |p: &Props, _| p.concurrency.into(),
        )
        .by(Part::Concurrency)
        .works_on(),
        Field::new("active", "Whether it can be called.", |p: &Props, _| {
            p.active.into()
        })
        .by(Part::Wait)
        .always(true),
        Field::new(
            "tags",
            "Tags. Others on the function are left alone.",
            |p: &Props, _| tags::value(&p.tags),
        )
        .by(Part::Tags)
        .wanted_keys()
        .works_on(),
    ];

    fn follows(want: &Props, _address: &Address, desired: &Desired) -> bool {
        want.arn == arn(&desired.context, want.name())
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let wanted = wanted(scope.desired)
            .map(|(address, props)| (address.clone(), props.name().to_owned()))
            .collect();
        let names = names::read(reader, scope).await?;
        let functions = live::candidates(reader, scope, &names).await?;
        Ok(sort_out(scope, &Self::INFO, &wanted, functions))
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        write::create(writer, task).await
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Part],
    ) -> Result<Outputs, AwsError> {
        write::update(writer, task, live, changed).await?;
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let request = writer
            .lambda()
            .delete_function()
            .function_name(live.props.name());
        gone_is_success(
            writer
                .call(Operation::lambda("DeleteFunction"), request.send())
                .await,
        )
    }

    async fn settle(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        write::wait(writer, task.want.name()).await?;
        Ok(Outputs::new())
    }

    fn payloads<'p>(want: &'p Props, updated: Option<&[Word]>) -> Vec<(Word, &'p str)> {
        if updated.is_some_and(|fields| !has_part(fields, &[Part::Code])) {
            return Vec::new();
        }
        let code = want
            .code
            .iter()
            .filter(|code| !code.starts_with(S3Object::PREFIX));
        code.map(|code| (CODE, code.as_str())).collect()
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        readable(look).into_iter().collect()
    }
}

/// Whether a change of these fields makes one of these parts of an update.
pub fn has_part(fields: &[Word], parts: &[Part]) -> bool {
    let mut changed = Function::FIELDS
        .iter()
        .filter(|field| fields.contains(&field.info.name));
    changed.any(|field| field.part.is_some_and(|part| parts.contains(&part)))
}

/// Code as plans show it.
fn shown_code(code: &str) -> String {
    let is_digest = code.len() == 64 && code.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_digest {
        true => format!("sources {}", &code[..12]),
        false => code.to_owned(),
    }
}

/// The name of the function of a table, where the file does not say it.
pub fn default_name(stack: &str, key: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    format!("{stack}-{key}").replace(|c| !allowed(c), "-")
}

/// The name of the log group of the function of this name.
pub fn log_group(name: &str) -> String {
    format!("/aws/lambda/{name}")
}

/// The ARN of the function of this name in the stack's account and Region.
pub fn arn(context: &StackContext, name: &str) -> String {
    arns::function(&context.region, &context.account, name)
}

/// The name in the ARN of a function, of a version or of an alias.
pub fn name_of(arn: &str) -> Option<&str> {
    let resource = arns::Arn::parse(arn)?.resource;
    resource.strip_prefix("function:")?.split(':').next()
}

fn outputs(arn: &str) -> Outputs {
    Outputs::from([
        (OutputName::Id, arn.to_owned()),
        (OutputName::Arn, arn.to_owned()),
    ])
}

fn wanted(desired: &Desired) -> impl Iterator<Item = (&Address, &Props)> {
    let resources = desired.resources.iter();
    resources.filter_map(|(address, wanted)| match &wanted.resource {
        Resource::Function(props) => Some((address, props)),
        _ => None,
    })
}

/// Lambda keeps values of secrets readable.
fn readable(look: &Look<'_, Props>) -> Option<Note> {
    let from_a_source = |variable: &Variable| matches!(variable, Variable::From { .. });
    let held = look.held.map(|held| &held.environment);
    let mut names = look.want?.environment.iter().filter(|(name, variable)| {
        let held = held.and_then(|held| held.get(*name));
        from_a_source(variable) && held != Some(*variable)
    });
    let names: Vec<&str> = names.by_ref().map(|(name, _)| name.as_str()).collect();
    (!names.is_empty()).then_some(())?;
    look.warning(
        "GS160",
        format!(
            "Lambda shows {} to everyone who may read the function's configuration (lambda:GetFunction): a function that reads the \
             secret itself keeps it from them",
            names.join(", ")
        ),
    )
}
