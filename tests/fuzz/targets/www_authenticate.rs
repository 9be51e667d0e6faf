//! A challenge as a service sends it, and whatever a person types or pastes.
#![no_main]

use authmd_tui::flow::target::Target;
use authmd_tui::flow::wire;
use authmd_tui::trust::{self, Reach};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Some(found) = wire::resource_metadata(&text) {
        assert!(!found.is_empty() && found.len() <= text.len());
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    let named = wire::resource_metadata(&format!("Bearer resource_metadata=\"{escaped}\", scope=\"a\""));
    assert_eq!(named.unwrap_or_default(), text, "a quoted value is read as it was meant");
    let beside = wire::resource_metadata(&format!("Bearer realm=\"{escaped}\", resource_metadata=\"https://a.dev/p\""));
    assert_eq!(beside.as_deref(), Some("https://a.dev/p"), "nothing gets out of another parameter's quotes");

    for reach in [Reach::Public, Reach::Private] {
        match Target::within(&text, reach) {
            Ok(target) => understood(&target, reach),
            Err(problem) => promises::problem(&problem),
        }
    }
    assert_eq!(Target::parse(&text), Target::within(&text, Reach::Public));
});

fn understood(target: &Target, reach: Reach) {
    promises::shown(&target.typed, 80);
    promises::sentence(&target.understood);
    if target.skill.is_some() {
        // Nobody is asked anything before the file is read.
        return assert_eq!(target.start.host_str(), None);
    }
    for url in [Some(&target.start), target.metadata.as_ref()].into_iter().flatten() {
        promises::contacted(url, &target.start);
        assert_eq!(trust::within(url, reach), Ok(()), "{url}");
    }
}
