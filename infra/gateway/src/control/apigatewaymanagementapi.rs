//! `ApiGatewayManagementApi`, which writes to WebSocket connections: served by the WebSocket data plane under each API's own
//! address (`websocket/management`), and listed here for the table of coverage.

use super::call::{Entry, elsewhere};
use super::service_model;
use super::services::Service;

/// The service. No request is routed to it: its calls are signed for `execute-api`, as those of every API are.
pub(crate) static SERVICE: Service = Service {
    name: "apigatewaymanagementapi",
    model: &service_model::APIGATEWAYMANAGEMENTAPI,
    operations: &[OPERATIONS],
    validation_error: "BadRequestException",
    missing_token: "ForbiddenException",
    global: false,
};

const OPERATIONS: &[Entry] =
    &[elsewhere("DeleteConnection"), elsewhere("GetConnection"), elsewhere("PostToConnection")];
