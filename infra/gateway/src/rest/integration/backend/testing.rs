//! Endpoints for tests: a socket that answers with given bytes, and tells what it was sent.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What an endpoint does once it has read a request.
#[derive(Clone)]
pub(in crate::rest) enum Does {
    /// It sends these bytes, and waits for the next request.
    Answers(Vec<u8>),
    /// It sends these bytes and closes the connection.
    AnswersAndCloses(Vec<u8>),
    /// It sends these bytes and says no more.
    AnswersAndHangs(Vec<u8>),
    /// It sends these bytes and resets the connection.
    AnswersAndResets(Vec<u8>),
    /// It sends these bytes, and then others without end.
    Floods(Vec<u8>),
}

/// An endpoint on this machine, until it is dropped.
pub(in crate::rest) struct Endpoint {
    pub(in crate::rest) address: std::net::SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Endpoint {
    pub(in crate::rest) async fn new(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, connections) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<usize>>::default());
        let (seen, opened) = (Arc::clone(&requests), Arc::clone(&connections));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                *opened.lock().unwrap() += 1;
                tokio::spawn(serve(stream, does.clone(), Arc::clone(&seen)));
            }
        });
        Endpoint { address, requests, connections, task }
    }

    /// One that answers every request with this status line and these headers, and this body.
    pub(in crate::rest) async fn answering(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        Self::new(Does::Answers(response(status, headers, body))).await
    }

    pub(in crate::rest) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The last request, as it came.
    pub(in crate::rest) fn request(&self) -> String {
        self.requests.lock().unwrap().last().cloned().unwrap_or_default()
    }

    pub(in crate::rest) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// How often it was connected to.
    pub(in crate::rest) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// The values of a header of the last request.
    pub(in crate::rest) fn header(&self, name: &str) -> Vec<String> {
        let request = self.request();
        let head = request.split("\r\n\r\n").next().unwrap_or_default();
        let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).collect()
    }
}

/// A whole response.
pub(in crate::rest) fn response(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

async fn serve(mut stream: TcpStream, does: Does, requests: Arc<Mutex<Vec<String>>>) {
    while let Some(request) = read(&mut stream).await {
        requests.lock().unwrap().push(request);
        let (Does::Answers(bytes)
        | Does::AnswersAndCloses(bytes)
        | Does::AnswersAndHangs(bytes)
        | Does::AnswersAndResets(bytes)
        | Does::Floods(bytes)) = &does;
        let sent = stream.write_all(bytes).await;
        match does {
            Does::Answers(_) => {}
            Does::AnswersAndCloses(_) => return,
            Does::AnswersAndHangs(_) => {
                // Until the other side leaves.
                let _ = stream.read(&mut [0]).await;
                return;
            }
            Does::AnswersAndResets(_) => {
                // With something unread, closing is a reset.
                let _ = stream.set_zero_linger();
                return;
            }
            Does::Floods(_) => {
                let mut open = sent.is_ok();
                while open {
                    open = stream.write_all(&[b'x'; 65_536]).await.is_ok();
                }
                return;
            }
        }
    }
}

/// One request with a body of an announced length, or none.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut piece = [0; 65_536];
    loop {
        let head = request.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if request.len() >= head + 4 + length.unwrap_or(0) {
                return Some(String::from_utf8_lossy(&request).into_owned());
            }
        }
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => request.extend_from_slice(&piece[..read]),
        }
    }
}
