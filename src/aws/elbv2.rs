//! Reads of Elastic Load Balancing.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_facts::limits::elbv2::{MOST_RESOURCES_PER_TAG_CALL, ROWS_PER_PAGE};
use aws_sdk_elasticloadbalancingv2::types::{
    Listener, LoadBalancer, LoadBalancerTypeEnum, TagDescription, TargetGroup,
    TargetHealthDescription,
};
use futures_util::future::try_join_all;

use super::connection::Reader;
use super::error::AwsError;
use super::memo::Memo;
use super::pace::Operation;

/// The most items on one page.
const PAGE: i32 = ROWS_PER_PAGE as i32;
type Tags = BTreeMap<String, String>;

/// Cached responses.
#[derive(Debug, Default)]
pub(super) struct Elbv2Answers {
    load_balancers: Memo<(), Arc<Vec<(LoadBalancer, Tags)>>>,
    load_balancer_attributes: Memo<String, Arc<BTreeMap<String, String>>>,
    listeners: Memo<String, Arc<Vec<(Listener, Tags)>>>,
    target_groups: Memo<(), Arc<Vec<TargetGroup>>>,
    target_group_attributes: Memo<String, Arc<BTreeMap<String, String>>>,
    target_health: Memo<String, Arc<Vec<TargetHealthDescription>>>,
    tags: Memo<String, Tags>,
    /// The calls that returned them, by their ARNs.
    tag_calls: Memo<Vec<String>, ()>,
}

/// Reads all pages of one member of the response.
macro_rules! every_page {
    ($reader:expr, $operation:literal, $member:ident, $request:expr) => {{
        let mut items = Vec::new();
        let mut marker = None;
        loop {
            let request = $request.page_size(PAGE).set_marker(marker);
            let page = $reader
                .call(Operation::elbv2($operation), request.send())
                .await?;
            items.extend(page.$member.unwrap_or_default());
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                break items;
            }
        }
    }};
}

/// Attributes as a map.
macro_rules! attributes {
    ($answer:expr) => {
        $answer
            .attributes
            .unwrap_or_default()
            .into_iter()
            .filter_map(|attribute| Some((attribute.key?, attribute.value?)))
            .collect()
    };
}

impl Reader {
    /// Every network load balancer of the Region, with its tags.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn load_balancers(&self) -> Result<Arc<Vec<(LoadBalancer, Tags)>>, AwsError> {
        let ask = || async {
            let mut all = every_page!(
                self,
                "DescribeLoadBalancers",
                load_balancers,
                self.elbv2_client().describe_load_balancers()
            );
            all.retain(|balancer| balancer.r#type == Some(LoadBalancerTypeEnum::Network));
            let tagged = self
                .with_tags(all, |balancer| balancer.load_balancer_arn.as_deref())
                .await?;
            Ok(Arc::new(tagged))
        };
        self.elbv2_answers.load_balancers.get((), ask).await
    }

