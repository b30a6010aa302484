//! What an account has before the first call beside AWS's default networks: certificates, hosted zones, networks, instances, load
//! balancers, parameters, secrets, roles and functions, as listed in a TOML file. They represent resources that were created by hand or with other tools.
//!
//! Missing resources are created when the file is read. Existing ones are not changed, but parameters and secrets get the values in
//! the file. A resource that is removed from the file stays until the state is deleted.

mod functions;
mod lists;

use std::collections::BTreeSet;
use std::ops::Range;

use aws_facts::arns::Arn;
use aws_facts::regions;
use jiff::Timestamp;
use serde_json::{Value, json};
use toml::Spanned;

use self::lists::{
    Certificate, HostedZone, Instance, Kept, Listener, Lists, LoadBalancer, Subnet, Targets, Vpc,
};
use super::acm::Certificate as Issued;
use super::beside::Beside;
use super::operation::{Answer, Call, Object, Pace, Refusal, Run, seconds};
use super::registry::SERVICES;
use super::service::{Service, broken};
use super::state::State;

/// The most resources that a file may list, with their names, listeners and targets. Each is created by a call, whose time may
/// grow with the state.
const MOST: usize = 2_000;

/// The age of a listed certificate, in seconds: more than ACM takes to issue one.
const ISSUED_BEFORE: f64 = 86_400.0;

/// The default instance type.
const INSTANCE_TYPE: &str = "t3.micro";

/// The parameter that names the instances' image.
const IMAGE: &str =
    "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";

/// A file that lists what an account has.
#[derive(Debug)]
pub struct Existing {
    text: String,
    /// The Region of what names none.
    region: Option<String>,
    lists: Lists,
}

/// Why a file can't be used, and where in it.
#[derive(Debug, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ExistingError {
    line: usize,
    column: usize,
    message: String,
}

impl Existing {
    /// Reads a file's text. This Region is the default, unless the file has its own.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(text: &str, region: Option<&str>) -> Result<Self, ExistingError> {
        let lists: Lists = toml::from_str(text)
            .map_err(|error| at(text, error.span().unwrap_or_default(), error.message()))?;
        let count = lists.size();
        if count > MOST {
            let message =
                format!("the file lists {count} things, and the local AWS takes at most {MOST}");
            return Err(at(text, 0..0, &message));
        }
        for (what, list) in [("parameter", &lists.parameters), ("secret", &lists.secrets)] {
            let mut seen = BTreeSet::new();
            for one in list {
                let kept = one.get_ref();
                let region = kept.region.as_ref().or(lists.region.as_ref());
                if !seen.insert((region, &kept.name)) {
                    let message = format!("the {what} `{}` is listed twice", kept.name);
                    return Err(at(text, one.span(), &message));
                }
            }
        }
        Ok(Self {
            text: text.to_owned(),
            region: lists.region.clone().or_else(|| region.map(str::to_owned)),
            lists,
        })
    }

    /// The number of resources by kind, in words.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let Lists {
            region: _,
            certificates,
            hosted_zones,
            vpcs,
            subnets,
            instances,
            load_balancers,
            parameters,
            secrets,
            roles,
            functions,
        } = &self.lists;
        let counts = [
            ("certificate", certificates.len()),
            ("hosted zone", hosted_zones.len()),
            ("VPC", vpcs.len()),
            ("subnet", subnets.len()),
            ("instance", instances.len()),
            ("load balancer", load_balancers.len()),
            ("parameter", parameters.len()),
            ("secret", secrets.len()),
            ("role", roles.len()),
            ("function", functions.len()),
        ];
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

