//! What a person sees while they sign in.

use super::client::Correction;
use super::redirect::Remedy;
use super::{OAuth, Question, Stage};
use crate::flow::discover::By;
use crate::flow::{Choice, Line, Prompt, Screen, ScreenId, Ssh};
use crate::problem::Problem;
use crate::trust;

/// Where this machine is reached by SSH without its port being named.
const SSH_PORT: u16 = 22;

impl OAuth {
    /// `page` makes an empty screen of the walk that this is a part of.
    pub fn screen(&self, page: impl Fn(ScreenId) -> Screen) -> Screen {
        let busy = |what: &str| {
            let mut screen = page(ScreenId::Waiting);
            screen.lines.push(Line::text(what));
            screen
        };
        let mut screen = match &self.stage {
            Stage::Listening => busy("Opening a port on this machine for the browser's answer…"),
            Stage::Registering => busy("Making this program known…"),
            Stage::AskingClient => self.client_asked(page(ScreenId::Param("client_id".into()))),
            Stage::AskingSecret => self.secret_asked(page(ScreenId::Param("client_secret".into()))),
            Stage::Opening => busy("Opening your browser…"),
            Stage::Awaiting => self.awaiting(page(ScreenId::Paste)),
            Stage::Trouble => self.trouble(page(ScreenId::Confirm)),
            Stage::Closing(_) => busy("Closing the port…"),
            Stage::Redeeming(_) => busy("The answer is here. Fetching the tokens…"),
            Stage::Starting => busy("Asking for a code…"),
            Stage::Watching | Stage::Polling => self.handed_over(page(ScreenId::Handoff)),
            Stage::Ask(question) => self.asked(question, page(ScreenId::Confirm)),
        };
        if screen.problem.is_none() {
            screen.problem.clone_from(&self.problem);
        }
        screen
    }

    fn quote(&self) -> Option<Line> {
        let text = self.message.clone()?;
        Some(Line::Quote { from: self.server_name(), text })
    }

    /// The host that signs people in, and whose it is where that cannot be seen.
    fn host_in_words(&self) -> String {
        let page = self.wanted.server.authorize.as_ref().unwrap_or(&self.wanted.server.token);
        match trust::same_site(page, &self.wanted.start) {
            true => trust::authority(page),
            false => format!("{} (another domain than that of {})", trust::authority(page), self.wanted.service),
        }
    }

    fn awaiting(&self, mut screen: Screen) -> Screen {
        let host = self.host_in_words();
        screen.link.clone_from(&self.link);
        if self.registered_anew {
            screen.lines.push(Line::text(format!(
                "{} had forgotten this program, which was made known anew. Please sign in once more.",
                self.server_name()
            )));
        }
        let port = self.listening.as_ref().map(|listening| listening.port).unwrap_or_default();
        match (self.wanted.surroundings.no_browser, &self.wanted.surroundings.ssh) {
            (None, _) => {
                screen.lines.push(Line::text(match &self.problem {
                    None => format!("Sign in at {host} in your browser. The answer comes back here by itself."),
                    Some(_) => format!("Open this link in your browser, and sign in at {host}."),
                }));
                screen.lines.push(Line::Quiet(
                    "If the browser ends up on a page that cannot be reached, paste its address below.".into(),
                ));
            }
            (Some(why), ssh) => {
                screen.lines.push(Line::text(format!(
                    "Open this link where you have a browser ({why}), and sign in at {host}."
                )));
                if let Some(ssh) = ssh {
                    screen.lines.push(Line::text(
                        "Before that, let the answer through: in another terminal where you sit, run",
                    ));
                    screen.lines.push(Line::Command(tunnel(ssh, port)));
                    screen.lines.push(Line::text("or afterwards paste below where the browser ended up; that page cannot be reached, and that is all right."));
                } else {
                    screen.lines.push(Line::text("Afterwards paste below where the browser ended up; that page cannot be reached, and that is all right."));
                }
                if self.wanted.server.device.is_some() {
                    screen.lines.push(Line::Quiet(
                        "Or sign in with a short code instead: that is among the other ways.".into(),
                    ));
                }
            }
        }
        screen.prompt = Some(Prompt::Paste { label: "Where the browser ended up, or its code".into() });
        screen
    }

    fn trouble(&self, mut screen: Screen) -> Screen {
        screen.lines.push(Line::text("What does the page in the browser say, or what would you rather do?"));
        let choice = |remedy| {
            let (label, detail) = self.remedy(remedy);
            Choice { label, detail }
        };
        let choices = self.remedies().into_iter().map(choice).collect();
        screen.prompt = Some(Prompt::Pick { label: "How do you want to go on?".into(), choices });
        screen
    }

    fn remedy(&self, remedy: Remedy) -> (String, String) {
        let registered = self.identity.as_ref().is_some_and(|identity| identity.client.registered);
        let (label, detail) = match remedy {
            Remedy::Wait => ("Nothing is wrong: show the link again", String::new()),
            Remedy::Anew if registered => {
                ("It does not know this program: register anew", "and a new link; tokens that you have are kept".into())
            }
            Remedy::Anew => ("It has expired, or was used: a new link", String::new()),
            Remedy::OtherHost => {
                let host = self.redirect().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
                let other = if host == "localhost" { "127.0.0.1" } else { "localhost" };
                ("It does not take the redirect address: use the other one", format!("{other} instead of {host}"))
            }
            Remedy::OtherClient => ("It does not know this program: correct the client", self.client_named()),
            Remedy::WithoutResource => (
                "It does not take \"resource\": leave it out",
                format!("the token may then open more than {}", trust::clean(&self.wanted.resource, 60)),
            ),
            Remedy::Device => ("Sign in with a short code instead", "typed in a browser anywhere".into()),
        };
        (label.to_owned(), detail)
    }

