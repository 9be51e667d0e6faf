//! What comes back of an authorization, whoever brings it, and the answers of an OAuth server.
#![no_main]

use authmd_tui::flow::wire::Step;
use authmd_tui::flow::wire::authorization::{self, Brought, Redirect};
use authmd_tui::http::Response;
use authmd_tui::secret::Secret;
use url::Url;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    redirect(&Redirect::of_query(&Secret::new(text.as_ref())));
    match Brought::read(&Secret::new(text.as_ref())) {
        Brought::Whole(whole) => redirect(&whole),
        Brought::Code(code) => assert!(code.code.is_some() && code.error.is_none() && code.issuer.is_none()),
        Brought::TheLink | Brought::Nothing => {}
    }
    let base = Url::parse("https://auth.acme.dev/token").expect("valid");
    for status in [200, 201, 400, 401, 503] {
        let response = Response { status, headers: vec![], body: Secret::new(text.as_ref()) };
        match authorization::registered(&response, &base, promises::now()) {
            Ok(registered) => promises::shown(&registered.id, 400),
            Err(refusal) => promises::refusal(&refusal, Step::ClientRegistration, &base),
        }
        match authorization::device(&response, &base, promises::now()) {
            Ok(device) => {
                device.attempt.code.iter().for_each(|code| promises::shown(code, 41));
                device
                    .attempt
                    .page
                    .iter()
                    .chain(&device.attempt.complete)
                    .for_each(|page| promises::contacted(page, &base));
            }
            Err(refusal) => promises::refusal(&refusal, Step::Device, &base),
        }
        if let Err(refusal) = authorization::tokens(&response, Step::Redeem, &base, promises::now()) {
            promises::refusal(&refusal, Step::Redeem, &base);
        }
    }
});

/// What is shown of it is clean, whatever stands in it.
fn redirect(redirect: &Redirect) {
    redirect.error.iter().for_each(|error| promises::shown(error, 65));
    redirect.message.iter().for_each(|message| promises::shown(message, 201));
}
