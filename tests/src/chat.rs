//! A chat client: a WebSocket whose frames are read as JSON, with a bound on every wait.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::stack::Stack;

/// Longer than any step takes on a slow machine: a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A connected client.
pub struct ChatClient {
    /// The socket, for what the methods here do not say.
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The subprotocol that the server has chosen.
    pub subprotocol: Option<String>,
}

impl ChatClient {
    /// Signs somebody up by this name, if need be, and in, and connects to `room`.
    pub async fn connect(stack: &Stack, user: &str, room: &str) -> ChatClient {
        let person = stack.person(user).await;
        match ChatClient::try_connect(stack, &format!("?roomId={room}"), &bearer(&person.token)).await {
            Ok(client) => client,
            Err(error) => panic!("{user} cannot connect to {room}: {error}"),
        }
    }

    /// Connects with this query and these headers; the error holds the handshake's answer.
    pub async fn try_connect(
        stack: &Stack,
        query: &str,
        headers: &[(&'static str, String)],
    ) -> Result<ChatClient, tungstenite::Error> {
        ChatClient::open(stack, &format!("chatapi/production{query}"), headers).await
    }

    /// Connects to a stage of any WebSocket API: `{api}/{stage}`.
    pub async fn connect_to(stack: &Stack, api_and_stage: &str) -> ChatClient {
        match ChatClient::open(stack, api_and_stage, &[]).await {
            Ok(client) => client,
            Err(error) => panic!("cannot connect to {api_and_stage}: {error}"),
        }
    }

    async fn open(
        stack: &Stack,
        address: &str,
        headers: &[(&'static str, String)],
    ) -> Result<ChatClient, tungstenite::Error> {
        let address = format!("ws://127.0.0.1:{}/_aws/execute-api/{address}", stack.port());
        let mut request = address.into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse()?);
        }
        let (socket, response) = tokio_tungstenite::connect_async(request).await?;
        let subprotocol = response.headers().get("sec-websocket-protocol");
        let subprotocol = subprotocol.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(ChatClient { socket, subprotocol })
    }

    /// Sends a JSON frame.
    pub async fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends a text frame as it is.
    pub async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap_or_else(|error| panic!("cannot send: {error}"));
    }

    /// The next message of any kind.
    pub async fn next(&mut self) -> Message {
        match tokio::time::timeout(PATIENCE, self.socket.next()).await {
            Ok(Some(Ok(message))) => message,
            other => panic!("no message: {other:?}"),
        }
    }

    /// The next text frame, as JSON.
    pub async fn next_frame(&mut self) -> Value {
        loop {
            match self.next().await {
                Message::Text(text) => {
                    return serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a text frame: {other:?}"),
            }
        }
    }

    /// The next text frame whose `type` is this; frames of other types before it are passed over.
    pub async fn next_of_type(&mut self, frame_type: &str) -> Value {
        loop {
            let frame = self.next_frame().await;
            if frame["type"] == frame_type {
                return frame;
            }
        }
    }

    /// The close code and reason that the server ends the connection with.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Some(closed) = self.closed_unless(|_| false).await {
                return closed;
            }
        }
    }

    /// The close code and reason, or `None` if a text comes before that is `wanted`.
    pub async fn closed_unless(&mut self, wanted: impl Fn(&str) -> bool) -> Option<(u16, String)> {
        loop {
            match tokio::time::timeout(PATIENCE, self.socket.next()).await {
                Ok(Some(Ok(Message::Close(Some(frame))))) => {
                    return Some((frame.code.into(), frame.reason.to_string()));
                }
                Ok(Some(Ok(Message::Close(None)) | Err(_)) | None) => return Some((1006, String::new())),
                Ok(Some(Ok(Message::Text(text)))) if wanted(&text) => return None,
                Ok(Some(Ok(_))) => {}
                Err(_) => panic!("the server did not close the connection"),
            }
        }
    }

    /// Closes it and waits for the answer.
    pub async fn close(mut self) {
        let _ = self.socket.close(None).await;
        while let Ok(Some(Ok(_))) = tokio::time::timeout(PATIENCE, self.socket.next()).await {}
    }
}

/// The header that a program presents a token in.
pub fn bearer(token: &str) -> [(&'static str, String); 1] {
    [("authorization", format!("Bearer {token}"))]
}

/// The header that a browser presents a token in.
pub fn subprotocol(token: &str) -> [(&'static str, String); 1] {
    [("sec-websocket-protocol", format!("ferrogate.chat, bearer.{token}"))]
}
