//! What a sign-up would do, in order: shown before consent, and told by `discover`.

use url::Url;

use super::{By, Calls, Discovery, Way};
use crate::flow::wire::{Start, Step};
use crate::http::Method;
use crate::trust;

/// One step of a sign-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub what: String,
    /// Where it goes, or what is to be known of it.
    pub detail: String,
}

/// Where the person confirms, as far as can be told beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// A code by mail, typed here.
    Mail,
    /// A code all the same; the service's answer tells whether it is typed here or on its page.
    Told,
}

impl Confirmation {
    /// Why one would take it, for `discover`.
    pub fn why(self) -> &'static str {
        match self {
            Confirmation::Mail => "A code by mail, typed here; no browser needed.",
            Confirmation::Told => "A code, on the service's page or by mail; a browser on any machine will do.",
        }
    }

    /// As a choice, and what to know of it.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Confirmation::Mail => ("auth.md, code by e-mail", "no browser needed"),
            Confirmation::Told => ("auth.md, with a code", "on its page, or by e-mail"),
        }
    }
}

impl Discovery {
    pub fn confirmation(&self) -> Confirmation {
        let exchanges = self.offer.as_ref().is_some_and(|offer| offer.token.is_some());
        if exchanges { Confirmation::Told } else { Confirmation::Mail }
    }

    /// The steps, where one signs in by OAuth. Who is known there may have to be made known all the same.
    pub fn oauth_plan(&self, by: By, store: &str, is_known: bool) -> Vec<Planned> {
        let Some(server) = self.authorization() else {
            return Vec::new();
        };
        let step = |what: &str, detail: String| Planned { what: what.to_owned(), detail };
        let call = |step, url| called(server.method(step), url);
        let host = |url: Option<&Url>| url.map(trust::authority).unwrap_or_default();
        let mut plan = Vec::new();
        if let Some(register) = &server.register {
            let what = if is_known { "made known, if it has to be" } else { "this program is made known" };
            plan.push(step(what, place(Some(register))));
        }
        match by {
            By::Device => plan.extend([
                step("a code is asked for", call(Step::Device, server.device.as_ref())),
                step("you type it in a browser anywhere", "and sign in there".to_owned()),
                step("tokens are fetched for it", call(Step::Poll, Some(server.polled()))),
            ]),
            By::Browser => plan.extend([
                step("you sign in in a browser", host(server.authorize.as_ref())),
                step("its answer comes back here", "to a port of this machine, or pasted".to_owned()),
                step("tokens are fetched for it", call(Step::Redeem, Some(&server.token))),
            ]),
        }
        // A token is tried where it was asked for, unless something else named the resource.
        let start = self.target.metadata.is_none().then(|| self.target.start.to_string());
        plan.extend(self.kept_and_tried(store, start));
        plan
    }

    /// The steps, where a skill says which calls are made.
    pub fn enrolment_plan(&self, way: Way, store: &str) -> Vec<Planned> {
        let Some(enrolment) = self.enrolment(way) else {
            return Vec::new();
        };
        let step = |what: &str, detail: String| Planned { what: what.to_owned(), detail };
        let call = |nth: usize| {
            let template = enrolment.steps.get(nth).map(|step| &step.template);
            template.map(|template| called(template.method(), template.url())).unwrap_or_default()
        };
        let asked: Vec<String> = enrolment.steps[0].asked.iter().map(|asked| asked.name.replace('_', " ")).collect();
        let mut plan = Vec::new();
        if !asked.is_empty() {
            plan.push(step(&format!("you type: {}", trust::clean(&asked.join(", "), 80)), String::new()));
        }
        if enrolment.by_credential {
            plan.push(step("you pick the credential that it is made with", String::new()));
        }
        plan.push(step("you see what is sent, and agree", String::new()));
        let named = |name: &str| step(&format!("{} {name}", self.service().name), call(0));
        match way {
            Way::Enrol(Calls::EmailCode) => plan.extend([
                named("mails you a code"),
                step("you type the code here", String::new()),
                step("it is handed in for a key", call(1)),
            ]),
            Way::Enrol(Calls::MagicLink) if enrolment.steps.len() > 1 => plan.extend([
                named("mails you a link"),
                step("you paste the link here, unopened", String::new()),
                step("it is handed in for a key", call(1)),
            ]),
            Way::Enrol(Calls::MagicLink) => plan.extend([
                named("mails you a link"),
                step("you open it, and paste the key here", place_of(enrolment.page.as_ref())),
            ]),
            _ => plan.push(named("makes a key")),
        }
        let tried_at = self.skill.as_ref().map(|skill| skill.tried_at.to_string());
        plan.extend(self.kept_and_tried(store, tried_at));
        plan
    }

