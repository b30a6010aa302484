//! Slow, large or many connections. Time is paused but for timers, so the tests take no time.

use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::oneshot;

use super::super::{DataPlaneOptions, Options, Service};
use super::*;

const LIMITS: Limits = Limits {
    head: Duration::from_secs(30),
    body: Duration::from_secs(60),
    answer: Duration::from_secs(30),
    head_size: 16 << 10,
    connections: 1,
};

fn plane() -> DataPlane {
    let service = Service::in_memory(Options::default());
    DataPlane::new(service, DataPlaneOptions::default())
}

/// A connection's client end, and how to stop the server.
fn connected(room: usize) -> (DuplexStream, watch::Sender<()>) {
    let (client, server) = duplex(room);
    let (stop, stopped) = watch::channel(());
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    tokio::spawn(connection(LIMITS, plane(), server, here, stopped));
    (client, stop)
}

/// Everything the server sends until it closes the connection.
async fn answered(client: &mut DuplexStream) -> String {
    let mut bytes = Vec::new();
    client.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Sends this a byte at a time, so far apart, for as long as the server takes it; answers how many it took.
async fn trickled(client: &mut DuplexStream, text: &str, apart: Duration) -> usize {
    for (sent, byte) in text.bytes().enumerate() {
        sleep(apart).await;
        if client.write_all(&[byte]).await.is_err() {
            return sent;
        }
    }
    text.len()
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_ends_the_connection() {
    let (mut client, _stop) = connected(1 << 10);
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: local")
        .await
        .unwrap();
    assert_eq!(answered(&mut client).await, "");
    let (mut client, _stop) = connected(1 << 10);
    let head = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\nx: {}",
        "a".repeat(100)
    );
    let sent = trickled(&mut client, &head, Duration::from_secs(5)).await;
    assert!(sent < 10, "{sent} bytes were taken, one every 5 seconds");
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_kept_alive_for_a_while() {
    let (mut client, _stop) = connected(1 << 10);
    for _ in 0..2 {
        sleep(Duration::from_secs(20)).await;
        client
            .write_all(b"GET /any/path HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .unwrap();
        let mut first = [0; 12];
        client.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 403");
        let mut rest = [0; 1024];
        assert!(client.read(&mut rest).await.unwrap() > 0);
    }
    assert_eq!(answered(&mut client).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_refused() {
    let (mut client, _stop) = connected(1 << 10);
    client
        .write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n")
        .await
        .unwrap();
    let sent = trickled(&mut client, &"a".repeat(100), Duration::from_secs(10)).await;
    assert!(sent < 10, "{sent} bytes were taken, one every 10 seconds");
    let answer = answered(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_taken_ends_the_connection() {
    // The response doesn't fit into the buffers between the two ends.
    let (mut client, _stop) = connected(64);
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    sleep(LIMITS.answer * 2).await;
    let answer = answered(&mut client).await;
    assert!(
        answer.len() <= 64 && answer.starts_with("HTTP/1.1 403 "),
        "{answer}"
    );
}

#[tokio::test(start_paused = true)]
async fn heads_and_bodies_have_a_size() {
    let large = "a".repeat(LIMITS.head_size);
    let many: String = (0..200).map(|n| format!("x{n}: y\r\n")).collect();
    for (headers, status) in [
        (format!("x: {large}\r\n"), "431"),
        (many, "431"),
        (format!("content-length: {}\r\n", 9 << 30), "413"),
    ] {
        let (mut client, _stop) = connected(1 << 20);
        let head =
            format!("POST / HTTP/1.1\r\nhost: localhost\r\n{headers}connection: close\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        let answer = answered(&mut client).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn connections_wait_for_each_other() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve_within(
        LIMITS,
        plane(),
        listener,
        std::future::pending(),
    ));
    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    second
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let began = Instant::now();
    let mut first = [0; 1];
    second.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"H");
    assert!(
        began.elapsed() >= LIMITS.head,
        "two connections were served at once"
    );
    assert_eq!(idle.read(&mut first).await.unwrap(), 0);
}

#[tokio::test]
async fn any_path_is_served_until_shutdown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(serve(plane(), listener, async {
        let _ = stopped.await;
    }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /any/path HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(
        answer.contains("MissingAuthenticationTokenException"),
        "{answer}"
    );
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
