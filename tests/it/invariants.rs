//! What every flow keeps, whatever comes: thousands of random lives of each.

use authmd_tui::account::{Account, Kept, Layer, LayerKind, Mode, Note, Renewal, StoreKind};
use authmd_tui::flow::claim::Claim;
use authmd_tui::flow::discover::{By, Discover, Way};
use authmd_tui::flow::renew::Renew;
use authmd_tui::flow::review::Review;
use authmd_tui::flow::revoke::{Presence, Revoke};
use authmd_tui::flow::signup::SignUp;
use authmd_tui::flow::storage::{Storage, TakenOver, Wish};
use authmd_tui::flow::target::Target;
use authmd_tui::flow::verify::Verify;
use authmd_tui::flow::{
    Answer, Effect, Flow, Input, Known, Lease, Listening, Prompt, Protection, ScreenId, Seen, SkillFile, StoreOffer,
};
use authmd_tui::http::{Body, HttpError, Method, Response};
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;
use authmd_tui::skill::Source;
use authmd_tui::skill::expression::evaluate;
use proptest::prelude::*;

use crate::support::play::{Fake, stores, survey};
use crate::support::{account, noon, url};

/// Planted in every answer and every text typed; it may be sent and stored, and must never be shown.
const PLANTED: &str = "sk_planted_secret";
const CODE: &str = "424242";
/// Not the address that any account was bound to: what is sent must be what was typed.
const TYPED: &str = "eve@example.org";

/// What a skill may say of Acme: a key for a code with a proof, and a pairing.
const EXCHANGE: &str = "id: acme
website: https://acme.dev
signup:
  - mode: oauth
    authorize: {url: 'https://auth.acme.dev/in', query: {back: .params.redirect_uri, proof: .params.code_challenge, how: S256, state: .params.state}}
    token: {url: 'https://auth.acme.dev/keys', body: {came: .params.code, proof: .params.code_verifier}}
";
const PAIRING: &str = "id: acme
website: https://acme.dev
signup:
  - mode: device
    start: {url: 'https://auth.acme.dev/pair', body: {on: 'true'}}
    poll: {url: 'https://auth.acme.dev/pair/{device_code}', body: {}}
";

