//! Where the browser's answer arrives: a port on this machine, and nothing that is reached from outside (RFC 8252,
//! section 7.3).

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use oauth2::{CsrfToken, PkceCodeChallenge};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use url::form_urlencoded;

use crate::flow::{Lease, Listening};
use crate::problem::{Kind, Problem, cause};
use crate::secret::Secret;

/// How often a free port is looked for: the one that is free for the one kind of address may be taken for the other.
const TRIES: u8 = 5;

/// The page that the browser ends up on. It says nothing of how it went: that is told where the person is waited for.
const PAGE: &str = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
     <title>authmd-tui</title><style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1.5rem;\
     color-scheme:light dark}</style><h1>You can close this page</h1><p>The answer has arrived at authmd-tui. \
     It goes on in the terminal, and tells you there how it went.";

/// The ports that are open.
#[derive(Clone, Default)]
pub struct Loopback(Arc<Mutex<HashMap<u16, Heard>>>);

/// What has arrived at a port, and whether anybody still wants it.
struct Heard {
    queries: mpsc::UnboundedReceiver<Secret>,
    open: watch::Receiver<()>,
}

/// Closes the port when it is dropped.
struct Open {
    port: u16,
    ports: Loopback,
    _wanted: watch::Sender<()>,
    tasks: Vec<tokio::task::AbortHandle>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::AbortHandle::abort);
        self.ports.lock().remove(&self.port);
    }
}

impl Loopback {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u16, Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens at `wanted`, or at any other port where that is taken.
    pub async fn listen(&self, wanted: Option<u16>) -> Result<Listening, Problem> {
        let (port, listeners) = match wanted {
            Some(port) => match bind_again(port).await {
                Ok(bound) => bound,
                Err(_) => bind_any().await?,
            },
            None => bind_any().await?,
        };
        let (send, queries) = mpsc::unbounded_channel();
        let (wanted, open) = watch::channel(());
        let router = Router::new().fallback_service(get(move |uri: Uri| {
            let send = send.clone();
            async move { answer(&uri, &send) }
        }));
        let tasks = listeners.into_iter().map(|listener| {
            let router = router.clone();
            tokio::spawn(async move { drop(axum::serve(listener, router).await) }).abort_handle()
        });
        let open_port = Open { port, ports: self.clone(), _wanted: wanted, tasks: tasks.collect() };
        self.lock().insert(port, Heard { queries, open });
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        Ok(Listening {
            port,
            open: Lease::new(open_port),
            state: Secret::new(CsrfToken::new_random().into_secret()),
            verifier: Secret::new(verifier.into_secret()),
        })
    }

    /// The query of the next redirect; nothing once the port was closed.
    pub async fn redirected(&self, port: u16) -> Option<Secret> {
        let mut heard = self.lock().remove(&port)?;
        let query = tokio::select! {
            query = heard.queries.recv() => query,
            // Only its end is told.
            _ = heard.open.changed() => None,
        };
        if query.is_some() && heard.open.has_changed().is_ok() {
            self.lock().insert(port, heard);
        }
        query
    }
}

/// A port that was closed a moment ago is free only once its tasks have been put away.
async fn bind_again(port: u16) -> io::Result<(u16, Vec<TcpListener>)> {
    for _ in 0..TRIES {
        if let Ok(bound) = bind(port).await {
            return Ok(bound);
        }
        tokio::task::yield_now().await;
    }
    bind(port).await
}

async fn bind_any() -> Result<(u16, Vec<TcpListener>), Problem> {
    let mut why = io::Error::other("no port is free");
    for _ in 0..TRIES {
        match bind(0).await {
            Ok(bound) => return Ok(bound),
            Err(error) => why = error,
        }
    }
    Err(Problem::new(
        Kind::Failed,
        format!("No port on this machine could be opened for the browser's answer: {}.", cause(&why)),
        "Sign in with a code instead, where the service offers that: --mode device",
    ))
}

/// Both addresses of this machine with one port; a machine without IPv6 has one of them only.
async fn bind(port: u16) -> io::Result<(u16, Vec<TcpListener>)> {
    let first = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let port = first.local_addr()?.port();
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(second) => Ok((port, vec![first, second])),
        // Somebody else would get the answer there.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        Err(_) => Ok((port, vec![first])),
    }
}

/// Takes what looks like an answer; browsers ask for icons, too.
fn answer(uri: &Uri, heard: &mpsc::UnboundedSender<Secret>) -> Response {
    let query = uri.query().unwrap_or_default();
    let is_answer =
        form_urlencoded::parse(query.as_bytes()).any(|(name, _)| matches!(&*name, "code" | "error" | "state"));
    if !is_answer {
        return (StatusCode::NOT_FOUND, [(header::CONNECTION, "close")], "There is nothing here.\n").into_response();
    }
    if heard.send(Secret::new(query)).is_err() {
        // A connection may outlive the port that it came in at.
        return (StatusCode::GONE, [(header::CONNECTION, "close")], "Nobody waits for this any more.\n")
            .into_response();
    }
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (header::CONNECTION, "close"),
    ];
    (headers, Html(PAGE)).into_response()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    async fn get(address: SocketAddr, path: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn an_answer_is_heard_on_both_addresses_until_nobody_listens() {
        let loopback = Loopback::default();
        let listening = loopback.listen(None).await.expect("a port");
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, listening.port));
        assert!(get(here, "/favicon.ico").await.expect("an answer").starts_with("HTTP/1.1 404"));
        for address in [here, SocketAddr::from((Ipv6Addr::LOCALHOST, listening.port))] {
            // Not every machine has both.
            let Ok(page) = get(address, "/callback?code=c1&state=s1").await else {
                assert!(address.is_ipv6());
                continue;
            };
            assert!(page.starts_with("HTTP/1.1 200") && page.contains("You can close this page"), "{page}");
            assert!(page.contains("no-referrer") && page.contains("no-store"), "{page}");
            assert_eq!(loopback.redirected(listening.port).await, Some(Secret::new("code=c1&state=s1")));
        }
        let port = listening.port;
        let waiting = tokio::spawn({
            let loopback = loopback.clone();
            async move { loopback.redirected(port).await }
        });
        tokio::task::yield_now().await;
        drop(listening);
        assert_eq!(waiting.await.expect("ended"), None);
        assert!(get(here, "/callback?code=c2&state=s1").await.is_err(), "a replay finds nobody");
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_another_one() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = taken.local_addr().expect("bound").port();
        let loopback = Loopback::default();
        let other = loopback.listen(Some(port)).await.expect("another port");
        assert_ne!(other.port, port);
        let port = other.port;
        let first = (other.state.clone(), other.verifier.clone());
        drop(other);
        let again = loopback.listen(Some(port)).await.expect("free again");
        assert_eq!(again.port, port, "what was registered with it still holds");
        assert_ne!((again.state, again.verifier), first, "nothing is guessed twice");
    }
}
