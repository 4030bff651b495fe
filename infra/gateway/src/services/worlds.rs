//! One DynamoDB for each account and region: what is made in one is unknown in the others, as on AWS.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use tokio::task::JoinHandle;

use super::dynamodb::{self, DynamoDb, OpenError, World};
use super::{RemoteDynamoDb, Tables};
use crate::clock::Clock;
use crate::server::{ClientRequest, Reply};

/// Databases at most: each has a file and two threads.
const MAX_WORLDS: usize = 64;

/// The tables of every account and region. Cheap to clone; clones are one.
#[derive(Clone, Debug)]
pub struct TableWorlds(Place);

#[derive(Clone, Debug)]
enum Place {
    Here(Arc<Here>),
    /// Somebody else tells accounts and regions apart, or does not.
    Elsewhere(Tables),
}

#[derive(Debug)]
struct Here {
    /// The data folder; `None` keeps everything in memory.
    folder: Option<PathBuf>,
    clock: Clock,
    home: World,
    default: Tables,
    open: Mutex<HashMap<World, Opened>>,
}

#[derive(Debug)]
struct Opened {
    database: DynamoDb,
    sweeping: JoinHandle<()>,
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.sweeping.abort();
    }
}

/// Why an account and region have no tables here.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// An account has twelve digits; a region small letters, digits and dashes.
    #[error(
        "there is no account {account:?} in a region {region:?}: sign with an access key id of any form, and a region like us-east-1"
    )]
    Name {
        /// The account that was named.
        account: String,
        /// The region that was named.
        region: String,
    },
    /// The bound on databases.
    #[error(
        "tables of {MAX_WORLDS} accounts and regions are open, and no more are opened: use fewer, or start ferrogate again"
    )]
    TooMany,
    /// Its file cannot be opened.
    #[error("{0}")]
    Open(#[from] OpenError),
}

impl TableWorlds {
    /// Tables in this process, in `folder` or in memory. The world of `account` and `region` is opened now, in
    /// `dynamodb.sqlite`; each other when it is first used, in `dynamodb-{account}-{region}.sqlite`. Must be called within a
    /// Tokio runtime: each world sweeps what has expired, until the last clone of this is dropped.
    pub fn open(folder: Option<&Path>, clock: Clock, account: &str, region: &str) -> Result<TableWorlds, OpenError> {
        let home = World::new(account, region);
        let path = folder.map(|folder| folder.join("dynamodb.sqlite"));
        let opened = open(path.as_deref(), &clock, &home)?;
        let default = Tables::Embedded(opened.database.clone());
        let open = Mutex::new(HashMap::from([(home.clone(), opened)]));
        let here = Here { folder: folder.map(Path::to_owned), clock, home, default, open };
        Ok(TableWorlds(Place::Here(Arc::new(here))))
    }

    /// Tables elsewhere: requests of every account and region are handed on as they are.
    pub fn remote(remote: RemoteDynamoDb) -> TableWorlds {
        TableWorlds(Place::Elsewhere(Tables::Remote(remote)))
    }

    /// The tables of the run's own account and region: those of the template.
    pub fn home(&self) -> &Tables {
        match &self.0 {
            Place::Here(here) => &here.default,
            Place::Elsewhere(tables) => tables,
        }
    }

    /// The tables of an account (12 digits) in a region, opened if they are not. Blocks for as long as that takes, the
    /// first time.
    pub fn world(&self, account: &str, region: &str) -> Result<Tables, WorldError> {
        let here = match &self.0 {
            Place::Here(here) => here,
            Place::Elsewhere(tables) => return Ok(tables.clone()),
        };
        if *here.home.account == *account && *here.home.region == *region {
            return Ok(here.default.clone());
        }
        if !is_account(account) || !is_region(region) {
            return Err(WorldError::Name { account: account.to_owned(), region: region.to_owned() });
        }
        let world = World::new(account, region);
        let mut all = here.all();
        if let Some(opened) = all.get(&world) {
            return Ok(Tables::Embedded(opened.database.clone()));
        }
        if all.len() >= MAX_WORLDS {
            return Err(WorldError::TooMany);
        }
        let path = here.folder.as_ref().map(|folder| folder.join(file_name(account, region)));
        let opened = open(path.as_deref(), &here.clock, &world)?;
        let tables = Tables::Embedded(opened.database.clone());
        all.insert(world, opened);
        Ok(tables)
    }

