/** An echo on bare `node:net` and nothing else: the baseline. Usage: node node-net.ts PORT */
import { type AddressInfo, createServer } from 'node:net';

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('data', (bytes) => socket.write(bytes));
  socket.on('error', () => socket.destroy());
});

server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  console.log(`listening ${(server.address() as AddressInfo).port}`);
});
