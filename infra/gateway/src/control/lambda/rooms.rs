//! What the control plane needs of those who run functions: the hosts, the packages, the event sources.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::Control;
use super::super::call::ApiError;
use super::super::world::{World, lock};
use super::invalid;
use crate::lambda::package::{Package, PackageError, PackageStore};
use crate::lambda::{Code, EventSources, LambdaService, Worlds};
use crate::model::{FunctionRecord, FunctionVersion};

/// Those who run functions, for the control plane.
pub struct FunctionRooms {
    worlds: Arc<Worlds>,
    packages: PackageStore,
    pub(super) event_sources: Arc<EventSources>,
    /// Held for reading from the keeping of a package until its function is recorded, and for writing by whoever removes
    /// packages that no function has.
    pub(super) packing: tokio::sync::RwLock<()>,
}

impl FunctionRooms {
    /// Functions run in `worlds`, from packages in `packages`, for streams in `event_sources`.
    pub fn new(worlds: Arc<Worlds>, packages: PackageStore, event_sources: Arc<EventSources>) -> FunctionRooms {
        FunctionRooms { worlds, packages, event_sources, packing: tokio::sync::RwLock::default() }
    }

    pub(super) fn host(&self, world: &World) -> Result<Arc<LambdaService>, ApiError> {
        self.worlds.service(&world.id.account, &world.id.region).map_err(ApiError::internal)
    }

    pub(super) fn enforces_permissions(&self) -> bool {
        self.worlds.settings().enforce_permissions
    }

    /// The packages.
    pub(super) fn packages(&self) -> PackageStore {
        self.packages.clone()
    }

    /// Keeps a package. Blocks.
    pub(super) fn keep(packages: &PackageStore, zip: &[u8]) -> Result<Package, ApiError> {
        packages.put(zip).map_err(|error| match error {
            PackageError::Io { .. } => ApiError::internal(error),
            PackageError::Unreadable { ref reason } => {
                tracing::warn!(reason, "an uploaded package is refused");
                invalid(error.to_string())
            }
            _ => invalid(error.to_string()),
        })
    }

    /// A package that is kept, by its `CodeSha256`.
    pub(super) fn package(&self, sha256: &str) -> Option<Package> {
        self.packages.get(sha256)
    }

    /// Makes a version be what runs.
    pub(super) fn run(&self, world: &World, function: &str, version: &FunctionVersion) -> Result<(), ApiError> {
        let package = self.packages.get(&version.code_sha256);
        let folder = package.map(|package| package.folder);
        let code = match &folder {
            Some(folder) => Code::in_folder(folder),
            None => Code::Broken { message: "its code is no longer in the data folder: upload it again".to_owned() },
        };
        let function = version.function(function, folder.unwrap_or_default(), &world.id.account, &world.id.region);
        for warning in self.host(world)?.put(&function, &version.version, &code) {
            tracing::warn!("{warning}");
        }
        Ok(())
    }

    /// Makes what a record says of aliases, policies, limits and retries hold.
    pub(super) fn configure(&self, world: &World, record: &FunctionRecord) -> Result<(), ApiError> {
        self.host(world)?.configure(record);
        Ok(())
    }
}

impl Control {
    /// Lets the control plane run functions, and runs those that were created before. Call within a Tokio runtime.
    pub async fn run_functions(&mut self, rooms: FunctionRooms) {
        self.functions = Some(rooms);
        let Some(rooms) = &self.functions else { return };
        let mut mappings = Vec::new();
        for world in self.open_worlds() {
            let (records, kept) = {
                let state = lock(&world.lambda);
                (
                    state.functions.values().cloned().collect::<Vec<_>>(),
                    state.mappings.values().cloned().collect::<Vec<_>>(),
                )
            };
            for record in records {
                let run =
                    record.versions.values().try_for_each(|version| rooms.run(&world, &record.function_name, version));
                if run.and_then(|()| rooms.configure(&world, &record)).is_err() {
                    tracing::error!(
                        function = record.function_name,
                        "a function that was created before cannot be run"
                    );
                }
            }
            mappings.extend(kept);
        }
        self.remove_unused_packages();
        for mapping in mappings {
            let function = mapping.mapping.function.clone();
            if let Err(error) = rooms.event_sources.put(mapping.mapping).await {
                tracing::warn!(function, "an event source mapping is not read: {error}");
            }
        }
    }

    /// Ends every function that was created; their states must have forgotten them before.
    pub(in super::super) fn forget_functions(&self) {
        if let Ok(rooms) = self.function_rooms() {
            rooms.worlds.clear();
        }
        self.remove_unused_packages();
    }

    pub(super) fn function_rooms(&self) -> Result<&FunctionRooms, ApiError> {
        self.functions.as_ref().ok_or_else(|| ApiError::internal("there is nobody here to run functions"))
    }

    /// Removes the packages that no function has, unless one is being made a function's right now: then they go the next
    /// time.
    pub(super) fn remove_unused_packages(&self) {
        let Ok(rooms) = self.function_rooms() else { return };
        let Ok(_alone) = rooms.packing.try_write() else { return };
        let mut used = HashSet::new();
        for world in self.open_worlds() {
            let state = lock(&world.lambda);
            let versions = state.functions.values().flat_map(|record| record.versions.values());
            used.extend(versions.map(|version| version.code_sha256.clone()));
        }
        if let Err(error) = rooms.packages.retain(&used) {
            tracing::warn!(%error, "packages that nobody uses remain");
        }
    }

    /// The zip with this SHA-256 in hexadecimal, if it is some function's. Blocks.
    pub(crate) fn download(&self, name: &str) -> Option<Vec<u8>> {
        let hash: Option<Vec<u8>> = (name.len() == 64 && name.is_ascii())
            .then(|| (0..32).map(|at| u8::from_str_radix(&name[2 * at..2 * at + 2], 16).ok()).collect())
            .flatten();
        use base64::Engine as _;
        let sha256 = base64::engine::general_purpose::STANDARD.encode(hash?);
        std::fs::read(self.functions.as_ref()?.package(&sha256)?.zip).ok()
    }
}