    /// Serves one request of DynamoDB's or its streams' protocol for an account and region.
    pub async fn serve(&self, account: &str, region: &str, request: &ClientRequest) -> Reply {
        match self.world(account, region) {
            Ok(tables) => tables.serve(request).await,
            Err(WorldError::Open(error)) => {
                tracing::error!(%error, "the tables of an account and region cannot be opened");
                dynamodb::internal_error()
            }
            // No kind of error that an SDK would try again.
            Err(error) => dynamodb::error(StatusCode::BAD_REQUEST, "ValidationException", &error.to_string()),
        }
    }

    /// Drops all tables of every account and region, with their items and streams. Requests at the same time see a world
    /// as it was or empty. Tables elsewhere are not ours to drop: an error says so.
    pub async fn reset(&self) -> Result<(), String> {
        let here = match &self.0 {
            Place::Here(here) => here,
            Place::Elsewhere(_) => {
                return Err("the tables are elsewhere (--dynamodb-endpoint): empty them there".to_owned());
            }
        };
        let open: Vec<DynamoDb> = {
            let all = here.all();
            // While the lock is held nobody opens one of the files that go.
            if let Some(folder) = &here.folder {
                let is_open = |file: &str| all.keys().any(|w| file.starts_with(&file_name(&w.account, &w.region)));
                remove_closed(folder, is_open).map_err(|error| format!("{}: {error}", folder.display()))?;
            }
            all.values().map(|opened| opened.database.clone()).collect()
        };
        for database in open {
            database.reset().await?;
        }
        Ok(())
    }
}

impl Here {
    fn all(&self) -> MutexGuard<'_, HashMap<World, Opened>> {
        // Every change is one insertion.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(path: Option<&Path>, clock: &Clock, world: &World) -> Result<Opened, OpenError> {
    let database = DynamoDb::open(path, clock.clone(), &world.account, &world.region)?;
    let sweeping = tokio::spawn(database.clone().keep_sweeping());
    Ok(Opened { database, sweeping })
}

fn is_account(account: &str) -> bool {
    crate::ids::is_account_id(account)
}

