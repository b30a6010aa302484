//! A backend for private targets.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The backend in the private subnets, on a port of this machine.
pub(crate) struct Backend {
    pub(crate) port: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Backend {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let hears = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let hears = Arc::clone(&hears);
                std::thread::spawn(move || answer(stream, &hears));
            }
        });
        Self { port, heard }
    }

    /// One that is not running.
    pub(crate) fn that_is_away() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            port: listener.local_addr().unwrap().port().to_string(),
            heard: Arc::default(),
        }
    }

    /// The heads of the requests that came since this was last asked.
    pub(crate) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }
}

/// Keeps the request's head in small letters, and answers with its path; slowly below `/claims`.
fn answer(mut stream: TcpStream, heard: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut head = String::new();
    while let Some(Ok(line)) = lines.next() {
        if line.is_empty() {
            break;
        }
        head += &(line + "\n");
    }
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    heard.lock().unwrap().push(head.to_lowercase());
    if path.starts_with("/claims") {
        std::thread::sleep(Duration::from_secs(2));
    }
    let body = format!("{{\"path\":\"{path}\"}}");
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
}
