//! Products. Read only: they change rarely, so that an eventually consistent read, at half the price, does.

use aws_sdk_dynamodb::Client;

use super::{failure, scan};
use crate::{
    domain::{Page, Product, ProductId},
    store::{
        GetProduct, ListProducts, StoreFuture,
        item::{text, to_product},
    },
};

/// The products table.
#[derive(Clone, Debug)]
pub struct DynamoProducts {
    client: Client,
    table: String,
}

impl DynamoProducts {
    /// On this table.
    pub fn new(client: Client, table: String) -> Self {
        DynamoProducts { client, table }
    }
}

impl GetProduct for DynamoProducts {
    fn get_product<'a>(&'a self, id: &'a ProductId) -> StoreFuture<'a, Option<Product>> {
        Box::pin(async move {
            let request = self.client.get_item().table_name(&self.table).key("productId", text(id.as_str()));
            let output = request.send().await.map_err(|error| failure("GetItem", error))?;
            output.item.as_ref().map(to_product).transpose()
        })
    }
}

impl ListProducts for DynamoProducts {
    fn list_products<'a>(&'a self, limit: usize, after: Option<&'a str>) -> StoreFuture<'a, Page<Product>> {
        scan(&self.client, &self.table, "productId", limit, after, to_product)
    }
}
