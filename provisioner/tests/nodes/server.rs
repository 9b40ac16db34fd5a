//! The SSH side of a made-up node, and what becomes of one command.

use std::collections::BTreeMap;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use russh::keys::{HashAlg, PrivateKey};
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handle, Handler, Msg, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use crate::model::{Reply, Then};
use crate::node::{Do, Login, Shared, lock};
use crate::shell::{Begun, script, up_to_mark};

/// The one kind of "extended data" SSH defines.
const STDERR: u32 = 1;

/// How long a wrapper may take to come to its script before it sees the end of
/// its input.
const WRAPPER_WITHIN: Duration = Duration::from_secs(2);

/// Whether a script comes to its end.
enum Goes {
    On,
    /// It is executed, and ends with its input.
    Held,
    Nowhere,
}

/// Takes connections until it is aborted.
pub(super) async fn listen(listener: TcpListener, node: Arc<Shared>, key: PrivateKey) {
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let config = Arc::new(Config {
        keys: vec![key],
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        inactivity_timeout: None,
        // The cheapest of those the product takes: a debug build is slow at the others.
        preferred: russh::Preferred {
            kex: vec![russh::kex::CURVE25519, russh::kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER]
                .into(),
            ..russh::Preferred::default()
        },
        ..Config::default()
    });
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        if node.is_down() {
            continue;
        }
        // Another handle to the same socket, to cut it with.
        let stream = stream.into_std().unwrap();
        let cut = Arc::new(stream.try_clone().unwrap());
        node.connected(stream.try_clone().unwrap());
        let connection = Connection { node: Arc::clone(&node), cut, inputs: BTreeMap::new() };
        let config = Arc::clone(&config);
        tokio::spawn(async move {
            let stream = tokio::net::TcpStream::from_std(stream).unwrap();
            let _ = stream.set_nodelay(true);
            // A connection that fails is the client's to notice.
            if let Ok(session) = russh::server::run_stream(config, stream, connection).await {
                let _ = session.await;
            }
        });
    }
}

/// Bytes for a command's standard input; an empty vector is its end.
type Input = UnboundedSender<Vec<u8>>;

struct Connection {
    node: Arc<Shared>,
    cut: Arc<TcpStream>,
    inputs: BTreeMap<ChannelId, Input>,
}

fn allowed(fine: bool) -> Auth {
    if fine { Auth::Accept } else { Auth::reject() }
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, Self::Error> {
        Ok(self.node.banner())
    }

    async fn auth_none(&mut self, _: &str) -> Result<Auth, Self::Error> {
        Ok(allowed(self.node.login() == Login::Open))
    }

    async fn auth_password(&mut self, _: &str, password: &str) -> Result<Auth, Self::Error> {
        self.node.note_password(password);
        Ok(allowed(self.node.login() == Login::Password(password.to_owned())))
    }

    async fn auth_publickey(
        &mut self,
        _: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        let key = key.public_key.fingerprint(HashAlg::Sha256).to_string();
        Ok(allowed(self.node.login() == Login::Key(key)))
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    /// As a jump host does: to wherever the client wants to go on.
    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        let port = u16::try_from(port).unwrap();
        if let Ok(mut there) = tokio::net::TcpStream::connect((host, port)).await {
            reply.accept().await;
            tokio::spawn(async move {
                let mut here = channel.into_stream();
                // Either end may go away.
                let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
            });
        }
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        request: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)?;
        let (input, inputs) = unbounded_channel();
        self.inputs.insert(channel, input);
        let out = Out { handle: session.handle(), channel };
        let (node, cut) = (Arc::clone(&self.node), Arc::clone(&self.cut));
        let request = String::from_utf8_lossy(request).into_owned();
        tokio::spawn(async move { serve(&node, &cut, &out, &request, inputs).await });
        Ok(())
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        if let Some(input) = self.inputs.get(&channel) {
            // A command that has ended reads no more.
            let _ = input.send(data.to_vec());
        }
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.inputs.remove(&channel);
        Ok(())
    }

    async fn channel_close(
        &mut self,
        channel: ChannelId,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.inputs.remove(&channel);
        Ok(())
    }
}

/// Where a command's output goes. A client that went away hears nothing.
pub(super) struct Out {
    handle: Handle,
    channel: ChannelId,
}

/// One of the two streams of output.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Output,
    Error,
}

impl Out {
    pub(super) async fn give(&self, which: Stream, bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let _ = match which {
            Stream::Output => self.handle.data(self.channel, bytes).await,
            Stream::Error => self.handle.extended_data(self.channel, STDERR, bytes).await,
        };
    }

    async fn end(&self, status: u32) {
        let _ = self.handle.exit_status_request(self.channel, status).await;
        let _ = self.handle.eof(self.channel).await;
        let _ = self.handle.close(self.channel).await;
    }

