//! `[functions]`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::HumanDuration;
use crate::stack::template::Template;

/// `[functions.NAME]`: a Lambda function.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// The code: a folder, a zip file, or an object in S3 as `s3://BUCKET/KEY` or `s3://BUCKET/KEY?versionId=VERSION`. A path is
    /// relative to this file. In a folder, `.gatestackignore` names what is left out, as `.gitignore` does. Left out: only with `existing`.
    #[schemars(example = &"hello")]
    pub source: Option<String>,
    /// The ARN of a function that exists already and belongs to another owner. Excludes everything else here. Left out: gatestack makes one.
    #[schemars(example = &"arn:aws:lambda:eu-central-1:123456789012:function:shared")]
    pub existing: Option<Template>,
    /// The function's name in Lambda. Another name is another function. Left out: the stack's name, `-` and the table's name.
    #[schemars(example = &"claims-hello")]
    pub name: Option<Template>,
    /// What runs the code, such as `nodejs24.x`, `python3.14`, or `provided.al2023` for a program that is its own runtime.
    #[schemars(example = &"python3.14", extend("default" = aws_facts::runtimes::DEFAULT))]
    pub runtime: Option<String>,
    /// What is called: the file without its ending, a dot, and the function in it. Left out: `index.handler` for Node.js,
    /// `app.handler` for Python, and `bootstrap` for `provided.al2023`.
    #[schemars(example = &"app.handler")]
    pub handler: Option<String>,
    /// Memory in MB. More memory is also a larger share of a processor.
    #[serde(default = "memory")]
    #[schemars(range(min = 128, max = 10_240))]
    #[schemars(example = 256)]
    pub memory: u32,
    /// How long a call may take, up to 15 minutes. An API waits less: see the route's `timeout`.
    #[serde(default = "timeout")]
    #[schemars(example = &"10s")]
    pub timeout: HumanDuration,
    /// The environment: name = a text, or where a secret is, as `ssm:NAME`, `secretsmanager:NAME` or `env:NAME`. A secret itself can't be
    /// written here, and Lambda shows the values to everyone who may read the function's configuration.
    #[serde(default)]
    #[schemars(example = json!({ "GREETING": "Hello", "API_KEY": "ssm:/claims/key" }))]
    pub environment: BTreeMap<String, Template>,
    /// The processor.
    #[serde(default)]
    #[schemars(example = &"arm64")]
    pub architecture: Architecture,
    /// The ARNs of versions of layers, in the order in which they are unpacked; five at most.
    #[serde(default)]
    #[schemars(example = ["arn:aws:lambda:eu-central-1:123456789012:layer:tools:3"])]
    pub layers: Vec<Template>,
    /// How many calls run at once at most, taken from the account's limit. 0 stops all calls. Left out: as many as the account allows.
    #[schemars(range(min = 0, max = 2_147_483_647))]
    #[schemars(example = 50)]
    pub concurrency: Option<u32>,
    /// The private network that the function runs in. Left out: Lambda's own, which reaches the internet and no VPC.
    #[schemars(example = json!({ "subnets": ["subnet-0123456789abcdef0"], "security_groups": ["sg-0123456789abcdef0"] }))]
    pub vpc: Option<FunctionNetwork>,
    /// Whether AWS X-Ray records its calls. X-Ray charges for what it records.
    #[serde(default)]
    #[schemars(example = true)]
    pub tracing: bool,
    /// Its log group, `/aws/lambda/` and its name.
    #[serde(default)]
    #[schemars(example = json!({ "retention": "90d" }))]
    pub logs: FunctionLogs,
    /// A file with an IAM policy in JSON, relative to this file: what the function may do beside writing its logs. Left out: nothing.
    #[schemars(example = &"hello-policy.json")]
    pub policy: Option<String>,
    /// The ARN of an IAM role that exists already and that Lambda may take. Excludes `policy`. Left out: gatestack makes one.
    #[schemars(example = &"arn:aws:iam::123456789012:role/claims")]
    pub role: Option<Template>,
    /// The name of an alias that routes invoke. Each change of the function is published as a version, and the alias switched to it in
    /// one call; `rollback functions.NAME` switches it back. Left out: routes invoke the newest code.
    #[schemars(example = &"live")]
    pub alias: Option<String>,
    /// A command that makes what `source` names. It runs in this file's folder, by `apply` and `dev` if `sources` have changed.
    /// Left out: `source` is there already.
    #[schemars(example = &"cargo lambda build --release")]
    pub build: Option<String>,
    /// The files and folders that `build` reads, relative to this file: a change there is a change of the code. Only with
    /// `build`.
    #[serde(default)]
    #[schemars(example = ["Cargo.toml", "Cargo.lock", "src"])]
    pub sources: BTreeSet<String>,
}

impl Function {
    /// How long lines are kept where the file does not say it.
    pub const RETENTION: HumanDuration = HumanDuration::from_secs(30 * 86_400);
}

fn memory() -> u32 {
    128
}

fn timeout() -> HumanDuration {
    HumanDuration::from_secs(3)
}

/// A processor.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Architecture {
    /// Intel's and AMD's.
    #[default]
    #[serde(rename = "x86_64")]
    X86,
    /// AWS Graviton's.
    #[serde(rename = "arm64")]
    Arm,
}

impl Architecture {
    /// AWS's name.
    pub(in crate::stack) const fn name(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "arm64",
        }
    }
}

/// The private network of a function.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionNetwork {
    /// The ids of the subnets, best in several zones.
    #[schemars(example = ["subnet-0123456789abcdef0"])]
    pub subnets: BTreeSet<String>,
    /// The ids of the security groups, which decide what the function reaches.
    #[schemars(example = ["sg-0123456789abcdef0"])]
    pub security_groups: BTreeSet<String>,
}

/// The log group of a function.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct FunctionLogs {
    /// How long CloudWatch keeps a line, in days that it knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
    /// 1096, 1827, 2192, 2557, 2922, 3288 or 3653.
    #[schemars(example = &"90d", extend("default" = Function::RETENTION))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<HumanDuration>,
}
