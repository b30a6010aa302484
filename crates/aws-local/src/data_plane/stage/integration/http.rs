//! HTTP back ends: over the internet, or through a VPC link.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, Response, header};
use bytes::Bytes;
use serde_json::Value;
use url::{Host, Url};

use super::super::super::super::apigateway::{Integration, text};
use super::super::super::super::operation::Object;
use super::super::super::Inner;
use super::super::exchange::{Exchange, Refused};
use super::super::network;
use super::super::refusals::configuration;
use super::super::template;
use super::super::variables::Variables;
use super::backend::Network;
use super::content::{JSON, media_type, of_answer, of_request, request_template};
use super::request::{Mapped, has_body, verb};
use super::{answer, headers};

/// `HTTP_PROXY`: request and response are passed on.
pub(super) async fn proxy(
    inner: &Inner,
    exchange: &Exchange<'_>,
    integration: &Integration,
) -> Result<Response<Bytes>, Refused> {
    let settings = &integration.settings;
    if let Some(handling) = settings.get("contentHandling").and_then(Value::as_str) {
        return Err(Refused::not_implemented(format_args!(
            "contentHandling {handling} of a proxy"
        )));
    }
    if text(settings, "responseTransferMode") == "STREAM" {
        return Err(Refused::not_implemented("responseTransferMode STREAM"));
    }
    let request = {
        let variables = Variables::of_request(exchange);
        let mut mapped = Mapped::of(integration, &variables)?;
        let verb = verb(exchange, integration)?;
        let url = mapped.url(integration, &variables, &exchange.query)?;
        let mut headers = headers::passed_on(&exchange.headers);
        forwarded(&mut headers, exchange.source_ip);
        mapped.lay_over(&mut headers);
        let body = match has_body(&verb) {
            true => whole(of_request(exchange, settings, false)?, &exchange.body),
            false => Bytes::new(),
        };
        Outgoing {
            verb,
            url,
            headers,
            body,
        }
    };
    let mut response = request.send(inner, exchange, integration).await?;
    let body = of_answer(
        exchange,
        settings,
        response.headers(),
        response.body(),
        false,
    )?;
    *response.body_mut() = whole(body, response.body());
    headers::proxied(response.headers_mut());
    answer::with_content_type(&mut response, JSON);
    Ok(response)
}

/// `HTTP`: mappings and templates make the request and the response.
pub(super) async fn call(
    inner: &Inner,
    exchange: &Exchange<'_>,
    integration: &Integration,
) -> Result<Response<Bytes>, Refused> {
    let settings = &integration.settings;
    let request = {
        let kind = media_type(&exchange.headers, header::CONTENT_TYPE);
        let template = request_template(settings, kind.unwrap_or(JSON))?;
        let body = of_request(exchange, settings, template.is_some())?;
        let mut variables = Variables::of_request(exchange);
        let mut mapped = Mapped::of(integration, &variables)?;
        variables.body = &body;
        let verb = verb(exchange, integration)?;
        let url = mapped.url(integration, &variables, &[])?;
        let mut headers = HeaderMap::new();
        let content_type = exchange.headers.get(header::CONTENT_TYPE);
        if let Some(value) = content_type.filter(|_| has_body(&exchange.verb)) {
            headers.insert(header::CONTENT_TYPE, value.clone());
        }
        mapped.lay_over(&mut headers);
        let body = match (has_body(&verb), template) {
            (false, _) => Bytes::new(),
            (true, Some(template)) => template::fill(template, &variables)?.into(),
            (true, None) => whole(body, &exchange.body),
        };
        Outgoing {
            verb,
            url,
            headers,
            body,
        }
    };
    let answered = request.send(inner, exchange, integration).await?;
    let chosen = answer::choose(exchange, integration, answered.status().as_str())?;
    let mut response = chosen.response(exchange, answered.headers(), answered.body())?;
    if let Ok(trace) = trace_id(exchange) {
        response.headers_mut().insert(headers::TRACE_ID, trace);
    }
    Ok(response)
}

/// A body that was converted from another, or is still that one: then it is not copied.
fn whole(converted: Cow<'_, [u8]>, from: &Bytes) -> Bytes {
    match converted {
        Cow::Borrowed(same) if same.len() == from.len() => from.clone(),
        converted => converted.into_owned().into(),
    }
}

