//! What the answers of discovery are, and how they are told.

use serde_json::Value;

use crate::account::Revocation;
use crate::flow::wire::{self, Offer};
use crate::http::{CertificateFault, HttpError, ProxyFault, Refused, Response};
use crate::problem::{Kind, Problem};
use crate::trust::Reach;
use crate::{trust, when};

/// The JSON object of an answer that says yes.
pub fn published(answer: &Result<Response, HttpError>) -> Option<Value> {
    let response = answer.as_ref().ok().filter(|response| response.is_success())?;
    wire::object(response)
}

/// An offer without the endpoints that are out of reach; they are told with those that could not be used for other reasons.
pub fn reachable(mut offer: Offer, reach: Reach) -> Offer {
    let Offer { register, claim, complete, token, challenge, document, revocation, unusable, .. } = &mut offer;
    let mut judge = |url: &url::Url| {
        let allowed = trust::within(url, reach).is_ok();
        if !allowed {
            unusable.push(trust::clean(url.as_str(), 100));
        }
        allowed
    };
    for endpoint in [register, claim, complete, token, challenge, document] {
        *endpoint = endpoint.take().filter(&mut judge);
    }
    if matches!(revocation, Revocation::Endpoint { url, .. } if !judge(url)) {
        *revocation = Revocation::None;
    }
    offer
}

/// Text for people: not the HTML shell that single-page sites answer with to everything, not data, and nothing packed, which
/// was not asked for.
pub fn is_prose(response: &Response) -> bool {
    let data = response.header("content-type").any(|kind| kind.contains("html") || kind.contains("json"));
    let packed = response.header("content-encoding").any(|coding| coding != "identity");
    let start = response.body.expose().trim_start();
    let is_json = start.starts_with('{') && wire::object(response).is_some();
    // Markdown may begin with a comment or an element; a page begins with its type.
    let begins = |with: &str| start.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    let is_page = ["<!doctype", "<html", "<?xml"].into_iter().any(begins);
    !data && !packed && !is_json && !start.is_empty() && !is_page
}

/// An answer in a few words.
pub fn said(answer: &Result<Response, HttpError>) -> String {
    match answer {
        Ok(response) if response.is_success() => format!("{}, not readable", response.status),
        Ok(response) => response.status.to_string(),
        Err(HttpError::Unreachable(why)) => format!("not reached: {}", trust::clean(why, 60)),
        Err(HttpError::Broken(why)) => format!("broke off: {}", trust::clean(why, 60)),
        Err(HttpError::TimedOut(after)) => format!("no answer within {}", when::took(*after)),
        Err(HttpError::TooLarge(limit)) => format!("answer larger than {} KiB", limit / 1024),
        Err(HttpError::Redirected(to)) => format!("leads elsewhere: {}", trust::clean(to, 60)),
        Err(HttpError::Certificate(refused)) => {
            format!("certificate refused: {}", trust::clean(&broken_rule(refused), 60))
        }
        Err(HttpError::Forbidden(problem)) => trust::clean(problem.what.trim_end_matches('.'), 80),
        Err(HttpError::Proxy { name, fault }) => format!("proxy {name}: {}", trust::clean(&proxy_said(fault), 60)),
    }
}

