//! Where the collector is, and what it wants to hear before it lets us in.
//!
//! In: the address of the configuration, the text of a file with header lines. Out: both checked. Values of headers are
//! secrets: neither `Debug` nor an error shows one. Deliberately absent: asking the collector, which may be down at the start.

use hyper::{Uri, header::HeaderName, header::HeaderValue};

/// The collector's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub(super) tls: bool,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    /// `/v1/traces`
    pub(super) path: String,
}

impl Endpoint {
    /// From `http://127.0.0.1:4318/v1/traces`.
    ///
    /// # Errors
    /// It is no such address; what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no address of a collector; write http:// or https:// with host, port and path, as in \
                 \"http://127.0.0.1:4318/v1/traces\""
            )
        };
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(wrong)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = match authority.port_u16() {
            Some(0) => return Err(wrong()),
            Some(port) => port,
            // Either no port, or one that is no number.
            None if authority.as_str().ends_with(authority.host()) => {
                if tls {
                    443
                } else {
                    80
                }
            }
            None => return Err(wrong()),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        if host.is_empty() {
            return Err(wrong());
        }
        if path == "/" {
            return Err(format!("`{text}` has no path; collectors take traces at /v1/traces, so write that behind it"));
        }
        Ok(Self { tls, host: host.to_owned(), port, path: path.to_owned() })
    }

    /// Whether what is said there may be heard by others.
    pub fn may_be_overheard(&self) -> bool {
        let here = self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        !self.tls && !here
    }

    /// The host and the port, as a Host field has them.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}", self.port)
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A query may hold a key.
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "{}://{}{path}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

/// Header lines for each request.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers(pub(super) Vec<(HeaderName, HeaderValue)>);

impl Headers {
    /// From lines as `authorization: Bearer …`. Empty lines, and those that begin with `#`, are notes.
    ///
    /// # Errors
    /// Which line is none, without what it says.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut headers = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let read = line.split_once(':').and_then(|(name, value)| {
                let mut value = HeaderValue::from_str(value.trim()).ok().filter(|value| !value.is_empty())?;
                value.set_sensitive(true);
                Some((name.trim().parse::<HeaderName>().ok()?, value))
            });
            let number = number + 1;
            headers.push(read.ok_or_else(|| {
                format!("line {number} is no header line; write it as in \"authorization: Bearer KEY\"")
            })?);
        }
        if headers.is_empty() { Err("there is no header line in it".to_owned()) } else { Ok(Self(headers)) }
    }
}

impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name.as_str())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        for (text, shown, overheard) in [
            ("http://127.0.0.1:4318/v1/traces", "http://127.0.0.1:4318/v1/traces", false),
            ("http://[::1]:4318/v1/traces", "http://[::1]:4318/v1/traces", false),
            ("http://otel.example.co.jp:4318/v1/traces", "http://otel.example.co.jp:4318/v1/traces", true),
            ("https://otel.example.co.jp/otlp/v1/traces?key=1", "https://otel.example.co.jp:443/otlp/v1/traces", false),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!((endpoint.to_string().as_str(), endpoint.may_be_overheard()), (shown, overheard));
        }
        for wrong in ["", "127.0.0.1:4318", "grpc://x:4317/v1/traces", "http://", "http://x:0/v1", "http://u:p@x:1/v1"]
        {
            assert!(Endpoint::parse(wrong).unwrap_err().contains("no address of a collector"), "{wrong}");
        }
        for wrong in ["http://x:4318", "http://x:4318/"] {
            assert!(Endpoint::parse(wrong).unwrap_err().contains("/v1/traces"), "{wrong}");
        }
    }

    #[test]
    fn header_lines_are_read_and_never_shown() {
        let headers = Headers::parse("# who we are\n\nAuthorization: Bearer s3cret\r\nx-scope: a b\n").unwrap();
        assert_eq!(headers.0.len(), 2);
        assert_eq!(format!("{headers:?}"), r#"["authorization", "x-scope"]"#);
        for wrong in ["", "# only a note", "s3cret", "a b: s3cret", "x: s3\u{7}cret", "x:"] {
            let why = Headers::parse(wrong).unwrap_err();
            assert!(why.contains("header line") && !why.contains("s3"), "{why}");
        }
    }
}
