//! `GET /products/{productId}`: one product.
//!
//! 200 with the product; 404 if there is none; 400 if no product could have that id.

use std::sync::Arc;

use ferrogate_shared::{
    Request, api::products, bootstrap::HttpFuture, config::Setup, domain::ProductId, errors::AppError, request,
    response, store::GetProduct,
};

/// What the function may do: read one product.
pub struct Deps {
    /// Reads a product.
    pub products: Arc<dyn GetProduct>,
}

/// The dependencies, from the environment (`PRODUCTS_TABLE`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps { products: Arc::new(setup.products()) }
}

/// Answers one request.
pub fn handle(request: Request, deps: &'static Deps) -> HttpFuture {
    Box::pin(async move {
        let id = request::path_id(&request, "productId", ProductId::parse)?;
        let product = deps.products.get_product(&id).await?.ok_or(AppError::NotFound("product"))?;
        Ok(response::json(200, &products::product(&product)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::http("get-product", |world| Deps { products: world.store.clone() }, handle);
    }
}
