//! Somebody before the console: one connection that is kept, a cookie, forms.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::pace::Times;

pub(crate) struct Browser {
    at: SocketAddr,
    connection: SendRequest<Full<Bytes>>,
    cookies: String,
    csrf: String,
}

struct Page {
    status: u16,
    cookies: Vec<String>,
    body: String,
}

impl Browser {
    /// Logs `account` in.
    pub(crate) async fn open(at: SocketAddr, account: &str, password: &str) -> Self {
        let stream = TcpStream::connect(at).await.expect("the console listens");
        let (connection, driver) = handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(driver);
        let mut browser = Self { at, connection, cookies: String::new(), csrf: String::new() };
        let page = browser.ask("GET", "/login", String::new()).await;
        browser.cookies = page.cookies.join("; ");
        let form = format!("form={}&next=&account={account}&password={password}", field(&page.body, "form"));
        let page = browser.ask("POST", "/login", form).await;
        assert_eq!(page.status, 303, "{}", page.body);
        browser.cookies = page.cookies.join("; ");
        browser.csrf = field(&browser.ask("GET", "/held", String::new()).await.body, "csrf");
        browser
    }

    /// Approves a held mail.
    pub(crate) async fn approve(&mut self, id: &str) {
        let form = format!("csrf={}&comment=bench", self.csrf);
        let page = self.ask("POST", &format!("/held/{id}/approve"), form).await;
        assert_eq!(page.status, 303, "{}", page.body);
    }

    /// Opens every page once a second, so many times: how long each took.
    pub(crate) async fn look_around(&mut self, pages: &[(&'static str, String)], times: usize) -> Vec<Times> {
        let mut taken = vec![Vec::new(); pages.len()];
        for _ in 0..times {
            let begun = Instant::now();
            for ((_, path), taken) in pages.iter().zip(&mut taken) {
                let start = Instant::now();
                let page = self.ask("GET", path, String::new()).await;
                assert_eq!(page.status, 200, "{path}: {}", page.body);
                taken.push(start.elapsed());
            }
            tokio::time::sleep(Duration::from_secs(1).saturating_sub(begun.elapsed())).await;
        }
        taken.into_iter().map(Times::of).collect()
    }

    /// Opens one page so many times, one after the other.
    pub(crate) async fn open_often(&mut self, path: &str, times: usize) -> Times {
        let mut taken = Vec::new();
        for _ in 0..times {
            let start = Instant::now();
            let page = self.ask("GET", path, String::new()).await;
            taken.push(start.elapsed());
            assert_eq!(page.status, 200, "{path}: {}", page.body);
        }
        Times::of(taken)
    }

    async fn ask(&mut self, method: &str, path: &str, form: String) -> Page {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.at.to_string())
            .header(header::ORIGIN, format!("http://{}", self.at))
            .header(header::COOKIE, &self.cookies)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form))
            .expect("a request");
        self.connection.ready().await.expect("the console keeps the connection");
        let answer = self.connection.send_request(request).await.expect("the console answers");
        let status = answer.status().as_u16();
        let set = answer.headers().get_all(header::SET_COOKIE).iter();
        let set = set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next()).filter(|pair| !pair.ends_with('='));
        let cookies = set.map(str::to_owned).collect();
        let body = answer.into_body().collect().await.expect("a page").to_bytes();
        Page { status, cookies, body: String::from_utf8_lossy(&body).into_owned() }
    }
}

/// The value of a hidden field.
fn field(page: &str, name: &str) -> String {
    let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("the field");
    rest.split('"').next().unwrap_or_default().to_owned()
}