    async fn reply(&self, reply: Reply) {
        self.give(Stream::Output, reply.stdout).await;
        self.give(Stream::Error, reply.stderr).await;
        self.end(reply.status).await;
    }
}

/// One command, from the request to its end.
async fn serve(
    node: &Arc<Shared>,
    cut: &TcpStream,
    out: &Out,
    request: &str,
    inputs: UnboundedReceiver<Vec<u8>>,
) {
    if let Some(reply) = node.requested(request) {
        return out.reply(reply).await;
    }
    let (sudo, really) = node.ways();
    let mut child = node.shell.start(request, &sudo, &really);
    // Whatever is executed on the way is executed in the shell's place.
    let pid = child.id().unwrap_or_default();
    let ended = Arc::new(Notify::new());
    lock(&node.live).insert(pid, Arc::clone(&ended));
    let (decide, decided) = oneshot::channel();
    let feeding =
        tokio::spawn(feed(Arc::clone(node), child.stdin.take().unwrap(), inputs, decided));
    tokio::select! {
        () = answer(node, cut, out, &mut child, &really, decide) => {}
        () = killed(&ended) => {
            let _ = child.start_kill();
            out.end(143).await;
        }
    }
    lock(&node.live).remove(&pid);
    feeding.abort();
}

async fn killed(ended: &Notify) {
    ended.notified().await;
}

/// Passes standard input on. Its end is passed on once it is decided what the
/// script does, for one that hangs never: `cat` stands for the script, and would
/// end with its input. A wrapper that itself waits for the end gets it as well.
async fn feed(
    node: Arc<Shared>,
    mut stdin: ChildStdin,
    mut inputs: UnboundedReceiver<Vec<u8>>,
    decided: oneshot::Receiver<Goes>,
) {
    while let Some(bytes) = inputs.recv().await {
        if stdin.write_all(&bytes).await.is_err() {
            return;
        }
    }
    let decided = timeout(WRAPPER_WITHIN, decided).await;
    if matches!(decided, Ok(Ok(Goes::Nowhere)))
        || matches!(decided, Ok(Ok(Goes::Held))) && node.clings()
    {
        std::future::pending::<()>().await;
    }
}

async fn answer(
    node: &Arc<Shared>,
    cut: &TcpStream,
    out: &Out,
    child: &mut Child,
    really: &str,
    decide: oneshot::Sender<Goes>,
) {
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let began = tokio::join!(
        up_to_mark(&mut stdout, out, Stream::Output),
        up_to_mark(&mut stderr, out, Stream::Error),
    );
    let (Some(held), Some(said)) = began else { return status(out, child).await };
    let Begun::Script { script, mut input, really } = script(&mut stdout, held, really).await
    else {
        return status(out, child).await;
    };
    let mut twist = None;
    let mut cut_after = false;
    match node.called(&script) {
        None => {}
        Some(Do::Say(reply)) => return out.reply(reply).await,
        Some(Do::Twist(change)) => twist = Some(change),
        Some(Do::Cut) => return drop(cut.shutdown(Shutdown::Both)),
        Some(Do::CutAfter) => cut_after = true,
        Some(Do::Vanish) => return node.vanish(),
        Some(Do::Hang) => {
            let _ = decide.send(Goes::Nowhere);
            return status(out, child).await;
        }
    }
    let _ = decide.send(if really { Goes::Held } else { Goes::On });
    if really {
        if let Some(twist) = twist {
            return out.reply(twist(Reply::done())).await;
        }
        out.give(Stream::Output, input).await;
        out.give(Stream::Error, said).await;
        tokio::join!(
            forward(&mut stdout, out, Stream::Output),
            forward(&mut stderr, out, Stream::Error),
        );
        return status(out, child).await;
    }
    if let Some(pid) = script.strip_prefix("kill -TERM ") {
        let ended =
            pid.trim().parse().ok().and_then(|pid: u32| lock(&node.live).get(&pid).cloned());
        ended.inspect(|ended| ended.notify_one());
        return out.end(0).await;
    }
    // `cat` gives back all the script was given to read.
    if stdout.read_to_end(&mut input).await.is_err() {
        return;
    }
    let (mut reply, then) = node.model().answer(&script, &input);
    if cut_after {
        let _ = cut.shutdown(Shutdown::Both);
    } else {
        if let Some(twist) = twist {
            reply = twist(reply);
        }
        out.reply(reply).await;
    }
    if then == Then::Restart {
        node.restart();
    }
}

/// Ends the channel as the shell ended.
async fn status(out: &Out, child: &mut Child) {
    let status = child.wait().await.ok().and_then(|status| status.code()).unwrap_or(143);
    out.end(u32::try_from(status).unwrap_or(1)).await;
}

async fn forward(stream: &mut (impl AsyncRead + Unpin), out: &Out, which: Stream) {
    loop {
        let mut bytes = Vec::with_capacity(16 << 10);
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => out.give(which, bytes).await,
        }
    }
}
