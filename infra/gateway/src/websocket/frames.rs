//! The frames that the gateway itself writes: error frames, and long messages in fragments.

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::MAX_FRAME_BYTES;

/// The text of an error frame, in AWS's exact bytes: a space after the first colon and after commas, none elsewhere.
///
/// `message` is one of the gateway's own texts and ids are base64, so nothing needs escaping.
pub(super) fn error_text(message: &str, connection_id: &str, request_id: &str) -> String {
    format!(r#"{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}"#)
}

/// A text message as the frames that carry it: one, or as many as its length needs at 32 KB each.
pub(super) fn text_frames(text: Utf8Bytes) -> impl Iterator<Item = Message> {
    let single = text.len() <= MAX_FRAME_BYTES;
    let bytes: Bytes = if single { Bytes::new() } else { text.clone().into() };
    let fragments = (0..bytes.len()).step_by(MAX_FRAME_BYTES).map(move |start| {
        let end = bytes.len().min(start + MAX_FRAME_BYTES);
        let opcode = OpCode::Data(if start == 0 { Data::Text } else { Data::Continue });
        // A fragment may end inside a character: RFC 6455 wants only the whole message to be UTF-8.
        Message::Frame(Frame::message(bytes.slice(start..end), opcode, end == bytes.len()))
    });
    single.then_some(Message::Text(text)).into_iter().chain(fragments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_frames_have_the_bytes_of_aws() {
        assert_eq!(
            error_text("Internal server error", "TX0qLdBPjoECJ3A=", "TX0tuFp2joEF5Zw="),
            r#"{"message": "Internal server error", "connectionId":"TX0qLdBPjoECJ3A=", "requestId":"TX0tuFp2joEF5Zw="}"#
        );
    }

    #[test]
    fn only_long_messages_are_fragmented() {
        let sizes = |length: usize| -> Vec<(usize, bool)> {
            text_frames("x".repeat(length).into())
                .map(|frame| match frame {
                    Message::Text(text) => (text.len(), true),
                    Message::Frame(frame) => (frame.payload().len(), frame.header().is_final),
                    other => panic!("{other:?}"),
                })
                .collect()
        };
        assert_eq!(sizes(0), [(0, true)]);
        assert_eq!(sizes(MAX_FRAME_BYTES), [(MAX_FRAME_BYTES, true)]);
        assert_eq!(sizes(MAX_FRAME_BYTES + 1), [(MAX_FRAME_BYTES, false), (1, true)]);
        assert_eq!(sizes(4 * MAX_FRAME_BYTES).len(), 4);
    }
}
