//! The token endpoint and what is like it: a claim turned into tokens, an assertion exchanged, a refresh token spent, a
//! credential ended.

use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::account::{Authentication, Identity, LayerKind, RevokeForm};
use crate::http::{Body, Field, Presentation, Request, field};
use crate::secret::Secret;

/// The claim grant where a service names none of its own (auth.md v0.4).
const CLAIM_GRANT: &str = "urn:workos:agent-auth:grant-type:claim";
/// RFC 7523, section 2.1.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Who asks, and for what: what the requests to a token endpoint have in common.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asking<'a> {
    pub client: Option<&'a Identity>,
    /// The resource letter by letter as it was published (RFC 8707, section 2).
    pub resource: Option<&'a str>,
}

impl Asking<'_> {
    pub(super) fn client_id(&self) -> Option<&str> {
        self.client.map(|identity| identity.client.id.as_str())
    }

    pub(super) fn post(&self, url: &Url, mut fields: Vec<Field>) -> Request {
        fields.extend(self.resource.map(|resource| field("resource", resource)));
        match self.client {
            Some(identity) => sign(identity, url, fields),
            None => Request::post(url.clone(), Body::Form(fields)),
        }
    }
}

/// Says who asks (RFC 6749, section 2.3): a public client by its name, one with a secret as it was told to.
fn sign(identity: &Identity, url: &Url, mut fields: Vec<Field>) -> Request {
    let id = identity.client.id.as_str();
    match (identity.client.authentication, &identity.secret) {
        (Authentication::Basic, Some(secret)) => {
            let part = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let both = Secret::new(format!("{}:{}", part(id), part(secret.expose())));
            Request::post(url.clone(), Body::Form(fields)).presenting(Presentation::Basic, both)
        }
        (Authentication::Post, Some(secret)) => {
            fields.extend([field("client_id", id), field("client_secret", secret.clone())]);
            Request::post(url.clone(), Body::Form(fields))
        }
        (Authentication::None, _) | (_, None) => {
            fields.push(field("client_id", id));
            Request::post(url.clone(), Body::Form(fields))
        }
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
    client: Option<&Identity>,
    form: usize,
) -> Option<Request> {
    let named = |name| field(name, token.clone());
    let json = |name| Some(Request::post(url.clone(), Body::Json(vec![named(name)])).bearer(bearer.clone()));
    match (by, form) {
        (RevokeForm::OAuth, 0) => {
            let hint = match kind {
                LayerKind::RefreshToken => Some("refresh_token"),
                LayerKind::AccessToken | LayerKind::ApiKey => Some("access_token"),
                LayerKind::IdentityAssertion | LayerKind::ClientRegistration | LayerKind::Claim => None,
            };
            let hint = hint.map(|hint| field("token_type_hint", hint));
            let asking = Asking { client, resource: None };
            Some(asking.post(url, [named("token")].into_iter().chain(hint).collect()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Client;

    #[test]
    fn a_client_proves_itself_as_it_was_told_to() {
        let url = Url::parse("https://auth.acme.dev/token").expect("valid");
        let secret = Secret::new("s:e c");
        let signed = |authentication, secret| {
            let client = Client { authentication, ..Client::named("a:b") };
            let identity = Identity { secret, ..Identity::from(client) };
            let asking = Asking { client: Some(&identity), resource: Some("https://api.acme.dev/") };
            let request = refresh_request(&url, &Secret::new("rt"), &asking);
            let body = request.body.text().map(|(_, text)| text.to_string()).unwrap_or_default();
            (body, request.credential.map(|shown| (shown.0, shown.1.expose().to_owned())))
        };
        let plain = "grant_type=refresh_token&refresh_token=rt&resource=https%3A%2F%2Fapi.acme.dev%2F";
        let named = (format!("{plain}&client_id=a%3Ab"), None);
        assert_eq!(signed(Authentication::None, None), named);
        assert_eq!(signed(Authentication::Basic, None), named, "without a secret there is nothing to prove");
        // RFC 6749, section 2.3.1: each part is encoded before the colon is put between them.
        let basic = Some((Presentation::Basic, "a%3Ab:s%3Ae+c".to_owned()));
        assert_eq!(signed(Authentication::Basic, Some(secret.clone())), (plain.to_owned(), basic));
        assert_eq!(
            signed(Authentication::Post, Some(secret)),
            (format!("{plain}&client_id=a%3Ab&client_secret=s%3Ae+c"), None)
        );
    }
}
