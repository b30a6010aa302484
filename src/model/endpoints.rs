//! The URLs of a stack's resources, with AWS's host names in commercial Regions.

use aws_facts::hosts;

use super::{Piece, Text};

/// The URL of a stage at an API's default endpoint (API Gateway developer guide, "Invoke REST APIs in API Gateway").
pub fn invoke_url(api: Text, region: &str, stage: &str) -> Text {
    around(
        "https://",
        api,
        &format!("{}/{stage}", hosts::below_execute_api(region)),
    )
}

/// The issuer of a user pool's tokens (Amazon Cognito API reference, "IssuerConfigurationType"). A pool's id begins with its
/// Region, and with the primary one if it has replicas.
pub fn issuer(pool: &str, updated: bool) -> String {
    let region = pool.split('_').next().unwrap_or_default();
    let host = match updated {
        true => hosts::updated_issuer(region),
        false => hosts::cognito(region),
    };
    format!("https://{host}/{pool}")
}

/// The host name of a user pool's domain below AWS's (Amazon Cognito developer guide, "Configuring a user pool domain").
pub fn prefix_domain(prefix: &str, region: &str) -> String {
    hosts::pool_domain(prefix, region)
}

/// The token endpoint of a user pool's domain.
pub fn token_url(host: &str) -> String {
    format!("https://{host}{}", hosts::TOKEN_PATH)
}

fn around(before: &str, text: Text, after: &str) -> Text {
    let mut pieces = vec![Piece::Literal(before.to_owned())];
    pieces.extend(text.into_pieces());
    pieces.push(Piece::Literal(after.to_owned()));
    Text::joined(pieces)
}
