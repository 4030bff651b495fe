//! SAM: what its transform makes of `AWS::Serverless::*`, made here without the detour over CloudFormation.

pub(super) mod api;
mod auth;
pub(super) mod cors;
pub(super) mod events;
pub(super) mod function;
pub(super) mod globals;
pub(super) mod http_api;
mod requests;
pub(super) mod resource_policy;
pub(super) mod table;
pub(super) mod usage_plan;
