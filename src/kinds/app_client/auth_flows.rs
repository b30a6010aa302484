//! The auth flows of Cognito's own API: the stack file's words and AWS's.

/// The stack file's word for each, and AWS's.
pub const AUTH_FLOWS: [(&str, &str); 6] = [
    ("admin_user_password", "ALLOW_ADMIN_USER_PASSWORD_AUTH"),
    ("custom", "ALLOW_CUSTOM_AUTH"),
    ("refresh_token", "ALLOW_REFRESH_TOKEN_AUTH"),
    ("user_choice", "ALLOW_USER_AUTH"),
    ("user_password", "ALLOW_USER_PASSWORD_AUTH"),
    ("user_srp", "ALLOW_USER_SRP_AUTH"),
];

/// The stack file's word for AWS's; AWS's own if the file has none, which then differs from all it can express.
pub(super) fn word(of_aws: &str) -> String {
    let row = AUTH_FLOWS.iter().find(|(_, aws)| *aws == of_aws);
    row.map_or(of_aws, |(word, _)| word).to_owned()
}

/// What AWS calls it.
pub(super) fn of_aws(word: &str) -> &str {
    let row = AUTH_FLOWS.iter().find(|(known, _)| *known == word);
    row.map_or(word, |(_, aws)| aws)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_comes_back_and_one_that_the_file_cannot_say_stays() {
        for (known, aws) in AUTH_FLOWS {
            assert_eq!((word(aws).as_str(), of_aws(known)), (known, aws));
        }
        assert_eq!(word("ALLOW_CLIENT_TOKEN_AUTH"), "ALLOW_CLIENT_TOKEN_AUTH");
    }
}
