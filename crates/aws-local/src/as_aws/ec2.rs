//! EC2.

use super::*;

/// A group of the default network, and its one rule that lets something in.
fn group(aws: &Aws) -> (String, String) {
    let vpc = aws.formed("ec2", "Action=DescribeVpcs", "vpcId");
    let form = format!("Action=CreateSecurityGroup&GroupName=g&GroupDescription=d&VpcId={vpc}");
    let group = aws.formed("ec2", &form, "groupId");
    let permission = "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=30900&IpPermissions.1.ToPort=31000\
                      &IpPermissions.1.IpRanges.1.CidrIp=1.2.3.4/32";
    let form = format!("Action=AuthorizeSecurityGroupIngress&GroupId={group}&{permission}");
    let rule = aws.formed("ec2", &form, "securityGroupRuleId");
    (group, rule)
}

/// Evidence: recorded, moto `test_modify_security_group_rules` (aws_verified).
#[test]
fn a_rule_is_changed_as_a_whole() {
    let aws = Aws::new();
    let (group, rule) = group(&aws);
    let whole = "IpProtocol=udp FromPort=27010 ToPort=27011 CidrIpv4=2.3.4.5/32";
    let change = |group: &str, rule: &str, members: &str| {
        let members: String = members
            .split(' ')
            .map(|member| format!("&SecurityGroupRule.1.SecurityGroupRule.{member}"))
            .collect();
        format!(
            "Action=ModifySecurityGroupRules&GroupId={group}&SecurityGroupRule.1.SecurityGroupRuleId={rule}{members}"
        )
    };
    for (group, rule, members, code, message) in [
        (
            "sg-00000000",
            rule.as_str(),
            whole,
            "InvalidGroup.NotFound",
            "The security group 'sg-00000000' does not exist",
        ),
        (
            group.as_str(),
            "sgr-00000000",
            whole,
            "InvalidSecurityGroupRuleId.NotFound",
            "The security group rule ID 'sgr-00000000' does not exist",
        ),
        (
            group.as_str(),
            rule.as_str(),
            "FromPort=27010 ToPort=27011 CidrIpv4=2.3.4.5/32",
            "InvalidParameterValue",
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
        ),
        (
            group.as_str(),
            rule.as_str(),
            "IpProtocol=udp ToPort=27011 CidrIpv4=2.3.4.5/32",
            "InvalidParameterValue",
            "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
        ),
        (
            group.as_str(),
            rule.as_str(),
            "IpProtocol=udp FromPort=27010 ToPort=27011",
            "MissingParameter",
            "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId",
        ),
        (
            group.as_str(),
            rule.as_str(),
            "IpProtocol=udp FromPort=27010 ToPort=27011 CidrIpv4=2.3.4.5/32 CidrIpv6=2001:db8::/32",
            "InvalidParameterCombination",
            "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified",
        ),
    ] {
        let refused = aws.refused("ec2", &change(group, rule, members));
        assert_eq!(refused, (code.to_owned(), message.to_owned()));
    }
    let changed = aws.formed("ec2", &change(&group, &rule, whole), "return");
    assert_eq!(changed, "true");
}

/// Evidence: recorded, moto `test_invalid_security_group_id_in_rules_search` (aws_verified).
#[test]
fn rules_are_not_looked_for_by_what_is_no_groups_id() {
    let aws = Aws::new();
    let (group, _) = group(&aws);
    let by = |id: &str| {
        format!("Action=DescribeSecurityGroupRules&Filter.1.Name=group-id&Filter.1.Value.1={id}")
    };
    let (code, message) = aws.refused("ec2", &by("foobar"));
    assert_eq!(code, "InvalidGroupId.Malformed");
    assert_eq!(message, "The security group ID 'foobar' is malformed");
    let (status, none) = aws.form("ec2", &by("sg-005216b55886f0fdc"));
    assert!(status == 200 && !none.contains("<item>"), "{none}");
    assert!(aws.form("ec2", &by(&group)).1.contains("<item>"));
    let absent = "Action=DescribeSecurityGroupRules&SecurityGroupRuleId.1=sgr-0f80c7e764c18b3c0";
    let (code, message) = aws.refused("ec2", absent);
    assert_eq!(code, "InvalidSecurityGroupRuleId.NotFound");
    assert_eq!(
        message,
        "The security group rule ID 'sgr-0f80c7e764c18b3c0' does not exist"
    );
}

