//! From an operation's JSON to the typed database and back.

use dynoxide::{DynoxideError, actions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::engine::{Engine, finish};
use super::protocol::Refusal;
use super::streams;

macro_rules! operations {
    ($($operation:ident),+ $(,)?) => {
        /// The operations that the embedded database has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Operation {
            $(#[doc = stringify!($operation)] $operation),+
        }

        /// Their names.
        pub(crate) const OPERATIONS: &[&str] = &[$(stringify!($operation)),+];

        impl Operation {
            /// The operation of this name.
            pub(super) fn named(name: &str) -> Option<Operation> {
                match name {
                    $(stringify!($operation) => Some(Operation::$operation),)+
                    _ => None,
                }
            }

            /// Its name.
            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Operation::$operation => stringify!($operation)),+
                }
            }
        }
    };
}

operations! {
    CreateTable, DeleteTable, DescribeTable, ListTables, UpdateTable, PutItem, GetItem, DeleteItem, UpdateItem, Query, Scan,
    SearchVectors, BatchGetItem, BatchWriteItem, TransactWriteItems, TransactGetItems, ListStreams, DescribeStream,
    GetShardIterator, GetRecords, UpdateTimeToLive, DescribeTimeToLive, ExecuteStatement, ExecuteTransaction,
    BatchExecuteStatement, TagResource, UntagResource, ListTagsOfResource,
}

impl Operation {
    /// Whether a stream may read differently after it.
    fn changes_streams(self) -> bool {
        use Operation as O;
        matches!(
            self,
            O::PutItem
                | O::DeleteItem
                | O::UpdateItem
                | O::BatchWriteItem
                | O::TransactWriteItems
                | O::ExecuteStatement
                | O::ExecuteTransaction
                | O::BatchExecuteStatement
                | O::CreateTable
                | O::UpdateTable
                | O::DeleteTable
        )
    }
}

/// Runs one operation on its JSON request.
pub(super) fn dispatch(engine: &Engine, operation: Operation, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    use Operation as O;
    // Reading and writing JSON needs no lock, so each action takes it for itself alone.
    macro_rules! run {
        ($action:ident) => {
            decode(body)
                .and_then(|request| finish(actions::$action::execute(&*engine.lock(), request)))
                .and_then(|response| encode(&response))
        };
        ($action:ident, lifecycle) => {
            decode(body)
                .and_then(|request| finish(actions::$action::execute(&*engine.lock(), request, &engine.lifecycle)))
                .and_then(|response| encode(&response))
        };
        ($action:ident, once by $member:literal) => {
            decode::<Value>(body).and_then(|request| {
                let run = |request: Value| {
                    // As text, so that refusals are worded as for every other operation.
                    let request = decode(request.to_string().as_bytes())?;
                    let response = finish(actions::$action::execute(&*engine.lock(), request))?;
                    serde_json::to_value(response).map_err(internal)
                };
                let answer = engine.tokens.once(operation.name(), $member, engine.clock.now(), request, run)?;
                encode(&answer)
            })
        };
    }
    let answer = match operation {
        O::CreateTable => run!(create_table).map(|answer| engine.world.correct(answer)),
        O::DeleteTable => run!(delete_table, lifecycle).map(|answer| engine.world.correct(answer)),
        O::DescribeTable => run!(describe_table, lifecycle).map(|answer| engine.world.correct(answer)),
        O::UpdateTable => run!(update_table, lifecycle).map(|answer| engine.world.correct(answer)),
        O::ListTables => run!(list_tables),
        O::PutItem => run!(put_item),
        O::GetItem => run!(get_item),
        O::DeleteItem => run!(delete_item),
        O::UpdateItem => run!(update_item),
        O::Query => run!(query),
        O::Scan => run!(scan),
        O::SearchVectors => run!(search_vectors, lifecycle),
        O::BatchGetItem => run!(batch_get_item),
        O::BatchWriteItem => run!(batch_write_item),
        O::TransactWriteItems => run!(transact_write_items, once by "TransactItems"),
        O::TransactGetItems => run!(transact_get_items),
        O::UpdateTimeToLive => run!(update_time_to_live),
        O::DescribeTimeToLive => run!(describe_time_to_live),
        O::ExecuteStatement => run!(execute_statement),
        O::ExecuteTransaction => run!(execute_transaction, once by "TransactStatements"),
        O::BatchExecuteStatement => run!(batch_execute_statement),
        O::TagResource => run!(tag_resource),
        O::UntagResource => run!(untag_resource),
        O::ListTagsOfResource => run!(list_tags_of_resource),
        O::ListStreams => return streams::list(engine, &decode(body)?),
        O::DescribeStream => return streams::describe(engine, &decode(body)?),
        O::GetShardIterator => return streams::iterator(engine, &decode(body)?),
        O::GetRecords => return streams::records(engine, &decode(body)?),
    };
    if operation.changes_streams() && answer.is_ok() {
        engine.changed();
    }
    answer.map_err(|error| Refusal::Database(on_the_wire(operation, error)))
}

/// Reads a request; the errors are DynamoDB's.
fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| {
        // A body that is no JSON gets no message, as on AWS.
        if error.is_syntax() && !error.to_string().starts_with("recursion limit") || error.is_eof() {
            return DynoxideError::SerializationException(String::new());
        }
        refusal(&error.to_string())
    })
}

