//! `Accept-Encoding` (RFC 9110, section 12.5.3): which coding a client would rather have.

use super::Coding;

/// The coding for a response. Without a header, and where nothing else is wanted at least as much, it stays as it is. A client
/// that refuses that too gets it all the same: there is no better answer for it.
pub(super) fn preferred<'a>(headers: impl Iterator<Item = &'a str>) -> Coding {
    let (mut gzip, mut deflate, mut identity, mut any) = (None, None, None, None);
    for entry in headers.flat_map(|header| header.split(',')) {
        let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = weight(parameters);
        match Coding::new(name) {
            Some(Coding::Gzip) => gzip = Some(weight),
            Some(Coding::Deflate) => deflate = Some(weight),
            Some(Coding::Identity) => identity = Some(weight),
            None if name.trim() == "*" => any = Some(weight),
            None => {}
        }
    }
    let of = |own: Option<u16>| own.or(any).unwrap_or(0);
    let (gzip, deflate) = (of(gzip), of(deflate));
    // A client that does not name it takes it, and would rather have what it names.
    let plain = identity.unwrap_or(0);
    match (gzip.max(deflate), gzip >= deflate) {
        (0, _) => Coding::Identity,
        (best, _) if best < plain => Coding::Identity,
        (_, true) => Coding::Gzip,
        (_, false) => Coding::Deflate,
    }
}

/// `q` in thousandths. One that cannot be read is none: the coding is not wanted for sure.
fn weight(parameters: &str) -> u16 {
    let given = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(given) = given else { return 1_000 };
    let (whole, fraction) = given.split_once('.').unwrap_or((given, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match (whole, digits) {
        ("0", true) => format!("{fraction:0<3}").parse().unwrap_or(0),
        ("1", true) if fraction.bytes().all(|byte| byte == b'0') => 1_000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_decides() {
        for (header, expected) in [
            ("", Coding::Identity),
            ("gzip", Coding::Gzip),
            ("GZIP", Coding::Gzip),
            ("deflate", Coding::Deflate),
            ("gzip, deflate, br", Coding::Gzip),
            ("deflate, gzip", Coding::Gzip),
            ("gzip;q=0.5, deflate;q=0.8", Coding::Deflate),
            ("gzip;q=0.8,deflate;q=0.8", Coding::Gzip),
            ("gzip;q=0", Coding::Identity),
            ("gzip;q=0.000, deflate;q=0.001", Coding::Deflate),
            ("br, zstd", Coding::Identity),
            ("*", Coding::Gzip),
            ("gzip;q=0, *", Coding::Deflate),
            ("*;q=0", Coding::Identity),
            ("*;q=0, gzip", Coding::Gzip),
            ("identity", Coding::Identity),
            ("identity, gzip;q=0.5", Coding::Identity),
            ("identity;q=0.5, gzip", Coding::Gzip),
            ("identity;q=0, gzip", Coding::Gzip),
            ("identity;q=0", Coding::Identity),
            ("gzip ; q = 1.0", Coding::Gzip),
            ("gzip;q=2", Coding::Identity),
            ("gzip;q=0.1234", Coding::Identity),
            ("gzip;q=-1", Coding::Identity),
            ("gzip;q=abc", Coding::Identity),
            (",,;q=1,=;,", Coding::Identity),
            ("x-gzip", Coding::Identity),
        ] {
            assert_eq!(preferred([header].into_iter()), expected, "{header}");
        }
        assert_eq!(preferred(["br", "deflate"].into_iter()), Coding::Deflate, "several headers are one list");
        assert_eq!(preferred(std::iter::empty()), Coding::Identity);
    }
}
