//! Systems Manager parameters: the public ones that name Amazon's machine images, and the account's own.

mod lists;

use aws_facts::arns;
use aws_facts::limits::ssm::{LONGEST_ADVANCED_VALUE, LONGEST_VALUE};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ec2;
use super::identifiers;
use super::members::one;
use super::operation::{Answer, Call, Object, Operation, Refusal};
use super::state::Region;
use super::table::Table;
use super::tags::{Tags, listed, with_sent};

/// The operations the local service has.
pub(super) const OPERATIONS: &[&[Operation]] = &[OWN, lists::OPERATIONS];

const OWN: &[Operation] = &[
    Operation::read("GetParameter", get),
    Operation::read("GetParameters", get_several),
    Operation::change("PutParameter", put).refusing(&["AllowedPattern", "KeyId", "Policies"]),
    Operation::change("DeleteParameter", delete),
    Operation::change("DeleteParameters", delete_several),
    Operation::change("AddTagsToResource", add_tags),
    Operation::change("RemoveTagsFromResource", remove_tags),
    Operation::read("ListTagsForResource", list_tags),
];

/// What a Region holds of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    parameters: Table<Parameter>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Parameter {
    r#type: String,
    value: String,
    version: u64,
    modified: f64,
    data_type: String,
    advanced: bool,
    description: Option<String>,
    /// A SecureString without decryption.
    ciphertext: Option<String>,
    tags: Tags,
}