fn encode<T: Serialize>(response: &T) -> Result<Vec<u8>, DynoxideError> {
    serde_json::to_vec(response).map_err(internal)
}

fn internal(error: serde_json::Error) -> DynoxideError {
    DynoxideError::InternalServerError(error.to_string())
}

/// What a failed read means. The database's request types mark the class of their refusals in front of the text, and
/// serde adds the position behind it; neither is for a client.
fn refusal(text: &str) -> DynoxideError {
    let plain = text.split(" at line ").next().unwrap_or(text);
    for (mark, make) in MARKS {
        if let Some(as_read) = text.strip_prefix(&format!("{mark}_AS_READ:")) {
            return make(as_read.to_owned());
        }
        if let Some(marked) = plain.strip_prefix(mark).and_then(|rest| rest.strip_prefix(':')) {
            return make(marked.to_owned());
        }
    }
    if plain.starts_with("recursion limit") {
        return DynoxideError::ValidationException(
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond \
             supported limit"
                .to_owned(),
        );
    }
    if let Some(name) = plain.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return DynoxideError::ValidationException(format!(
            "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
            lower_first(name)
        ));
    }
    if plain.contains("AttributeValue") || plain.starts_with("unknown variant") || plain.contains("type: null") {
        return DynoxideError::ValidationException(plain.to_owned());
    }
    DynoxideError::SerializationException(mismatch(plain))
}

type Make = fn(String) -> DynoxideError;

/// The longer mark first: it begins like the shorter.
const MARKS: [(&str, Make); 3] = [
    ("VALIDATION_REQUEST", DynoxideError::EnvelopedValidation),
    ("VALIDATION", DynoxideError::ValidationException),
    ("SERIALIZATION", DynoxideError::SerializationException),
];

/// DynamoDB's words for a value of the wrong JSON type.
fn mismatch(text: &str) -> String {
    let parts = text.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "));
    let Some((found, expected)) = parts else { return text.to_owned() };
    let value = match found {
        found if found.starts_with("integer") => "NUMBER_VALUE",
        found if found.starts_with("floating point") => "DECIMAL_VALUE",
        found if found.starts_with("string") => "STRING_VALUE",
        "boolean `true`" => "TRUE_VALUE",
        "boolean `false`" => "FALSE_VALUE",
        "sequence" => return "Unexpected value type in payload".to_owned(),
        _ => return "Start of structure or map found where not expected".to_owned(),
    };
    match expected {
        "a string" => format!("{value} cannot be converted to String"),
        "a boolean" => format!("{value} cannot be converted to Boolean"),
        expected if expected.starts_with(['i', 'u']) && expected[1..].parse::<u8>().is_ok() => {
            format!("{value} cannot be converted to Integer")
        }
        _ => "Unexpected field type".to_owned(),
    }
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

/// The last differences between the typed database's errors and DynamoDB's: the single-item writes put one class of
/// refusals in an envelope, and `ExecuteStatement` writes a failed condition with its item in a shape of its own.
fn on_the_wire(operation: Operation, error: DynoxideError) -> DynoxideError {
    match (operation, error) {
        (
            Operation::PutItem | Operation::UpdateItem | Operation::DeleteItem,
            DynoxideError::EnvelopedValidation(message),
        ) => DynoxideError::ValidationException(format!("1 validation error detected: {message}")),
        (_, DynoxideError::EnvelopedValidation(message)) => DynoxideError::ValidationException(message),
        (Operation::ExecuteStatement, DynoxideError::ConditionalCheckFailedException(message, Some(item))) => {
            DynoxideError::StatementConditionalCheckFailed(message, item)
        }
        (_, error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_dynamodbs_words() {
        for (serde, expected) in [
            ("VALIDATION:bad name at line 1 column 2", "validate#ValidationException\",\"message\":\"bad name\"}"),
            ("VALIDATION_REQUEST:null at line 1 column 2", "validate#ValidationException\",\"message\":\"null\"}"),
            ("SERIALIZATION:odd at line 1 column 2", "SerializationException\",\"Message\":\"odd\"}"),
            ("SERIALIZATION_AS_READ:odd at line 1 column 2", "\"Message\":\"odd at line 1 column 2\"}"),
            ("missing field `TableName` at line 1 column 2", "Value null at 'tableName' failed"),
            (
                "invalid type: integer `1`, expected a string at line 1 column 2",
                "NUMBER_VALUE cannot be converted to String",
            ),
            ("invalid type: string \"x\", expected a boolean", "STRING_VALUE cannot be converted to Boolean"),
            ("invalid type: floating point `1.5`, expected i64", "DECIMAL_VALUE cannot be converted to Integer"),
            ("recursion limit exceeded at line 1 column 2", "Nesting Levels have exceeded"),
        ] {
            let got = refusal(serde).to_json();
            assert!(got.contains(expected), "{serde}: {got}");
        }
    }

    #[test]
    fn every_operation_has_its_name() {
        assert_eq!(Operation::named("PutItem"), Some(Operation::PutItem));
        assert_eq!(Operation::PutItem.name(), "PutItem");
        assert_eq!(Operation::named("CreateBackup"), None);
    }
}
