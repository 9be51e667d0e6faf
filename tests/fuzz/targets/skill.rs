//! Skills, and the answers of the services that they describe; a zero stands between the two.
#![no_main]

use std::collections::BTreeSet;

use authmd_tui::account::{Client, Identity};
use authmd_tui::flow::wire::authorization::Authorizing;
use authmd_tui::flow::wire::{Asking, Step};
use authmd_tui::http::{Request, Response};
use authmd_tui::secret::Secret;
use authmd_tui::skill::Skill;
use authmd_tui::trust;
use url::Url;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (text, body) = text.split_once('\0').unwrap_or((&text, "{}"));
    let skill = match Skill::read(text, "skill.yaml") {
        Ok(skill) => skill,
        Err(problem) => return promises::problem(&problem),
    };
    promises::shown(&skill.name, 60);
    skill.contacted().for_each(|url| promises::contacted(url, &skill.resource));
    let Some(server) = &skill.server else {
        return;
    };
    // Requests go where the skill says that they go, whatever is put into them.
    let declared: BTreeSet<String> = skill.contacted().map(trust::authority).collect();
    let goes_there = |request: Request| {
        assert!(declared.contains(&trust::authority(&request.url)), "{}", request.url);
        let _ = (request.body.text(), request.target());
    };
    let (state, verifier) = (Secret::new("st_1"), Secret::new("verifier_of_more_than_forty_three_letters_12"));
    let redirect = Url::parse("http://127.0.0.1:41890/callback").expect("valid");
    let asking = Authorizing {
        client_id: Some("evil.dev"),
        redirect: &redirect,
        scopes: &server.scopes,
        resource: Some("https://acme.dev/@evil.dev"),
        state: &state,
        verifier: &verifier,
    };
    if let Some(link) = server.link(&asking) {
        assert!(declared.contains(&trust::authority(&link)), "{link}");
        assert!(link.query_pairs().all(|(_, value)| value != verifier.expose()), "the verifier is not for the browser");
    }
    let identity = Identity::from(Client::named("evil.dev"));
    let as_client = Asking { client: Some(&identity), resource: Some("https://acme.dev/@evil.dev") };
    for code in ["evil.dev", "c/../@evil.dev?#"] {
        server.redeem_request(&Secret::new(code), &asking, &as_client).into_iter().for_each(goes_there);
    }
    server.device_request(&server.scopes, &as_client).into_iter().for_each(goes_there);
    for status in [200, 202, 400, 429, 503] {
        let response = Response { status, headers: vec![], body: Secret::new(body) };
        match server.device(&response, promises::now()) {
            Ok(device) => {
                device.attempt.code.iter().for_each(|code| promises::shown(code, 41));
                server.poll_request(&device, &as_client).into_iter().for_each(goes_there);
            }
            Err(refusal) => promises::refusal(&refusal, Step::Device, &server.token),
        }
        for step in [Step::Redeem, Step::Poll] {
            if let Err(refusal) = server.tokens(&response, step, promises::now()) {
                promises::refusal(&refusal, step, &server.token);
            }
        }
    }
});
