//! How a connection ends: the close code, and what `$disconnect` is told.

use tokio_tungstenite::tungstenite::error::{CapacityError, Error as SocketError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The client sent a close frame, with or without a code.
    Client {
        /// The code, if the frame had one.
        code: Option<u16>,
        /// The client's words, often none.
        reason: String,
    },
    /// TCP ended without a close frame.
    Lost,
    /// Idle for ten minutes, open for two hours, or the API or stage is gone.
    GoingAway,
    /// `DELETE @connections`.
    Deleted,
    /// A binary message, which API Gateway does not take.
    Binary,
    /// A frame over 32 KB or a message over 128 KB.
    TooBig,
    /// Text that is not UTF-8.
    InvalidText,
    /// Anything else that RFC 6455 forbids.
    Protocol,
    /// The gateway stops; the code is the caller's.
    Shutdown(u16),
}

impl Ending {
    /// What a failed read means.
    pub(super) fn of_error(error: &SocketError) -> Ending {
        match error {
            SocketError::Capacity(CapacityError::MessageTooLong { .. }) => Ending::TooBig,
            SocketError::Utf8(_) => Ending::InvalidText,
            SocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ending::Lost,
            SocketError::Protocol(_) => Ending::Protocol,
            _ => Ending::Lost,
        }
    }

    /// `disconnectStatusCode`
    pub(super) fn status_code(&self) -> u16 {
        match self {
            Ending::Client { code, .. } => code.unwrap_or(1005),
            Ending::Lost => 1006,
            Ending::GoingAway => 1001,
            Ending::Deleted => 1000,
            Ending::Binary => 1003,
            Ending::TooBig => 1009,
            Ending::InvalidText => 1007,
            Ending::Protocol => 1002,
            Ending::Shutdown(code) => *code,
        }
    }

    /// `disconnectReason`. A client's own words win; where it gave a code alone, the text that AWS has for that code.
    pub(super) fn reason(&self) -> &str {
        match self {
            Ending::Client { code: None, .. } => "Client-side close frame status not set",
            Ending::Client { reason, .. } if !reason.is_empty() => reason,
            Ending::Lost => "Connection Closed Abnormally",
            Ending::Binary => "Binary frames are not supported",
            Ending::TooBig => "Message too long",
            Ending::InvalidText => "Invalid UTF-8",
            Ending::Protocol => "Protocol error",
            _ => match self.status_code() {
                1000 => "Connection Closed Normally",
                1001 => "Going away",
                _ => "",
            },
        }
    }

    /// The close frame to send, if the connection ends from this side.
    pub(super) fn close_frame(&self) -> Option<CloseFrame> {
        match self {
            Ending::Client { .. } | Ending::Lost => None,
            _ => Some(CloseFrame { code: CloseCode::from(self.status_code()), reason: self.reason().into() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disconnect_tells_what_aws_tells() {
        let client = |code, reason: &str| Ending::Client { code, reason: reason.to_owned() };
        for (ending, code, reason) in [
            (client(None, ""), 1005, "Client-side close frame status not set"),
            (client(Some(1000), ""), 1000, "Connection Closed Normally"),
            (client(Some(1001), ""), 1001, "Going away"),
            (client(Some(4000), "bye"), 4000, "bye"),
            (client(Some(4000), ""), 4000, ""),
            (Ending::Lost, 1006, "Connection Closed Abnormally"),
            (Ending::GoingAway, 1001, "Going away"),
            (Ending::Deleted, 1000, "Connection Closed Normally"),
        ] {
            assert_eq!((ending.status_code(), ending.reason()), (code, reason), "{ending:?}");
        }
    }

    #[test]
    fn only_our_own_endings_send_a_close_frame() {
        assert!(Ending::Lost.close_frame().is_none());
        assert_eq!(u16::from(Ending::TooBig.close_frame().unwrap().code), 1009);
    }
}