/// What is sent to a back end.
struct Outgoing {
    verb: Verb,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

impl Outgoing {
    async fn send(
        mut self,
        inner: &Inner,
        exchange: &Exchange<'_>,
        integration: &Integration,
    ) -> Result<Response<Bytes>, Refused> {
        let settings = &integration.settings;
        let no_header = |_| configuration("the API's id is not valid in a header");
        let api = HeaderValue::try_from(exchange.api).map_err(no_header)?;
        let agent = format!("AmazonAPIGateway_{}", exchange.api);
        let agent = HeaderValue::try_from(agent).map_err(no_header)?;
        let trace = trace_id(exchange).map_err(no_header)?;
        headers::complete(&mut self.headers, api, trace, agent);
        if self.body.is_empty() && has_body(&self.verb) {
            self.headers
                .insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let network = match text(settings, "connectionType") {
            "VPC_LINK" => self.through_link(inner, exchange, settings)?,
            _ => match (
                over_the_internet(&self.url, settings)?,
                inner.options.public_backend,
            ) {
                (Network::Public, Some(instead)) => self.to(instead)?,
                (network, _) => network,
            },
        };
        let mut request = reqwest::Request::new(self.verb, self.url);
        *request.headers_mut() = self.headers;
        *request.body_mut() = Some(self.body.into());
        let timeout = settings.get("timeoutInMillis").and_then(Value::as_u64);
        inner
            .backends
            .send(network, request, timeout.unwrap_or(29_000))
            .await
    }

    /// Sends it to the local address of a target behind the link. The URL's host is only the `Host` header, as in API Gateway.
    fn through_link(
        &mut self,
        inner: &Inner,
        exchange: &Exchange<'_>,
        settings: &Object,
    ) -> Result<Network, Refused> {
        if settings.contains_key("integrationTarget") {
            return Err(Refused::not_implemented("VPC links V2 (integrationTarget)"));
        }
        let link = stage_variable_or(exchange, text(settings, "connectionId"));
        let port = self.url.port_or_known_default().unwrap_or(80);
        let address = network::address_behind(inner, exchange, link, port)?;
        self.to(address)
    }

    /// Sends it to an address that stands for the URL's. A back end there speaks HTTP, also where the URL says `https`: on AWS that
    /// is for the load balancer, or for a certificate that this machine doesn't have.
    fn to(&mut self, address: SocketAddr) -> Result<Network, Refused> {
        if let header::Entry::Vacant(host) = self.headers.entry(header::HOST) {
            let authority = &self.url[url::Position::BeforeHost..url::Position::AfterPort];
            let value = HeaderValue::try_from(authority)
                .map_err(|_| configuration("the URL's host is not valid in a header"))?;
            host.insert(value);
        }
        let moved = || configuration("the integration's URL can't be sent to another address");
        self.url.set_scheme("http").map_err(|()| moved())?;
        self.url.set_ip_host(address.ip()).map_err(|()| moved())?;
        self.url
            .set_port(Some(address.port()))
            .map_err(|()| moved())?;
        Ok(Network::Private)
    }
}

/// The value of `${stageVariables.name}`, or the text itself.
fn stage_variable_or<'e>(exchange: &'e Exchange<'_>, text: &'e str) -> &'e str {
    let name = text
        .strip_prefix("${stageVariables.")
        .and_then(|rest| rest.strip_suffix('}'));
    let Some(name) = name else { return text };
    let variables = exchange.stage.settings.get("variables");
    variables
        .and_then(|variables| variables[name].as_str())
        .unwrap_or_default()
}

/// The target of a URL without a link. API Gateway accepts only public hosts and the ports in its developer guide; here, this
/// machine counts as public.
fn over_the_internet(url: &Url, settings: &Object) -> Result<Network, Refused> {
    let tls = settings.get("tlsConfig");
    let unverified = tls.is_some_and(|tls| tls["insecureSkipVerification"] == true);
    if unverified && url.scheme() == "https" {
        return Err(Refused::not_implemented(
            "tlsConfig.insecureSkipVerification over the internet",
        ));
    }
    let port = url.port_or_known_default().unwrap_or_default();
    if !matches!(port, 80 | 443 | 1024..) {
        return Err(configuration(format!(
            "API Gateway calls ports 80, 443 and 1024 to 65535 only, not {port}"
        )));
    }
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        Some(Host::Domain("localhost")) => return Ok(Network::Private),
        _ => return Ok(Network::Public),
    };
    match address {
        IpAddr::V4(address) if address.is_private() || address.is_link_local() => {
            Err(configuration(format!(
                "{address} is in a private network, which API Gateway reaches through a VPC link only"
            )))
        }
        address if address.is_loopback() => Ok(Network::Private),
        _ => Ok(Network::Public),
    }
}

/// Adds the forwarding headers of a proxy. Every invoke URL is `https`.
pub(super) fn forwarded(headers: &mut HeaderMap, source_ip: IpAddr) {
    const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
    let before = headers.get(FOR).and_then(|value| value.to_str().ok());
    let chain = match before {
        Some(before) => format!("{before}, {source_ip}"),
        None => source_ip.to_string(),
    };
    if let Ok(value) = HeaderValue::try_from(chain) {
        headers.insert(FOR, value);
    }
    headers.insert("x-forwarded-port", HeaderValue::from_static("443"));
    headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
}

/// X-Ray's id of a trace that begins here: `Root=1-{epoch seconds}-{24 digits}`, all in hexadecimal.
pub(super) fn trace_id(exchange: &Exchange<'_>) -> Result<HeaderValue, header::InvalidHeaderValue> {
    let seconds = exchange.now.as_second();
    let digits = exchange.request_id.bytes().filter(u8::is_ascii_hexdigit);
    let digits: String = digits.take(24).map(char::from).collect();
    HeaderValue::try_from(format!("Root=1-{seconds:08x}-{digits}"))
}
