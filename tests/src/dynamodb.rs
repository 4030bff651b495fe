//! The tables of a stack, read and written over DynamoDB's protocol.

use ferrogate_fixtures::Case;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::sign::signed;
use crate::stack::Stack;

impl Stack {
    /// Calls an operation of DynamoDB; anything but success fails the test.
    pub async fn dynamodb(&self, operation: &str, body: &Value) -> Value {
        let target = format!("DynamoDB_20120810.{operation}");
        let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.0")];
        let url = format!("{}/", self.endpoint());
        let answer = signed(self.client(), Method::POST, &url, "dynamodb", &headers, body.to_string()).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{operation}: {error}"));
        let status = answer.status();
        let body = answer.text().await.unwrap_or_else(|error| panic!("{operation}: {error}"));
        assert_eq!(status, 200, "{operation}: {body}");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    /// The items of the table that the template calls this.
    pub async fn items(&self, logical_id: &str) -> Vec<Value> {
        let request = json!({"TableName": self.table(logical_id), "ConsistentRead": true});
        match self.dynamodb("Scan", &request).await["Items"].take() {
            Value::Array(items) => items,
            other => panic!("Scan gives items: {other}"),
        }
    }

    /// Writes an item.
    pub async fn put(&self, logical_id: &str, item: &Value) {
        self.dynamodb("PutItem", &json!({"TableName": self.table(logical_id), "Item": item})).await;
    }

    /// Makes the tables hold what a case gives, and nothing else.
    pub async fn prepare(&self, case: &Case, tables: &[String]) {
        for logical_id in tables {
            let table = self.table(logical_id);
            let description = self.dynamodb("DescribeTable", &json!({"TableName": table})).await;
            let keys: Vec<_> = description["Table"]["KeySchema"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|key| &key["AttributeName"])
                .collect();
            for item in self.items(logical_id).await {
                let key: Map<_, _> = keys
                    .iter()
                    .filter_map(|name| Some((name.as_str()?.to_owned(), item[name.as_str()?].clone())))
                    .collect();
                self.dynamodb("DeleteItem", &json!({"TableName": table, "Key": key})).await;
            }
            for item in case.given.get(logical_id).into_iter().flatten() {
                self.put(logical_id, item).await;
            }
        }
    }

    /// Where the tables differ from what a case leaves.
    pub async fn differences_after(&self, case: &Case) -> Vec<String> {
        let mut found = Vec::new();
        // A case that posts frames names connections that no gateway has: they are answered 410 and pruned.
        let prunes = case.posted.as_ref().is_some_and(|posted| !posted.is_empty());
        for (logical_id, expected) in case.then.iter().filter(|(id, _)| !(prunes && *id == "ConnectionsTable")) {
            let actual = self.items(logical_id).await;
            let each_is_there = expected
                .iter()
                .all(|expected| actual.iter().any(|item| ferrogate_fixtures::matcher::matches(expected, item)));
            if !each_is_there || actual.len() != expected.len() {
                found.push(format!("{logical_id} holds {}, expected {}", json!(actual), json!(expected)));
            }
        }
        found
    }
}
