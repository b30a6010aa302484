//! Identifiers in AWS's shapes, made of random bytes.

use aws_facts::arns;
use sha2::{Digest as _, Sha256};

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const HEXADECIMAL: &[u8] = b"0123456789abcdef";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `length` characters of `alphabet`, each as likely as the others.
pub fn random(alphabet: &[u8], length: usize) -> String {
    // Bytes at or above the largest multiple of the alphabet's size would favour its first characters.
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0; 64];
        fill(&mut bytes);
        let wanted = length - text.len();
        text.extend(
            bytes
                .iter()
                .map(|byte| usize::from(*byte))
                .filter(|byte| *byte < fair)
                .take(wanted)
                .map(|byte| char::from(alphabet[byte % alphabet.len()])),
        );
    }
    text
}

/// The same elements in a random order.
pub fn shuffled<T>(mut elements: Vec<T>) -> Vec<T> {
    // 64 random bits each, so that two are practically never equal.
    elements.sort_by_cached_key(|_| {
        let mut bytes = [0; 8];
        fill(&mut bytes);
        bytes
    });
    elements
}

/// A number from 0 up to, but not including, 100.
pub fn percent() -> f64 {
    let mut bytes = [0; 4];
    fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0) * 100.0
}

fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

/// A user pool's id in this Region, such as `eu-west-1_AbCdEfGhI`.
pub fn user_pool(region: &str) -> String {
    format!("{region}_{}", random(MIXED, 9))
}

/// An app client's id: 26 lower-case letters and digits.
pub fn user_pool_client() -> String {
    random(LOWER, 26)
}

/// An app client's secret, as long as Cognito's own.
pub fn client_secret() -> String {
    random(LOWER, 51)
}

/// An API Gateway id (APIs, authorizers, plans, keys, …): 10 lower-case letters and digits.
pub fn api_gateway() -> String {
    random(LOWER, 10)
}

/// The id of a deployment, resource, model, authorizer or validator: 6 lower-case letters and digits.
pub fn api_gateway_short() -> String {
    random(LOWER, 6)
}

/// An API key's value: 40 letters and digits.
pub fn api_key_value() -> String {
    random(MIXED, 40)
}

/// A certificate's serial number: 16 bytes in hexadecimal, with colons between them.
pub fn serial_number() -> String {
    let mut bytes = [0; 16];
    fill(&mut bytes);
    // A serial number is positive.
    bytes[0] &= 0x7f;
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

/// What follows the `Z` of a hosted zone's id and the `C` of a change's: 20 upper-case letters and digits.
pub fn route_53() -> String {
    random(UPPER, 20)
}

/// A role's id: `AROA` and 17 upper-case letters and digits.
pub fn iam_role() -> String {
    format!("AROA{}", random(UPPER, 17))
}

/// The id of AWS's managed policy with this ARN: `ANPA` and 17 characters, the same in all accounts.
pub fn managed_policy(arn: &str) -> String {
    let digest = Sha256::digest(arn.as_bytes());
    let letters = digest
        .iter()
        .map(|byte| UPPER[usize::from(*byte) % UPPER.len()] as char);
    format!("ANPA{}", letters.take(17).collect::<String>())
}

/// The suffix of a secret's ARN: six letters and digits.
pub fn secret_suffix() -> String {
    random(MIXED, 6)
}

/// An encrypted value as returned: base64 of random bytes.
pub fn ciphertext() -> String {
    format!("AQICAHh{}=", random(MIXED, 156))
}

/// Decimal digits.
pub fn digits(length: usize) -> String {
    random(b"0123456789", length)
}

/// A CloudFront distribution's name, such as `d111111abcdef8`.
pub fn distribution() -> String {
    format!("d{}", random(LOWER, 13))
}

/// Hexadecimal digits: the ids in EC2's and Elastic Load Balancing's names.
pub fn hexadecimal(length: usize) -> String {
    random(HEXADECIMAL, length)
}

/// The ARN of the distribution behind a name such as `d111111abcdef8.cloudfront.net`.
pub fn distribution_arn(account: &str, name: &str) -> String {
    let id = name.split('.').next().unwrap_or_default().to_uppercase();
    arns::arn(
        "cloudfront",
        "",
        account,
        format_args!("distribution/E{id}"),
    )
}

/// The digits of an EC2 id: 17, in hexadecimal.
pub fn ec2() -> String {
    hexadecimal(17)
}

/// A random UUID (version 4): request ids, VPC endpoints' and certificates' ids.
pub fn uuid() -> String {
    let mut bytes = [0; 16];
    fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_shapes_of_aws() {
        let shape = |pattern: &str, text: String| {
            assert!(
                regex::Regex::new(pattern).unwrap().is_match(&text),
                "{text}"
            )
        };
        shape("^eu-west-1_[A-Za-z0-9]{9}$", user_pool("eu-west-1"));
        shape("^[a-z0-9]{26}$", user_pool_client());
        shape("^[a-z0-9]{51}$", client_secret());
        shape("^[a-z0-9]{10}$", api_gateway());
        shape("^[a-z0-9]{6}$", api_gateway_short());
        shape("^[A-Za-z0-9]{40}$", api_key_value());
        shape("^d[a-z0-9]{13}$", distribution());
        shape("^[0-7][0-9a-f](:[0-9a-f]{2}){15}$", serial_number());
        shape("^[A-Z0-9]{20}$", route_53());
        shape("^[A-Za-z0-9]{6}$", secret_suffix());
        shape("^AROA[A-Z0-9]{17}$", iam_role());
        shape(
            "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
            uuid(),
        );
        shape("^[0-9a-f]{17}$", hexadecimal(17));
        assert_ne!(user_pool_client(), user_pool_client());
    }
}
