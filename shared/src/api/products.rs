//! A product as clients see it.

use serde_json::{Value, json};

use crate::domain::Product;

/// `{productId, name, description, priceCents, currency}`
pub fn product(product: &Product) -> Value {
    json!({
        "productId": product.product_id.as_str(),
        "name": product.name,
        "description": product.description,
        "priceCents": product.price_cents,
        "currency": product.currency,
    })
}
