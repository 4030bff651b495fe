//! A function for tests: speaks the Runtime API with the standard library alone, and does what its events ask for.
//!
//! Compiled by the tests themselves (`testing.rs`); the variable `START` says how it starts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

struct Api {
    address: String,
    stream: BufReader<TcpStream>,
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Api {
    fn connect() -> Api {
        let address = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
        let stream = TcpStream::connect(&address).unwrap();
        stream.set_nodelay(true).unwrap();
        Api { address, stream: BufReader::new(stream) }
    }

    fn call(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let mut request = format!(
            "{method} /2018-06-01{path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.raw(&request)
    }

    fn raw(&mut self, request: &[u8]) -> Answer {
        self.stream.get_mut().write_all(request).unwrap();
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            if name == "content-length" {
                length = value.parse().unwrap();
            }
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        Answer { status, headers, body }
    }
}

fn main() {
    match std::env::var("START").as_deref() {
        Ok("exit") => std::process::exit(7),
        Ok("error") => {
            let mut api = Api::connect();
            api.call("POST", "/runtime/init/error", "", br#"{"errorMessage":"no table","errorType":"Function.Config"}"#);
            std::process::exit(1);
        }
        Ok("hang") => std::thread::sleep(Duration::from_secs(3600)),
        _ => {}
    }
    // What a careless function prints must not disturb anybody.
    println!("HTTP/1.1 200 OK");
    let mut api = Api::connect();
    let mut count = 0;
    loop {
        let event = api.call("GET", "/runtime/invocation/next", "", b"");
        let id = event.headers.iter().find(|(name, _)| name == "lambda-runtime-aws-request-id").unwrap().1.clone();
        let text = String::from_utf8_lossy(&event.body).trim_matches('"').to_owned();
        count += 1;
        act(&mut api, &event, &id, &text, count);
    }
}

fn act(api: &mut Api, event: &Answer, id: &str, text: &str, count: usize) {
    let response = format!("/runtime/invocation/{id}/response");
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut answer = |body: &str| {
        let answer = api.call("POST", &response, "", body.as_bytes());
        assert!(answer.status == 202 || answer.status == 413, "{}", answer.status);
    };
    // Whatever is asked.
    if let Ok(fixed) = std::env::var("ANSWER") {
        return answer(&fixed);
    }
    match verb {
        "count" => answer(&format!("{} {count}", std::process::id())),
        "version" => answer(&std::env::var("VERSION").unwrap_or_default()),
        "variable" => answer(&std::env::var(rest).unwrap_or_default()),
        "headers" => answer(&event.headers.iter().map(|(n, v)| format!("{n}={v}\n")).collect::<String>()),
        "sleep" => {
            std::thread::sleep(Duration::from_millis(rest.parse().unwrap()));
            answer(&format!("{} slept", std::process::id()));
        }
        "print" => {
            println!("{rest}");
            eprintln!("and {rest}");
            answer("printed");
        }
        "flood" => {
            let line = "x".repeat(1000);
            (0..5000).for_each(|_| println!("{line}"));
            answer("flooded");
        }
        "exit" => std::process::exit(rest.parse().unwrap()),
        "abort" => std::process::abort(),
        // Answers and is gone before anybody can have read it.
        "last-words" => {
            answer("goodbye");
            std::process::exit(0);
        }
        "big" => answer(&"x".repeat(rest.parse().unwrap())),
        "grandchild" => {
            let child = std::process::Command::new("sleep").arg("3600").spawn().unwrap();
            answer(&child.id().to_string());
        }
        // Answers, and does not ask for more.
        "linger" => {
            answer("lingering");
            std::thread::sleep(Duration::from_secs(3600));
        }
        "error" => {
            let body = br#"{"errorMessage":"Unauthorized","errorType":"MyError"}"#;
            api.call("POST", &format!("/runtime/invocation/{id}/error"), "", body);
        }
        "streamed" => {
            let head = format!(
                "POST /2018-06-01{response} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\
                 Lambda-Runtime-Function-Response-Mode: streaming\r\nTrailer: Lambda-Runtime-Function-Error-Type\r\n\r\n"
            );
            let end = match rest {
                "fail" => {
                    "0\r\nLambda-Runtime-Function-Error-Type: Function.Late\r\n\
                     Lambda-Runtime-Function-Error-Body: eyJlcnJvclR5cGUiOiJMYXRlIn0=\r\n\r\n"
                }
                _ => "0\r\n\r\n",
            };
            api.raw(format!("{head}3\r\none\r\n3\r\ntwo\r\n{end}").as_bytes());
        }
        // Makes the mistakes that the Runtime API must refuse, and answers with the statuses.
        "mistakes" => {
            let mut said = String::new();
            for (path, body) in [("/runtime/invocation/wrong/response", "x"), ("/runtime/init/error", "{}"), ("/nothing", "")]
            {
                let refusal = api.call("POST", path, "", body.as_bytes());
                said += &format!("{} {}\n", refusal.status, String::from_utf8_lossy(&refusal.body));
            }
            let mut other = Api::connect();
            let refusal = other.call("GET", "/runtime/invocation/next", "", b"");
            said += &format!("{} {}\n", refusal.status, String::from_utf8_lossy(&refusal.body));
            api.call("POST", &response, "", said.as_bytes());
            let twice = api.call("POST", &response, "", b"again");
            println!("twice {} {}", twice.status, String::from_utf8_lossy(&twice.body));
        }
        _ => answer(&format!("\"{text}\"")),
    }
}