    fn handed_over(&self, mut screen: Screen) -> Screen {
        let Some(device) = &self.device else {
            return screen;
        };
        let attempt = &device.attempt;
        let whose = match attempt.page.as_ref().filter(|page| !trust::same_site(page, &self.wanted.start)) {
            Some(page) => {
                format!("at {} (another domain than that of {})", trust::authority(page), self.wanted.service)
            }
            None => format!("of {}", self.wanted.service),
        };
        let what = match attempt.code {
            Some(_) => "type the code there. Not here.",
            None => "let this program in.",
        };
        screen.lines.push(Line::text(format!("Open this page {whose} in a browser anywhere, sign in, and {what}")));
        screen.lines.extend(self.quote());
        screen.lines.push(Line::Quiet(match &self.wanted.server.authorize {
            Some(_) => "Confirm a code only if this program shows it to you now: whoever sends you one wants your account. The way through the browser cannot be misused like that, because its answer comes to this machine only.".into(),
            None => "Confirm a code only if this program shows it to you now: whoever sends you one wants your account.".into(),
        }));
        screen.user_code.clone_from(&attempt.code);
        screen.link.clone_from(&attempt.page);
        screen.qr.clone_from(&attempt.complete);
        screen.deadline = attempt.expires_at;
        screen
    }

    fn client_asked(&self, mut screen: Screen) -> Screen {
        let name = self.server_name();
        screen.lines.push(Line::text(match self.turned_away {
            true => format!("{name} does not register this program. If you have registered a client there yourself, name it."),
            false if self.wanted.server.register.is_some() => format!("Name a client that you have registered at {name} yourself, as a native app without a secret."),
            false => format!("{name} does not register programs by itself. Register a client there as a native app without a secret, then name it."),
        }));
        if let Some(redirect) = self.redirect() {
            screen.lines.push(Line::fact("redirect", redirect.as_str()));
        }
        screen.lines.extend(self.quote());
        screen.prompt = Some(Prompt::Text { label: "Client id".into() });
        screen
    }

    fn secret_asked(&self, mut screen: Screen) -> Screen {
        let (server, id) = (self.server_name(), self.client_named());
        screen.lines.push(Line::text(format!(
            "What is the secret of the client {id} at {server}? You sign in once more after it."
        )));
        screen.lines.extend(self.quote());
        screen.prompt = Some(Prompt::Secret { label: "Client secret".into() });
        screen
    }

    /// The client as the server knows it.
    pub(super) fn client_named(&self) -> String {
        self.identity.as_ref().map(|identity| trust::clean(&identity.client.id, 80)).unwrap_or_default()
    }

    fn client_corrected(&self, problem: &Problem, mut screen: Screen) -> Screen {
        screen.problem = Some(problem.clone());
        screen.lines.push(Line::fact("client", self.client_named()));
        screen.lines.extend(self.quote());
        let has_secret = self.identity.as_ref().is_some_and(|identity| identity.secret.is_some());
        let choice = |correction| {
            let (label, detail) = match correction {
                Correction::Secret if has_secret => ("Its secret is another one", ""),
                Correction::Secret => ("It has a secret", "typed hidden, kept with the account"),
                Correction::Name => ("It is another client", "one that you have registered there"),
                Correction::Register => ("Let the server register this program", "under a name of its own"),
                Correction::Stop => ("Stop here", "nothing is kept"),
            };
            Choice { label: label.into(), detail: detail.into() }
        };
        let choices = self.corrections().into_iter().map(choice).collect();
        screen.prompt = Some(Prompt::Pick { label: "What about the client?".into(), choices });
        screen
    }

    fn asked(&self, question: &Question, mut screen: Screen) -> Screen {
        let (text, label, yes) = match question {
            Question::Client(problem) => return self.client_corrected(problem, screen),
            Question::Again(_) => match self.wanted.by {
                By::Device => {
                    ("Nothing is kept yet. Another code can be had.".to_owned(), "Get a new code?", "Get a new code")
                }
                By::Browser => (
                    "Nothing is kept yet. Another link can be made.".to_owned(),
                    "Sign in with a new link?",
                    "Make a new link",
                ),
            },
            Question::WithoutResource(_) => (
                format!(
                    "It seems that {} does not want to hear what the token is for. Without that, the token may open more than {}: everything that your account there can.",
                    self.server_name(),
                    trust::clean(&self.wanted.resource, 80)
                ),
                "Ask for a token that is not bound to one resource?",
                "Yes, without it",
            ),
        };
        let (Question::Again(problem) | Question::WithoutResource(problem) | Question::Client(problem)) = question;
        screen.problem = Some(problem.clone());
        screen.lines.push(Line::Text(text));
        screen.lines.extend(self.quote());
        screen.prompt = Some(Prompt::Confirm { label: label.into(), yes: yes.into(), no: "Stop here".into() });
        screen
    }
}

/// What lets the browser's answer through to this machine, ready to be run where the person sits.
fn tunnel(ssh: &Ssh, port: u16) -> String {
    let named = if ssh.port == SSH_PORT { String::new() } else { format!(" -p {}", ssh.port) };
    let whom = format!("{}@{}", ssh.user, ssh.host);
    format!("ssh -N -L {port}:127.0.0.1:{port}{named} {}", trust::shell_word(&whom))
}
