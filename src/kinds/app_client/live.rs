//! An app client as AWS describes it.

use std::collections::BTreeSet;

use aws_sdk_cognitoidentityprovider::types::{TimeUnitsType, UserPoolClientType};

use super::auth_flows::word;
use super::validity::in_seconds;
use super::{Mark, Props};
use crate::aws::Client;

/// The default auth flows of a client (Amazon Cognito API reference, "ExplicitAuthFlows").
const AUTH_FLOWS_OF_AWS: [&str; 3] = [
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_USER_SRP_AUTH",
];

/// A live client's properties.
pub(super) fn props(pool: &str, mark: Mark, client: &Client) -> Props {
    let settings = &client.settings;
    let literals = |texts: &Option<Vec<String>>| {
        texts
            .iter()
            .flatten()
            .map(|text| text.as_str().into())
            .collect()
    };
    let units = settings.token_validity_units.as_ref();
    // Flows that are listed but disabled grant nothing.
    let uses_oauth = settings.allowed_o_auth_flows_user_pool_client == Some(true);
    let flows = settings
        .allowed_o_auth_flows
        .iter()
        .flatten()
        .filter(|_| uses_oauth);
    Props {
        user_pool: pool.into(),
        mark,
        marked_on: None,
        name: settings.client_name.clone().unwrap_or_default().into(),
        flows: flows.map(|flow| flow.as_str().to_owned()).collect(),
        auth_flows: auth_flows(settings),
        scopes: literals(&settings.allowed_o_auth_scopes),
        callback_urls: literals(&settings.callback_urls),
        logout_urls: literals(&settings.logout_urls),
        secret: client.has_secret,
        access_token_seconds: in_seconds(
            settings.access_token_validity,
            units.and_then(|units| units.access_token.as_ref()),
            &TimeUnitsType::Hours,
            3_600,
        ),
        id_token_seconds: in_seconds(
            settings.id_token_validity,
            units.and_then(|units| units.id_token.as_ref()),
            &TimeUnitsType::Hours,
            3_600,
        ),
        refresh_token_seconds: in_seconds(
            Some(settings.refresh_token_validity),
            units.and_then(|units| units.refresh_token.as_ref()),
            &TimeUnitsType::Days,
            30 * 86_400,
        ),
    }
}

fn auth_flows(settings: &UserPoolClientType) -> BTreeSet<String> {
    match settings.explicit_auth_flows.as_deref() {
        None | Some([]) => AUTH_FLOWS_OF_AWS.map(word).into(),
        Some(flows) => flows.iter().map(|flow| word(flow.as_str())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cognitoidentityprovider::types::{
        ExplicitAuthFlowsType, OAuthFlowType, TokenValidityUnitsType,
    };

    use super::*;

    fn live(settings: UserPoolClientType) -> Props {
        props(
            "eu-west-1_a",
            Mark::missing(),
            &Client {
                settings,
                has_secret: true,
            },
        )
    }

    #[test]
    fn validities_are_seconds_whatever_their_units() {
        let bare = live(UserPoolClientType::builder().build());
        assert_eq!(
            (bare.access_token_seconds, bare.id_token_seconds),
            (3_600, 3_600)
        );
        assert_eq!(bare.refresh_token_seconds, 30 * 86_400);

        let without_units = UserPoolClientType::builder()
            .access_token_validity(2)
            .id_token_validity(3)
            .refresh_token_validity(4);
        let without_units = live(without_units.build());
        assert_eq!(
            (
                without_units.access_token_seconds,
                without_units.id_token_seconds
            ),
            (7_200, 10_800)
        );
        assert_eq!(without_units.refresh_token_seconds, 4 * 86_400);

        let units = TokenValidityUnitsType::builder()
            .access_token(TimeUnitsType::Minutes)
            .id_token(TimeUnitsType::Seconds)
            .refresh_token(TimeUnitsType::Hours);
        let with_units = UserPoolClientType::builder()
            .access_token_validity(90)
            .id_token_validity(301)
            .refresh_token_validity(36)
            .token_validity_units(units.build());
        let with_units = live(with_units.build());
        assert_eq!(
            (with_units.access_token_seconds, with_units.id_token_seconds),
            (5_400, 301)
        );
        assert_eq!(with_units.refresh_token_seconds, 129_600);
    }

    #[test]
    fn flows_that_are_switched_off_grant_nothing() {
        let client = UserPoolClientType::builder().allowed_o_auth_flows(OAuthFlowType::Code);
        assert!(live(client.clone().build()).flows.is_empty());
        let client = client.allowed_o_auth_flows_user_pool_client(true);
        assert_eq!(
            live(client.build()).flows,
            BTreeSet::from(["code".to_owned()])
        );
    }

    #[test]
    fn without_a_word_on_sign_in_cognito_allows_three_ways() {
        assert_eq!(
            live(UserPoolClientType::builder().build()).auth_flows.len(),
            3
        );
        let told = UserPoolClientType::builder()
            .explicit_auth_flows(ExplicitAuthFlowsType::AllowUserAuth)
            .build();
        assert_eq!(
            live(told).auth_flows,
            BTreeSet::from(["user_choice".to_owned()])
        );
    }
}
