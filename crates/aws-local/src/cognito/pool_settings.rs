//! A user pool's settings: defaults, rules, and the members that AWS keeps in sync.

use serde_json::{Value, json};

use super::super::operation::{Object, Refusal};
use super::{Pool, fill, invalid, not_in_tier, pick, texts};

/// The members of `UserPoolType` that creation and update take and an update without them resets.
const MEMBERS: &[&str] = &[
    "Policies",
    "DeletionProtection",
    "LambdaConfig",
    "AutoVerifiedAttributes",
    "SmsVerificationMessage",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "VerificationMessageTemplate",
    "SmsAuthenticationMessage",
    "MfaConfiguration",
    "UserAttributeUpdateSettings",
    "DeviceConfiguration",
    "EmailConfiguration",
    "SmsConfiguration",
    "AdminCreateUserConfig",
    "UserPoolAddOns",
    "AccountRecoverySetting",
    "IssuerConfiguration",
];

/// Messages that are both at the top level of a pool and in its template: (at the top, in the template).
const MIRRORED_MESSAGES: &[(&str, &str)] = &[
    ("SmsVerificationMessage", "SmsMessage"),
    ("EmailVerificationMessage", "EmailMessage"),
    ("EmailVerificationSubject", "EmailSubject"),
];

/// The settings that a create or an update with this input gives a pool in this tier; `before` is the pool that is updated.
pub(super) fn from(input: &Object, tier: &str, before: Option<&Pool>) -> Result<Object, Refusal> {
    let mut settings = pick(input, MEMBERS);
    fill(
        &mut settings,
        json!({
            "Policies": {},
            "DeletionProtection": "INACTIVE",
            "LambdaConfig": {},
            "MfaConfiguration": "OFF",
            "VerificationMessageTemplate": {},
            "EmailConfiguration": {},
            "AdminCreateUserConfig": {},
            "AccountRecoverySetting": {"RecoveryMechanisms": [
                {"Priority": 1, "Name": "verified_email"},
                {"Priority": 2, "Name": "verified_phone_number"},
            ]},
        }),
    );
    policies(&mut settings, tier)?;
    attribute_updates(&mut settings, before)?;
    triggers(&mut settings, tier)?;
    messages(&mut settings);
    fill(
        object(&mut settings, "EmailConfiguration"),
        json!({"EmailSendingAccount": "COGNITO_DEFAULT"}),
    );
    email(&settings)?;
    recovery(&settings)?;
    threat_protection(&mut settings, tier)?;
    mfa(&settings, before)?;
    settings.retain(|_, value| value.as_array().is_none_or(|items| !items.is_empty()));
    Ok(settings)
}

/// An object member that is there.
fn object<'o>(members: &'o mut Object, name: &str) -> &'o mut Object {
    let value = members.entry(name).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was made an object above")
}

fn policies(settings: &mut Object, tier: &str) -> Result<(), Refusal> {
    let policies = object(settings, "Policies");
    let given = policies.contains_key("PasswordPolicy");
    let password = object(policies, "PasswordPolicy");
    // Without a policy AWS requires every class of characters; with a partial one, only those it names.
    fill(
        password,
        json!({
            "MinimumLength": 8,
            "RequireUppercase": !given,
            "RequireLowercase": !given,
            "RequireNumbers": !given,
            "RequireSymbols": !given,
        }),
    );
    let remembers = password
        .get("PasswordHistorySize")
        .is_some_and(|size| *size != 0);
    if tier == "LITE" && remembers {
        return Err(not_in_tier("Password history", tier));
    }
    let temporary = password.get("TemporaryPasswordValidityDays").cloned();
    sign_in(policies, tier)?;
    // The two members are the same number of days; AWS accepts either and returns both.
    let admin = object(settings, "AdminCreateUserConfig");
    fill(admin, json!({"AllowAdminCreateUserOnly": false}));
    let unused = admin.get("UnusedAccountValidityDays").cloned();
    let days = match (temporary, unused) {
        (Some(temporary), Some(unused)) if temporary != unused => {
            return Err(invalid(
                "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays",
            ));
        }
        (Some(days), _) | (None, Some(days)) => days,
        (None, None) => json!(7),
    };
    admin.insert("UnusedAccountValidityDays".into(), days.clone());
    object(object(settings, "Policies"), "PasswordPolicy")
        .insert("TemporaryPasswordValidityDays".into(), days);
    Ok(())
}

fn sign_in(policies: &mut Object, tier: &str) -> Result<(), Refusal> {
    if tier == "LITE" && !policies.contains_key("SignInPolicy") {
        return Ok(());
    }
    let policy = object(policies, "SignInPolicy");
    fill(policy, json!({"AllowedFirstAuthFactors": ["PASSWORD"]}));
    let factors = texts(policy, "AllowedFirstAuthFactors");
    if !factors.contains(&"PASSWORD") {
        return Err(invalid("AllowedFirstAuthFactors must contain PASSWORD."));
    }
    match factors.iter().find(|factor| **factor != "PASSWORD") {
        Some(factor) if tier == "LITE" => Err(not_in_tier(
            &format!("The first authentication factor {factor}"),
            tier,
        )),
        _ => Ok(()),
    }
}

