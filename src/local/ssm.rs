//! Systems Manager parameters: the public ones that name Amazon's machine images, and the account's own.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ec2;
use super::operation::{Answer, Call, Object, Operation, Refusal};
use super::state::Region;
use super::table::Table;

/// The operations the local service has.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read("GetParameter", get),
    Operation::read("GetParameters", get_several),
    Operation::change("PutParameter", put).refusing(&[
        "AllowedPattern",
        "Description",
        "KeyId",
        "Policies",
        "Tags",
        "Tier",
    ]),
    Operation::change("DeleteParameter", delete),
];

/// What a Region holds of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    parameters: Table<Parameter>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Parameter {
    r#type: String,
    value: String,
    version: u64,
    modified: f64,
    data_type: String,
}

/// Where the public parameters of Amazon's images are.
const IMAGES: &str = "/aws/service/ami-amazon-linux-latest/";

/// The kernel of the images whose parameters name none.
const DEFAULT_KERNEL: &str = "6.1";

/// What values can be said to be.
const DATA_TYPES: [&str; 3] = ["text", "aws:ec2:image", "aws:ssm:integration"];

fn not_found() -> Refusal {
    Refusal::new(400, "ParameterNotFound", "")
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

/// A parameter as answers have it. `name` may end with the version: `/a/b:3`.
fn shown(region: &Region, call: &Call, selected: &str) -> Result<Object, Refusal> {
    let by_arn = selected.starts_with("arn:").then(|| {
        let path = selected.split_once(":parameter").map(|(_, path)| path);
        path.unwrap_or_default()
    });
    let selected = by_arn.unwrap_or(selected);
    let (name, selector) = match selected.split_once(':') {
        Some((name, selector)) => (name, Some(selector)),
        None => (selected, None),
    };
    let (parameter, account) = match newest_image(call, name) {
        Some((value, modified)) => (
            Parameter {
                r#type: "String".into(),
                value,
                version: 1,
                modified,
                data_type: "text".into(),
            },
            "",
        ),
        None => (
            region
                .ssm
                .parameters
                .get(name)
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
    let slash = if name.starts_with('/') { "" } else { "/" };
    Ok(Object::from_iter([
        ("Name".to_owned(), json!(name)),
        ("Type".to_owned(), json!(parameter.r#type)),
        ("Value".to_owned(), json!(parameter.value)),
        ("Version".to_owned(), json!(parameter.version)),
        (
            "Selector".to_owned(),
            json!(selector.map(|selector| format!(":{selector}"))),
        ),
        ("LastModifiedDate".to_owned(), json!(parameter.modified)),
        (
            "ARN".to_owned(),
            json!(format!(
                "arn:aws:ssm:{}:{account}:parameter{slash}{name}",
                call.region
            )),
        ),
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
            Err(_) => invalid.push(name),
        }
    }
    Ok(Object::from_iter([
        ("Parameters".to_owned(), json!(found)),
        ("InvalidParameters".to_owned(), json!(invalid)),
    ]))
}

fn put(region: &mut Region, call: &Call) -> Answer {
    let name = call.text("Name");
    let lower = name.trim_start_matches('/').to_ascii_lowercase();
    if lower.starts_with("aws") || lower.starts_with("ssm") {
        return Err(Refusal::new(
            400,
            "AccessDeniedException",
            format!("No access to reserved parameter name: {name}."),
        ));
    }
    let parameters = &mut region.ssm.parameters;
    let earlier = parameters.get(name);
    if earlier.is_some() && call.input.get("Overwrite") != Some(&Value::Bool(true)) {
        return Err(Refusal::new(
            400,
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        ));
    }
    let r#type = match (call.text("Type"), earlier) {
        ("", Some(earlier)) => earlier.r#type.clone(),
        ("", None) => {
            return Err(Refusal::new(
                400,
                "ValidationException",
                "A parameter type is required when you create a parameter.",
            ));
        }
        ("SecureString", _) => {
            return Err(Refusal::not_implemented(
                "Type SecureString of ssm:PutParameter",
            ));
        }
        (given, _) => given.to_owned(),
    };
    let version = earlier.map_or(1, |earlier| earlier.version + 1);
    let data_type = match call.text("DataType") {
        "" => "text",
        given if DATA_TYPES.contains(&given) => given,
        given => {
            return Err(Refusal::new(
                400,
                "ValidationException",
                format!(
                    "The following data type is not supported: {given} (Data type names are all lowercase)."
                ),
            ));
        }
    };
    let parameter = Parameter {
        r#type,
        value: call.text("Value").into(),
        version,
        modified: call.seconds(),
        data_type: data_type.into(),
    };
    parameters.insert(name, parameter);
    Ok(Object::from_iter([
        ("Version".to_owned(), json!(version)),
        ("Tier".to_owned(), json!("Standard")),
    ]))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    if region.ssm.parameters.remove(call.text("Name")) {
        Ok(Object::new())
    } else {
        Err(not_found())
    }
}
