//! What the answers of discovery are, and how they are told.

use serde_json::Value;

use crate::flow::wire;
use crate::http::{HttpError, Response};
use crate::problem::{Kind, Problem};
use crate::{trust, when};

/// The JSON object of an answer that says yes.
pub fn published(answer: &Result<Response, HttpError>) -> Option<Value> {
    let response = answer.as_ref().ok().filter(|response| response.is_success())?;
    wire::object(response)
}

/// Text for people: not the HTML shell that single-page sites answer with to everything.
pub fn is_prose(response: &Response) -> bool {
    let html = response.header("content-type").any(|kind| kind.contains("html"));
    let start = response.body.expose().trim_start();
    let is_json = start.starts_with('{') && wire::object(response).is_some();
    !html && !is_json && !start.is_empty() && !start.starts_with('<')
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
        Err(HttpError::Certificate(why)) => format!("certificate refused: {}", trust::clean(why, 60)),
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
        HttpError::Certificate(why) => Problem::new(
            Kind::Unsafe,
            format!("The certificate of {service} was not accepted: {}.", trust::clean(why, 100).trim_end_matches('.')),
            "If your network has a certificate authority of its own, name it in SSL_CERT_FILE.",
        ),
    }
}
