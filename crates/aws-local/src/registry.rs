//! The implemented services: their models, their operations, and how each differs from the others.

use std::sync::LazyLock;

use aws_facts::regions;

use super::model::{Model, Protocol};
use super::operation::{Object, Operation, Refusal};
use super::{
    acm, apigateway, apigatewayv2, check, cognito, ec2, elbv2, iam, lambda, logs, route53,
    secretsmanager, ssm, sts, tagging,
};

/// One of AWS's services.
pub(super) struct AwsService {
    /// Its name in a signature's credential scope.
    pub(super) name: &'static str,
    pub(super) model: LazyLock<Model>,
    operations: &'static [&'static [Operation]],
    /// The error code for an input that violates the model.
    invalid: &'static str,
    /// Whether such an error names the operation's input: `createRestApiInput.name`.
    names_input: bool,
    /// Whether its operations see a Region's networks. Only these services create AWS's default ones.
    pub(super) sees_networks: bool,
    /// The Region where all its state is, of a global service. A client with a custom endpoint may still sign for another Region.
    pub(super) global_region: Option<&'static str>,
}

/// The name of API Gateway's V2 API here. Requests to it are signed for the same service as V1's.
const V2: &str = "apigatewayv2";

/// The service of a request with this name in its credential scope and this path.
pub(super) fn of_request(scope: &str, path: &str) -> Option<&'static AwsService> {
    let name = match scope {
        "apigateway" if path.starts_with("/v2/") => V2,
        name => name,
    };
    SERVICES.iter().find(|service| service.name == name)
}

pub(super) static SERVICES: [AwsService; 14] = [
    AwsService::new(
        "cognito-idp",
        || Model::parse(include_str!("../models/cognito.json")),
        cognito::OPERATIONS,
        "InvalidParameterException",
    ),
    // Not the BadRequestException of its model: that is for errors of its operations.
    AwsService::new(
        "apigateway",
        || Model::parse(include_str!("../models/apigateway.json")),
        apigateway::OPERATIONS,
        "ValidationException",
    )
    .naming_inputs(),
    AwsService::new(
        V2,
        || Model::parse(include_str!("../models/apigatewayv2.json")),
        &[apigatewayv2::OPERATIONS],
        "BadRequestException",
    ),
    AwsService::new(
        "sts",
        || Model::parse(include_str!("../models/sts.json")),
        &[sts::OPERATIONS],
        "ValidationError",
    ),
    AwsService::new(
        "tagging",
        || Model::parse(include_str!("../models/tagging.json")),
        &[tagging::OPERATIONS],
        "InvalidParameterException",
    )
    .seeing_networks(),
    AwsService::new(
        "ec2",
        || Model::parse(include_str!("../models/ec2.json")),
        ec2::OPERATIONS,
        "InvalidParameterValue",
    )
    .seeing_networks(),
    AwsService::new(
        "elasticloadbalancing",
        || Model::parse(include_str!("../models/elbv2.json")),
        elbv2::OPERATIONS,
        "ValidationError",
    )
    .seeing_networks(),
    AwsService::new(
        "acm",
        || Model::parse(include_str!("../models/acm.json")),
        acm::OPERATIONS,
        "ValidationException",
    ),
    AwsService::new(
        "ssm",
        || Model::parse(include_str!("../models/ssm.json")),
        ssm::OPERATIONS,
        "ValidationException",
    ),
    AwsService::new(
        "secretsmanager",
        || Model::parse(include_str!("../models/secretsmanager.json")),
        secretsmanager::OPERATIONS,
        "ValidationException",
    ),
    AwsService::new(
        "route53",
        || Model::parse(include_str!("../models/route53.json")),
        route53::OPERATIONS,
        "InvalidInput",
    )
    .global(regions::GLOBAL),
    AwsService::new(
        "lambda",
        || Model::parse(include_str!("../models/lambda.json")),
        lambda::OPERATIONS,
        "ValidationException",
    )
    .seeing_networks(),
    AwsService::new(
        "logs",
        || Model::parse(include_str!("../models/logs.json")),
        logs::OPERATIONS,
        "InvalidParameterException",
    ),
    AwsService::new(
        "iam",
        || Model::parse(include_str!("../models/iam.json")),
        iam::OPERATIONS,
        "ValidationError",
    )
    .global(regions::GLOBAL),
];