    /// The attributes of a load balancer.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn load_balancer_attributes(
        &self,
        arn: &str,
    ) -> Result<Arc<BTreeMap<String, String>>, AwsError> {
        let ask = || async {
            let request = self
                .elbv2_client()
                .describe_load_balancer_attributes()
                .load_balancer_arn(arn);
            let answer = self
                .call(
                    Operation::elbv2("DescribeLoadBalancerAttributes"),
                    request.send(),
                )
                .await?;
            Ok(Arc::new(attributes!(answer)))
        };
        self.elbv2_answers
            .load_balancer_attributes
            .get(arn.to_owned(), ask)
            .await
    }

    /// Every listener of a load balancer, with its tags. The call for them also returns the tags of its target groups, which
    /// [`Self::with_tags`] has from then on.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn listeners(
        &self,
        load_balancer: &str,
    ) -> Result<Arc<Vec<(Listener, Tags)>>, AwsError> {
        let ask = || async {
            let all = every_page!(
                self,
                "DescribeListeners",
                listeners,
                self.elbv2_client()
                    .describe_listeners()
                    .load_balancer_arn(load_balancer)
            );
            let groups = self.target_groups().await?;
            let behind = groups.iter().filter(|group| {
                let fronts = group.load_balancer_arns();
                fronts.iter().any(|front| front == load_balancer)
            });
            let behind = behind.filter_map(|group| group.target_group_arn.clone());
            let listeners = all.iter().filter_map(|one| one.listener_arn.clone());
            self.learn_tags(listeners.chain(behind).collect()).await?;
            let tagged = self
                .with_tags(all, |listener| listener.listener_arn.as_deref())
                .await?;
            Ok(Arc::new(tagged))
        };
        self.elbv2_answers
            .listeners
            .get(load_balancer.to_owned(), ask)
            .await
    }

    /// Every target group of the Region, without its tags: an account may have thousands.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn target_groups(&self) -> Result<Arc<Vec<TargetGroup>>, AwsError> {
        let ask = || async {
            Ok(Arc::new(every_page!(
                self,
                "DescribeTargetGroups",
                target_groups,
                self.elbv2_client().describe_target_groups()
            )))
        };
        self.elbv2_answers.target_groups.get((), ask).await
    }

    /// The attributes of a target group.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn target_group_attributes(
        &self,
        arn: &str,
    ) -> Result<Arc<BTreeMap<String, String>>, AwsError> {
        let ask = || async {
            let request = self
                .elbv2_client()
                .describe_target_group_attributes()
                .target_group_arn(arn);
            let answer = self
                .call(
                    Operation::elbv2("DescribeTargetGroupAttributes"),
                    request.send(),
                )
                .await?;
            Ok(Arc::new(attributes!(answer)))
        };
        self.elbv2_answers
            .target_group_attributes
            .get(arn.to_owned(), ask)
            .await
    }

    /// The registered targets of a target group and their health, draining ones included. AWS returns all at once.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn target_health(
        &self,
        group: &str,
    ) -> Result<Arc<Vec<TargetHealthDescription>>, AwsError> {
        let ask = || async {
            let request = self
                .elbv2_client()
                .describe_target_health()
                .target_group_arn(group);
            let answer = self
                .call(Operation::elbv2("DescribeTargetHealth"), request.send())
                .await?;
            Ok(Arc::new(
                answer.target_health_descriptions.unwrap_or_default(),
            ))
        };
        self.elbv2_answers
            .target_health
            .get(group.to_owned(), ask)
            .await
    }

    async fn describe_tags(&self, arns: &[String]) -> Result<Vec<TagDescription>, AwsError> {
        let request = self
            .elbv2_client()
            .describe_tags()
            .set_resource_arns(Some(arns.to_vec()));
        let answer = self
            .call(Operation::elbv2("DescribeTags"), request.send())
            .await?;
        Ok(answer.tag_descriptions.unwrap_or_default())
    }

    /// Resources of Elastic Load Balancing, each with its tags; those deleted meanwhile are left out.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn with_tags<T>(
        &self,
        things: Vec<T>,
        arn: impl Fn(&T) -> Option<&str>,
    ) -> Result<Vec<(T, Tags)>, AwsError> {
        let known = &self.elbv2_answers.tags;
        let arns = things.iter().filter_map(&arn).map(str::to_owned);
        let unknown = arns.filter(|arn| known.known(arn).is_none()).collect();
        self.learn_tags(unknown).await?;
        let tagged = things.into_iter().filter_map(|thing| {
            let tags = known.known(&arn(&thing)?.to_owned())?;
            Some((thing, tags))
        });
        Ok(tagged.collect())
    }

    async fn learn_tags(&self, arns: Vec<String>) -> Result<(), AwsError> {
        let calls = arns.chunks(MOST_RESOURCES_PER_TAG_CALL).map(|arns| {
            let told = &self.elbv2_answers.tag_calls;
            told.get(arns.to_vec(), || self.ask_for_tags(arns))
        });
        try_join_all(calls).await?;
        Ok(())
    }

    async fn ask_for_tags(&self, arns: &[String]) -> Result<(), AwsError> {
        let descriptions = match self.describe_tags(arns).await {
            // One of them may have just been deleted, and AWS then refuses the whole call.
            Err(error) if error.is_not_found() => {
                let mut left = Vec::new();
                for arn in arns {
                    match self.describe_tags(std::slice::from_ref(arn)).await {
                        Err(error) if error.is_not_found() => {}
                        answer => left.extend(answer?),
                    }
                }
                left
            }
            answer => answer?,
        };
        for description in descriptions {
            let of_one = description.tags.unwrap_or_default().into_iter();
            let of_one = of_one.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())));
            self.elbv2_answers.tags.learn(
                description.resource_arn.unwrap_or_default(),
                of_one.collect(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::connection::{Connection, Endpoint};
    use crate::clock::Clock;
    use aws_local::{Options, Service, connector};

    #[tokio::test(start_paused = true)]
    async fn a_thing_that_went_meanwhile_is_left_out() {
        let clock = Clock::simulated("2026-11-21T09:00:00Z".parse().unwrap());
        let service = Service::in_memory(Options {
            clock: clock.clone(),
            ..Options::default()
        });
        let endpoint = Endpoint::InProcess(connector(service));
        let reader = Connection::open(endpoint, "eu-west-1", &clock)
            .await
            .reader();
        let group = |name: &str| {
            let client = reader.elbv2_client();
            let group = client.create_target_group().name(name).port(80);
            group
                .target_type("ip".into())
                .protocol("TCP".into())
                .vpc_id("")
        };
        let vpcs = reader.vpcs(&[]).await.unwrap();
        let made = group("one").set_vpc_id(vpcs[0].vpc_id.clone()).send().await;
        let stays = made.unwrap().target_groups.unwrap();
        let stays = stays[0].target_group_arn.clone().unwrap();
        let gone = stays.replace("/one/", "/gone/");
        let tagged = reader
            .with_tags(vec![gone, stays.clone()], |arn| Some(arn))
            .await
            .unwrap();
        assert_eq!(tagged.len(), 1);
        assert_eq!(tagged[0].0, stays);
    }
}
