//! Elastic Load Balancing.

use super::*;

const ELB: &str = "elasticloadbalancing";

/// Evidence: recorded, moto `test_register_targets` (aws_verified), of an application load balancer.
#[test]
fn a_terminated_instance_leaves_its_target_group() {
    let aws = Aws::new();
    let subnet = aws.formed("ec2", "Action=DescribeSubnets", "subnetId");
    let vpc = aws.formed("ec2", "Action=DescribeVpcs", "vpcId");
    let form = format!(
        "Action=CreateLoadBalancer&Name=inner&Type=network&Scheme=internal&Subnets.member.1={subnet}"
    );
    let balancer = aws.formed(ELB, &form, "LoadBalancerArn");
    let form = format!("Action=CreateTargetGroup&Name=t&Protocol=TCP&Port=80&VpcId={vpc}");
    let group = aws.formed(ELB, &form, "TargetGroupArn");
    let action = format!(
        "DefaultActions.member.1.Type=forward&DefaultActions.member.1.TargetGroupArn={group}"
    );
    let form =
        format!("Action=CreateListener&LoadBalancerArn={balancer}&Protocol=TCP&Port=80&{action}");
    aws.formed(ELB, &form, "ListenerArn");
    let image = aws.formed("ec2", "Action=DescribeImages&Owner.1=amazon", "imageId");
    let kind = match aws
        .form("ec2", "Action=DescribeImages&Owner.1=amazon")
        .1
        .split_once(&image)
    {
        Some((_, behind)) if within(behind, "architecture") == "arm64" => "t4g.micro",
        _ => "t3.micro",
    };
    let form = format!(
        "Action=RunInstances&ImageId={image}&InstanceType={kind}&MinCount=2&MaxCount=2&SubnetId={subnet}"
    );
    let (_, made) = aws.form("ec2", &form);
    let ids: Vec<&str> = made
        .split("<instanceId>")
        .skip(1)
        .map(|one| &one[..19])
        .collect();
    let [one, other] = ids[..] else {
        panic!("{made}")
    };
    aws.after(300);
    let targets = format!("Targets.member.1.Id={one}&Targets.member.2.Id={other}");
    let form = format!("Action=RegisterTargets&TargetGroupArn={group}&{targets}");
    assert_eq!(aws.form(ELB, &form).0, 200);
    aws.after(300);

    let health = |target: &str| {
        let (_, body) = aws.form(
            ELB,
            &format!("Action=DescribeTargetHealth&TargetGroupArn={group}{target}"),
        );
        let rows = body.split("<member>").skip(1).map(|row| {
            let reason = within(row, "Reason");
            (
                within(row, "Id").to_owned(),
                format!("{} {reason}", within(row, "State")),
            )
        });
        rows.collect::<Vec<_>>()
    };
    assert_eq!(health("").len(), 2);
    aws.formed(
        "ec2",
        &format!("Action=StopInstances&InstanceId.1={one}"),
        "instanceId",
    );
    aws.after(300);
    let stopped = (one.to_owned(), "unused Target.InvalidState".to_owned());
    assert!(health("").contains(&stopped), "{:?}", health(""));
    aws.formed(
        "ec2",
        &format!("Action=TerminateInstances&InstanceId.1={one}"),
        "instanceId",
    );
    aws.after(300);
    assert_eq!(health("").len(), 1);
    assert_eq!(health("")[0].0, other);
    let by_id = format!("&Targets.member.1.Id={one}&Targets.member.1.Port=80");
    let draining = (
        one.to_owned(),
        "draining Target.DeregistrationInProgress".to_owned(),
    );
    assert_eq!(health(&by_id), [draining]);
    // Evidence: inferred, from "unused" for what is not registered (moto `test_describe_unknown_targets`), once EC2 has forgotten it.
    aws.after(7_200);
    assert_eq!(
        health(&by_id),
        [(one.to_owned(), "unused Target.NotRegistered".to_owned())]
    );
}
