//! The terminal that goes away. Without SIGHUP (ignored under nohup, sudo, a shell that traps it) nothing else tells of it:
//! crossterm 0.29 then reads end-of-file for ever at full speed (crossterm-rs/crossterm issue 793).

use tokio::sync::oneshot;

/// Tells when the terminal on stdin goes away; where there is none, it never does.
#[cfg(unix)]
pub fn watch() -> oneshot::Receiver<()> {
    use std::io::IsTerminal;
    use std::{io, thread};

    use rustix::event::{PollFd, PollFlags, poll};

    let (tell, gone) = oneshot::channel();
    if !io::stdin().is_terminal() {
        // Who waits, waits on.
        std::mem::forget(tell);
        return gone;
    }
    thread::spawn(move || {
        let stdin = rustix::stdio::stdin();
        loop {
            // No events are asked for: only a hang-up or an error ends the wait.
            let mut watched = [PollFd::new(&stdin, PollFlags::empty())];
            match poll(&mut watched, None) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(_) if watched[0].revents().is_empty() => {}
                _ => break,
            }
        }
        let _ = tell.send(());
    });
    gone
}

/// Waits for what ends programs from outside, a terminal that goes away among it, and says by which number (SIGHUP: 1).
#[cfg(unix)]
pub async fn told_to_end() -> i32 {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut hang_up)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => SignalKind::terminate().as_raw_value(),
        _ = hang_up.recv() => SignalKind::hangup().as_raw_value(),
        _ = watch() => SignalKind::hangup().as_raw_value(),
    }
}

/// A console tells of its end by ending the program.
#[cfg(not(unix))]
pub async fn told_to_end() -> i32 {
    std::future::pending().await
}