fn attribute_updates(settings: &mut Object, before: Option<&Pool>) -> Result<(), Refusal> {
    const NAME: &str = "UserAttributeUpdateSettings";
    if !settings.contains_key(NAME) {
        let kept = before
            .and_then(|pool| pool.settings.get(NAME))
            .cloned()
            .unwrap_or_else(|| json!({}));
        settings.insert(NAME.into(), kept);
    }
    fill(
        object(settings, NAME),
        json!({"AttributesRequireVerificationBeforeUpdate": []}),
    );
    let verified: Vec<String> = texts(settings, "AutoVerifiedAttributes")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let before_update = object(settings, NAME);
    match texts(before_update, "AttributesRequireVerificationBeforeUpdate")
        .into_iter()
        .find(|name| !verified.iter().any(|v| v == name))
    {
        Some(name) => Err(invalid(format!(
            "Invalid AttributesRequireVerificationBeforeUpdate: {name} is not one of the auto-verified attributes."
        ))),
        None => Ok(()),
    }
}

/// AWS keeps the old member for the token trigger and the versioned one in sync.
fn triggers(settings: &mut Object, tier: &str) -> Result<(), Refusal> {
    let config = object(settings, "LambdaConfig");
    let arn = config.get("PreTokenGeneration").cloned();
    let versioned = config
        .get("PreTokenGenerationConfig")
        .and_then(|trigger| trigger.get("LambdaArn"))
        .cloned();
    match (arn, versioned) {
        (Some(arn), Some(versioned)) if arn != versioned => {
            return Err(invalid(
                "PreTokenGeneration and PreTokenGenerationConfig.LambdaArn must be the same.",
            ));
        }
        (Some(arn), None) => {
            config.insert(
                "PreTokenGenerationConfig".into(),
                json!({"LambdaVersion": "V1_0", "LambdaArn": arn}),
            );
        }
        (None, Some(arn)) => {
            config.insert("PreTokenGeneration".into(), arn);
        }
        _ => {}
    }
    let version = config
        .get("PreTokenGenerationConfig")
        .and_then(|trigger| trigger.get("LambdaVersion"))
        .and_then(Value::as_str);
    if tier == "LITE" && version.is_some_and(|version| version != "V1_0") {
        return Err(not_in_tier("Access token customization", tier));
    }
    if ["CustomSMSSender", "CustomEmailSender"]
        .iter()
        .any(|sender| config.contains_key(*sender))
        && !config.contains_key("KMSKeyID")
    {
        return Err(invalid(
            "KMSKeyID is required when a custom sender trigger is configured.",
        ));
    }
    Ok(())
}

fn messages(settings: &mut Object) {
    for (top, inner) in MIRRORED_MESSAGES {
        let in_template = object(settings, "VerificationMessageTemplate")
            .get(*inner)
            .cloned();
        match (in_template, settings.get(*top).cloned()) {
            (Some(message), _) => {
                settings.insert((*top).into(), message);
            }
            (None, Some(message)) => {
                object(settings, "VerificationMessageTemplate").insert((*inner).into(), message);
            }
            (None, None) => {}
        }
    }
    fill(
        object(settings, "VerificationMessageTemplate"),
        json!({"DefaultEmailOption": "CONFIRM_WITH_CODE"}),
    );
}

fn email(settings: &Object) -> Result<(), Refusal> {
    let config = &settings["EmailConfiguration"];
    if config["EmailSendingAccount"] == "DEVELOPER" && config["SourceArn"].is_null() {
        return Err(invalid(
            "SourceArn is required when EmailSendingAccount is DEVELOPER.",
        ));
    }
    Ok(())
}

fn recovery(settings: &Object) -> Result<(), Refusal> {
    let mechanisms = settings["AccountRecoverySetting"]["RecoveryMechanisms"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for (index, mechanism) in mechanisms.iter().enumerate() {
        let repeats = |other: &Value| {
            other["Name"] == mechanism["Name"] || other["Priority"] == mechanism["Priority"]
        };
        if mechanisms[..index].iter().any(repeats) {
            return Err(invalid(
                "Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.",
            ));
        }
        if mechanism["Name"] == "admin_only" && mechanisms.len() > 1 {
            return Err(invalid(
                "Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.",
            ));
        }
    }
    Ok(())
}

fn threat_protection(settings: &mut Object, tier: &str) -> Result<(), Refusal> {
    let Some(add_ons) = settings
        .get_mut("UserPoolAddOns")
        .and_then(Value::as_object_mut)
    else {
        return Ok(());
    };
    let on = add_ons
        .get("AdvancedSecurityMode")
        .is_some_and(|mode| mode != "OFF")
        || add_ons.contains_key("AdvancedSecurityAdditionalFlows");
    if on && tier != "PLUS" {
        return Err(not_in_tier("Threat protection", tier));
    }
    Ok(())
}

/// Creation and update only set text messages; other factors are set by `SetUserPoolMfaConfig`, and count once they are set.
fn mfa(settings: &Object, before: Option<&Pool>) -> Result<(), Refusal> {
    let other_factor = before.is_some_and(|pool| {
        pool.mfa.contains_key("EmailMfaConfiguration")
            || pool
                .mfa
                .get("SoftwareTokenMfaConfiguration")
                .is_some_and(|token| token["Enabled"] == true)
    });
    if settings["MfaConfiguration"] != "OFF"
        && !settings.contains_key("SmsConfiguration")
        && !other_factor
    {
        return Err(invalid(
            "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
        ));
    }
    Ok(())
}