/// No answer, as a problem.
pub fn no_answer(service: &str, error: &HttpError) -> Problem {
    match error {
        HttpError::Unreachable(why) => Problem::new(
            Kind::Unreachable,
            format!("{service} could not be reached: {}.", trust::clean(why, 100).trim_end_matches('.')),
            "Check the name and the network, then try again.",
        ),
        HttpError::Broken(why) => Problem::new(
            Kind::Unreachable,
            format!("{service} broke off in the middle: {}.", trust::clean(why, 100).trim_end_matches('.')),
            "Check the network, then try again.",
        ),
        HttpError::TimedOut(after) => Problem::new(
            Kind::Unreachable,
            format!("{service} did not answer within {}.", when::took(*after)),
            "Try again later, or give it longer with --timeout.",
        ),
        HttpError::TooLarge(limit) => Problem::new(
            Kind::ServiceRefused,
            format!("{service} answered with more than {} KiB.", limit / 1024),
            "That is no answer to such a call; nothing was kept. Tell the service.",
        ),
        HttpError::Redirected(to) => Problem::new(
            Kind::Unsafe,
            format!("{service} sends the call elsewhere: {}.", trust::clean(to, 100)),
            "It was not followed. If you trust that place, sign up there by its own address.",
        ),
        HttpError::Certificate(refused) => Problem::new(
            Kind::Unsafe,
            format!("The certificate of {service} was not accepted: {}.", broken_rule(refused)),
            remedy(&refused.fault),
        ),
        HttpError::Forbidden(problem) => problem.clone(),
        HttpError::Proxy { name, fault } => Problem::new(
            Kind::Unreachable,
            format!("{service} could not be reached through the proxy {name}: {}.", proxy_said(fault)),
            match fault {
                ProxyFault::Unreachable(_) => "Check HTTPS_PROXY; hosts that need no proxy are listed in NO_PROXY.",
                ProxyFault::WantsPassword => {
                    "Put the user name and password into HTTPS_PROXY, as in http://USER:PASSWORD@HOST:PORT."
                }
                ProxyFault::Certificate(refused) => remedy(&refused.fault),
                ProxyFault::Refused => {
                    "Ask who runs the proxy, or list the host in NO_PROXY if it can be reached without."
                }
            },
        ),
    }
}

fn remedy(fault: &CertificateFault) -> &'static str {
    match fault {
        CertificateFault::UnknownIssuer | CertificateFault::Other(_) => {
            "If your network has a certificate authority of its own, name it in SSL_CERT_FILE."
        }
        CertificateFault::NothingTrusted(_) => {
            "Install the system's certificates (ca-certificates), or name a readable file of them in SSL_CERT_FILE."
        }
        CertificateFault::Expired | CertificateFault::NotYetValid => {
            "Check this machine's clock; if it is right, tell the service."
        }
        CertificateFault::WrongName(_) => {
            "Check the address; if it is right, something else answers in its place, and nothing was sent to it."
        }
    }
}

/// Which rule a certificate breaks, and who issued it.
fn broken_rule(Refused { fault, issuer }: &Refused) -> String {
    let issuer = issuer.as_ref().map(|issuer| format!("\"{}\"", trust::clean(issuer, 60)));
    let by = issuer.as_ref().map_or_else(String::new, |issuer| format!(" (issued by {issuer})"));
    match fault {
        CertificateFault::UnknownIssuer => {
            format!("its issuer, {}, is not trusted here", issuer.as_deref().unwrap_or("which it does not name"))
        }
        CertificateFault::Expired => format!("it has expired{by}"),
        CertificateFault::NotYetValid => format!("it is not valid yet{by}"),
        CertificateFault::WrongName(names) if names.is_empty() => format!("it is for no name at all{by}"),
        CertificateFault::WrongName(names) => format!("it is for {}, another name{by}", trust::clean(names, 80)),
        CertificateFault::NothingTrusted(why) => format!("no issuer is trusted here: {}", trust::clean(why, 100)),
        CertificateFault::Other(why) => format!("{}{by}", trust::clean(why, 100).trim_end_matches('.')),
    }
}

fn proxy_said(fault: &ProxyFault) -> String {
    match fault {
        ProxyFault::Unreachable(why) => trust::clean(why, 100).trim_end_matches('.').to_owned(),
        ProxyFault::WantsPassword => "it wants a user name and password, or others than it was given".to_owned(),
        ProxyFault::Certificate(refused) => format!("its certificate was not accepted: {}", broken_rule(refused)),
        ProxyFault::Refused => "it refused to connect to that host".to_owned(),
    }
}