impl Service {
    /// Creates the listed resources that the account lacks.
    ///
    /// # Errors
    /// The first thing that the account can't have, with its place in the file.
    pub fn provide(&self, existing: &Existing) -> Result<(), ExistingError> {
        let all = 0..existing.text.len();
        let fault =
            |error: &super::StoreError| at(&existing.text, all.clone(), &broken(error).message);
        let mut made = self.snapshot().map_err(|error| fault(&error))?;
        let provide = |state: &mut State| {
            let mut provider = Provider {
                existing,
                account: self.account(),
                now: self.now(),
                beside: self.beside(),
                state,
                changed: false,
            };
            provider.all()?;
            Ok::<_, ExistingError>(provider.changed)
        };
        // If nothing is missing, nothing is written.
        if !provide(&mut made)? {
            return Ok(());
        }
        let changed = self.change(|state| {
            provide(state).map_err(|error| Refusal::new(400, "Existing", error.message))?;
            Ok(())
        });
        changed.map_err(|refusal| at(&existing.text, 0..0, &refusal.message))
    }
}

/// Puts what a file lists into a state.
struct Provider<'a> {
    existing: &'a Existing,
    account: &'a str,
    now: Timestamp,
    beside: &'a Beside,
    state: &'a mut State,
    changed: bool,
}

