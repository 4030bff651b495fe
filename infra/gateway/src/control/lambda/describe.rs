//! The state as a model.

use super::State;
use crate::control::Control;
use crate::control::world::World;
use crate::model::Model;

impl State {
    /// Adds all functions as their `$LATEST` is, with the packages that were uploaded.
    pub(crate) fn describe(&self, control: &Control, world: &World, model: &mut Model) {
        let packages = control.function_rooms().ok();
        for record in self.functions.values() {
            let Some(latest) = record.latest() else { continue };
            let folder = packages.and_then(|rooms| rooms.package(&latest.code_sha256)).map(|package| package.folder);
            let name = &record.function_name;
            let mut function = latest.function(name, folder.unwrap_or_default(), &world.id.account, &world.id.region);
            function.reserved_concurrent_executions = record.reserved_concurrent_executions;
            model.functions.insert(name.clone(), function);
            model.function_records.insert(name.clone(), record.clone());
        }
    }
}
