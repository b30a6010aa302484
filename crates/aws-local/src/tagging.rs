//! The Resource Groups Tagging API over everything tagged in a Region.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::members::texts;
use super::operation::{Answer, Call, Object, Operation, Refusal, Run};
use super::state::Region;
use super::{
    acm, apigateway, cognito, ec2, elbv2, lambda, logs, paging, registry, route53, secretsmanager,
    ssm,
};

/// The operations the local tagging API has.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read("GetResources", get_resources).refusing(&[
        "TagsPerPage",
        "IncludeComplianceDetails",
        "ExcludeCompliantResources",
    ]),
    Operation::change("TagResources", tag_resources),
    Operation::change("UntagResources", untag_resources),
    Operation::read("GetTagKeys", get_tag_keys),
    Operation::read("GetTagValues", get_tag_values),
];

type Tags = BTreeMap<String, String>;

/// Every resource of the Region that can be tagged, by ARN, with its tags.
fn all(region: &Region, call: &Call) -> BTreeMap<String, Tags> {
    let pools = cognito::tagged(&region.cognito, call);
    pools
        .into_iter()
        .chain(apigateway::tagged(
            &region.apigateway,
            &call.region,
            call.seconds(),
        ))
        .chain(elbv2::tagged(&region.elbv2))
        .chain(acm::tagged(&region.acm))
        .chain(route53::tagged(&region.route53))
        .chain(secretsmanager::tagged(
            &region.secretsmanager,
            call.seconds(),
        ))
        .chain(ssm::tagged(&region.ssm, call))
        .chain(lambda::tagged(&region.lambda, call))
        .chain(logs::tagged(&region.logs, call))
        .chain(ec2::tagged(&region.ec2, call))
        .collect()
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidParameterException", message)
}

/// Whether an ARN is of the type in a filter: `cognito-idp`, or `cognito-idp:userpool`, or `apigateway:restapis/stages`, or
/// `elasticloadbalancing:loadbalancer` with or without the `/net` that says which kind.
fn is_of_type(arn: &str, wanted: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    match wanted.split_once(':') {
        None => service == wanted,
        Some((of @ "elasticloadbalancing", kind)) => {
            let rest = resource.strip_prefix(kind);
            service == of && rest.is_some_and(|rest| rest.starts_with('/'))
        }
        Some((of @ ("lambda" | "logs"), kind)) => {
            let rest = resource.strip_prefix(kind);
            service == of && rest.is_some_and(|rest| rest.starts_with(':'))
        }
        Some((of, kind)) => {
            // Kinds and ids alternate: `/restapis/abc123/stages/prod`.
            let kinds: Vec<&str> = resource
                .trim_start_matches('/')
                .split('/')
                .step_by(2)
                .collect();
            service == of && kinds.join("/") == kind
        }
    }
}

/// Whether tags have, for each filter, its key with one of its values, or with any when it names none.
fn pass(tags: &Tags, filters: &[Value]) -> bool {
    filters.iter().all(|filter| {
        let value = filter["Key"].as_str().and_then(|key| tags.get(key));
        let wanted = filter
            .as_object()
            .map(|filter| texts(filter, "Values"))
            .unwrap_or_default();
        value.is_some_and(|value| wanted.is_empty() || wanted.contains(&value.as_str()))
    })
}

fn get_resources(region: &Region, call: &Call) -> Answer {
    let filters = call
        .input
        .get("TagFilters")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let types = texts(&call.input, "ResourceTypeFilters");
    let arns = texts(&call.input, "ResourceARNList");
    if !arns.is_empty()
        && (call.input.contains_key("ResourcesPerPage")
            || call.input.contains_key("PaginationToken")
            || !types.is_empty())
    {
        return Err(invalid(
            "ResourceARNList can't be used with ResourcesPerPage, PaginationToken or ResourceTypeFilters.",
        ));
    }
    let all = all(region, call);
    let found = all.iter().filter(|(arn, tags)| {
        // Without filters it lists only tagged resources.
        !tags.is_empty()
            && pass(tags, &filters)
            && (types.is_empty() || types.iter().any(|wanted| is_of_type(arn, wanted)))
            && (arns.is_empty() || arns.contains(&arn.as_str()))
    });
    let rows = found.map(|(arn, tags)| (arn.as_str(), (arn, tags)));
    page(call, "ResourceTagMappingList", rows, |(arn, tags)| {
        let tags: Vec<Value> = tags
            .iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect();
        json!({"ResourceARN": arn, "Tags": tags})
    })
}

/// A page under `member`; the last page's token is an empty text, as AWS's is.
fn page<'k, T>(
    call: &Call,
    member: &str,
    rows: impl Iterator<Item = (&'k str, T)>,
    shown: impl Fn(T) -> Value,
) -> Answer {
    let size = call
        .input
        .get("ResourcesPerPage")
        .and_then(Value::as_u64)
        .unwrap_or(100);
    if !(1..=100).contains(&size) {
        return Err(invalid("ResourcesPerPage must be between 1 and 100."));
    }
    let token = call
        .input
        .get("PaginationToken")
        .and_then(Value::as_str)
        .filter(|token| !token.is_empty());
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let list = format!("{} {}", call.operation, call.text("Key"));
    let (rows, next) = paging::page(&list, rows, size, token).map_err(|paging::InvalidToken| {
        Refusal::new(
            400,
            "PaginationTokenExpiredException",
            "The pagination token is not valid.",
        )
    })?;
    let rows: Vec<Value> = rows.into_iter().map(shown).collect();
    Ok(Object::from_iter([
        (member.to_owned(), json!(rows)),
        (
            "PaginationToken".to_owned(),
            json!(next.unwrap_or_default()),
        ),
    ]))
}