impl Provider<'_> {
    fn all(&mut self) -> Result<(), ExistingError> {
        let lists = &self.existing.lists;
        self.each(&lists.certificates, Self::certificate)?;
        self.each(&lists.hosted_zones, Self::hosted_zone)?;
        self.each(&lists.vpcs, Self::vpc)?;
        self.each(&lists.subnets, Self::subnet)?;
        self.each(&lists.instances, Self::instance)?;
        self.each(&lists.load_balancers, Self::load_balancer)?;
        self.each(&lists.parameters, Self::parameter)?;
        self.each(&lists.secrets, Self::secret)?;
        self.each(&lists.roles, Self::role)?;
        self.each(&lists.functions, Self::function)
    }

    fn each<T>(
        &mut self,
        list: &[Spanned<T>],
        one: fn(&mut Self, &T) -> Result<bool, String>,
    ) -> Result<(), ExistingError> {
        for item in list {
            self.changed |= one(self, item.get_ref())
                .map_err(|message| at(&self.existing.text, item.span(), &message))?;
        }
        Ok(())
    }

    fn certificate(&mut self, wanted: &Certificate) -> Result<bool, String> {
        let (region, _) = self.of_arn(&wanted.arn, "acm", "certificate/")?;
        if wanted.names.is_empty() {
            return Err("`names` is empty: list the host names that the certificate is for".into());
        }
        let call = self.call("DescribeCertificate", &region, None, json!({}));
        let acm = &mut self.state.regions.entry(&region).acm;
        let there = acm.certificate(&wanted.arn);
        if there.is_some_and(|there| there.is_for(&wanted.names) && there.is_issued(&call)) {
            return Ok(false);
        }
        let created = seconds(self.now) - ISSUED_BEFORE;
        let certificate = Issued::requested(&wanted.arn, &wanted.names, created);
        let proofs = certificate.proofs(self.account);
        acm.put(certificate);
        let route53 = &mut self.state.regions.entry(regions::GLOBAL).route53;
        for (name, value) in proofs {
            route53.note(&name, &value, true, created);
        }
        Ok(true)
    }

    fn hosted_zone(&mut self, wanted: &HostedZone) -> Result<bool, String> {
        if wanted.name.len() > 254 || wanted.name.split('.').any(|label| label.len() > 63) {
            return Err(format!(
                "`{}` is not a domain name: it has at most 253 characters, and 63 between two dots",
                wanted.name
            ));
        }
        let zones = &self.state.regions.entry(regions::GLOBAL).route53;
        if zones.has_zone(wanted.id.as_deref(), &wanted.name) {
            return Ok(false);
        }
        let input = json!({
            "Name": wanted.name,
            "CallerReference": format!("existing {}", wanted.id.as_ref().unwrap_or(&wanted.name)),
        });
        self.run(
            "route53",
            "CreateHostedZone",
            regions::GLOBAL,
            wanted.id.clone(),
            input,
        )?;
        Ok(true)
    }

    fn vpc(&mut self, wanted: &Vpc) -> Result<bool, String> {
        let region = self.region(wanted.region.as_deref())?;
        let ec2 = &mut self.state.regions.entry(&region).ec2;
        ec2.lay_ground(self.account, &region);
        if ec2.vpc(&wanted.id).is_some() {
            return Ok(false);
        }
        match ec2.put_vpc(&wanted.id, &wanted.cidr) {
            true => Ok(true),
            false => Err(no_block(&wanted.cidr)),
        }
    }

    fn subnet(&mut self, wanted: &Subnet) -> Result<bool, String> {
        let region = self.region(wanted.region.as_deref())?;
        let ec2 = &mut self.state.regions.entry(&region).ec2;
        ec2.lay_ground(self.account, &region);
        if ec2.subnet(&wanted.id).is_some() {
            return Ok(false);
        }
        if ec2.vpc(&wanted.vpc).is_none() {
            return Err(format!(
                "there is no VPC {} in {region}: list it under `[[vpcs]]`",
                wanted.vpc
            ));
        }
        let Subnet {
            id,
            vpc,
            zone,
            cidr,
            tags,
            region: _,
        } = wanted;
        match ec2.put_subnet(id, vpc, zone, cidr, tags.clone()) {
            true => Ok(true),
            false => Err(no_block(cidr)),
        }
    }

    fn instance(&mut self, wanted: &Instance) -> Result<bool, String> {
        let region = self.region(wanted.region.as_deref())?;
        let ec2 = &mut self.state.regions.entry(&region).ec2;
        ec2.lay_ground(self.account, &region);
        if ec2.instance(&wanted.id, seconds(self.now)).is_some() {
            return Ok(false);
        }
        let private = ec2.private_subnets(self.account, &region);
        let subnet = wanted.subnet.as_ref().or(private.first());
        let tags: Vec<Value> = wanted
            .tags
            .iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect();
        let mut input = json!({
            "ImageId": IMAGE,
            "InstanceType": INSTANCE_TYPE,
            "MinCount": 1,
            "MaxCount": 1,
            "SubnetId": subnet,
        });
        if !tags.is_empty() {
            input["TagSpecifications"] = json!([{"ResourceType": "instance", "Tags": tags}]);
        }
        if let Some(ip) = &wanted.ip {
            input["PrivateIpAddress"] = json!(ip);
        }
        self.run(
            "ec2",
            "RunInstances",
            &region,
            Some(wanted.id.clone()),
            input,
        )?;
        Ok(true)
    }

    fn parameter(&mut self, wanted: &Kept) -> Result<bool, String> {
        let region = self.region(wanted.region.as_deref())?;
        let name = json!({"Name": wanted.name, "WithDecryption": true});
        let held = self.run("ssm", "GetParameter", &region, None, name);
        let held = held
            .ok()
            .map(|held| held["Parameter"]["Value"] == *wanted.value);
        if held == Some(true) {
            return Ok(false);
        }
        let input = json!({
            "Name": wanted.name,
            "Value": wanted.value,
            "Type": "SecureString",
            "Overwrite": held.is_some(),
        });
        self.run("ssm", "PutParameter", &region, None, input)?;
        Ok(true)
    }

    fn secret(&mut self, wanted: &Kept) -> Result<bool, String> {
        let (service, region) = ("secretsmanager", self.region(wanted.region.as_deref())?);
        let name = json!({"SecretId": wanted.name});
        let described = self.run(service, "DescribeSecret", &region, None, name.clone());
        let held = self.run(service, "GetSecretValue", &region, None, name);
        let token = super::identifiers::uuid();
        let (operation, by) = match (described, held) {
            (Err(_), _) => ("CreateSecret", "Name"),
            (Ok(_), Ok(held)) if held.get("SecretString") != Some(&json!(wanted.value)) => {
                ("PutSecretValue", "SecretId")
            }
            // It is the same, or the secret is to be deleted and has none.
            (Ok(_), _) => return Ok(false),
        };
        let input = json!({
            by: wanted.name,
            "SecretString": wanted.value,
            "ClientRequestToken": token,
        });
        self.run(service, operation, &region, None, input)?;
        Ok(true)
    }

    fn load_balancer(&mut self, wanted: &LoadBalancer) -> Result<bool, String> {
        let (region, name, id) = match (&wanted.arn, &wanted.name) {
            (Some(arn), None) => {
                let (region, rest) =
                    self.of_arn(arn, "elasticloadbalancing", "loadbalancer/net/")?;
                let (name, id) = rest
                    .split_once('/')
                    .ok_or("the ARN ends in `loadbalancer/net/NAME/ID`")?;
                (region, name.to_owned(), Some(id.to_owned()))
            }
            (None, Some(name)) => (self.region(wanted.region.as_deref())?, name.clone(), None),
            _ => return Err("a load balancer has either an `arn` or a `name`".into()),
        };
        let found = self.run(
            "elasticloadbalancing",
            "DescribeLoadBalancers",
            &region,
            None,
            json!({"Names": [name]}),
        );
        if found.is_ok() {
            return Ok(false);
        }
        let ec2 = &self.state.regions.entry(&region).ec2;
        let subnets = match wanted.subnets.is_empty() {
            true => ec2.private_subnets(self.account, &region),
            false => wanted.subnets.clone(),
        };
        let vpc = subnets.first().and_then(|subnet| ec2.subnet(subnet));
        let vpc = vpc.map(|subnet| subnet.vpc_id.clone());
        let made = self.run(
            "elasticloadbalancing",
            "CreateLoadBalancer",
            &region,
            id,
            json!({"Name": name, "Type": "network", "Scheme": "internal", "Subnets": subnets}),
        )?;
        let arn = first(&made, "LoadBalancers", "LoadBalancerArn");
        for (port, listener) in &wanted.listeners {
            let port: u16 = port
                .parse()
                .map_err(|_| format!("`{port}` is not a port, as listeners are named by"))?;
            self.listener(
                &region,
                &name,
                &arn,
                vpc.as_deref(),
                port,
                listener,
                &wanted.targets,
            )?;
        }
        Ok(true)
    }

    #[allow(clippy::too_many_arguments, reason = "each is a fact of its own")]
    fn listener(
        &mut self,
        region: &str,
        name: &str,
        load_balancer: &str,
        vpc: Option<&str>,
        port: u16,
        listener: &Listener,
        targets: &Targets,
    ) -> Result<(), String> {
        let service = "elasticloadbalancing";
        let (kind, ids) = match targets.instance_ids.is_empty() {
            true => ("ip", &targets.ips),
            false if targets.ips.is_empty() => ("instance", &targets.instance_ids),
            false => return Err("`targets` has either `ips` or `instance_ids`".into()),
        };
        let longest = name.len().min(26);
        let group = json!({
            "Name": format!("{}-{port}", name[..longest].trim_end_matches('-')),
            "Protocol": "TCP",
            "Port": listener.to,
            "VpcId": vpc,
            "TargetType": kind,
        });
        let made = self.run(service, "CreateTargetGroup", region, None, group)?;
        let group = first(&made, "TargetGroups", "TargetGroupArn");
        if !ids.is_empty() {
            let targets: Vec<Value> = ids.iter().map(|id| json!({"Id": id})).collect();
            let input = json!({"TargetGroupArn": group, "Targets": targets});
            self.run(service, "RegisterTargets", region, None, input)?;
        }
        let mut input = json!({
            "LoadBalancerArn": load_balancer,
            "Port": port,
            "Protocol": "TCP",
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": group}],
        });
        if let Some(certificate) = &listener.certificate {
            input["Protocol"] = json!("TLS");
            input["Certificates"] = json!([{"CertificateArn": certificate}]);
        }
        self.run(service, "CreateListener", region, None, input)?;
        Ok(())
    }

    /// The Region of a resource without an ARN.
    fn region(&self, own: Option<&str>) -> Result<String, String> {
        let region = own.or(self.existing.region.as_deref());
        let region = region.map(str::to_owned);
        region.ok_or_else(|| {
            "it has no Region: add `region = \"…\"` here, or once at the top of the file".into()
        })
    }

    /// The Region in an ARN of this account, and what follows the kind.
    fn of_arn(&self, arn: &str, service: &str, kind: &str) -> Result<(String, String), String> {
        let Some(parts) = Arn::parse(arn) else {
            return Err(format!("`{arn}` is not an ARN"));
        };
        let (region, account) = (parts.region, parts.account);
        let rest = parts.resource.strip_prefix(kind);
        let rest = rest.filter(|_| parts.service == service);
        let Some(rest) = rest else {
            return Err(format!(
                "`{arn}` is not an ARN of the kind `arn:aws:{service}:REGION:ACCOUNT:{kind}…`"
            ));
        };
        if account != self.account {
            return Err(format!(
                "`{arn}` is in account {account}, and the local AWS is account {}",
                self.account
            ));
        }
        Ok((region.to_owned(), rest.to_owned()))
    }

    fn call(
        &self,
        operation: &'static str,
        region: &str,
        id: Option<String>,
        input: Value,
    ) -> Call {
        Call {
            operation,
            input: match input {
                Value::Object(mut input) => {
                    input.retain(|_, value| !value.is_null());
                    input
                }
                _ => Object::new(),
            },
            now: self.now,
            account: self.account.to_owned(),
            session: None,
            region: region.to_owned(),
            request_id: super::identifiers::uuid(),
            pace: Pace::Immediate,
            id,
            everywhere: self.state.clone(),
            beside: self.beside.clone(),
        }
    }

    /// Does what a client's call would do.
    fn run(
        &mut self,
        service: &str,
        name: &'static str,
        region: &str,
        id: Option<String>,
        input: Value,
    ) -> Result<Object, String> {
        let call = self.call(name, region, id, input);
        let service = SERVICES.iter().find(|one| one.name == service);
        let operation = service.and_then(|service| service.implemented(name));
        let region = self.state.regions.entry(region);
        if service.is_some_and(|service| service.sees_networks) {
            region.ec2.lay_ground(&call.account, &call.region);
        }
        let answer: Answer = match operation.map(|operation| operation.run) {
            Some(Run::Change(run)) => run(region, &call),
            Some(Run::Read(run)) => run(region, &call),
            Some(Run::Outside(_)) | None => Err(Refusal::not_implemented(name)),
        };
        answer.map_err(|refusal| refusal.message)
    }
}

fn no_block(cidr: &str) -> String {
    format!("`{cidr}` is not a block of addresses such as 10.0.0.0/16")
}

/// A member of the first item in a response's list.
fn first(answer: &Object, list: &str, member: &str) -> String {
    let found = answer.get(list).and_then(|list| list[0][member].as_str());
    found.unwrap_or_default().to_owned()
}

/// A fault at a place in the text; lines and characters count from 1.
fn at(text: &str, span: Range<usize>, message: &str) -> ExistingError {
    let before = text.get(..span.start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    ExistingError {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_listed_once_in_a_region() {
        let parse = |second: &str| {
            let text = format!(
                "[[parameters]]\nname = \"/a\"\nvalue = \"1\"\n[[parameters]]\n{second}\nvalue = \"2\"\n"
            );
            Existing::parse(&text, Some("eu-west-1")).map_err(|error| error.to_string())
        };
        assert_eq!(
            parse("name = \"/a\"").unwrap_err(),
            "4:1: the parameter `/a` is listed twice"
        );
        assert!(parse("name = \"/b\"").is_ok());
        assert!(parse("name = \"/a\"\nregion = \"eu-north-1\"").is_ok());
    }
}
