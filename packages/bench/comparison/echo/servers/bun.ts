/** An echo on Bun's own sockets. Usage: bun bun.ts PORT */
type Socket = { write(bytes: Uint8Array): number; end(): void; data: Uint8Array | undefined };
type Handlers = {
  data(socket: Socket, bytes: Uint8Array): void;
  drain(socket: Socket): void;
  error(socket: Socket): void;
};
declare const Bun: {
  listen(options: { hostname: string; port: number; socket: Handlers }): { readonly port: number };
};

/** Bun takes what the kernel takes, and leaves the rest to us. */
function send(socket: Socket, bytes: Uint8Array): void {
  const sent = socket.write(bytes);
  socket.data = sent < bytes.length ? bytes.slice(Math.max(sent, 0)) : undefined;
}

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  socket: {
    data(socket, bytes) {
      if (socket.data === undefined) send(socket, bytes);
      else socket.data = Buffer.concat([socket.data, bytes]);
    },
    drain(socket) {
      if (socket.data !== undefined) send(socket, socket.data);
    },
    error: (socket) => socket.end(),
  },
});
console.log(`listening ${server.port}`);
