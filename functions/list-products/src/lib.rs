//! `GET /products?limit=&nextToken=`: a page of products.
//!
//! 200 `{"products": […], "nextToken": "…"}`; 400 names the parameter that is wrong.

use std::sync::Arc;

use ferrogate_shared::{Request, api, bootstrap::HttpFuture, config::Setup, request, store::ListProducts};

const LIST: &str = "products";

/// What the function may do: list products.
pub struct Deps {
    /// Lists products.
    pub products: Arc<dyn ListProducts>,
}

/// The dependencies, from the environment (`PRODUCTS_TABLE`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps { products: Arc::new(setup.products()) }
}

/// Answers one request.
pub fn handle(request: Request, deps: &'static Deps) -> HttpFuture {
    Box::pin(async move {
        let wanted = request::page_request(&request, LIST)?;
        let page = deps.products.list_products(wanted.limit, wanted.after.as_deref()).await?;
        Ok(api::page(LIST, &page, api::products::product))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::http("list-products", |world| Deps { products: world.store.clone() }, handle);
    }

    #[test]
    fn following_the_tokens_gives_every_product_once() {
        ferrogate_fixtures::pages(
            "list-products",
            "products",
            "productId",
            |world| Deps { products: world.store.clone() },
            handle,
        );
    }
}
