//! Requests over the network: bounded in time, in size and in where they lead.
//!
//! ```text
//!   URL ──trust::within──▶ this machine?  ──▶ loopback addresses only, no proxy
//!                          a proxy for it? ──▶ the proxy, which resolves the name
//!                          else            ──▶ its addresses, those within reach
//! ```

mod certificate;
mod fault;
mod proxy;
mod resolve;
pub mod survey;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE};
use reqwest::redirect::Policy;
use serde_json::Value;
use tokio::task::JoinSet;
use url::Url;
use zeroize::Zeroizing;

use self::fault::{classified, innermost};
use self::proxy::Proxies;
use self::resolve::{Here, Within};
use super::clock;
use crate::http::{Ahead, HttpError, Method, Presentation, Request, Response, UnderWay};
use crate::json::{self, Document};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::trust::{self, Reach};

/// Metadata and answers of a ceremony have a few hundred bytes.
const LARGEST_BODY: usize = 1024 * 1024;
/// Where an answer does not say how long it is.
const ROOM: usize = 64 * 1024;
const MOST_REDIRECTS: usize = 3;
pub const TIMEOUT: Duration = Duration::from_secs(15);

#[derive(Clone)]
pub struct Net {
    clients: Arc<Clients>,
    reach: Reach,
    timeout: Duration,
}

struct Clients {
    /// For services on this machine, which no proxy can reach.
    here: reqwest::Client,
    /// For what is connected to by this program itself.
    direct: reqwest::Client,
    /// For what a proxy connects to. The proxy's own name leads wherever the person who set it wants.
    proxied: reqwest::Client,
    proxies: Proxies,
}

impl Net {
    pub fn new(timeout: Duration, reach: Reach) -> Result<Self, Problem> {
        let failed = |why: String| {
            Problem::new(
                Kind::Failed,
                format!("The network could not be set up: {why}."),
                "Check SSL_CERT_FILE and the proxy settings.",
            )
        };
        let tls = certificate::config().map_err(|error| failed(error.to_string()))?;
        // What decodes content is not compiled in: a body that inflates itself stays as small as it was sent.
        let builder = || {
            reqwest::Client::builder()
                .redirect(Policy::none())
                .connect_timeout(connecting(timeout))
                .tls_backend_preconfigured(tls.clone())
                .user_agent(concat!("authmd-tui/", env!("CARGO_PKG_VERSION")))
        };
        let built = |builder: reqwest::ClientBuilder| builder.build().map_err(|error| failed(innermost(&error)));
        let clients = Clients {
            here: built(builder().no_proxy().dns_resolver(Here))?,
            direct: built(builder().no_proxy().dns_resolver(Within(reach)))?,
            proxied: built(builder())?,
            proxies: Proxies::from_environment(),
        };
        Ok(Self { clients: Arc::new(clients), reach, timeout })
    }

