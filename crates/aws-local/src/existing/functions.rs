//! Roles and functions of a file.

use std::io::{self, Cursor, Write as _};

use aws_facts::arns::Arn;
use aws_facts::{regions, runtimes};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Provider;
use super::lists::{Function, Role};

impl Provider<'_> {
    pub(super) fn role(&mut self, wanted: &Role) -> Result<bool, String> {
        let arn = &wanted.arn;
        let parts = Arn::parse(arn).filter(|parts| parts.service == "iam");
        let path =
            parts.and_then(|parts| Some((parts.account, parts.resource.strip_prefix("role")?)));
        let Some((account, (path, name))) =
            path.and_then(|(account, path)| Some((account, path.split_at(path.rfind('/')? + 1))))
        else {
            return Err(format!(
                "`{arn}` is not an ARN of the kind `arn:aws:iam::ACCOUNT:role/NAME`"
            ));
        };
        if account != self.account {
            return Err(format!(
                "`{arn}` is in account {account}, and the local AWS is account {}",
                self.account
            ));
        }
        let role = json!({"RoleName": name});
        if self
            .run("iam", "GetRole", regions::GLOBAL, None, role)
            .is_ok()
        {
            return Ok(false);
        }
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": wanted.trusts},
                "Action": "sts:AssumeRole",
            }],
        });
        let input = json!({
            "RoleName": name,
            "Path": path,
            "AssumeRolePolicyDocument": trust.to_string(),
        });
        self.run("iam", "CreateRole", regions::GLOBAL, None, input)?;
        for policy in &wanted.policies {
            let input = json!({"RoleName": name, "PolicyArn": policy});
            self.run("iam", "AttachRolePolicy", regions::GLOBAL, None, input)?;
        }
        Ok(true)
    }

    pub(super) fn function(&mut self, wanted: &Function) -> Result<bool, String> {
        let (region, name) = self.of_arn(&wanted.arn, "lambda", "function:")?;
        if name.contains(':') {
            return Err(format!("`{}` is of a version or an alias", wanted.arn));
        }
        let function = json!({"FunctionName": name});
        let there = self.run(
            "lambda",
            "GetFunctionConfiguration",
            &region,
            None,
            function,
        );
        if there.is_ok() {
            return Ok(false);
        }
        let code = archive(&wanted.code).map_err(|error| format!("the code: {error}"))?;
        let input = json!({
            "FunctionName": name,
            "Role": wanted.role,
            "Runtime": runtimes::DEFAULT,
            "Handler": "index.handler",
            "Code": {"ZipFile": STANDARD.encode(code)},
        });
        self.run("lambda", "CreateFunction", &region, None, input)?;
        Ok(true)
    }
}

/// An archive with this text as `index.mjs`.
fn archive(text: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = ZipWriter::new(&mut bytes);
    writer.start_file("index.mjs", SimpleFileOptions::default())?;
    writer.write_all(text.as_bytes())?;
    writer.finish()?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;
    use serde_json::Value;

    use crate::{Existing, Options, Service};

    const FILE: &str = r#"
[[roles]]
arn      = "arn:aws:iam::123456789012:role/runs/shared"
policies = ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]

[[functions]]
arn  = "arn:aws:lambda:eu-west-1:123456789012:function:shared"
role = "arn:aws:iam::123456789012:role/runs/shared"
code = "export const handler = async () => 1;"
"#;

    fn provide(service: &Service, text: &str) -> Result<(), String> {
        let existing = Existing::parse(text, None).map_err(|error| error.to_string())?;
        service
            .provide(&existing)
            .map_err(|error| error.to_string())
    }

    fn function(service: &Service) -> Value {
        let scope = "AWS4-HMAC-SHA256 Credential=a/20261121/eu-west-1/lambda/aws4_request";
        let request = Request::get("/2015-03-31/functions/shared/configuration")
            .header("authorization", scope)
            .body(Bytes::new());
        serde_json::from_slice(service.call(request.unwrap()).body()).unwrap()
    }

    #[test]
    fn a_listed_function_is_there_with_its_role_and_its_code_once() {
        let service = Service::in_memory(Options::default());
        provide(&service, FILE).unwrap();
        let first = function(&service);
        assert_eq!(first["Role"], "arn:aws:iam::123456789012:role/runs/shared");
        assert_eq!(
            (&first["State"], &first["Handler"]),
            (&"Active".into(), &"index.handler".into())
        );
        let digest = first["CodeSha256"].as_str().unwrap();
        assert_eq!(
            service.beside().code(digest).unwrap(),
            &super::archive("export const handler = async () => 1;").unwrap()
        );
        provide(&service, FILE).unwrap();
        assert_eq!(function(&service), first);
    }

    #[test]
    fn what_can_not_be_listed_has_its_place() {
        let service = Service::in_memory(Options::default());
        let refused =
            |from: &str, to: &str| provide(&service, &FILE.replace(from, to)).unwrap_err();
        assert_eq!(
            refused(
                "arn:aws:iam::123456789012:role/runs/shared\"\npol",
                "arn:aws:iam::210987654321:role/a\"\npol"
            ),
            "2:1: `arn:aws:iam::210987654321:role/a` is in account 210987654321, and the local AWS is account 123456789012"
        );
        assert_eq!(
            refused("role/runs/shared\"\npol", "user/a\"\npol"),
            "2:1: `arn:aws:iam::123456789012:user/a` is not an ARN of the kind `arn:aws:iam::ACCOUNT:role/NAME`"
        );
        assert_eq!(
            refused("function:shared", "function:shared:1"),
            "6:1: `arn:aws:lambda:eu-west-1:123456789012:function:shared:1` is of a version or an alias"
        );
        assert_eq!(
            refused("runs/shared\"\ncode", "absent\"\ncode"),
            "6:1: The role defined for the function cannot be assumed by Lambda."
        );
    }
}