impl std::fmt::Debug for Parameter {
    /// Without the value, which may be a secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Parameter")
            .field("type", &self.r#type)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The type whose value is encrypted.
const SECURE: &str = "SecureString";

/// The path of the public parameters of Amazon's images.
const IMAGES: &str = "/aws/service/ami-amazon-linux-latest/";

/// The path of Secrets Manager's secrets.
const SECRETS: &str = "/aws/reference/secretsmanager/";

/// The kernel of images whose parameters don't name one.
const DEFAULT_KERNEL: &str = "6.1";

/// The data types of values.
const DATA_TYPES: [&str; 3] = ["text", "aws:ec2:image", "aws:ssm:integration"];

fn not_found() -> Refusal {
    Refusal::new(400, "ParameterNotFound", "")
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationException", message)
}

fn arn(call: &Call, account: &str, name: &str) -> String {
    let slash = if name.starts_with('/') { "" } else { "/" };
    arns::arn(
        "ssm",
        &call.region,
        account,
        format_args!("parameter{slash}{name}"),
    )
}

/// The name of the parameter with this ARN. The ARN has a slash even if the name doesn't begin with one.
pub(super) fn name_in(arn: &str) -> &str {
    let path = arn.split_once(":parameter").map(|(_, path)| path);
    plain(path.unwrap_or_default())
}

/// A name without an optional first slash: `a` and `/a` are one parameter.
fn plain(name: &str) -> &str {
    match name.strip_prefix('/') {
        Some(rest) if !rest.contains('/') => rest,
        _ => name,
    }
}

/// Every parameter of the Region: its ARN and tags.
pub(super) fn tagged(state: &State, call: &Call) -> Vec<(String, Tags)> {
    let all = state.parameters.iter();
    all.map(|(name, parameter)| (arn(call, &call.account, name), parameter.tags.clone()))
        .collect()
}

/// The id of the newest image that a public parameter names.
fn newest_image(call: &Call, name: &str) -> Option<(String, f64)> {
    let rest = name
        .strip_prefix(IMAGES)?
        .strip_prefix("al2023-ami-kernel-")?;
    let (kernel, architecture) = rest.split_once('-')?;
    let kernel = if kernel == "default" {
        DEFAULT_KERNEL
    } else {
        kernel
    };
    let mut images = ec2::IMAGES.iter().filter(|image| image.newest);
    let image =
        images.find(|image| image.kernel == kernel && image.architecture == architecture)?;
    let modified = image.created.parse::<jiff::Timestamp>().ok()?;
    Some((
        ec2::image_id(&call.region, image),
        modified.as_millisecond() as f64 / 1000.0,
    ))
}

/// Whether a name is one of those that AWS itself fills.
fn is_public(name: &str) -> bool {
    name.starts_with("/aws/service/") || name.starts_with("/aws/reference/")
}

/// A parameter in responses. `name` may end with the version: `/a/b:3`.
fn shown(region: &Region, call: &Call, selected: &str) -> Result<Object, Refusal> {
    let by_arn = selected.starts_with("arn:").then(|| {
        let path = selected.split_once(":parameter").map(|(_, path)| path);
        plain(path.unwrap_or_default())
    });
    let selected = by_arn.unwrap_or(selected);
    let (name, selector) = match selected.split_once(':') {
        Some((name, selector)) => (name, Some(selector)),
        None => (selected, None),
    };
    check_path(name)?;
    let (parameter, account) = match newest_image(call, name) {
        Some((value, modified)) => (
            Parameter {
                r#type: "String".into(),
                value,
                version: 1,
                modified,
                data_type: "text".into(),
                ..Parameter::default()
            },
            "",
        ),
        None if name.starts_with(SECRETS)
            && call.input.get("WithDecryption") != Some(&Value::Bool(true)) =>
        {
            return Err(invalid(
                "WithDecryption flag must be True for retrieving a Secret Manager secret.",
            ));
        }
        None if is_public(name) => {
            return Err(Refusal::not_implemented(format_args!(
                "the public parameter {name}"
            )));
        }
        None => (
            region
                .ssm
                .parameters
                .get(plain(name))
                .ok_or_else(not_found)?
                .clone(),
            call.account.as_str(),
        ),
    };
    if selector.is_some_and(|selector| selector != parameter.version.to_string()) {
        return Err(Refusal::new(
            400,
            "ParameterVersionNotFound",
            format!(
                "Systems Manager could not find version {} of {name}.",
                selector.unwrap_or_default()
            ),
        ));
    }
    let decrypted = call.input.get("WithDecryption") == Some(&Value::Bool(true));
    let shown = parameter.ciphertext.as_ref().filter(|_| !decrypted);
    Ok(Object::from_iter([
        ("Name".to_owned(), json!(name)),
        ("Type".to_owned(), json!(parameter.r#type)),
        ("Value".to_owned(), json!(shown.unwrap_or(&parameter.value))),
        ("Version".to_owned(), json!(parameter.version)),
        (
            "Selector".to_owned(),
            json!(selector.map(|selector| format!(":{selector}"))),
        ),
        ("LastModifiedDate".to_owned(), json!(parameter.modified)),
        ("ARN".to_owned(), json!(arn(call, account, name))),
        ("DataType".to_owned(), json!(parameter.data_type)),
    ]))
}

/// The value of a parameter, whose name may end with a version.
///
/// # Errors
/// When there is no such parameter or version.
pub(super) fn value(region: &Region, call: &Call, name: &str) -> Result<String, Refusal> {
    Ok(shown(region, call, name)?["Value"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

fn get(region: &Region, call: &Call) -> Answer {
    let parameter = shown(region, call, call.text("Name"))?;
    Ok(Object::from_iter([(
        "Parameter".to_owned(),
        Value::Object(parameter),
    )]))
}

fn get_several(region: &Region, call: &Call) -> Answer {
    let (mut found, mut invalid) = (Vec::new(), Vec::new());
    let names = call.input.get("Names").and_then(Value::as_array);
    for name in names.into_iter().flatten().filter_map(Value::as_str) {
        match shown(region, call, name) {
            Ok(parameter) => found.push(parameter),
            Err(refusal) if refusal.status == 501 => return Err(refusal),
            Err(_) => invalid.push(name),
        }
    }
    Ok(Object::from_iter([
        ("Parameters".to_owned(), json!(found)),
        ("InvalidParameters".to_owned(), json!(invalid)),
    ]))
}

/// Refuses a name that can't be a parameter's.
fn check_name(name: &str) -> Result<(), Refusal> {
    let lower = name.trim_start_matches('/').to_ascii_lowercase();
    if lower.starts_with("aws") || lower.starts_with("ssm") {
        return Err(Refusal::new(
            400,
            "AccessDeniedException",
            format!("No access to reserved parameter name: {name}."),
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(invalid("Parameter name must be a fully qualified name."));
    }
    check_path(name)
}

/// Refuses a name that is no path of sub-paths.
fn check_path(name: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    let is_path = !name.contains('/') || name.starts_with('/') && !name.contains("//");
    if !is_path || !name.chars().all(fits) {
        return Err(invalid(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths \
             divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_",
        ));
    }
    Ok(())
}

/// Whether a parameter is in the advanced tier, if its value fits into the requested tier.
fn is_advanced(call: &Call, earlier: Option<&Parameter>) -> Result<bool, Refusal> {
    let (standard, advanced) = (LONGEST_VALUE, LONGEST_ADVANCED_VALUE);
    let length = call.text("Value").chars().count();
    let was_advanced = earlier.is_some_and(|earlier| earlier.advanced);
    let is_advanced = match call.text("Tier") {
        "Advanced" => true,
        "Intelligent-Tiering" => was_advanced || length > standard,
        "Standard" if was_advanced => {
            return Err(invalid(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to \
                 the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard \
                 parameter.",
            ));
        }
        _ => was_advanced,
    };
    match (is_advanced, length) {
        (false, length) if length > standard => Err(invalid(format!(
            "Standard tier parameters support a maximum parameter value of {standard} characters. To create a larger parameter value, \
             upgrade the parameter to use the advanced-parameter tier. For more information, see \
             https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
        ))),
        (true, length) if length > advanced => Err(invalid(format!(
            "Advanced tier parameters support a maximum parameter value of {advanced} characters."
        ))),
        _ => Ok(is_advanced),
    }
}

/// These tags with those in the input, if AWS takes them.
fn tagged_with(call: &Call, tags: Tags) -> Result<Tags, Refusal> {
    with_sent(
        call,
        tags,
        "resource",
        ("ValidationException", "TooManyTagsError"),
    )
}

fn put(region: &mut Region, call: &Call) -> Answer {
    let name = call.text("Name");
    check_name(name)?;
    let name = plain(name);
    if call.text("Value").is_empty() {
        return Err(invalid(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal \
             to 1.",
        ));
    }
    let parameters = &mut region.ssm.parameters;
    let earlier = parameters.get(name);
    let overwrites = call.input.get("Overwrite") == Some(&Value::Bool(true));
    if overwrites && call.input.contains_key("Tags") {
        return Err(invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. \
             To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
        ));
    }
    if earlier.is_some() && !overwrites {
        return Err(Refusal::new(
            400,
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        ));
    }
    let r#type = match (call.text("Type"), earlier) {
        ("", Some(earlier)) => earlier.r#type.clone(),
        ("", None) => {
            return Err(invalid(
                "A parameter type is required when you create a parameter.",
            ));
        }
        // API reference, "HierarchyTypeMismatchException".
        (given, Some(earlier)) if (given == SECURE) != (earlier.r#type == SECURE) => {
            return Err(Refusal::new(
                400,
                "HierarchyTypeMismatchException",
                "Parameter Store does not support changing a parameter type in a hierarchy. For example, you can't change a parameter \
                 from a String type to a SecureString type. You must create a new, unique parameter.",
            ));
        }
        (given, _) => given.to_owned(),
    };
    let version = earlier.map_or(1, |earlier| earlier.version + 1);
    let data_type = match call.text("DataType") {
        "" => "text",
        given if DATA_TYPES.contains(&given) => given,
        given => {
            return Err(invalid(format!(
                "The following data type is not supported: {given} (Data type names are all lowercase)."
            )));
        }
    };
    let advanced = is_advanced(call, earlier)?;
    let described = call.input.get("Description").and_then(Value::as_str);
    let description = match described {
        Some(text) => Some(text.to_owned()).filter(|text| !text.is_empty()),
        None => earlier.and_then(|earlier| earlier.description.clone()),
    };
    let parameter = Parameter {
        advanced,
        description,
        // The value can't be read from it, as on AWS without the key.
        ciphertext: (r#type == SECURE).then(identifiers::ciphertext),
        tags: tagged_with(
            call,
            earlier
                .map(|earlier| earlier.tags.clone())
                .unwrap_or_default(),
        )?,
        r#type,
        value: call.text("Value").into(),
        version,
        modified: call.seconds(),
        data_type: data_type.into(),
    };
    parameters.insert(name, parameter);
    Ok(Object::from_iter([
        ("Version".to_owned(), json!(version)),
        ("Tier".to_owned(), json!(tier(advanced))),
    ]))
}

fn tier(advanced: bool) -> &'static str {
    if advanced { "Advanced" } else { "Standard" }
}

fn delete_several(region: &mut Region, call: &Call) -> Answer {
    let names = call.input.get("Names").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    let (deleted, absent): (Vec<&str>, Vec<&str>) =
        names.partition(|name| region.ssm.parameters.remove(plain(name)));
    Ok(Object::from_iter([
        ("DeletedParameters".to_owned(), json!(deleted)),
        ("InvalidParameters".to_owned(), json!(absent)),
    ]))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    if region.ssm.parameters.remove(plain(call.text("Name"))) {
        Ok(Object::new())
    } else {
        Err(not_found())
    }
}

/// Of the things that Systems Manager tags there are only parameters here, so no other type's id is one.
fn of_a_parameter(call: &Call) -> Result<&str, Refusal> {
    if call.text("ResourceType") == "Parameter" {
        Ok(plain(call.text("ResourceId")))
    } else {
        Err(invalid_id())
    }
}

/// The parameter whose tags a call is about.
fn tagged_mut<'r>(region: &'r mut Region, call: &Call) -> Result<&'r mut Parameter, Refusal> {
    let name = of_a_parameter(call)?;
    region.ssm.parameters.get_mut(name).ok_or_else(invalid_id)
}

fn invalid_id() -> Refusal {
    let message =
        "The resource ID isn't valid. Verify that you entered the correct ID and try again.";
    Refusal::new(400, "InvalidResourceId", message)
}

fn add_tags(region: &mut Region, call: &Call) -> Answer {
    let parameter = tagged_mut(region, call)?;
    parameter.tags = tagged_with(call, std::mem::take(&mut parameter.tags))?;
    Ok(Object::new())
}

fn remove_tags(region: &mut Region, call: &Call) -> Answer {
    let parameter = tagged_mut(region, call)?;
    let keys = call.input.get("TagKeys").and_then(Value::as_array);
    for key in keys.into_iter().flatten().filter_map(Value::as_str) {
        parameter.tags.remove(key);
    }
    Ok(Object::new())
}

fn list_tags(region: &Region, call: &Call) -> Answer {
    let parameter = region.ssm.parameters.get(of_a_parameter(call)?);
    let tags = listed(&parameter.ok_or_else(invalid_id)?.tags);
    one("TagList", tags)
}
