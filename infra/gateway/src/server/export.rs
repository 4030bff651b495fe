//! `GET /_ferrogate/export`: what runs, as a template with the files that it names.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::dispatch::Services;
use super::{ClientRequest, Reply, json_reply, message_reply};
use crate::control::WorldId;
use crate::model::Model;
use crate::proxy::QueryPairs;
use crate::template::export::{ExportOptions, Format, export};

/// Answers with `{"template": "…", "files": {"path": "base64"}}`. The query names a `format` (`sam`, `cloudformation`), a
/// `region` and an `account` other than the run's own, and the `folder` that the template will be in.
pub(super) async fn serve(services: &Services, request: &ClientRequest) -> Reply {
    // It is everything that there is, the functions' code and environments included.
    if services.exposed && !request.source_ip.is_loopback() {
        return message_reply(StatusCode::FORBIDDEN, "only this machine itself may export what runs on it");
    }
    let query = QueryPairs::parse(&request.raw_query, &['&']);
    let Some(format) = Format::parse(query.last("format").unwrap_or("sam")) else {
        return message_reply(StatusCode::BAD_REQUEST, "the format is sam or cloudformation");
    };
    let own = |name: &str, own: &str| query.last(name).unwrap_or(own).to_owned();
    let options = ExportOptions {
        format,
        region: own("region", &services.gateway.region),
        account_id: own("account", &services.gateway.account_id),
        folder: query.last("folder").map(PathBuf::from),
    };
    let model = match gather(services, &options).await {
        Ok(model) => model,
        Err(error) => return message_reply(StatusCode::INTERNAL_SERVER_ERROR, &error),
    };
    // It reads the functions' code from the disk.
    let written = tokio::task::spawn_blocking(move || {
        let exported = export(&model, &options).map_err(|error| error.to_string())?;
        let files: Map<String, Value> = exported
            .files
            .into_iter()
            .map(|(path, content)| (path.to_string_lossy().into_owned(), json!(STANDARD.encode(content))))
            .collect();
        Ok::<_, String>(json!({ "template": exported.template, "files": files }))
    });
    match written.await.map_err(|error| error.to_string()).and_then(|written| written) {
        Ok(document) => json_reply(StatusCode::OK, &document),
        Err(error) => message_reply(StatusCode::INTERNAL_SERVER_ERROR, &error),
    }
}

/// Everything that an account and region has.
async fn gather(services: &Services, options: &ExportOptions) -> Result<Model, String> {
    let world = WorldId::new(options.account_id.as_str(), options.region.as_str());
    let mut model = services.control.model(&world).map_err(|error| error.message)?;
    let tables = services.tables.world(&world.account, &world.region).map_err(|error| error.to_string())?;
    let declared = tables.declared_tables().await?;
    let declared =
        declared.ok_or("the tables are elsewhere (--dynamodb-endpoint), so they cannot be exported from here")?;
    for mut table in declared {
        table.logical_id = services.control.logical_id_of_table(&table.table_name);
        model.tables.insert(table.table_name.clone(), table);
    }
    let here = format!(":{}:{}:", world.region, world.account);
    for state in services.event_sources.states() {
        if state.mapping.event_source_arn.contains(&here) {
            model.event_source_mappings.insert(state.mapping.uuid.clone(), state.mapping);
        }
    }
    Ok(model)
}
