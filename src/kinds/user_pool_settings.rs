//! The settings of a user pool that gatestack leaves alone, in words.

use aws_sdk_cognitoidentityprovider::types::{
    AdvancedSecurityModeType, DefaultEmailOptionType, EmailSendingAccountType, LambdaConfigType,
    UserPoolMfaType, UserPoolType,
};

/// What each is called, and whether a pool has it otherwise than AWS gives it to a new pool.
const SETTINGS: &[(&str, fn(&UserPoolType) -> bool)] = &[
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
    ("sign-in by e-mail address or phone number", |pool| {
        filled(pool.username_attributes.as_deref()) || filled(pool.alias_attributes.as_deref())
    }),
    ("user names that differ only in case", |pool| {
        pool.username_configuration
            .as_ref()
            .is_some_and(|names| names.case_sensitive)
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
    ("sign-up by administrators only", |pool| {
        pool.admin_create_user_config
            .as_ref()
            .is_some_and(|admin| admin.allow_admin_create_user_only)
    }),
    ("account recovery", |pool| {
        pool.account_recovery_setting.is_some()
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

/// What of a pool is not AWS's default and not gatestack's business.
pub(super) fn unmanaged(pool: &UserPoolType) -> Vec<String> {
    SETTINGS
        .iter()
        .filter(|(_, differs)| differs(pool))
        .map(|(words, _)| (*words).to_owned())
        .collect()
}

fn filled<T>(list: Option<&[T]>) -> bool {
    list.is_some_and(|list| !list.is_empty())
}