/// Evidence: recorded, moto `test_ami_describe_non_existent` (aws_verified).
#[test]
fn all_absent_images_are_told() {
    let aws = Aws::new();
    for (ids, code, message) in [
        (
            &["ami-abcd1234"][..],
            "NotFound",
            "The image id '[ami-abcd1234]' does not exist",
        ),
        (
            &["ami-abcd1234", "ami-1234abcd"],
            "NotFound",
            "The image ids '[ami-abcd1234, ami-1234abcd]' do not exist",
        ),
        (
            &["not_an_ami_id"],
            "Malformed",
            "Invalid id: \"not_an_ami_id\" (expecting \"ami-...\")",
        ),
        (
            &["not_an_ami_id", "another_bad_ami_id"],
            "Malformed",
            "Invalid id: \"not_an_ami_id\" (expecting \"ami-...\")",
        ),
    ] {
        let ids = ids.iter().enumerate();
        let ids: String = ids
            .map(|(at, id)| format!("&ImageId.{}={id}", at + 1))
            .collect();
        let refused = aws.refused("ec2", &format!("Action=DescribeImages{ids}"));
        assert_eq!(
            refused,
            (format!("InvalidAMIID.{code}"), message.to_owned())
        );
    }
}

/// Evidence: reported, moto `test_terminate_empty_instances`.
#[test]
fn no_instance_at_all_can_not_be_terminated() {
    let refused = Aws::new().refused("ec2", "Action=TerminateInstances");
    let wanted = ("InvalidParameterCombination", "No instances specified");
    assert_eq!((refused.0.as_str(), refused.1.as_str()), wanted);
}

/// Evidence: model, `DescribeSecurityGroupsRequest`: what its documentation of filters lists is there on AWS.
#[test]
fn a_filter_that_aws_has_is_told_by_name() {
    let aws = Aws::new();
    let by = |filter: &str| {
        format!("Action=DescribeSecurityGroups&Filter.1.Name={filter}&Filter.1.Value.1=x")
    };
    let (status, body) = aws.form("ec2", &by("egress.ip-permission.prefix-list-id"));
    assert_eq!(status, 501, "{body}");
    assert!(
        body.contains(
            "the filter egress.ip-permission.prefix-list-id of ec2:DescribeSecurityGroups"
        ),
        "{body}"
    );
    // Evidence: reported, hashicorp/terraform#20824, of images; of security groups it is inferred from that.
    let (code, message) = aws.refused("ec2", &by("nonsense"));
    assert_eq!(code, "InvalidParameterValue");
    assert_eq!(message, "The filter 'nonsense' is invalid");
}

/// Evidence: documented, <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html> for the ids. The
/// letters are moto's: "AZ IDs" beside that page says that in the older Regions, among them N. Virginia, Ireland and Tokyo, each account may
/// have others.
#[test]
fn a_region_has_its_own_zones() {
    for (region, wanted) in [
        ("eu-west-1", "a=euw1-az1 b=euw1-az2 c=euw1-az3"),
        (
            "us-east-1",
            "a=use1-az1 b=use1-az2 c=use1-az3 d=use1-az4 e=use1-az5 f=use1-az6",
        ),
        ("ap-northeast-1", "a=apne1-az4 c=apne1-az1 d=apne1-az2"),
        ("us-gov-west-1", "a=usgw1-az1 b=usgw1-az2 c=usgw1-az3"),
    ] {
        let (_, body) = Aws::of(region).form("ec2", "Action=DescribeAvailabilityZones");
        let zones = body.split("<item>").skip(1).map(|zone| {
            let letter = within(zone, "zoneName").trim_start_matches(region);
            format!("{letter}={}", within(zone, "zoneId"))
        });
        assert_eq!(zones.collect::<Vec<_>>().join(" "), wanted);
    }
}

/// Evidence: documented, "Identify AWS resources with Amazon Resource Names (ARNs)"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>); the European Sovereign Cloud's is in the SDKs' `partitions.json`.
#[test]
fn an_arn_begins_with_the_partition_of_its_region() {
    for (region, wanted) in [
        ("us-gov-west-1", "arn:aws-us-gov:ec2:us-gov-west-1:"),
        ("cn-north-1", "arn:aws-cn:ec2:cn-north-1:"),
        ("eusc-de-east-1", "arn:aws-eusc:ec2:eusc-de-east-1:"),
        ("eu-central-1", "arn:aws:ec2:eu-central-1:"),
    ] {
        let arn = Aws::of(region).formed("ec2", "Action=DescribeSubnets", "subnetArn");
        assert!(arn.starts_with(wanted), "{arn}");
    }
}
