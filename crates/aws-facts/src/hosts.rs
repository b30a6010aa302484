//! AWS's host names in commercial Regions.

/// Domains that only AWS assigns names in.
///
/// Source: <https://docs.aws.amazon.com/general/latest/gr/rande.html>
pub const OF_AWS: [&str; 4] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazoncognito.com",
    ".api.aws",
];

/// A parsed AWS host name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Host<'h> {
    /// An API's default endpoint.
    Api {
        /// The API's id.
        id: &'h str,
        /// Its Region.
        region: &'h str,
    },
    /// A user pool's domain below Cognito's.
    PoolDomain {
        /// The domain's prefix.
        prefix: &'h str,
        /// The pool's Region.
        region: &'h str,
    },
    /// Cognito's endpoint or issuers in a Region, where user pools' keys are.
    Cognito {
        /// The Region.
        region: &'h str,
    },
}

impl<'h> Host<'h> {
    /// Parses a host name in lower case.
    pub fn parse(host: &'h str) -> Option<Self> {
        match host.split('.').collect::<Vec<_>>()[..] {
            [id, "execute-api", region, "amazonaws", "com"] => Some(Self::Api { id, region }),
            [prefix, "auth", region, "amazoncognito", "com"] => {
                Some(Self::PoolDomain { prefix, region })
            }
            [
                "cognito-idp" | "issuer-cognito-idp",
                region,
                "amazonaws",
                "com",
            ] => Some(Self::Cognito { region }),
            _ => None,
        }
    }
}

/// An API's default endpoint, and the target of a Regional domain name: `{id}.execute-api.{region}.amazonaws.com`.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html>
pub fn execute_api(id: &str, region: &str) -> String {
    format!("{id}{}", below_execute_api(region))
}

/// What follows the id in [`execute_api`].
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html>
pub fn below_execute_api(region: &str) -> String {
    format!(".execute-api.{region}.amazonaws.com")
}

/// The host name of a user pool's domain below Cognito's.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html>
pub fn pool_domain(prefix: &str, region: &str) -> String {
    format!("{prefix}.auth.{region}.amazoncognito.com")
}

/// Cognito's endpoint in a Region, which issues its user pools' tokens unless they have an updated issuer.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html>
pub fn cognito(region: &str) -> String {
    format!("cognito-idp.{region}.amazonaws.com")
}

/// The host name of a pool's issuer whose `IssuerConfiguration` is `UPDATED`.
///
/// Source: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html>
pub fn updated_issuer(region: &str) -> String {
    format!("issuer-cognito-idp.{region}.amazonaws.com")
}

/// The token endpoint of a user pool's domain.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html>
pub const TOKEN_PATH: &str = "/oauth2/token";

/// A load balancer's DNS name; `name` is the name with the id behind it.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html>
pub fn load_balancer(name: &str, region: &str) -> String {
    format!("{name}.elb.{region}.amazonaws.com")
}

/// A CloudFront distribution's host name.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-overview.html>
pub fn cloudfront(distribution: &str) -> String {
    format!("{distribution}{BELOW_CLOUDFRONT}")
}

/// The domain of all CloudFront distributions.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-overview.html>
pub const BELOW_CLOUDFRONT: &str = ".cloudfront.net";

/// The hosted zone of all CloudFront distributions, which aliases name.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html>
pub const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";

/// The end of the names that ACM has its validation records point to.
///
/// Source: <https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html>
pub const ACM_VALIDATIONS: &str = ".acm-validations.aws";

