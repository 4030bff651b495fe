//! A DynamoDB that runs elsewhere (LocalStack, DynamoDB Local, moto): requests are handed on as they are, and declared
//! tables are created there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::Full;
use serde_json::{Value, json};

use super::dynamodb::{ApplyError, PutItemsError, TableOutcome, internal_error, put_requests};
use crate::model::Table;
use crate::remote::{self, HttpClient};
use crate::server::{ClientRequest, Reply};

/// DynamoDB answers with 16 MB at most (`BatchGetItem`); JSON makes more of it.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// How long one request may take there.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a table that is being created is looked at, and for how long.
const POLL: Duration = Duration::from_millis(100);
const POLLS: usize = 600;

/// Headers that belong to one connection, and so not to the next (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 4] =
    [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// A DynamoDB behind a URL. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RemoteDynamoDb {
    endpoint: Uri,
    region: String,
    client: Arc<HttpClient>,
}

impl RemoteDynamoDb {
    /// Requests go to `endpoint` (`http://host:port`). The text of an error says what is wrong with it.
    pub fn new(endpoint: &str, region: &str) -> Result<Self, String> {
        let (endpoint, client) = remote::connect(endpoint)?;
        Ok(RemoteDynamoDb { endpoint, region: region.to_owned(), client: Arc::new(client) })
    }

    /// Hands a request on and its answer back.
    pub async fn serve(&self, request: &ClientRequest) -> Reply {
        let mut headers = HeaderMap::new();
        for (name, value) in request.headers.iter() {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
        for name in HOP_BY_HOP {
            headers.remove(name);
        }
        match self.exchange(headers, request.body.clone()).await {
            Ok(reply) => reply,
            Err(error) => {
                tracing::error!(endpoint = %self.endpoint, %error, "DynamoDB does not answer");
                internal_error()
            }
        }
    }

    async fn exchange(&self, headers: HeaderMap, body: Bytes) -> Result<Reply, String> {
        let mut request =
            Request::post(self.endpoint.clone()).body(Full::new(body)).map_err(|error| error.to_string())?;
        *request.headers_mut() = headers;
        let mut answer = remote::exchange(&self.client, request, MAX_ANSWER, PATIENCE).await?;
        for name in HOP_BY_HOP {
            answer.headers_mut().remove(name);
        }
        Ok(answer)
    }

    /// Calls an operation; an error is DynamoDB's type and message, or the connection's.
    async fn call(&self, operation: &str, body: &Value) -> Result<Value, String> {
        let mut headers = HeaderMap::new();
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential=local/19700101/{}/dynamodb/aws4_request, SignedHeaders=host, Signature=00",
            self.region
        );
        let target = format!("DynamoDB_20120810.{operation}");
        let values = [
            (HeaderName::from_static("x-amz-target"), target.as_str()),
            (HeaderName::from_static("x-amz-date"), "19700101T000000Z"),
            (header::CONTENT_TYPE, "application/x-amz-json-1.0"),
            (header::AUTHORIZATION, &credential),
        ];
        for (name, value) in values {
            headers.insert(name, HeaderValue::try_from(value).map_err(|error| error.to_string())?);
        }
        let answer = self.exchange(headers, Bytes::from(body.to_string())).await?;
        let body: Value =
            serde_json::from_slice(answer.body()).map_err(|error| format!("its answer is no JSON: {error}"))?;
        match answer.status() {
            StatusCode::OK => Ok(body),
            _ => Err(format!(
                "{}: {}",
                body["__type"].as_str().unwrap_or_default(),
                body["message"].as_str().or(body["Message"].as_str()).unwrap_or_default()
            )),
        }
    }

    /// Creates a declared table that is not there. One that is there is taken as it is: its data is not ours.
    pub async fn apply_table(&self, table: &Table) -> Result<TableOutcome, ApplyError> {
        let failed = |reason| ApplyError::Database { table: table.table_name.clone(), reason };
        match self.status(table).await {
            Ok(_) => return Ok(TableOutcome::Unchanged),
            Err(error) if error.contains("ResourceNotFoundException") => {}
            Err(error) => return Err(failed(error)),
        }
        self.call("CreateTable", &table.create_table).await.map_err(failed)?;
        for _ in 0..POLLS {
            if self.status(table).await.map_err(failed)? == "ACTIVE" {
                break;
            }
            tokio::time::sleep(POLL).await;
        }
        if let Some(attribute) = &table.time_to_live_attribute {
            let specification = json!({ "AttributeName": attribute, "Enabled": true });
            let request = json!({ "TableName": table.table_name, "TimeToLiveSpecification": specification });
            self.call("UpdateTimeToLive", &request).await.map_err(failed)?;
        }
        Ok(TableOutcome::Created)
    }

    async fn status(&self, table: &Table) -> Result<String, String> {
        let description = self.call("DescribeTable", &json!({ "TableName": table.table_name })).await?;
        Ok(description["Table"]["TableStatus"].as_str().unwrap_or_default().to_owned())
    }

    /// Writes items given as DynamoDB JSON, replacing those with the same keys. Returns how many.
    pub async fn put_items(&self, table: &str, items: Vec<Value>) -> Result<usize, PutItemsError> {
        for (index, request) in put_requests(table, &items) {
            let failed = |reason| PutItemsError { table: table.to_owned(), index, reason };
            let answer = self.call("BatchWriteItem", &request).await.map_err(failed)?;
            if answer["UnprocessedItems"].as_object().is_some_and(|unprocessed| !unprocessed.is_empty()) {
                return Err(failed("DynamoDB left items unprocessed".to_owned()));
            }
        }
        Ok(items.len())
    }
}
