//! How a REST API is kept: each resource with its methods is a document of its own, since an API of hundreds is built by
//! changing one of them at a time, and the whole would be written for each.

use super::super::documents::{Changes, Parts};
use crate::model::RestApi;

/// Resources beside their API.
pub(super) static PARTS: Parts<RestApi> =
    Parts { kind: "apigateway/resources", changes, has_parts: |api| !api.resources.is_empty(), join };

fn changes(before: Option<&RestApi>, after: &RestApi) -> serde_json::Result<Changes> {
    let head = RestApi { resources: Vec::new(), ..after.clone() };
    let mut changes = Changes { body: serde_json::to_vec(&head)?, erased: Vec::new(), written: Vec::new() };
    let before = before.map_or(&[][..], |before| &before.resources);
    // Documents come back in the order in which they were first written: what follows a gap is written anew.
    let in_place = before.iter().zip(&after.resources).take_while(|(old, new)| old.id == new.id).count();
    changes.erased.extend(before[in_place..].iter().map(|gone| gone.id.clone()));
    for (index, resource) in after.resources.iter().enumerate() {
        if index >= in_place || !resource.is_same(&before[index]) {
            changes.written.push((resource.id.clone(), serde_json::to_vec(resource)?));
        }
    }
    Ok(changes)
}

fn join(api: &mut RestApi, resource: &[u8]) -> serde_json::Result<()> {
    api.resources.push(serde_json::from_slice(resource)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::documents::{Collection, Documents};
    use super::super::super::world::WorldId;
    use super::*;
    use crate::model::Resource;

    const KIND: &str = "apigateway/restapis";

    fn apis(documents: &Documents) -> Collection<RestApi> {
        documents.scope(&WorldId::new("000000000000", "us-east-1")).collection_in_parts(KIND, &PARTS).unwrap()
    }

    fn resource(id: &str) -> crate::model::Shared<Resource> {
        Resource { id: id.to_owned(), path: format!("/{id}"), ..Resource::default() }.into()
    }

    fn api(ids: &[&str]) -> RestApi {
        RestApi { id: "a".to_owned(), resources: ids.iter().map(|id| resource(id)).collect(), ..RestApi::default() }
    }

    #[test]
    fn what_is_written_is_what_has_changed() {
        let before = api(&["root", "b", "c", "d"]);
        let of = |after: &RestApi| {
            let changes = changes(Some(&before), after).unwrap();
            let written: Vec<_> = changes.written.into_iter().map(|(id, _)| id).collect();
            (changes.erased.join(" "), written.join(" "))
        };
        let mut after = before.clone();
        assert_eq!(of(&after), (String::new(), String::new()));
        after.resources.push(resource("e"));
        after.resources[1].path.push('x');
        assert_eq!(of(&after), (String::new(), "b e".to_owned()));
        after.resources.remove(2);
        assert_eq!(of(&after), ("c d".to_owned(), "b d e".to_owned()));
    }

    #[test]
    fn an_api_comes_back_as_it_was() {
        let documents = Documents::open(None).unwrap();
        let mut kept = apis(&documents);
        kept.insert("a", api(&["root", "b", "c"])).unwrap();
        kept.insert("ab", api(&["root"])).unwrap();
        let changed = kept.update("a", |api| {
            api.resources.remove(1);
            api.resources.push(resource("d"));
            api.resources.push(resource("b"));
            api.resources[1].path.push('x');
            api.name = "other".to_owned();
            Ok(())
        });
        changed.unwrap().unwrap();
        let again = apis(&documents);
        assert_eq!(again.get("a"), kept.get("a"));
        assert_eq!(again.get("ab").unwrap().resources.len(), 1);
        kept.remove("a").unwrap();
        assert!(!apis(&documents).contains("a") && apis(&documents).contains("ab"));
        // Nothing of the one that has gone comes back with another of its id.
        kept.insert("a", api(&["root"])).unwrap();
        assert_eq!(apis(&documents).get("a"), Some(&api(&["root"])));
    }

    #[test]
    fn an_api_that_was_kept_whole_is_kept_in_parts_from_then_on() {
        let documents = Documents::open(None).unwrap();
        let whole = || documents.scope(&WorldId::new("000000000000", "us-east-1")).collection::<RestApi>(KIND).unwrap();
        whole().insert("a", api(&["root", "b"])).unwrap();
        let changed = apis(&documents).update("a", |api| {
            api.resources[1].path.push('x');
            Ok(())
        });
        changed.unwrap().unwrap();
        assert!(whole().get("a").unwrap().resources.is_empty());
        let paths: Vec<_> = apis(&documents).get("a").unwrap().resources.iter().map(|r| r.path.clone()).collect();
        assert_eq!(paths, ["/root", "/bx"]);
    }
}
