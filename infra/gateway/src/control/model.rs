//! What runs in an account and region, as one model: what was created through the API and what a template declares.

use indexmap::IndexMap;

use super::Control;
use super::call::ApiError;
use super::world::{WorldId, lock};
use crate::model::{Function, Model};

/// What a template says and the services' states have no place for.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// Its functions, by name: where their code is built, and their logical ids.
    pub(super) functions: IndexMap<String, Function>,
    /// The logical ids of its tables, by name.
    pub(super) tables: IndexMap<String, String>,
}

impl Control {
    /// Keeps what a template says and the services' states have no place for, in place of what the last one said.
    pub(crate) fn remember_template(&self, model: &Model) {
        let tables = model.tables.values();
        let tables = tables.filter_map(|table| Some((table.table_name.clone(), table.logical_id.clone()?)));
        *lock(&self.declared) = Declared { functions: model.functions.clone(), tables: tables.collect() };
    }

    /// What an account and region has of APIs, functions, topics, alarms, log groups and roles. Tables and event source mappings are not the control
    /// plane's: they are added by whoever asks.
    ///
    /// # Errors
    /// When there are too many accounts and regions for one more.
    pub(crate) fn model(&self, id: &WorldId) -> Result<Model, ApiError> {
        let world = self.world(id)?;
        let home = *id == self.default_world()?.id;
        let mut model = Model::default();
        // One after the other: no two states are ever held at once.
        lock(&world.apigateway).describe(&mut model);
        lock(&world.registry).describe(&mut model);
        lock(&world.apigatewayv2).describe(&mut model);
        lock(&world.lambda).describe(self, &world, &mut model);
        lock(&world.sns).describe(&mut model);
        lock(&world.cloudwatch).describe(&mut model);
        // What logs makes its group itself: of those only what is said of them need be said again.
        model.log_groups = world.gateway.telemetry.logs().groups(|groups| {
            let told = groups.values().map(|group| &group.about).filter(|group| group.retention_in_days.is_some());
            told.map(|group| (group.log_group_name.clone(), group.clone())).collect()
        });
        if home {
            let declared = lock(&self.declared);
            for (name, function) in &declared.functions {
                // A template's function has its code in its own folder.
                if let Some(known) = model.functions.get_mut(name) {
                    *known = function.clone();
                }
            }
        }
        let global = self.global_world(&id.account)?;
        let iam = lock(&global.iam);
        model.roles = iam.roles.iter().map(|(name, role)| (name.to_owned(), role.clone())).collect();
        drop(iam);
        Ok(model)
    }

    /// The template's name for a table of its own.
    pub(crate) fn logical_id_of_table(&self, name: &str) -> Option<String> {
        lock(&self.declared).tables.get(name).cloned()
    }
}
