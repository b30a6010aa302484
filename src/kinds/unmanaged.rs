//! The settings of pools and app clients that gatestack leaves alone, in words.

use aws_sdk_cognitoidentityprovider::types::{
    AdvancedSecurityModeType, DefaultEmailOptionType, EmailSendingAccountType, LambdaConfigType,
    PreventUserExistenceErrorTypes, UserPoolMfaType, UserPoolType,
};

use super::app_client::OWN_USERS;
use crate::aws::Client;

/// A setting's name, and whether it differs from AWS's default.
type Setting<T> = (&'static str, fn(&T) -> bool);

/// The unmanaged setting of a pool without `sign_in` in the file.
pub(super) const SIGN_IN: &str = "sign-in by e-mail address or phone number";

const OF_POOLS: &[Setting<UserPoolType>] = &[
    ("Lambda triggers", |pool| {
        pool.lambda_config
            .as_ref()
            .is_some_and(|triggers| *triggers != LambdaConfigType::builder().build())
    }),
    ("multi-factor authentication", |pool| {
        pool.mfa_configuration
            .as_ref()
            .is_some_and(|mfa| *mfa != UserPoolMfaType::Off)
    }),
    (SIGN_IN, |pool| {
        filled(pool.username_attributes.as_deref()) || filled(pool.alias_attributes.as_deref())
    }),
    ("custom attributes", |pool| {
        let attributes = pool.schema_attributes.iter().flatten();
        attributes
            .filter_map(|attribute| attribute.name.as_deref())
            .any(|name| name.starts_with("custom:") || name.starts_with("dev:"))
    }),
    ("attributes required at sign-up", |pool| {
        let attributes = pool.schema_attributes.iter().flatten();
        attributes
            .filter(|attribute| attribute.name.as_deref() != Some("sub"))
            .any(|attribute| attribute.required == Some(true))
    }),
    (
        "verification of e-mail addresses or phone numbers",
        |pool| {
            filled(pool.auto_verified_attributes.as_deref())
                || pool
                    .user_attribute_update_settings
                    .as_ref()
                    .is_some_and(|settings| {
                        filled(
                            settings
                                .attributes_require_verification_before_update
                                .as_deref(),
                        )
                    })
        },
    ),
    ("messages to users", |pool| {
        let template = pool
            .verification_message_template
            .as_ref()
            .is_some_and(|template| {
                template.sms_message.is_some()
                    || template.email_message.is_some()
                    || template.email_subject.is_some()
                    || template.email_message_by_link.is_some()
                    || template.email_subject_by_link.is_some()
                    || template.default_email_option
                        == Some(DefaultEmailOptionType::ConfirmWithLink)
            });
        template
            || pool.sms_verification_message.is_some()
            || pool.email_verification_message.is_some()
            || pool.email_verification_subject.is_some()
            || pool.sms_authentication_message.is_some()
            || pool
                .admin_create_user_config
                .as_ref()
                .is_some_and(|admin| admin.invite_message_template.is_some())
    }),
    ("how e-mail is sent", |pool| {
        pool.email_configuration.as_ref().is_some_and(|email| {
            email.source_arn.is_some()
                || email.reply_to_email_address.is_some()
                || email.from.is_some()
                || email.configuration_set.is_some()
                || email.email_sending_account == Some(EmailSendingAccountType::Developer)
        })
    }),
    ("how text messages are sent", |pool| {
        pool.sms_configuration.is_some()
    }),
    ("account recovery", |pool| {
        let mechanisms = pool
            .account_recovery_setting
            .as_ref()
            .and_then(|recovery| recovery.recovery_mechanisms.as_ref());
        mechanisms.is_some_and(|mechanisms| {
            let names = mechanisms.iter().map(|mechanism| mechanism.name.as_str());
            !names.eq(["verified_email", "verified_phone_number"])
        })
    }),
    ("remembered devices", |pool| {
        pool.device_configuration.is_some()
    }),
    ("threat protection", |pool| {
        pool.user_pool_add_ons
            .as_ref()
            .is_some_and(|add_ons| add_ons.advanced_security_mode != AdvancedSecurityModeType::Off)
    }),
    ("password history", |pool| {
        let policy = pool
            .policies
            .as_ref()
            .and_then(|policies| policies.password_policy.as_ref());
        policy
            .and_then(|policy| policy.password_history_size)
            .is_some_and(|size| size > 0)
    }),
    ("first factors other than a password", |pool| {
        let policy = pool
            .policies
            .as_ref()
            .and_then(|policies| policies.sign_in_policy.as_ref());
        let factors = policy.and_then(|policy| policy.allowed_first_auth_factors.as_ref());
        factors.is_some_and(|factors| factors.iter().any(|factor| factor.as_str() != "PASSWORD"))
    }),
    ("an encryption key of one's own", |pool| {
        pool.key_configuration
            .as_ref()
            .is_some_and(|key| key.kms_key_arn.is_some())
    }),
    ("authentication context classes", |pool| {
        pool.acr_configuration
            .as_ref()
            .is_some_and(|acr| !acr.is_empty())
    }),
];

const OF_CLIENTS: &[Setting<Client>] = &[
    ("identity providers", |client| {
        client
            .settings
            .supported_identity_providers
            .iter()
            .flatten()
            .any(|provider| provider != OWN_USERS)
    }),
    ("readable attributes", |client| {
        client
            .settings
            .read_attributes
            .as_ref()
            .is_some_and(|list| !list.is_empty())
    }),
    ("writable attributes", |client| {
        client
            .settings
            .write_attributes
            .as_ref()
            .is_some_and(|list| !list.is_empty())
    }),
    ("the default redirect URL", |client| {
        client.settings.default_redirect_uri.is_some()
    }),
    ("analytics", |client| {
        client.settings.analytics_configuration.is_some()
    }),
    ("errors that hide whether a user exists", |client| {
        client.settings.prevent_user_existence_errors
            == Some(PreventUserExistenceErrorTypes::Enabled)
    }),
    ("token revocation", |client| {
        client.settings.enable_token_revocation == Some(false)
    }),
    ("user context data", |client| {
        client
            .settings
            .enable_propagate_additional_user_context_data
            == Some(true)
    }),
    ("how long a sign-in may take", |client| {
        client
            .settings
            .auth_session_validity
            .is_some_and(|minutes| minutes != 3)
    }),
    ("rotation of refresh tokens", |client| {
        client
            .settings
            .refresh_token_rotation
            .as_ref()
            .is_some_and(|rotation| rotation.feature.as_str() == "ENABLED")
    }),
];

/// A pool's unmanaged settings that differ from AWS's defaults.
pub(super) fn of_pool(pool: &UserPoolType) -> Vec<String> {
    differing(OF_POOLS, pool)
}

/// An app client's unmanaged settings that differ from AWS's defaults.
pub(super) fn of_client(client: &Client) -> Vec<String> {
    differing(OF_CLIENTS, client)
}

fn differing<T>(settings: &[Setting<T>], thing: &T) -> Vec<String> {
    settings
        .iter()
        .filter(|(_, differs)| differs(thing))
        .map(|(words, _)| (*words).to_owned())
        .collect()
}

fn filled<T>(list: Option<&[T]>) -> bool {
    list.is_some_and(|list| !list.is_empty())
}
