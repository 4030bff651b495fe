//! Products.

use super::text::name_type;

name_type!(
    /// A product's id, 1 to 128 characters.
    ProductId, 1, 128
);

/// A product as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The id.
    pub product_id: ProductId,
    /// The name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// The price in the currency's smallest unit. An integer, so that no sum is ever rounded.
    pub price_cents: u64,
    /// The currency, ISO 4217.
    pub currency: String,
}
