//! HTTP proxies as companies have them: such that let through, such that look inside, such that say no.

use std::io::{BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::{io, thread};

use rustls::ServerConfig;

use super::hostile::{Script, Stream, head, serve_within_tls, within_tls};
use super::tls::Authority;

pub enum Manner {
    /// Whatever host is named, the bytes go there.
    Passes(SocketAddr),
    /// Answers in the place of whatever host is named, with a certificate of that name by this authority.
    Intercepts(Arc<Authority>, Script),
    /// Says this, and nothing else.
    Says(&'static str),
}

pub struct Proxy {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Proxy {
    pub fn start(manner: Manner) -> Self {
        Self::over(None, manner)
    }

    /// One that is itself spoken to over TLS.
    pub fn secure(config: Arc<ServerConfig>, manner: Manner) -> Self {
        Self::over(Some(config), manner)
    }

    fn over(tls: Option<Arc<ServerConfig>>, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (seen, manner) = (Arc::new(Mutex::new(Vec::new())), Arc::new(manner));
        let theirs = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, manner, tls) = (Arc::clone(&theirs), Arc::clone(&manner), tls.clone());
                thread::spawn(move || {
                    let _ = match (tls, &*manner) {
                        (None, Manner::Passes(to)) => pass(&stream, *to, &seen),
                        (None, manner) => answer(&mut &stream, manner, &seen),
                        (Some(config), manner) => answer(&mut within_tls(config, stream), manner, &seen),
                    };
                });
            }
        });
        Self { address, seen }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The requests that came, as lines, in order.
    pub fn seen(&self) -> Vec<Vec<String>> {
        self.seen.lock().expect("not poisoned").clone()
    }

    /// The hosts that were asked for, each once.
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> =
            self.seen().iter().filter_map(|lines| lines[0].split(' ').nth(1).map(str::to_owned)).collect();
        hosts.dedup();
        hosts
    }
}

const CONNECTED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

fn request(stream: &mut impl Stream, seen: &Mutex<Vec<Vec<String>>>) -> io::Result<Vec<String>> {
    let lines = head(&mut BufReader::with_capacity(1, stream))?;
    seen.lock().expect("not poisoned").push(lines.clone());
    Ok(lines)
}

fn pass(mut stream: &TcpStream, to: SocketAddr, seen: &Mutex<Vec<Vec<String>>>) -> io::Result<()> {
    request(&mut stream, seen)?;
    let service = TcpStream::connect(to)?;
    stream.write_all(CONNECTED)?;
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut &service, &mut &*stream);
            stream.shutdown(Shutdown::Both)
        });
        let _ = io::copy(&mut &*stream, &mut &service);
        service.shutdown(Shutdown::Both)
    })
}

fn answer(stream: &mut impl Stream, manner: &Manner, seen: &Mutex<Vec<Vec<String>>>) -> io::Result<()> {
    let lines = request(stream, seen)?;
    match manner {
        Manner::Says(words) => {
            stream.write_all(words.as_bytes())?;
            stream.flush()
        }
        Manner::Intercepts(authority, script) => {
            stream.write_all(CONNECTED)?;
            stream.flush()?;
            let host = lines[0].split(' ').nth(1).and_then(|place| place.rsplit_once(':')).map_or("", |(host, _)| host);
            let mut inner = within_tls(authority.server(host), stream);
            serve_within_tls(&mut inner, script, &format!("https://{host}/"), &Mutex::default());
            Ok(())
        }
        Manner::Passes(_) => unreachable!("a proxy over TLS looks inside"),
    }
}
