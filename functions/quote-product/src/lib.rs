//! What so many pieces of a product cost, for `GET /products/{productId}/quote`.
//!
//! It knows no HTTP: its event is `{"productId": "…", "quantity": "3"}` and its result is the quote. API Gateway's custom
//! integration makes the one out of the request and the response out of the other, with the mapping templates in
//! `infra/openapi/user-api.yaml`; so the same function can be called by a program, or by a step of a workflow.
//!
//! An error's message begins with its kind in brackets, by which the integration's `selectionPattern`s choose a status:
//! `[BadRequest]` 400, `[NotFound]` 404, and any other 500.

use std::sync::Arc;

use ferrogate_shared::{
    bootstrap::EventFuture,
    config::Setup,
    domain::{Product, ProductId},
    store::GetProduct,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// The most pieces of one quote.
const MAX_QUANTITY: u64 = 1_000_000;

/// What the function may do: read one product.
pub struct Deps {
    /// Reads a product.
    pub products: Arc<dyn GetProduct>,
}

/// The dependencies, from the environment (`PRODUCTS_TABLE`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps { products: Arc::new(setup.products()) }
}

/// The event. Both are text, as they stand in a URL.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QuoteRequest {
    product_id: String,
    quantity: String,
}

/// Why there is no quote. The texts are what API Gateway matches and what clients see behind the brackets.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("[BadRequest] the event must be {{\"productId\": \"…\", \"quantity\": \"…\"}}")]
    Event,
    #[error("[BadRequest] productId {0}")]
    ProductId(String),
    #[error("[BadRequest] quantity must be a whole number from 1 to {MAX_QUANTITY}")]
    Quantity,
    #[error("[NotFound] no such product")]
    NotFound,
    #[error("[Internal] the product could not be read")]
    Unread,
}

/// Answers one event.
pub fn handle(event: Value, deps: &'static Deps) -> EventFuture {
    Box::pin(async move {
        let event = QuoteRequest::deserialize(event).map_err(|_| Refusal::Event)?;
        let id = ProductId::parse(&event.product_id).map_err(|invalid| Refusal::ProductId(invalid.0))?;
        let quantity = event.quantity.parse().ok().filter(|quantity| (1..=MAX_QUANTITY).contains(quantity));
        let quantity = quantity.ok_or(Refusal::Quantity)?;
        let product = deps.products.get_product(&id).await.map_err(|error| {
            tracing::error!(error = %error, "product not read");
            Refusal::Unread
        })?;
        Ok(quote(&product.ok_or(Refusal::NotFound)?, quantity))
    })
}

/// `{productId, name, quantity, unitPriceCents, totalCents, currency}`
fn quote(product: &Product, quantity: u64) -> Value {
    json!({
        "productId": product.product_id.as_str(),
        "name": product.name,
        "quantity": quantity,
        "unitPriceCents": product.price_cents,
        // No sum of money comes near the end of the numbers.
        "totalCents": product.price_cents.saturating_mul(quantity),
        "currency": product.currency,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::event("quote-product", |world| Deps { products: world.store.clone() }, handle);
    }
}
