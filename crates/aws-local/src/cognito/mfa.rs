//! A user pool's second factors and passkeys. Factors other than text messages are set and returned only here.

use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation};
use super::super::state::Region;
use super::{Pool, invalid, not_in_tier, pick, pool, pool_mut};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read("GetUserPoolMfaConfig", get),
    Operation::change("SetUserPoolMfaConfig", set),
];

const FACTORS: &[&str] = &[
    "SmsMfaConfiguration",
    "SoftwareTokenMfaConfiguration",
    "EmailMfaConfiguration",
];

fn get(region: &Region, call: &Call) -> Answer {
    Ok(shown(pool(region, call)?))
}

fn shown(pool: &Pool) -> Object {
    let mut members = pool.mfa.clone();
    let mode = pool
        .settings
        .get("MfaConfiguration")
        .cloned()
        .unwrap_or_else(|| json!("OFF"));
    // Text messages configured on the pool itself count once MFA is on.
    if mode != "OFF"
        && !members.contains_key("SmsMfaConfiguration")
        && pool.settings.contains_key("SmsConfiguration")
    {
        let sms = pick(
            &pool.settings,
            &["SmsConfiguration", "SmsAuthenticationMessage"],
        );
        members.insert("SmsMfaConfiguration".into(), Value::Object(sms));
    }
    members.insert("MfaConfiguration".into(), mode);
    members
}

/// Replaces the whole configuration: what is not sent is off.
fn set(region: &mut Region, call: &Call) -> Answer {
    let pool = pool_mut(region, call)?;
    let mode = call
        .input
        .get("MfaConfiguration")
        .and_then(Value::as_str)
        .unwrap_or("OFF");
    let configured = FACTORS.iter().any(|factor| match call.input.get(*factor) {
        None => false,
        Some(token) if *factor == "SoftwareTokenMfaConfiguration" => token["Enabled"] == true,
        Some(_) => true,
    });
    match (mode, configured) {
        ("OFF", true) => {
            return Err(invalid(
                "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.",
            ));
        }
        ("ON" | "OPTIONAL", false) => {
            return Err(invalid(
                "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration.",
            ));
        }
        _ => {}
    }
    if call.input.contains_key("EmailMfaConfiguration") {
        if pool.tier == "LITE" {
            return Err(not_in_tier("Email MFA", &pool.tier));
        }
        let email = pool.settings.get("EmailConfiguration");
        if email.is_none_or(|email| email["EmailSendingAccount"] != "DEVELOPER") {
            return Err(invalid(
                "Email MFA needs an email configuration with Amazon SES: EmailSendingAccount DEVELOPER.",
            ));
        }
    }
    if call.input.contains_key("WebAuthnConfiguration") && pool.tier == "LITE" {
        return Err(not_in_tier("Passkey sign-in", &pool.tier));
    }
    if let Some(sms) = call
        .input
        .get("SmsMfaConfiguration")
        .and_then(Value::as_object)
    {
        if !sms.contains_key("SmsConfiguration") && !pool.settings.contains_key("SmsConfiguration")
        {
            return Err(invalid(
                "SmsConfiguration is required to use SMS text messages as an MFA factor.",
            ));
        }
        pool.settings.extend(sms.clone());
    }
    pool.mfa = pick(
        &call.input,
        &[
            "SmsMfaConfiguration",
            "SoftwareTokenMfaConfiguration",
            "EmailMfaConfiguration",
            "WebAuthnConfiguration",
        ],
    );
    pool.settings.insert("MfaConfiguration".into(), json!(mode));
    pool.modified = call.seconds();
    Ok(shown(pool))
}
