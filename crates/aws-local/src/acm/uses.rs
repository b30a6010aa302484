//! The users of a certificate, in any Region.

use super::super::operation::Call;
use super::super::{apigateway, cognito, elbv2};

/// The ARNs of what uses a certificate: AWS's `InUseBy`.
pub(super) fn of(call: &Call, arn: &str) -> Vec<String> {
    let regions = call.everywhere.regions.iter();
    regions
        .flat_map(|(name, region)| {
            apigateway::using_certificate(&region.apigateway, call, name, arn)
                .into_iter()
                .chain(cognito::using_certificate(&region.cognito, call, arn))
                .chain(elbv2::using_certificate(&region.elbv2, arn))
        })
        .collect()
}

/// Whether anything uses it.
pub(super) fn any(call: &Call, arn: &str) -> bool {
    !of(call, arn).is_empty()
}