/// A code and a link by mail, and a key made by another one.
const ENROLLING: &str = "id: acme
website: https://acme.dev
auth: {type: api_key, help_url: https://acme.dev/keys}
signup:
  - mode: email_code
    request: {url: 'https://auth.acme.dev/ask', body: {email: .params.email}, response: {mapping: {ticket: .claim_token}}}
    redeem:
      url: 'https://auth.acme.dev/take'
      body: {email: .params.email, code: .params.code, ticket: '.params.ticket | tostring'}
      response: {mapping: {api_key: '.access_token // .credential'}}
  - mode: magic_link
    request: {url: 'https://auth.acme.dev/ask', body: {email: .params.email}}
  - mode: direct
    credential: held
    params: {name: string, plan: {enum: [a, b]}, agree: boolean}
    request:
      url: 'https://auth.acme.dev/keys'
      body: {name: .params.name, plan: .params.plan, agree: .params.agree}
      response: {mapping: {api_key: .access_token}}
";

fn flow(kind: u8) -> Box<dyn Flow> {
    let target = || Target::parse("api.acme.dev").expect("a target");
    let held = || account("Acme Mail", "acme.dev", None, Some(48));
    match kind {
        0 => Box::new(SignUp::new(target(), None)),
        1 => Box::new(SignUp::again(held()).expect("a flow")),
        2 => Box::new(Revoke::new(held(), Presence::Person)),
        3 => Box::new(Revoke::new(
            Account { revocation: authmd_tui::account::Revocation::Undiscovered, ..held() },
            Presence::Nobody,
        )),
        4 => Box::new(Verify::new(held())),
        7 => Box::new(Storage::new(Wish::Look)),
        5 => Box::new(Renew::new(refreshing().account, Presence::Person)),
        6 => Box::new(Renew::new(refreshing().account, Presence::Nobody)),
        8 => Box::new(SignUp::new(target(), None).only(Way::OAuth(By::Browser))),
        9 => Box::new(SignUp::new(target(), None).only(Way::OAuth(By::Device))),
        10 | 11 => Box::new(SignUp::new(Target::parse("./acme.yaml").expect("a target"), None)),
        16 => Box::new(Review::new(account("Acme Mail", "acme.dev", None, None))),
        17 => Box::new(Claim::new(Account { claimed: false, mode: Mode::Direct, ..held() })),
        13..=15 => {
            let mode = [Mode::EmailCode, Mode::MagicLink, Mode::Direct][usize::from(kind - 13)];
            Box::new(SignUp::new(Target::parse("./acme.yaml").expect("a target"), None).only(Way::of(mode)))
        }
        _ => Box::new(Discover::new(target())),
    }
}

fn problem() -> Problem {
    Problem::new(Kind::Store, "The disk is full.", "Make room.")
}

/// A server of OAuth.
fn oauth_server() -> serde_json::Value {
    serde_json::json!({
        "issuer": "https://auth.acme.dev", "authorization_endpoint": "https://auth.acme.dev/authorize",
        "token_endpoint": "https://auth.acme.dev/token", "registration_endpoint": "https://auth.acme.dev/register",
        "device_authorization_endpoint": "https://auth.acme.dev/device", "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    })
}

/// Bodies that lead somewhere, more often than not.
fn body() -> impl Strategy<Value = String> {
    let server = Fake::server_metadata().to_string();
    let exchanging = {
        let mut metadata = Fake::server_metadata();
        metadata["token_endpoint"] = "https://auth.acme.dev/token".into();
        metadata["grant_types_supported"] = vec!["urn:workos:agent-auth:grant-type:claim"].into();
        metadata["agent_auth"]["identity_types_supported"] = vec!["anonymous", "service_auth"].into();
        metadata.to_string()
    };
    let oauth = oauth_server().to_string();
    prop_oneof![
        Just(r#"{"resource":"https://api.acme.dev/","resource_name":"Acme Mail","authorization_servers":["https://auth.acme.dev"]}"#.to_owned()),
        Just(server.clone()),
        Just(server),
        Just(exchanging.clone()),
        Just(exchanging),
        Just(oauth.clone()),
        Just(oauth),
        Just(r#"{"client_id":"client_1"}"#.to_owned()),
        Just(format!(r#"{{"device_code":"{PLANTED}","user_code":"WDJB-47KQ","verification_uri":"https://acme.dev/c","expires_in":600}}"#)),
        Just(format!(r#"{{"access_token":"{PLANTED}","token_type":"Bearer","refresh_token":"{PLANTED}"}}"#)),
        Just(format!(r#"{{"claim_token":"{PLANTED}","credential":"{PLANTED}","status":"claimed"}}"#)),
        Just(format!(r#"{{"claim_token":"{PLANTED}","status":"pending"}}"#)),
        prop::sample::select(vec!["otp_invalid", "otp_expired", "claim_expired", "invalid_claim_token", "anonymous_not_enabled", "unsupported_credential_type", "endpoint_moved", "temporarily_unavailable", "claimed_or_in_flight"])
            .prop_map(|code| format!(r#"{{"error":"{code}"}}"#)),
        Just(format!(r#"{{"access_token":"{PLANTED}","refresh_token":"{PLANTED}","expires_in":3600}}"#)),
        Just(format!(r#"{{"claim_token":"{PLANTED}","claim":{{"user_code":"WDJB-47KQ","verification_uri":"https://acme.dev/c","expires_in":600}}}}"#)),
        Just(format!(r#"{{"id":"{PLANTED}","claim":{{"token":"{PLANTED}","attempt":{{"verification_uri":"https://acme.dev/c?t={PLANTED}"}}}}}}"#)),
        Just(format!(r#"{{"status":"claimed","identity":{{"assertion":"{PLANTED}","refresh_token":{{"value":"{PLANTED}"}}}}}}"#)),
        prop::sample::select(vec!["authorization_pending", "slow_down", "expired_token", "access_denied", "invalid_grant", "invalid_target", "invalid_client", "unsupported_grant_type", "invalid_request", "invalid_redirect_uri", "invalid_client_metadata", "tos_required", "proof_of_work_required", "claim_not_confirmed"])
            .prop_map(|code| format!(r#"{{"error":"{code}","message":"scope and name are required","challenge":"c","algorithm":"sha256","difficulty":1,"count":2}}"#)),
        Just(String::new()),
        Just("<html>".to_owned()),
    ]
}

fn response() -> impl Strategy<Value = Result<Response, HttpError>> {
    let headers = prop_oneof![
        Just(vec![]),
        Just(vec![("www-authenticate".to_owned(), "Bearer resource_metadata=\"https://api.acme.dev/prm\"".to_owned())])
    ];
    let status =
        prop_oneof![6 => Just(200_u16), 3 => Just(401_u16), 1 => Just(404_u16), 1 => Just(410_u16), 1 => Just(500_u16)];
    prop_oneof![
        20 => (status, headers, body()).prop_map(|(status, headers, body)| Ok(Response { status, headers, body: Secret::new(body) })),
        1 => Just(Err(HttpError::Unreachable("gone".into()))),
        1 => Just(Err(HttpError::TooLarge(1))),
    ]
}

fn listening() -> Listening {
    let verifier = Secret::new("verifier_of_more_than_forty_three_letters_12");
    Listening { port: 41_890, open: Lease::new(()), state: Secret::new("st_1"), verifier }
}

/// Where the browser is led: with the right state and a code or a no, or with another one's state.
fn redirect(pick: usize, right: bool) -> String {
    let state = if right { "st_1" } else { "st_2" };
    match pick {
        0 => format!("code={PLANTED}&state={state}&iss=https%3A%2F%2Fauth.acme.dev"),
        1 => format!("error=access_denied&error_description=no&state={state}&iss=https%3A%2F%2Fauth.acme.dev"),
        _ => format!("code={PLANTED}&state={state}&iss=https%3A%2F%2Fevil.example"),
    }
}

/// One thing that happens: either what the flow waits for, or anything at all.
#[derive(Debug, Clone)]
enum Happens {
    /// The answer to the effect under way, or to the prompt.
    Fitting {
        response: Result<Response, HttpError>,
        stored: bool,
        held: bool,
        pick: usize,
        yes: bool,
    },
    Any(Input),
}

fn known() -> Known {
    let held = account("Acme Mail", "acme.dev", None, Some(48));
    let vault = |setup| StoreOffer {
        kind: StoreKind::Vault,
        setup: Some(setup),
        label: "In a vault".into(),
        detail: "here".into(),
        place: None,
        problem: None,
    };
    let stores = [vec![vault(Protection::Keyring), vault(Protection::Passphrase)], stores()].concat();
    Known { ids: vec![held.id.clone()], accounts: vec![held], stores, decided: false, ..Known::default() }
}

fn planted() -> Box<Kept> {
    Box::new(Kept::new(account("Acme Mail", "acme.dev", None, Some(48)), Secret::new(PLANTED)))
}

/// An account that renews itself.
fn refreshing() -> Kept {
    let mut kept = *planted();
    kept.account.renewal = Renewal::Refresh { url: url("https://auth.acme.dev/token"), resource: None };
    kept.account.layers.push(Layer { kind: LayerKind::RefreshToken, expires_at: None });
    kept.secrets.further.push((LayerKind::RefreshToken, Secret::new(PLANTED)));
    kept
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        Just(Input::Begin),
        Just(Input::Back),
        Just(Input::Elapsed),
        Just(Input::Answer(Answer::NewCode)),
        Just(Input::Answer(Answer::Confirm(true))),
        (0..4_usize).prop_map(|nth| Input::Answer(Answer::Pick(nth))),
        Just(Input::Stored(Ok(()))),
        Just(Input::Stored(Err(problem()))),
        Just(Input::Known(Err(problem()))),
        Just(Input::Loaded(Ok(Some(planted())))),
        response().prop_map(Input::Http),
    ]
}

fn happens() -> impl Strategy<Value = Happens> {
    let fitting =
        (response(), prop::bool::weighted(0.8), prop::bool::weighted(0.9), 0..3_usize, prop::bool::weighted(0.85))
            .prop_map(|(response, stored, held, pick, yes)| Happens::Fitting { response, stored, held, pick, yes });
    prop_oneof![12 => fitting, 2 => any_input().prop_map(Happens::Any), 1 => Just(Happens::Any(Input::Back))]
}

/// A flow with everything that has to hold checked at each step.
struct Watched {
    kind: u8,
    flow: Box<dyn Flow>,
    under_way: Option<Effect>,
    consented: bool,
    typed_code: bool,
    /// It is written down that a token is about to be sent.
    declared: bool,
    /// A code came back of the browser, with the state that was sent and from who was asked.
    brought: bool,
}

impl Watched {
    fn new(kind: u8) -> Self {
        Self {
            kind,
            flow: flow(kind),
            under_way: None,
            consented: false,
            typed_code: false,
            declared: false,
            brought: false,
        }
    }

    /// A flow of that kind, after all that happened to it.
    fn live(kind: u8, life: &[Happens]) -> Self {
        let mut watched = Self::new(kind);
        watched.step(Input::Begin);
        for happens in life {
            let input = match happens {
                Happens::Any(input) => input.clone(),
                fitting => watched.fitting(fitting),
            };
            watched.step(input);
        }
        watched
    }

    /// The account that this flow is about, with planted secrets.
    fn kept(&self) -> Box<Kept> {
        if matches!(self.kind, 5 | 6) { Box::new(refreshing()) } else { planted() }
    }

    fn fitting(&self, happens: &Happens) -> Input {
        let Happens::Fitting { response, stored, held, pick, yes } = happens else {
            unreachable!("only asked for fitting ones")
        };
        let result = || if *stored { Ok(()) } else { Err(problem()) };
        match (&self.under_way, &self.flow.screen(noon()).prompt) {
            (Some(Effect::Http(_)), _) => Input::Http(response.clone()),
            (Some(Effect::Wait(_)), _) => Input::Elapsed,
            (Some(Effect::Work(slice)), _) => Input::Worked(slice.search().filter(|_| *stored)),
            (Some(Effect::Lookup { .. }), _) => {
                Input::Known(Ok(Box::new(if *held { known() } else { Known { accounts: vec![], ..known() } })))
            }
            (Some(Effect::Load(_)), _) => Input::Loaded(Ok(held.then(|| self.kept()))),
            (Some(Effect::Survey), _) => {
                let protection = [None, Some(Protection::Keyring), Some(Protection::Passphrase)][pick % 3];
                Input::Surveyed(Box::new(if *stored { Ok(survey(protection)) } else { Err(problem()) }))
            }
            (Some(Effect::TakeOver { .. }), _) => Input::TakenOver(result().map(|()| TakenOver::default())),
            (Some(Effect::Lock(_)), _) => Input::Locked(if *stored { Ok(Lease::new(())) } else { Err(problem()) }),
            (Some(Effect::Listen { .. }), _) => {
                Input::Listening(if *stored { Ok(listening()) } else { Err(problem()) })
            }
            (Some(Effect::Await { .. }), Some(Prompt::Paste { .. })) if !held => {
                Input::Answer(Answer::Text(Secret::new(redirect(*pick, *yes))))
            }
            (Some(Effect::Await { .. }), Some(Prompt::Pick { .. })) if !held => Input::Answer(Answer::Pick(*pick)),
            (Some(Effect::Await { .. }), None) => Input::Redirected(None),
            (Some(Effect::Await { .. }), _) => Input::Redirected(Some(Secret::new(redirect(*pick, *yes)))),
            (Some(Effect::Open(_)), _) => Input::Opened(result()),
            (Some(Effect::Read(_)), _) => {
                let text = match self.kind {
                    10 => EXCHANGE,
                    13.. => ENROLLING,
                    _ => PAIRING,
                };
                let skill = SkillFile {
                    source: Source::File("/skills/acme.yaml".into()),
                    text: text.to_owned(),
                    seen: Seen::AsItWas,
                };
                Input::Read(if *stored { Ok(skill) } else { Err(problem()) })
            }
            (Some(Effect::Evaluate(work)), _) => Input::Evaluated(match stored {
                true => Ok(work.read(&evaluate(&work.written())).expect("all are answered")),
                false => Err(problem()),
            }),
            (Some(_), _) => Input::Stored(result()),
            (None, Some(Prompt::Pick { .. })) => Input::Answer(Answer::Pick(*pick)),
            (None, Some(Prompt::Confirm { .. })) => Input::Answer(Answer::Confirm(*yes)),
            (None, Some(Prompt::Email { .. })) => Input::Answer(Answer::Text(Secret::new(TYPED))),
            (None, Some(Prompt::Secret { .. } | Prompt::Paste { .. })) => {
                Input::Answer(Answer::Text(Secret::new(PLANTED)))
            }
            (None, Some(Prompt::Text { .. })) => Input::Answer(Answer::Text(Secret::new("work"))),
            (None, Some(Prompt::Code { .. })) => Input::Answer(Answer::Text(Secret::new(CODE))),
            (None, None) => Input::Begin,
        }
    }

    fn step(&mut self, input: Input) {
        let before = self.flow.screen(noon());
        self.consented |= before.id == ScreenId::Consent && input == Input::Answer(Answer::Confirm(true));
        self.typed_code |=
            matches!((&before.prompt, &input), (Some(Prompt::Code { .. }), Input::Answer(Answer::Text(_))));
        let came = match &input {
            Input::Redirected(Some(query)) | Input::Answer(Answer::Text(query)) => Some(query),
            _ => None,
        };
        self.brought |= matches!(before.prompt, Some(Prompt::Paste { .. } | Prompt::Pick { .. }))
            && came.is_some_and(|query| {
                // A skill may not say who its server says it is.
                query.expose() == redirect(0, true) || self.kind == 10 && query.expose() == redirect(2, true)
            });
        let answers = match (&self.under_way, &input) {
            (Some(Effect::Http(_)), Input::Http(_))
            | (Some(Effect::Wait(_)), Input::Elapsed)
            | (Some(Effect::Work(_)), Input::Worked(_))
            | (Some(Effect::Lookup { .. }), Input::Known(_))
            | (Some(Effect::Load(_)), Input::Loaded(_))
            | (Some(Effect::Lock(_)), Input::Locked(_))
            | (Some(Effect::Survey), Input::Surveyed(_))
            | (Some(Effect::Listen { .. }), Input::Listening(_))
            | (Some(Effect::Await { .. }), Input::Redirected(_))
            | (Some(Effect::Open(_)), Input::Opened(_))
            | (Some(Effect::Read(_)), Input::Read(_))
            | (Some(Effect::Evaluate(_)), Input::Evaluated(_))
            | (Some(Effect::TakeOver { .. }), Input::TakenOver(_)) => true,
            (Some(effect), Input::Stored(_)) => !matches!(
                effect,
                Effect::Http(_)
                    | Effect::Wait(_)
                    | Effect::Work(_)
                    | Effect::Lookup { .. }
                    | Effect::Load(_)
                    | Effect::Lock(_)
                    | Effect::Survey
                    | Effect::Listen { .. }
                    | Effect::Await { .. }
                    | Effect::Open(_)
                    | Effect::Read(_)
                    | Effect::Evaluate(_)
                    | Effect::TakeOver { .. }
            ),
            _ => false,
        };
        // An answer to nothing is what a front end would drop: its effect belongs to somebody else.
        let stray = matches!(
            input,
            Input::Http(_)
                | Input::Elapsed
                | Input::Worked(_)
                | Input::Known(_)
                | Input::Loaded(_)
                | Input::Locked(_)
                | Input::Listening(_)
                | Input::Redirected(_)
                | Input::Opened(_)
                | Input::Read(_)
                | Input::Stored(_)
        ) && !answers;
        let began_twice = input == Input::Begin && self.under_way.is_some();
        if stray || began_twice {
            return;
        }
        // Endpoints that moved are found again, and asked about again.
        self.consented &= before.id != ScreenId::Discovering;
        let over = before.outcome.is_some();
        let cancelled = input == Input::Cancel;
        let effects = self.flow.step(input, noon());
        // What must arrive is waited for; everything else ends with its flow, or gives way to a note of how it was left.
        let noted = cancelled && matches!(effects.as_slice(), [Effect::Note { .. }]);
        if answers || noted || (cancelled && self.flow.screen(noon()).outcome.is_some()) {
            self.under_way = None;
        }
        assert!(effects.len() <= 1 && (effects.is_empty() || self.under_way.is_none()), "two effects at once");
        assert!(!over || effects.is_empty(), "something after the end");
        let after = self.flow.screen(noon());
        assert!(!over || after.outcome == before.outcome, "the end changed");
        for effect in effects {
            self.looks_only_where_the_page_is_the_gate(&effect, &before.id);
            self.watch(&effect);
            self.under_way = Some(effect);
        }
        let shown = format!("{after:?}");
        assert!(!shown.contains(PLANTED) && !shown.contains(CODE), "a secret on the screen: {shown}");
    }

    /// A code that must be read back to us is never waited for, and nothing at all is sent to be signed up before consent.
    fn looks_only_where_the_page_is_the_gate(&self, effect: &Effect, before: &ScreenId) {
        let Effect::Http(request) = effect else {
            return;
        };
        let signing_up = matches!(self.kind, 0 | 1 | 8..=11 | 13..);
        assert!(!signing_up || request.method == Method::Get || self.consented, "something sent before consent");
        let looks = !request.query.is_empty()
            || matches!(&request.body, Body::Form(fields) if fields.iter().any(|field| field.name == "claim_token"));
        assert!(!looks || *before != ScreenId::Code || self.typed_code, "asked for a code that a person is to bring");
    }

    fn watch(&mut self, effect: &Effect) {
        let shown = format!("{effect:?}");
        assert!(!shown.contains(PLANTED) && !shown.contains(CODE), "a secret in a debug print: {shown}");
        if let Effect::Note { note, .. } = effect {
            self.declared = matches!(note, Note::Spending(_)) || self.declared && !matches!(note, Note::Unspent);
        }
        let Effect::Http(request) = effect else {
            return;
        };
        if let Body::Form(fields) = &request.body
            && fields.iter().any(|field| field.name == "refresh_token")
        {
            assert!(self.declared, "a token that works once is sent before that was written down");
            self.declared = false;
        }
        if let Body::Form(fields) = &request.body
            && fields.iter().any(|field| field.name == "code")
        {
            assert!(self.brought, "a code is redeemed that did not come back as it should");
        }
        let Body::Json(fields) = &request.body else {
            return;
        };
        assert_eq!(request.method, Method::Post);
        let redeems = fields.iter().any(|field| field.name == "came");
        assert!(!redeems || self.brought, "a code is redeemed that did not come back as it should");
        if fields.iter().any(|field| field.name == "type" || field.name == "email" || field.name == "client_name") {
            assert!(self.consented, "a registration before consent");
        }
        for email in fields.iter().filter(|field| matches!(&*field.name, "email" | "assertion" | "login_hint")) {
            assert_eq!(email.value.as_text().as_str(), TYPED, "an address that nobody typed");
        }
        let codes = ["otp", "code", "user_code", "otp_code"];
        if let Some(code) = fields.iter().find(|field| codes.contains(&&*field.name)) {
            assert!(self.typed_code && code.value.as_text().as_str() == CODE, "a code that nobody typed");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_rules_hold(kind in 0..18_u8, life in prop::collection::vec(happens(), 1..50)) {
        Watched::live(kind, &life);
    }

    #[test]
    fn cancel_ends_it_from_anywhere(kind in 0..18_u8, life in prop::collection::vec(happens(), 0..40), stored in any::<bool>(), response in response()) {
        let mut watched = Watched::live(kind, &life);
        watched.step(Input::Cancel);
        // A credential on its way arrives first; if it cannot be stored, the person is told and asked once more. Where nobody
        // can be asked it is tried four times with three pauses, and then in memory: with the answer itself, nine steps.
        for _ in 0..9 {
            if watched.flow.screen(noon()).outcome.is_some() {
                break;
            }
            if watched.under_way.is_some() {
                let input = watched.fitting(&Happens::Fitting { response: response.clone(), stored, held: true, pick: 0, yes: true });
                watched.step(input);
            } else {
                watched.step(Input::Cancel);
            }
        }
        prop_assert!(watched.flow.screen(noon()).outcome.is_some());
        prop_assert!(watched.flow.step(Input::Begin, noon()).is_empty());
    }
}