impl AwsService {
    const fn new(
        name: &'static str,
        model: fn() -> Model,
        operations: &'static [&'static [Operation]],
        invalid: &'static str,
    ) -> Self {
        Self {
            name,
            model: LazyLock::new(model),
            operations,
            invalid,
            names_input: false,
            sees_networks: false,
            global_region: None,
        }
    }

    const fn naming_inputs(mut self) -> Self {
        self.names_input = true;
        self
    }

    const fn seeing_networks(mut self) -> Self {
        self.sees_networks = true;
        self
    }

    const fn global(mut self, region: &'static str) -> Self {
        self.global_region = Some(region);
        self
    }

    /// The operation with this name, if it is here.
    pub(super) fn implemented(&self, name: &str) -> Option<&'static Operation> {
        self.operations
            .iter()
            .flat_map(|table| table.iter())
            .find(|operation| operation.name == name)
    }

    /// Validates an input of the operation with this name, with the service's error.
    pub(super) fn check(&self, name: &str, shape: &str, input: &Object) -> Result<(), Refusal> {
        let model: &Model = &self.model;
        if model.metadata.protocol == Protocol::Ec2 {
            return ec2::check(model, shape, input);
        }
        let prefix = if self.names_input {
            format!("{name}Input")
        } else {
            String::new()
        };
        let violations = check::violations(model, shape, input, &prefix);
        if violations.is_empty() {
            return Ok(());
        }
        let message = check::message(&violations);
        Err(Refusal::new(400, self.invalid, message))
    }
}

/// A service's operation, by the service's name in credential scopes and ARNs and the operation's own.
pub(super) fn operation(service: &str, name: &str) -> Option<&'static Operation> {
    SERVICES
        .iter()
        .find(|known| known.name == service)?
        .implemented(name)
}

/// Whether an operation with this name begins something that takes time.
pub(super) fn takes_time(name: &str) -> bool {
    let mut operations = SERVICES.iter().filter_map(|known| known.implemented(name));
    operations.any(|operation| operation.takes_time)
}

/// Whether AWS documents this filter of a service's operation.
pub(super) fn has_filter(service: &str, operation: &str, filter: &str) -> bool {
    let mut services = SERVICES.iter();
    let service = services.find(|known| known.name == service);
    let operation = service.and_then(|service| service.model.operations.get(operation));
    operation.is_some_and(|operation| operation.filters.iter().any(|known| known == filter))
}

#[cfg(test)]
mod tests {
    use super::super::model::{Shape, Type};
    use super::*;

    /// Every reference has a shape, every pattern compiles, and every row of the tables is in its model with all its shapes.
    #[test]
    fn models_and_tables_agree() {
        for service in &SERVICES {
            let model = &service.model;
            for (name, shape) in model.shapes() {
                let references = shape
                    .members
                    .values()
                    .chain(&shape.member)
                    .chain(&shape.key)
                    .chain(&shape.value);
                for member in references {
                    let _: &Shape = model.target(member);
                }
                // These are in answers only, which aren't checked.
                let only_told = ["CollectionName", "S3BucketType"].contains(&name);
                let matches = shape.regex().is_some() || shape.pattern.is_none() || only_told;
                assert!(matches, "the pattern of {name} is not one of Rust's");
            }
            let rows = service.operations.iter().flat_map(|table| table.iter());
            for row in rows.clone() {
                assert_eq!(
                    rows.clone().filter(|other| other.name == row.name).count(),
                    1,
                    "{} is there twice",
                    row.name
                );
                let operation = model
                    .operations
                    .get(row.name)
                    .unwrap_or_else(|| panic!("{} has no {}", service.name, row.name));
                assert!(
                    operation.implemented,
                    "{} is not in the model: run tests/tools/reduce_models.py",
                    row.name
                );
                let input = operation.input.as_ref().map(|shape| model.shape(shape));
                for path in row.refused {
                    let mut shape = input.unwrap();
                    for part in path.split('.') {
                        shape = model.target(&shape.members[part]);
                        if let (Type::List, Some(member)) = (shape.r#type, &shape.member) {
                            shape = model.target(member);
                        }
                    }
                }
            }
        }
    }
}
