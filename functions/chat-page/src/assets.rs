//! The page's files, as the browser gets them.

use sha2::{Digest, Sha256};

/// The name of the page itself.
pub(crate) const INDEX: &str = "index.html";

/// What the page has to be told: where the chat is, and where and as which client it signs people in.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The chat, `ws://` or `wss://`.
    pub chat: String,
    /// Amazon Cognito.
    pub cognito: String,
    /// The client id of the page at the user pool.
    pub client_id: String,
}

impl Addresses {
    /// Where each of them stands in the page.
    fn places(&self) -> [(&'static str, &str); 3] {
        [
            ("{{CHAT_URL}}", &self.chat),
            ("{{COGNITO_ENDPOINT}}", &self.cognito),
            ("{{COGNITO_CLIENT_ID}}", &self.client_id),
        ]
    }
}

/// One file.
pub(crate) struct Asset {
    /// Its name in the URL.
    pub(crate) name: &'static str,
    /// Its media type.
    pub(crate) content_type: &'static str,
    /// Its contents.
    pub(crate) text: String,
    /// Its entity tag: a hash of its contents, and so the same in every environment of one release.
    pub(crate) etag: String,
}

/// All files, the page with the addresses in it.
pub(crate) fn all(addresses: &Addresses) -> Vec<Asset> {
    let mut index = include_str!("../assets/index.html").to_owned();
    for (place, value) in addresses.places() {
        index = index.replace(place, &escape_html(value));
    }
    vec![
        asset(INDEX, "text/html; charset=utf-8", index),
        asset("chat.css", "text/css; charset=utf-8", include_str!("../assets/chat.css").into()),
        asset("favicon.svg", "image/svg+xml", include_str!("../assets/favicon.svg").into()),
        // The entry, then the modules that it imports.
        script("chat.js", include_str!("../assets/chat.js")),
        script("composer.js", include_str!("../assets/composer.js")),
        script("connection.js", include_str!("../assets/connection.js")),
        script("dom.js", include_str!("../assets/dom.js")),
        script("header.js", include_str!("../assets/header.js")),
        script("log.js", include_str!("../assets/log.js")),
        script("outbox.js", include_str!("../assets/outbox.js")),
        script("people.js", include_str!("../assets/people.js")),
        script("scroller.js", include_str!("../assets/scroller.js")),
        script("session.js", include_str!("../assets/session.js")),
        script("sign-in.js", include_str!("../assets/sign-in.js")),
    ]
}

fn script(name: &'static str, text: &str) -> Asset {
    asset(name, "text/javascript; charset=utf-8", text.into())
}

fn asset(name: &'static str, content_type: &'static str, text: String) -> Asset {
    let digest = Sha256::digest(&text);
    let hash: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    Asset { name, content_type, text, etag: format!("\"{hash}\"") }
}

/// Safe in a quoted attribute.
fn escape_html(text: &str) -> String {
    let escape = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(chat: &str) -> Addresses {
        let (cognito, client_id) = ("https://cognito.example".to_owned(), "client".to_owned());
        Addresses { chat: chat.to_owned(), cognito, client_id }
    }

    #[test]
    fn the_page_knows_the_chat_and_cannot_be_broken_by_its_address() {
        let all = all(&addresses("ws://h/\"><script>'&"));
        let page = &all[0].text;
        assert!(page.contains("ws://h/&quot;&gt;&lt;script&gt;&#39;&amp;"));
        assert!(page.contains("\"https://cognito.example\"") && page.contains("\"client\""));
        assert!(!page.contains("{{"));
    }

    /// The quoted text after each `lead` that stands at the start of a word.
    fn quoted_after<'a>(text: &'a str, lead: &'a str) -> impl Iterator<Item = &'a str> {
        text.match_indices(lead).filter_map(move |(at, _)| {
            let starts_a_word = text[..at].chars().next_back().is_none_or(char::is_whitespace);
            starts_a_word.then(|| text[at + lead.len()..].split('"').next()).flatten()
        })
    }

    /// What a file makes the browser fetch: names for attributes, paths for the specifiers of modules.
    fn references(asset: &Asset) -> Vec<&str> {
        let leads: &[&str] = match asset.name.rsplit('.').next() {
            Some("js") => &["from \"", "import \"", "import(\""],
            _ => &["src=\"", "href=\""],
        };
        leads.iter().flat_map(|lead| quoted_after(&asset.text, lead)).collect()
    }

    #[test]
    fn every_reference_and_import_names_a_file_that_is_served() {
        let all = all(&addresses("wss://h"));
        for asset in &all {
            for reference in references(asset) {
                // A bare specifier would need an import map, which the policy does not allow.
                let name = if asset.name.ends_with(".js") { reference.strip_prefix("./") } else { Some(reference) };
                let served = name.is_some_and(|name| all.iter().any(|asset| asset.name == name));
                assert!(served, "{} refers to {reference}", asset.name);
            }
        }
    }

    #[test]
    fn every_file_is_served_and_the_page_leads_to_it() {
        let all = all(&addresses("wss://h"));
        let mut reached = vec![INDEX];
        let mut next = 0;
        while let Some(asset) = reached.get(next).and_then(|name| all.iter().find(|asset| asset.name == *name)) {
            for reference in references(asset) {
                let name = reference.trim_start_matches("./");
                if !reached.contains(&name) {
                    reached.push(name);
                }
            }
            next += 1;
        }
        reached.sort_unstable();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<_> = files.collect();
        files.sort_unstable();
        assert_eq!(reached, files);
        let mut served: Vec<_> = all.iter().map(|asset| asset.name).collect();
        served.sort_unstable();
        assert_eq!(served, files);
        for asset in all.iter().filter(|asset| asset.name != INDEX) {
            let file = std::fs::read_to_string(format!("{folder}/{}", asset.name)).unwrap();
            assert!(asset.text == file, "{} is served with another file's contents", asset.name);
        }
    }
}