/// Also what keeps a file's name inside the folder.
fn is_region(region: &str) -> bool {
    (1..=32).contains(&region.len())
        && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn file_name(account: &str, region: &str) -> String {
    format!("dynamodb-{account}-{region}.sqlite")
}

/// Removes the files of worlds that nobody has opened, with their logs.
fn remove_closed(folder: &Path, is_open: impl Fn(&str) -> bool) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let world = name.strip_prefix("dynamodb-").and_then(|rest| rest.split_once(".sqlite")?.0.split_once('-'));
        let is_world = world.is_some_and(|(account, region)| is_account(account) && is_region(region));
        if is_world && !is_open(name) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use http::Method;
    use serde_json::{Value, json};

    use crate::server::Headers;

    async fn call(worlds: &TableWorlds, world: (&str, &str), operation: &str, body: Value) -> (u16, Value) {
        let target = format!("DynamoDB_20120810.{operation}");
        let signed =
            "AWS4-HMAC-SHA256 Credential=k/20261122/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00";
        let headers =
            [("X-Amz-Target", target.as_str()), ("Authorization", signed), ("X-Amz-Date", "20261122T000000Z")];
        let request = ClientRequest {
            method: Method::POST,
            raw_path: "/".to_owned(),
            raw_query: String::new(),
            headers: Headers(headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()),
            body: body.to_string().into(),
            source_ip: [127, 0, 0, 1].into(),
            port: 4566,
            secure: false,
        };
        let reply = worlds.serve(world.0, world.1, &request).await;
        (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap())
    }

    async fn create(worlds: &TableWorlds, world: (&str, &str)) -> Value {
        let table = json!({
            "TableName": "things",
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "BillingMode": "PAY_PER_REQUEST",
            "DeletionProtectionEnabled": true,
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" },
        });
        call(worlds, world, "CreateTable", table).await.1["TableDescription"].take()
    }

    async fn names(worlds: &TableWorlds, world: (&str, &str)) -> Value {
        call(worlds, world, "ListTables", json!({})).await.1["TableNames"].take()
    }

    const HOME: (&str, &str) = ("000000000000", "us-east-1");
    const OTHER: (&str, &str) = ("111122223333", "eu-west-1");

    #[tokio::test]
    async fn another_account_or_region_is_another_world() {
        let worlds = TableWorlds::open(None, Clock::default(), HOME.0, HOME.1).unwrap();
        let home = create(&worlds, HOME).await;
        assert_eq!(home["TableArn"], "arn:aws:dynamodb:us-east-1:000000000000:table/things");
        assert_eq!(names(&worlds, ("000000000000", "eu-west-1")).await, json!([]));
        assert_eq!(names(&worlds, ("111122223333", "us-east-1")).await, json!([]));
        let other = create(&worlds, OTHER).await;
        let arn = other["LatestStreamArn"].as_str().unwrap();
        let label = other["LatestStreamLabel"].as_str().unwrap();
        assert_eq!(arn, format!("arn:aws:dynamodb:eu-west-1:111122223333:table/things/stream/{label}"));
        assert_eq!(names(&worlds, HOME).await, json!(["things"]));
    }

    #[tokio::test]
    async fn a_world_without_a_name_or_one_too_many_is_refused() {
        let worlds = TableWorlds::open(None, Clock::default(), HOME.0, HOME.1).unwrap();
        for (account, region) in [("1", "us-east-1"), ("111122223333", "../x"), ("111122223333", "")] {
            let (status, error) = call(&worlds, (account, region), "ListTables", json!({})).await;
            assert_eq!((status, error["__type"].as_str().unwrap().contains("ValidationException")), (400, true));
        }
        for n in 1..MAX_WORLDS {
            worlds.world("111122223333", &format!("r-{n}")).unwrap();
        }
        assert!(matches!(worlds.world("111122223333", "one-more"), Err(WorldError::TooMany)));
        worlds.world("111122223333", "r-1").unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_reset_drops_every_world_while_it_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let open = || TableWorlds::open(Some(folder.path()), Clock::default(), HOME.0, HOME.1).unwrap();
        let worlds = open();
        create(&worlds, OTHER).await;
        drop(worlds);
        let file = folder.path().join("dynamodb-111122223333-eu-west-1.sqlite");
        let worlds = open();
        assert_eq!(names(&worlds, OTHER).await, json!(["things"]), "it is kept");
        drop(worlds);

        let worlds = open();
        create(&worlds, HOME).await;
        let writers: Vec<_> = (0..8)
            .map(|n: u32| {
                let worlds = worlds.clone();
                tokio::spawn(async move {
                    let put = json!({ "TableName": "things", "Item": { "id": { "S": n.to_string() } } });
                    call(&worlds, HOME, "PutItem", put).await
                })
            })
            .collect();
        worlds.reset().await.unwrap();
        for writer in writers {
            let (status, answer) = writer.await.unwrap();
            let is_missing = answer["__type"].as_str().unwrap_or_default().ends_with("#ResourceNotFoundException");
            assert!(status == 200 || is_missing, "{answer}");
        }
        assert!(!file.exists(), "a world that nobody has opened goes with its file");
        assert_eq!(names(&worlds, HOME).await, json!([]));
        assert_eq!(names(&worlds, OTHER).await, json!([]));
        create(&worlds, HOME).await;
        assert_eq!(names(&worlds, HOME).await, json!(["things"]), "it goes on");
    }
}
