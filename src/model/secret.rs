use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// A secret value: a client secret, an API key's value, a token, a password.
///
/// It can't be printed, compared or serialized; its memory is zeroed when it is dropped.
///
/// ```compile_fail
/// let secret = gatestack::model::Secret::new("s3cr3t");
/// println!("{secret}");
/// ```
///
/// ```compile_fail
/// let secret = gatestack::model::Secret::new("s3cr3t");
/// serde_json::to_string(&secret);
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a secret in.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value itself, for the header, form or file that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sees_it_by_accident() {
        let secret = Secret::new("s3cr3t");
        assert_eq!(secret.expose(), "s3cr3t");
        assert_eq!(format!("{:?}", Some(secret)), "Some([secret])");
    }
}