/// The hosted zones of API Gateway's Regional names, by Region.
///
/// Source: <https://docs.aws.amazon.com/general/latest/gr/apigateway.html>
pub const EXECUTE_API_ZONES: &[(&str, &str)] = &[
    ("us-east-1", "Z1UJRXOUMOOFQ8"),
    ("us-east-2", "ZOJJZC49E0EPZ"),
    ("us-west-1", "Z2MUQ32089INYE"),
    ("us-west-2", "Z2OJLYMUO9EFXC"),
    ("ca-central-1", "Z19DQILCV0OWEC"),
    ("eu-central-1", "Z1U9ULNL0V5AJ3"),
    ("eu-north-1", "Z3UWIKFBOOGXPP"),
    ("eu-west-1", "ZLY8HYME6SFDD"),
    ("eu-west-2", "ZJ5UAJN8Y3Z2Q"),
    ("eu-west-3", "Z3KY65QIEKYHQQ"),
    ("ap-northeast-1", "Z1YSHQZHG15GKL"),
    ("ap-northeast-2", "Z20JF4UZKIW1U8"),
    ("ap-south-1", "Z3VO1THU9YC4UR"),
    ("ap-southeast-1", "ZL327KTPIQFUL"),
    ("ap-southeast-2", "Z2RPCDW04V8134"),
    ("sa-east-1", "ZCMLWB8V5SYIT"),
];

/// The hosted zones of network load balancers' names, by Region.
///
/// Source: <https://docs.aws.amazon.com/general/latest/gr/elb.html>
pub const LOAD_BALANCER_ZONES: &[(&str, &str)] = &[
    ("us-east-1", "Z26RNL4JYFTOTI"),
    ("us-east-2", "ZLMOA37VPKANP"),
    ("us-west-1", "Z24FKFUX50B4VW"),
    ("us-west-2", "Z18D5FSROUN65G"),
    ("ca-central-1", "Z2EPGBW3API2WT"),
    ("eu-central-1", "Z3F0SRJ5LGBH90"),
    ("eu-north-1", "Z1UDT6IFJ4EJM"),
    ("eu-west-1", "Z2IFOLAFXWLO4F"),
    ("eu-west-2", "ZD4D7Y8KGAS4G"),
    ("eu-west-3", "Z1CMS0P5QUZ6D5"),
    ("ap-northeast-1", "Z31USIVHYNEOWT"),
    ("ap-northeast-2", "ZIBE1TIR4HY56"),
    ("ap-south-1", "ZVDDRBQ08TROA"),
    ("ap-southeast-1", "ZKVM4W9LS7TM"),
    ("ap-southeast-2", "ZCT6FZBF4DROD"),
    ("sa-east-1", "ZTK26PT1VY4CU"),
];

/// EC2's endpoint in a Region.
///
/// Source: <https://docs.aws.amazon.com/general/latest/gr/ec2-service.html>
pub fn ec2(region: &str) -> String {
    format!("ec2.{region}.amazonaws.com")
}

/// The public name of an address in EC2.
///
/// Source: <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html>
pub fn ec2_public(region: &str, address: &str) -> String {
    let dashed = address.replace('.', "-");
    match region {
        "us-east-1" => format!("ec2-{dashed}.compute-1.amazonaws.com"),
        _ => format!("ec2-{dashed}.{region}.compute.amazonaws.com"),
    }
}

/// The private name of an address in EC2: `ip-10-0-0-4.eu-west-1.compute.internal`.
///
/// Source: <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html>
pub fn ec2_private(region: &str, address: &str) -> String {
    let dashed = address.replace('.', "-");
    match region {
        "us-east-1" => format!("ip-{dashed}.ec2.internal"),
        _ => format!("ip-{dashed}.{region}.compute.internal"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_parsed() {
        let (id, region) = ("a1b2", "eu-west-1");
        let api = execute_api(id, region);
        assert_eq!(Host::parse(&api), Some(Host::Api { id, region }));
        let domain = pool_domain("front", region);
        let prefix = "front";
        assert_eq!(
            Host::parse(&domain),
            Some(Host::PoolDomain { prefix, region })
        );
        assert_eq!(
            Host::parse(&cognito(region)),
            Some(Host::Cognito { region })
        );
        assert_eq!(
            Host::parse(&updated_issuer(region)),
            Some(Host::Cognito { region })
        );
        assert_eq!(Host::parse("api.example.com"), None);
    }
}