fn get_tag_keys(region: &Region, call: &Call) -> Answer {
    let all = all(region, call);
    let keys: BTreeSet<&str> = all
        .values()
        .flat_map(BTreeMap::keys)
        .map(String::as_str)
        .collect();
    page(
        call,
        "TagKeys",
        keys.into_iter().map(|key| (key, key)),
        |key| json!(key),
    )
}

fn get_tag_values(region: &Region, call: &Call) -> Answer {
    let all = all(region, call);
    let values: BTreeSet<&str> = all
        .values()
        .filter_map(|tags| tags.get(call.text("Key")))
        .map(String::as_str)
        .collect();
    page(
        call,
        "TagValues",
        values.into_iter().map(|value| (value, value)),
        |value| json!(value),
    )
}

fn tag_resources(region: &mut Region, call: &Call) -> Answer {
    on_each(region, call, "TagResource", "Tags")
}

fn untag_resources(region: &mut Region, call: &Call) -> Answer {
    on_each(region, call, "UntagResource", "TagKeys")
}

/// Calls the owning service's own operation for each ARN. Failures are listed and don't stop the others.
fn on_each(region: &mut Region, call: &Call, operation: &str, member: &str) -> Answer {
    let mut failed = Object::new();
    for arn in texts(&call.input, "ResourceARNList") {
        let mut changed = region.clone();
        match on_one(&mut changed, call, arn, operation, member) {
            Ok(_) => *region = changed,
            Err(refusal) => {
                failed.insert(
                    arn.to_owned(),
                    json!({
                        "StatusCode": refusal.status,
                        "ErrorCode": "InvalidParameterException",
                        "ErrorMessage": refusal.message,
                    }),
                );
            }
        }
    }
    Ok(Object::from_iter([(
        "FailedResourcesMap".to_owned(),
        Value::Object(failed),
    )]))
}

fn on_one(region: &mut Region, call: &Call, arn: &str, operation: &str, member: &str) -> Answer {
    let service = arn.split(':').nth(2).unwrap_or_default();
    if service == "ec2" {
        return ec2::tag_by_arn(region, call, arn);
    }
    let value = call.input.get(member).cloned().unwrap_or_default();
    let (name, input) = in_its_own_words(service, arn, operation, member, value);
    let Some(Operation {
        name,
        run: Run::Change(run),
        ..
    }) = registry::operation(service, name)
    else {
        return Err(invalid(format!(
            "{arn} is of no service that the local AWS can tag."
        )));
    };
    let call = Call {
        operation: name,
        input,
        ..call.clone()
    };
    run(region, &call)
}

/// A service's own operation to tag or untag, and its input. Most call it `TagResource`.
fn in_its_own_words<'n>(
    service: &str,
    arn: &str,
    operation: &'n str,
    member: &str,
    value: Value,
) -> (&'n str, Object) {
    let tagging = operation == "TagResource";
    // Tags as a list of keys and values; keys alone to untag.
    let listed = |value: &Value| -> Value {
        let tags = value.as_object().into_iter().flatten();
        let keys = value.as_array().into_iter().flatten();
        tags.map(|(key, value)| json!({"Key": key, "Value": value}))
            .chain(keys.map(|key| json!({"Key": key})))
            .collect()
    };
    let (operation, input) = match service {
        "acm" if tagging => (
            "AddTagsToCertificate",
            json!({"CertificateArn": arn, "Tags": listed(&value)}),
        ),
        "acm" => (
            "RemoveTagsFromCertificate",
            json!({"CertificateArn": arn, "Tags": listed(&value)}),
        ),
        "elasticloadbalancing" if tagging => (
            "AddTags",
            json!({"ResourceArns": [arn], "Tags": listed(&value)}),
        ),
        "elasticloadbalancing" => (
            "RemoveTags",
            json!({"ResourceArns": [arn], "TagKeys": value}),
        ),
        "route53" => {
            let id = arn.rsplit('/').next();
            let mut input = json!({"ResourceType": "hostedzone", "ResourceId": id});
            if tagging {
                input["AddTags"] = listed(&value);
            } else {
                input["RemoveTagKeys"] = value;
            }
            ("ChangeTagsForResource", input)
        }
        "secretsmanager" if tagging => {
            (operation, json!({"SecretId": arn, "Tags": listed(&value)}))
        }
        "secretsmanager" => (operation, json!({"SecretId": arn, "TagKeys": value})),
        "ssm" => {
            let id = ssm::name_in(arn);
            let mut input = json!({"ResourceType": "Parameter", "ResourceId": id});
            if tagging {
                input["Tags"] = listed(&value);
                ("AddTagsToResource", input)
            } else {
                input["TagKeys"] = value;
                ("RemoveTagsFromResource", input)
            }
        }
        "lambda" => (operation, json!({"Resource": arn, member: value})),
        // Their members begin with small letters.
        "apigateway" | "logs" if tagging => (operation, json!({"resourceArn": arn, "tags": value})),
        "apigateway" | "logs" => (operation, json!({"resourceArn": arn, "tagKeys": value})),
        _ => (operation, json!({"ResourceArn": arn, member: value})),
    };
    (operation, input.as_object().cloned().unwrap_or_default())
}