    /// The steps, where the person brings a key.
    pub fn key_plan(&self) -> Vec<Planned> {
        let step = |what: &str, detail: String| Planned { what: what.to_owned(), detail };
        let tried_at = self.skill.as_ref().map(|skill| skill.tried_at.to_string());
        let page = self.key_page().map(|page| trust::authority(&page.url)).unwrap_or_default();
        let mut plan = vec![step("you make a key on its page", page), step("and paste it here", String::new())];
        let [kept, tried] = self.kept_and_tried("", tried_at);
        let tried = match self.skill.as_ref().is_none_or(|skill| skill.can_be_tried()) {
            true => Planned { what: "it is tried once".to_owned(), ..tried },
            false => Planned { what: "it is not tried".to_owned(), ..tried },
        };
        plan.extend([tried, kept]);
        plan
    }

    fn kept_and_tried(&self, store: &str, tried_at: Option<String>) -> [Planned; 2] {
        let resource = self.service().resource;
        let step = |what: String, detail: String| Planned { what, detail };
        [
            step(format!("the credential is kept {store}"), format!("for {} only", trust::clean(&resource, 60))),
            match self.skill.as_ref().and_then(|skill| skill.trial.as_deref()) {
                Some(trial) if trial.none => {
                    step("and not tried".to_owned(), "no harmless call is known for it".to_owned())
                }
                trial => {
                    let method = if trial.is_some_and(|trial| trial.body.is_some()) { "POST" } else { "GET" };
                    step("and tried once".to_owned(), format!("{method} {}", short_url(&tried_at.unwrap_or(resource))))
                }
            },
        ]
    }

    /// The steps, where a sign-up begins with `start` and what it brings is kept in `store` ("in the vault").
    pub fn plan(&self, start: Start, store: &str) -> Vec<Planned> {
        let service = self.service();
        let name = &service.name;
        let offer = self.offer.as_ref();
        let claim = offer.and_then(|offer| offer.claim.as_ref());
        let completed = || {
            let mut url = claim?.clone();
            url.path_segments_mut().ok()?.pop_if_empty().push("complete");
            Some(url)
        };
        let complete = offer.and_then(|offer| offer.complete.clone()).or_else(completed);
        let token = place(offer.and_then(|offer| offer.token.as_ref()));
        let register = place(offer.and_then(|offer| offer.register.as_ref()));
        let step = |what: &str, detail: String| Planned { what: what.to_owned(), detail };
        let typed = || step("you type your e-mail address", String::new());
        let mut plan = match start {
            Start::Anonymous => vec![step("register without a name", register), typed()],
            Start::VerifiedEmail | Start::ServiceAuth => vec![typed(), step("register with it", register)],
            Start::Claim => vec![typed()],
        };
        let named = matches!(start, Start::VerifiedEmail | Start::ServiceAuth);
        let sent = if named { "to that address".to_owned() } else { place(claim) };
        match self.confirmation() {
            Confirmation::Mail => plan.extend([
                step(&format!("{name} mails you a code"), sent),
                step("you type the code here", String::new()),
                step("the account is bound to you", place(complete.as_ref())),
            ]),
            Confirmation::Told => {
                if !named {
                    plan.push(step(&format!("{name} begins the confirmation"), sent));
                }
                plan.extend([
                    step("you confirm with a code", "on its page, or with one that it sends".to_owned()),
                    step("the credential is fetched", token),
                ]);
            }
        }
        plan.extend(self.kept_and_tried(store, None));
        plan
    }
}

/// A call as the plan shows it: a long path by its end, which tells the calls apart.
fn place(url: Option<&Url>) -> String {
    called(Method::Post, url)
}

fn called(method: Method, url: Option<&Url>) -> String {
    let method = method.as_str();
    let Some(url) = url else {
        return format!("{method}, where the service says next");
    };
    let segments: Vec<&str> = url.path_segments().map(Iterator::collect).unwrap_or_default();
    let path = match segments.as_slice() {
        [_, .., before, last] if url.path().len() > 20 => format!("/…/{before}/{last}"),
        _ => url.path().to_owned(),
    };
    format!("{method} {}{}", trust::authority(url), trust::clean(&path, 60))
}

/// A page as its host.
fn place_of(page: Option<&Url>) -> String {
    page.map(trust::authority).unwrap_or_default()
}

/// A resource as host and path.
fn short_url(resource: &str) -> String {
    Url::parse(resource).map_or_else(
        |_| trust::clean(resource, 60),
        |url| trust::clean(&format!("{}{}", trust::authority(&url), url.path()), 60),
    )
}
