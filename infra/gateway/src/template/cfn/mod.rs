//! CloudFormation's own resource types, each read into the model.

pub(super) mod dynamodb;
pub(super) mod lambda;
pub(super) mod rest;
pub(super) mod v2;
pub(super) mod v2_routes;
