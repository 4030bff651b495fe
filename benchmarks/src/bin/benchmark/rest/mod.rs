//! What a REST API answers by itself: mocks and cache hits beside a bare hyper server, validation, templates, and how it grows.

mod growth;
mod kept;
mod subjects;

use crate::gateway::Gateway;
use crate::options::Options;
use crate::{Failure, place};

/// Measures and gives the section.
pub(crate) async fn section(options: &Options) -> Result<String, Failure> {
    let gateway = Gateway::start("rest", &place::rest_template(), None).await?;
    let mut out = subjects::measure(gateway.address, options).await?;
    out.push_str(&kept::measure(&gateway).await?);
    gateway.end().await;
    out.push_str(&growth::measure(options).await?);
    Ok(out)
}
