//! The token endpoint and what is like it: a claim turned into tokens, an assertion exchanged, a refresh token spent, a
//! credential ended.

use url::Url;

use crate::account::{LayerKind, RevokeForm};
use crate::http::{Body, Request, field};
use crate::secret::Secret;

/// The claim grant where a service names none of its own (auth.md v0.4).
const CLAIM_GRANT: &str = "urn:workos:agent-auth:grant-type:claim";
/// RFC 7523, section 2.1.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Who asks, and for what: what the requests to a token endpoint have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asking<'a> {
    pub client_id: Option<&'a str>,
    /// The resource letter by letter as it was published (RFC 8707, section 2).
    pub resource: Option<&'a str>,
}

impl Asking<'_> {
    fn post(&self, url: &Url, fields: Vec<crate::http::Field>) -> Request {
        let resource = self.resource.map(|resource| field("resource", resource));
        let client_id = self.client_id.map(|client_id| field("client_id", client_id));
        Request::post(url.clone(), Body::Form(fields.into_iter().chain(resource).chain(client_id).collect()))
    }
}

/// Asks whether the claim is confirmed, and for the tokens if it is.
pub fn grant_request(url: &Url, grant: Option<&str>, claim_token: &Secret, asking: &Asking<'_>) -> Request {
    let grant = grant.unwrap_or(CLAIM_GRANT);
    asking.post(url, vec![field("grant_type", grant), field("claim_token", claim_token.clone())])
}

/// Exchanges an identity assertion for an access token.
pub fn exchange_request(url: &Url, assertion: &Secret, asking: &Asking<'_>) -> Request {
    asking.post(url, vec![field("grant_type", JWT_BEARER), field("assertion", assertion.clone())])
}

/// Spends a refresh token (RFC 6749, section 6).
pub fn refresh_request(url: &Url, token: &Secret, asking: &Asking<'_>) -> Request {
    asking.post(url, vec![field("grant_type", "refresh_token"), field("refresh_token", token.clone())])
}

/// Spends the refresh token of an identity, for a fresh assertion (auth.md v0.7).
pub fn identity_request(url: &Url, token: &Secret) -> Request {
    Request::post(url.clone(), Body::Json(vec![field("type", "refresh"), field("refresh_token", token.clone())]))
}

/// Asks whether the claim is confirmed where there is no grant for it.
pub fn view_request(claim: &Url, claim_token: &Secret) -> Option<Request> {
    let mut url = claim.clone();
    url.path_segments_mut().ok()?.pop_if_empty().push("view");
    Some(Request::get(url).query(field("claim_token", claim_token.clone())))
}

/// Ends a token of that `kind`; `form` is the rung of a ladder, `None` where that has ended.
pub fn revoke_request(
    url: &Url,
    by: RevokeForm,
    kind: LayerKind,
    token: &Secret,
    bearer: &Secret,
    form: usize,
) -> Option<Request> {
    let named = |name| field(name, token.clone());
    let json = |name| Some(Request::post(url.clone(), Body::Json(vec![named(name)])).bearer(bearer.clone()));
    match (by, form) {
        (RevokeForm::OAuth, 0) => {
            let hint = match kind {
                LayerKind::RefreshToken => Some("refresh_token"),
                LayerKind::AccessToken | LayerKind::ApiKey => Some("access_token"),
                LayerKind::IdentityAssertion | LayerKind::Claim => None,
            };
            let hint = hint.map(|hint| field("token_type_hint", hint));
            Some(Request::post(url.clone(), Body::Form([named("token")].into_iter().chain(hint).collect())))
        }
        // NoForm knows the credential under its own name; others want the form and the bearer.
        (RevokeForm::AgentAuth, 0) => json("token"),
        (RevokeForm::AgentAuth, 1) => json("credential"),
        (RevokeForm::AgentAuth, 2) => {
            Some(Request::post(url.clone(), Body::Form(vec![named("token")])).bearer(bearer.clone()))
        }
        (RevokeForm::OAuth | RevokeForm::AgentAuth, _) => None,
    }
}
