//! ARNs of certificates: of ACM, and in the Region where the certificate is used.

use std::sync::LazyLock;

use aws_facts::regions;
use regex::Regex;

use super::Judge;
use crate::stack::diagnostic::Code;
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

/// The user of a certificate.
pub(super) enum Taker {
    /// Cognito's custom domains use CloudFront, which reads certificates in us-east-1 whatever the pool's Region.
    Cognito,
    /// A user of certificates in the stack's Region: its name in a sentence.
    Regional(&'static str),
}

impl Judge<'_> {
    /// Refuses what is not an ARN of a certificate, and one in a Region where it can't be used.
    pub(super) fn certificate(&mut self, path: &KeyPath, arn: &Template, taker: &Taker) {
        static CERTIFICATE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"^arn:aws[a-z-]*:acm:([a-z0-9-]+):[0-9]{12}:certificate/\S+$")
                .expect("the pattern is constant")
        });
        let (needed, is_known) = match taker {
            Taker::Cognito => (regions::GLOBAL, true),
            Taker::Regional(_) => (self.region(), self.usable(["stack", "region"])),
        };
        let arn = self.sample(arn);
        let Some(found) = CERTIFICATE.captures(&arn) else {
            let message = format!("`{arn}` is not the ARN of an ACM certificate");
            let help = format!("it looks like `arn:aws:acm:{needed}:123456789012:certificate/…`");
            self.error(Code::BadArn, path, message, help);
            return;
        };
        let region = &found[1];
        if region == needed || !is_known {
            return;
        }
        let message = match taker {
            Taker::Cognito => format!(
                "the certificate is in {region}, and Cognito takes certificates only from {needed}"
            ),
            Taker::Regional(who) => {
                format!("the certificate is in {region}, and {who} takes it only from {needed}")
            }
        };
        let help = format!("request one for the same name in {needed} from ACM");
        self.error(Code::BadArn, path, message, help);
    }
}
