//! The page's files, as the browser gets them.

use sha2::{Digest, Sha256};

/// The name of the page itself.
pub(crate) const INDEX: &str = "index.html";

/// Where the page has the chat's address.
const CHAT_URL: &str = "{{CHAT_URL}}";

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

/// All files, the page with the chat's address in it.
pub(crate) fn all(chat_url: &str) -> Vec<Asset> {
    let index = include_str!("../assets/index.html").replace(CHAT_URL, &escape_html(chat_url));
    vec![
        asset(INDEX, "text/html; charset=utf-8", index),
        asset("chat.js", "text/javascript; charset=utf-8", include_str!("../assets/chat.js").into()),
        asset("chat.css", "text/css; charset=utf-8", include_str!("../assets/chat.css").into()),
        asset("favicon.svg", "image/svg+xml", include_str!("../assets/favicon.svg").into()),
    ]
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

    #[test]
    fn the_page_knows_the_chat_and_cannot_be_broken_by_its_address() {
        let all = all("ws://h/\"><script>'&");
        let page = &all[0].text;
        assert!(page.contains("ws://h/&quot;&gt;&lt;script&gt;&#39;&amp;"));
        assert!(!page.contains(CHAT_URL));
    }

    #[test]
    fn the_page_refers_to_nothing_that_is_not_served() {
        let all = all("wss://h");
        let page = &all[0].text;
        for attribute in ["src=\"", "href=\""] {
            for rest in page.split(attribute).skip(1) {
                let target = rest.split('"').next().unwrap_or_default();
                assert!(all.iter().any(|asset| asset.name == target), "{target}");
            }
        }
    }
}
