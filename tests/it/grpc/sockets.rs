//! Sockets that are not TCP, and several at once.

use std::os::unix::fs::PermissionsExt;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::*;

#[tokio::test]
async fn a_socket_file_has_its_mode_and_replaces_a_stale_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("authz.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let address = Address::Unix {
        path: path.clone(),
        mode: Some(0o600),
    };
    let server = serve(config(vec![address]), Routes::default());
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(server.connect().await.ask("hello").await, "hello");
    assert!(server.stop().await);
    assert!(!path.exists());
}

#[tokio::test]
async fn an_abstract_socket_serves() {
    let name = format!("regate-test-{}", std::process::id());
    let server = serve(config(vec![Address::Abstract(name)]), Routes::default());
    assert_eq!(server.connect().await.ask("hello").await, "hello");
}

#[tokio::test]
async fn every_address_is_bound_or_none_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("authz.sock");
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = grpc::bind(config(vec![unix(&path), unix(&file)])).unwrap_err();
    assert!(
        error.to_string().contains("a file that is not a socket"),
        "{error}"
    );
    assert!(!path.exists(), "the first address is given up again");

    let tcp = Address::Tcp("localhost:0".to_owned());
    let mut server = serve(config(vec![unix(&path), tcp]), Routes::default());
    while !server.addresses.is_empty() {
        assert_eq!(server.connect().await.ask("hello").await, "hello");
        server.addresses.remove(0);
    }
}

#[tokio::test]
async fn a_client_may_name_the_socket_as_its_authority() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("authz.sock");
    let tcp = Address::Tcp("127.0.0.1:0".to_owned());
    let server = serve(config(vec![unix(&path), tcp]), Routes::default());

    let mut stream = UnixStream::connect(&path).await.unwrap();
    let answer = in_time("an answer", first_answer(&mut stream)).await;
    assert_eq!(answer, DATA);

    let BoundAddress::Tcp(address) = &server.addresses[1] else {
        panic!("{:?}", server.addresses);
    };
    let mut stream = TcpStream::connect(address).await.unwrap();
    let refused = "h2 takes such an authority now: the adapter may go (docs/adr/0006)";
    let answer = in_time("an answer", first_answer(&mut stream)).await;
    assert_eq!(answer, RST_STREAM, "{refused}");
}

const DATA: u8 = 0;
const RST_STREAM: u8 = 3;

/// Sends the first bytes of a gRPC C-core client's connection, one by one, and returns whether DATA
/// or RST_STREAM is the answer to its call.
async fn first_answer(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> u8 {
    let fields = [
        b"\x40\x05:path\x12/test.Service/Echo".as_slice(),
        b"\x40\x0a:authority\x16run%2Fopa%2Fauthz.sock",
        b"\x83\x86\x40\x0ccontent-type\x10application/grpc\x40\x02te\x08trailers",
    ]
    .concat();
    let frames = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".as_slice(),
        &[0, 0, u8::try_from(fields.len()).unwrap(), 1, 4, 0, 0, 0, 1],
        &fields,
        b"\0\0\x0a\0\x01\0\0\0\x01\0\0\0\0\x05hello",
    ]
    .concat();
    for byte in frames {
        stream.write_all(&[byte]).await.unwrap();
    }
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let mut payload = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
        stream.read_exact(&mut payload).await.unwrap();
        if let kind @ (DATA | RST_STREAM) = head[3] {
            return kind;
        }
    }
}
