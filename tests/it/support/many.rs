//! A world of many services, each at a path of its own on one port, and a home that holds an account at each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;

use authmd_tui::account::{Account, Kept, Layer, LayerKind, Renewal, Revocation, RevokeForm, Secrets, StoreKind};
use authmd_tui::secret::Secret;
use authmd_tui::store::Store;
use authmd_tui::store::json::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::terminal::Home;
use super::{account, url};

/// What a service is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Like {
    /// It takes its key.
    Good,
    /// It turns its key away.
    Dead,
    /// It lets everybody wait.
    Silent,
    /// It says yes to a revocation, and goes on taking the key.
    Deaf,
    /// It says nothing to a revocation, and everything else is as usual.
    Mute,
    /// It hands out tokens that it does not take.
    Barren,
}

struct Services {
    likes: Mutex<BTreeMap<usize, Like>>,
    /// Keys that are good at the moment.
    keys: Mutex<BTreeMap<usize, Vec<String>>>,
    tokens: Mutex<usize>,
    /// Calls for a revocation.
    told: Mutex<usize>,
    /// Calls under way, and the most there were.
    under_way: Mutex<(usize, usize)>,
    /// Nobody is answered before so many have asked.
    at_once: usize,
    gate: Semaphore,
}

/// The services, until the end of the test.
pub struct World {
    services: Arc<Services>,
    base: String,
}

impl World {
    pub fn start() -> Self {
        Self::that_gathers(0)
    }

    /// Nobody is answered before so many calls are under way at once.
    pub fn that_gathers(at_once: usize) -> Self {
        let services = Arc::new(Services {
            likes: Mutex::default(),
            keys: Mutex::default(),
            tokens: Mutex::default(),
            told: Mutex::default(),
            under_way: Mutex::default(),
            at_once,
            gate: Semaphore::new(0),
        });
        let router = Router::new()
            .route("/s/{nth}/", get(resource))
            .route("/s/{nth}/token", post(token))
            .route("/s/{nth}/revoke", post(revoke))
            .with_state(Arc::clone(&services));
        let (told, hear) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                told.send(listener.local_addr().expect("an address")).expect("heard");
                axum::serve(listener, router).await.expect("served");
            });
        });
        Self { services, base: format!("http://{}", hear.recv().expect("started")) }
    }

    pub fn is(&self, nth: usize, like: Like) -> &Self {
        self.services.likes.lock().expect("whole").insert(nth, like);
        self
    }

    /// Where all of them are.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// An account at the service of that number, with a key that never ends.
    pub fn account(&self, nth: usize) -> Kept {
        let resource = format!("{}/s/{nth}/", self.base);
        let key = format!("key-{nth}");
        self.services.keys.lock().expect("whole").insert(nth, vec![key.clone()]);
        let account = Account {
            id: authmd_tui::account::AccountId::stored(&format!("s{nth:03}")).expect("an id"),
            start: url(&resource),
            revocation: Revocation::Endpoint { url: url(&format!("{resource}revoke")), form: RevokeForm::OAuth },
            store: StoreKind::Json,
            resource,
            ..account(&format!("Service {nth}"), "many.dev", None, None)
        };
        Kept::new(account, Secret::new(key))
    }

    /// The same with an access token that is over, and a refresh token.
    pub fn renewing(&self, nth: usize) -> Kept {
        let kept = self.account(nth);
        let at = kept.account.created_at;
        let account = Account {
            renewal: Renewal::Refresh { url: url(&format!("{}token", kept.account.resource)), resource: None },
            layers: vec![
                Layer { kind: LayerKind::AccessToken, expires_at: at },
                Layer { kind: LayerKind::RefreshToken, expires_at: None },
            ],
            ..kept.account
        };
        let further = vec![(LayerKind::RefreshToken, Secret::new(format!("refresh-{nth}")))];
        Kept { account, secrets: Secrets { credential: kept.secrets.credential, further } }
    }

    /// Puts accounts into the token file of a home.
    pub fn keep(&self, home: &Home, accounts: impl IntoIterator<Item = Kept>) {
        let file = Json::new(home.path("tokens.json").into());
        accounts.into_iter().for_each(|kept| file.save(&kept).expect("kept"));
    }

    /// Waits until so many calls are under way.
    pub fn until_under_way(&self, calls: usize) {
        while self.services.under_way.lock().expect("whole").0 < calls {
            thread::yield_now();
        }
    }

    /// Waits until a service is told to revoke.
    pub fn until_told(&self) {
        while *self.services.told.lock().expect("whole") == 0 {
            thread::yield_now();
        }
    }

    /// Everybody is answered from now on.
    pub fn open(&self) {
        self.services.gate.close();
    }

    /// Tokens that were handed out.
    pub fn tokens(&self) -> usize {
        *self.services.tokens.lock().expect("whole")
    }

    /// The most calls that were under way at once.
    pub fn most_at_once(&self) -> usize {
        self.services.under_way.lock().expect("whole").1
    }
}