    /// Sends it, or waits for what was asked ahead of it; what is likely to follow is asked from now on.
    pub async fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let Some(Ahead { likely, shelf }) = request.ahead.as_deref() else {
            return self.send_now(request).await;
        };
        let under_way = shelf.take(&request.url);
        for url in likely.iter().filter(|url| !shelf.has(url)) {
            shelf.put(url.clone(), self.clone().read_ahead(Request::get(url.clone())));
        }
        match under_way {
            Some(answer) => answer.await,
            None => self.send_now(request).await,
        }
    }

    fn read_ahead(self, request: Request) -> UnderWay {
        // A set ends its tasks when it is dropped.
        let mut task = JoinSet::new();
        let (net, asked) = (self.clone(), request.clone());
        task.spawn(async move { net.send_now(&asked).await });
        Box::pin(async move {
            match task.join_next().await {
                Some(Ok(answer)) => answer,
                _ => self.send_now(&request).await,
            }
        })
    }

    async fn send_now(&self, request: &Request) -> Result<Response, HttpError> {
        let started = clock::now();
        // One deadline over all of it: whoever sends a byte now and then does not push it back.
        let answer = tokio::time::timeout(self.timeout, self.follow(request)).await.unwrap_or_else(|_| {
            Err(HttpError::TimedOut(SignedDuration::try_from(self.timeout).unwrap_or(SignedDuration::MAX)))
        });
        record(request, &answer, clock::now().duration_since(started));
        answer
    }

    /// A `GET` may be redirected within its host; nothing else is.
    async fn follow(&self, request: &Request) -> Result<Response, HttpError> {
        let mut url = request.target();
        for _ in 0..=MOST_REDIRECTS {
            let response = self.once(request, &url).await?;
            let location = response.header("location").next().and_then(|place| url.join(place).ok());
            match location {
                Some(next) if (300..400).contains(&response.status) && request.method == Method::Get => {
                    if next.origin() != url.origin() || trust::endpoint(&next).is_err() {
                        // A service may repeat in the address what it was sent.
                        let path = if request.discreet { "/…" } else { next.path() };
                        let shown = format!("{}{path}", next.origin().ascii_serialization());
                        let shown = trust::without(&shown, request.secrets());
                        return Err(HttpError::Redirected(trust::clean(&shown, 200)));
                    }
                    url = next;
                }
                _ => return Ok(response),
            }
        }
        Err(HttpError::Redirected("in circles".into()))
    }

    async fn once(&self, request: &Request, url: &Url) -> Result<Response, HttpError> {
        trust::within(url, self.reach).map_err(HttpError::Forbidden)?;
        let proxy = self.clients.proxies.of(url)?;
        let client = match &proxy {
            _ if trust::is_loopback(url) => &self.clients.here,
            Some(_) => &self.clients.proxied,
            None => &self.clients.direct,
        };
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = client.request(method, url.clone());
        if !request.headers.iter().any(|header| header.name == ACCEPT.as_str()) {
            builder = builder.header(ACCEPT, "application/json, text/markdown;q=0.9, */*;q=0.1");
        }
        for header in &request.headers {
            builder = builder.header(&*header.name, header.value.as_text().as_str());
        }
        if let Some((how, credential)) = request.credential.as_deref() {
            let credential = credential.expose();
            builder = match how {
                Presentation::Bearer => builder.bearer_auth(credential),
                Presentation::ApiKey => builder.header("x-api-key", credential),
                Presentation::Raw => builder.header(AUTHORIZATION, credential),
                Presentation::Basic => {
                    let (user, password) = credential.split_once(':').unwrap_or((credential, ""));
                    builder.basic_auth(user, Some(password))
                }
                Presentation::Cookie => builder.header(COOKIE, credential),
                Presentation::Header(header) => {
                    builder.header(&header.name, Zeroizing::new(format!("{}{credential}", header.prefix)).as_str())
                }
                // They stand in the rest of the request by now: see `Request::presenting`.
                Presentation::Query(_) | Presentation::Parts(_) => builder,
            };
        }
        if let Some((kind, text)) = request.body.text() {
            builder = builder.header(CONTENT_TYPE, kind).body(text.to_string());
        }
        let failed = |error: reqwest::Error| classified(&error, url, proxy.as_ref());
        let mut response = builder.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        let headers: Vec<(String, String)> = headers.collect();
        // Room for all of it from the start: what grows leaves copies of itself behind.
        let told = response.content_length().and_then(|length| usize::try_from(length).ok());
        let mut body = Zeroizing::new(Vec::with_capacity(told.unwrap_or(ROOM).min(LARGEST_BODY)));
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LARGEST_BODY {
                return Err(HttpError::TooLarge(LARGEST_BODY));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, headers, body: text(body) })
    }
}

/// How long a connection may take to come about, of the time for the whole answer. It ends first, because then it is known
/// that nothing was sent.
fn connecting(timeout: Duration) -> Duration {
    timeout / 3 * 2
}

/// One line a request in the log: where it went and what came back, never what was in it.
fn record(request: &Request, answer: &Result<Response, HttpError>, took: SignedDuration) {
    let path = if request.discreet { "/…".into() } else { trust::clean(request.url.path(), 120) };
    let path = trust::without(&path, request.secrets());
    let place = format!("{} {}{path}", request.method.as_str(), trust::authority(&request.url));
    match answer {
        Ok(response) => {
            let kind = kind_of(response);
            let length = response.body.expose().len();
            tracing::debug!(
                status = response.status,
                kind,
                length,
                ms = took.as_millis() as i64,
                shape = shape_of(response),
                "{place}"
            );
        }
        Err(error) => tracing::debug!(?error, ms = took.as_millis() as i64, "{place}"),
    }
}

/// The content type, of those that are to be expected: a stranger may have written anything there.
fn kind_of(response: &Response) -> &'static str {
    const KINDS: [&str; 7] = [
        "application/json",
        "application/problem+json",
        "application/octet-stream",
        "text/html",
        "text/markdown",
        "text/plain",
        "text/xml",
    ];
    let Some(written) = response.header("content-type").next() else {
        return "no content type";
    };
    let essence = written.split(';').next().unwrap_or_default().trim();
    KINDS.into_iter().find(|kind| kind.eq_ignore_ascii_case(essence)).unwrap_or("another content type")
}

/// The text of a body, where it is.
fn text(mut body: Zeroizing<Vec<u8>>) -> Secret {
    match String::from_utf8(std::mem::take(&mut *body)) {
        Ok(text) => Secret::new(text),
        Err(error) => {
            let bytes = Zeroizing::new(error.into_bytes());
            Secret::new(String::from_utf8_lossy(&bytes))
        }
    }
}

/// What an answer looks like without what it says: the names and types of its members.
fn shape_of(response: &Response) -> String {
    match json::read(response.body.expose()).map(Document::new) {
        Some(value) => {
            let mut texts = HashSet::new();
            collect_texts(&value, &mut texts);
            trust::clean(&shape(&value, 3, &texts), 400)
        }
        None => "not JSON".to_owned(),
    }
}

