//! `POST /_ferrogate/stages`: what the commands `ferrogate stage` and `ferrogate canary` ask for.

use http::StatusCode;

use super::super::dispatch::Services;
use super::super::{ClientRequest, Reply, json_reply, message_reply};
use crate::stage_command::StageCommand;

/// Does what the body says, and answers with what was done.
pub(super) fn serve(services: &Services, request: &ClientRequest) -> Reply {
    // Unsigned, so that it needs no credentials: as with the clock, from this machine alone.
    if !request.source_ip.to_canonical().is_loopback() {
        return message_reply(
            StatusCode::FORBIDDEN,
            "stages are changed from this machine only, or with AWS's own API",
        );
    }
    let command: StageCommand = match serde_json::from_slice(&request.body) {
        Ok(command) => command,
        Err(error) => return message_reply(StatusCode::BAD_REQUEST, &format!("the body is no command: {error}")),
    };
    match services.control.command_stage(&command) {
        Ok(report) => json_reply(StatusCode::OK, &report),
        Err(reason) => message_reply(StatusCode::BAD_REQUEST, &reason),
    }
}