/// One more is under way, until this is dropped.
struct UnderWay<'a>(&'a Services);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.lock().expect("whole").0 -= 1;
    }
}

impl Services {
    async fn called(&self, nth: usize) -> UnderWay<'_> {
        let now = {
            let mut under_way = self.under_way.lock().expect("whole");
            under_way.0 += 1;
            under_way.1 = under_way.1.max(under_way.0);
            under_way.0
        };
        let under_way = UnderWay(self);
        if now >= self.at_once {
            self.gate.close();
        }
        // Closed, it lets everybody pass.
        let _ = self.gate.acquire().await;
        if self.like(nth) == Like::Silent {
            std::future::pending::<()>().await;
        }
        under_way
    }

    fn like(&self, nth: usize) -> Like {
        self.likes.lock().expect("whole").get(&nth).copied().unwrap_or(Like::Good)
    }

    fn takes(&self, nth: usize, headers: &HeaderMap) -> bool {
        let shown = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let keys = self.keys.lock().expect("whole");
        let good = keys.get(&nth).is_some_and(|keys| keys.iter().any(|key| shown == format!("Bearer {key}")));
        good && self.like(nth) != Like::Dead
    }
}

async fn resource(State(services): State<Arc<Services>>, Path(nth): Path<usize>, headers: HeaderMap) -> Response {
    let _under_way = services.called(nth).await;
    match services.takes(nth, &headers) {
        true => "fine".into_response(),
        false => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn token(State(services): State<Arc<Services>>, Path(nth): Path<usize>, body: String) -> Response {
    let _under_way = services.called(nth).await;
    if services.like(nth) == Like::Dead || !body.contains("grant_type=refresh_token") {
        return (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    let number = {
        let mut tokens = services.tokens.lock().expect("whole");
        *tokens += 1;
        *tokens
    };
    let key = format!("access-{nth}-{number}");
    if services.like(nth) != Like::Barren {
        services.keys.lock().expect("whole").entry(nth).or_default().push(key.clone());
    }
    axum::Json(json!({
        "access_token": key, "token_type": "Bearer", "expires_in": 3600, "refresh_token": format!("refresh-{nth}-{number}"),
    }))
    .into_response()
}

async fn revoke(State(services): State<Arc<Services>>, Path(nth): Path<usize>, body: String) -> Response {
    let _under_way = services.called(nth).await;
    *services.told.lock().expect("whole") += 1;
    if services.like(nth) == Like::Mute {
        std::future::pending::<()>().await;
    }
    if services.like(nth) != Like::Deaf {
        let mut keys = services.keys.lock().expect("whole");
        let of_it = keys.entry(nth).or_default();
        match body.contains("refresh") {
            true => of_it.clear(),
            false => of_it.retain(|key| !body.contains(key.as_str())),
        }
    }
    StatusCode::OK.into_response()
}
