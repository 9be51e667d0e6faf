//! Which screens are drawn, and how one gets there.

use authmd_tui::account::{Account, Client, Layer, LayerKind, Mode, Renewal};
use authmd_tui::tui::theme::{Depth, Look, Theme};
use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use serde_json::json;

use crate::support::play::{CLAIM, Fake, answer, challenge};
use crate::support::tour::{Tour, accounts, signing_in};
use crate::support::{account, hours, noon, url};
use crate::svg::{DARK, LIGHT, Paper};

pub struct Scene {
    pub name: &'static str,
    pub buffer: Buffer,
    pub paper: &'static Paper,
}

const ON_DARK: Theme = Theme { look: Look::Dark, depth: Depth::True, unicode: true };
const ON_LIGHT: Theme = Theme { look: Look::Light, ..ON_DARK };
const ASCII: Theme = Theme { look: Look::Terminal, depth: Depth::None, unicode: false };

/// The usual window.
const USUAL: (u16, u16) = (80, 24);

pub fn all() -> Vec<Scene> {
    let scene = |name, tour: &mut Tour, (width, height): (u16, u16)| Scene {
        name,
        buffer: tour.buffer(width, height),
        paper: if tour.app.theme.look == Look::Light { &LIGHT } else { &DARK },
    };
    let signing_up = |theme| Tour::signing_up(theme, mailing());
    vec![
        scene("list", &mut listed(ON_DARK), USUAL),
        scene("list-wide", listed(ON_DARK).keys("jjjjj"), (200, 40)),
        scene("list-light", listed(ON_LIGHT).keys("j"), USUAL),
        scene("list-small", &mut listed(ON_DARK), (60, 15)),
        scene("list-ascii", &mut listed(ASCII), USUAL),
        scene("discovery", &mut signing_up(ON_DARK), USUAL),
        scene("consent", signing_up(ON_DARK).keys("\ny"), USUAL),
        scene("code", signing_up(ON_DARK).keys("\ny\nada@example.com\n481"), USUAL),
        scene("handed-over-code", signing_in(ON_DARK, true).keys("\ny\n"), USUAL),
        scene("handed-over-code-light", signing_in(ON_LIGHT, true).keys("\ny\n"), USUAL),
        scene("qr-code", signing_in(ON_DARK, true).keys("\ny\n").press(KeyCode::F(2)), USUAL),
        scene("link-over-ssh", signing_in(ON_DARK, true).keys("2\ny\n"), USUAL),
        scene("done", signing_up(ON_DARK).keys("\ny\nada@example.com\n481516\n"), USUAL),
        scene("detail", listed(ON_DARK).keys("jjjjj\n"), (80, 30)),
        scene("revoked", revoking().keys("jjjxy\n"), USUAL),
        scene("commands", listed(ON_DARK).keys(":"), USUAL),
        scene("help", listed(ON_DARK).keys("?"), USUAL),
        scene("store", listed(ON_DARK).keys("S"), USUAL),
    ]
}

/// Accounts of every kind, one of them with layers that have clocks of their own.
fn listed(theme: Theme) -> Tour {
    let layer = |kind, ends| Layer { kind, expires_at: Some(noon() + hours(ends)) };
    let mut notes = account("Acme Notes", "notes.acme.dev", None, Some(1));
    notes.mode = Mode::OAuth;
    notes.scopes = vec!["notes.read".into(), "notes.write".into()];
    notes.layers = vec![
        layer(LayerKind::AccessToken, 1),
        layer(LayerKind::RefreshToken, 24 * 45),
        layer(LayerKind::ClientRegistration, 24 * 120),
    ];
    notes.renewal = Renewal::Refresh { url: url("https://auth.acme.dev/t1/token"), resource: None };
    notes.client =
        Some(Client { issuer: Some("https://auth.acme.dev/t1".into()), registered: true, ..Client::named("client_1") });
    let others = accounts().into_iter().filter(|account| account.service != "Northwind");
    Tour::new(theme, others.chain([notes]).collect::<Vec<Account>>())
}

/// Acme Mail, which mails its codes and lets the new credential in.
fn mailing() -> Fake {
    let mut fake = Fake::acme();
    fake.json(
        CLAIM,
        json!({"status": "pending", "message": "Verification email sent", "expires_at": "2026-11-22T12:10:00Z"}),
    );
    fake.on("GET https://api.acme.dev/", [challenge(), answer(200, "{}")]);
    fake
}

/// A service that ends a credential when it is told to, as the call afterwards shows.
fn revoking() -> Tour {
    let mut tour = listed(ON_DARK);
    tour.fake.on("GET https://api.acme.dev/", [answer(200, "{}"), answer(401, "{}")]);
    tour.fake.json("POST https://auth.acme.dev/agent/revoke", json!({}));
    tour
}
