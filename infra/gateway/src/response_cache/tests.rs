use super::*;
use crate::server::Reply;

#[test]
fn a_response_comes_back_as_it_was() {
    let mut reply = Reply::new("body".into());
    *reply.status_mut() = http::StatusCode::CREATED;
    for (name, value) in [("x-a", "1: 2"), ("x-a", ""), ("content-type", "text/plain; é")] {
        reply.headers_mut().append(name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let again = Kept::of(&reply, 0, 1).unwrap().reply();
    assert_eq!((again.status(), again.headers(), again.body()), (reply.status(), reply.headers(), reply.body()));
    let empty = Kept::of(&Reply::default(), 0, 1).unwrap().reply();
    assert!(empty.headers().is_empty() && empty.body().is_empty());
}

#[test]
fn sizes_are_parts_of_what_is_declared() {
    let capacity = |scale: f64, gigabytes: f64| Caches::new(scale).open("a", "s", false, gigabytes).capacity();
    assert_eq!(capacity(DEFAULT_CACHE_SCALE, 0.5), 5_368_709);
    assert_eq!(capacity(DEFAULT_CACHE_SCALE, 237.0), 2_544_768_122);
    assert_eq!(capacity(1.0, 0.5), 536_870_912);
}

#[test]
fn a_cache_is_its_owners_as_long_as_somebody_has_it() {
    let caches = Caches::default();
    let first = caches.open("a", "s", false, 0.5);
    let same = |canary, gigabytes| Arc::ptr_eq(&first, &caches.open("a", "s", canary, gigabytes));
    assert!(same(false, 0.5) && !same(true, 0.5));
    assert!(!Arc::ptr_eq(&first, &caches.open("a", "t", false, 0.5)));
    assert!(!same(false, 1.6) && !same(false, 0.5), "another size is another cache");
    let former = caches.open("a", "s", false, 0.5);
    caches.forget("a", "s");
    assert!(!Arc::ptr_eq(&former, &caches.open("a", "s", false, 0.5)));
}
