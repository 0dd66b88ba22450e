//! An echo on tokio, in one thread. Usage: tokio-echo PORT
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn serve(mut client: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = client.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        client.write_all(&buffer[..length]).await?;
    }
}

fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).unwrap_or_default();
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
        let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
        println!("listening {}", listener.local_addr()?.port());
        loop {
            if let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client));
            }
        }
    })
}