fn collect_texts<'a>(value: &'a Value, texts: &mut HashSet<&'a str>) {
    match value {
        Value::String(text) => drop(texts.insert(text)),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Value::Object(members) => members.values().for_each(|value| collect_texts(value, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn shape(value: &Value, depth: usize, texts: &HashSet<&str>) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "bool".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "text".into(),
        Value::Array(items) => format!("[{}]", items.len()),
        Value::Object(_) if depth == 0 => "{…}".into(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                let name = if is_name(name) && !texts.contains(name.as_str()) { name } else { "…" };
                format!("{name}: {}", shape(value, depth - 1, texts))
            };
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A word for machines. Some services have what is a value elsewhere in the place of a name.
fn is_name(text: &str) -> bool {
    text.len() <= 40 && text.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::http::Shelf;

    #[tokio::test]
    async fn an_address_out_of_reach_is_told_as_what_it_is() {
        let net = Net::new(TIMEOUT, Reach::Public).expect("clients");
        let url = Url::parse("https://localhost:1/").expect("a URL");
        // As if the name were a stranger's.
        let error = net.clients.direct.get(url.clone()).send().await.expect_err("refused");
        let HttpError::Forbidden(problem) = classified(&error, &url, None) else { panic!("{error:?}") };
        assert!(problem.what.starts_with("Refused to contact localhost:1: its address "), "{problem}");
        assert_eq!(problem.kind, Kind::Unsafe);
    }

    #[tokio::test]
    async fn an_address_in_a_url_is_judged_whoever_wants_it_asked() {
        let net = Net::new(TIMEOUT, Reach::Public).expect("clients");
        for url in ["https://10.0.0.1/", "https://[fe80::1]/", "http://api.acme.dev/"] {
            let answer = net.send(&Request::get(Url::parse(url).expect("a URL"))).await;
            assert!(matches!(answer, Err(HttpError::Forbidden(_))), "{url}: {answer:?}");
        }
    }

    /// A service that says its path, once so many wait for it; and how many have.
    async fn gathering(many: usize) -> (Url, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}/", listener.local_addr().expect("an address"));
        let (waiting, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let came = Arc::clone(&waiting);
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let (came, gate) = (Arc::clone(&came), Arc::clone(&gate));
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(connection.read_u8().await?);
                    }
                    if came.fetch_add(1, Ordering::SeqCst) + 1 == many {
                        gate.add_permits(Semaphore::MAX_PERMITS);
                    }
                    let _open = gate.acquire().await;
                    let head = String::from_utf8_lossy(&head);
                    let path = head.split(' ').nth(1).unwrap_or_default();
                    let length = path.len();
                    let answer =
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{path}");
                    connection.write_all(answer.as_bytes()).await
                });
            }
        });
        (Url::parse(&base).expect("a URL"), waiting)
    }

    #[tokio::test]
    async fn what_is_likely_to_follow_is_asked_side_by_side_and_once() {
        let net = Net::new(TIMEOUT, Reach::Public).expect("clients");
        let (base, asked) = gathering(3).await;
        let at = |path: &str| base.join(path).expect("a URL");
        let shelf = Shelf::default();
        // Nobody is answered before all three have asked.
        let first = Request::get(at("/one")).reading_ahead(vec![at("/two"), at("/three")], shelf.clone());
        let second = Request::get(at("/two")).reading_ahead(vec![at("/three")], shelf.clone());
        let third = Request::get(at("/three")).reading_ahead(Vec::new(), shelf);
        for (request, path) in [(first, "/one"), (second, "/two"), (third, "/three")] {
            assert_eq!(net.send(&request).await.expect("an answer").body.expose(), path);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn what_is_asked_again_after_that_is_asked_anew() {
        let net = Net::new(TIMEOUT, Reach::Public).expect("clients");
        let (base, asked) = gathering(1).await;
        let request = Request::get(base).reading_ahead(Vec::new(), Shelf::default());
        for _ in 0..2 {
            net.send(&request).await.expect("an answer");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn an_answer_may_take_fifteen_seconds() {
        assert_eq!(TIMEOUT, Duration::from_secs(15));
    }

    #[test]
    fn the_log_knows_content_types_by_name_and_no_others() {
        let kind = |written: &str| {
            let headers = vec![("content-type".to_owned(), written.to_owned())];
            kind_of(&Response { status: 200, headers, body: Secret::default() })
        };
        assert_eq!(kind("Application/JSON; charset=utf-8"), "application/json");
        assert_eq!(kind("application/sk_live_0123456789abcdef"), "another content type");
    }

    #[test]
    fn the_log_tells_the_shape_and_nothing_of_the_content() {
        let shape = |body: &str| shape_of(&Response { status: 200, headers: vec![], body: Secret::new(body) });
        assert_eq!(
            shape(r#"{"credential": "sk_one", "scopes": ["a"], "n": {"x": 1}, "sk_one": true, "sk_2": 1}"#),
            "{credential: text, scopes: [1], n: {x: number}, …: bool, …: number}"
        );
        assert_eq!(shape("sk_live_1"), "not JSON");
    }
}
