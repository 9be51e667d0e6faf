//! Why there is no answer, found in what the HTTP client says of it.

use std::error::Error;

use url::Url;

use super::certificate;
use super::proxy::{self, Proxy};
use crate::http::{HttpError, ProxyFault};
use crate::problem::cause;
use crate::trust::{self, Forbidden};

pub fn classified(error: &reqwest::Error, url: &Url, proxy: Option<&Proxy>) -> HttpError {
    let causes = || causes(error);
    if let Some(forbidden) = causes().find_map(|cause| cause.downcast_ref::<Forbidden>()) {
        return HttpError::Forbidden(trust::leads_astray(url, *forbidden));
    }
    let slow = error.is_connect() && error.is_timeout();
    let why = if slow { "no connection came about in time".to_owned() } else { trust::clean(&innermost(error), 200) };
    let refused = causes().find_map(certificate::refused);
    if let Some(proxy) = proxy {
        let fault = match slow {
            true => Some(ProxyFault::Unreachable(why.clone())),
            false => proxy::fault(causes(), &why, refused.as_ref()),
        };
        if let Some(fault) = fault {
            return HttpError::Proxy { name: proxy.name.clone(), fault };
        }
    }
    match (refused, error.is_connect()) {
        (Some(refused), _) => HttpError::Certificate(refused),
        (None, true) => HttpError::Unreachable(why),
        (None, false) => HttpError::Broken(why),
    }
}

/// An error and what caused it, from the outside in. An error of the system that wraps another one passes over it when it is
/// asked for its source.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}

/// The innermost cause says what happened; the outer ones repeat that a request failed.
pub fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map(cause).unwrap_or_default()
}
