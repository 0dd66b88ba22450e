/** The obvious file server: `createReadStream().pipe(socket)` for each request. Usage: node naive.ts FOLDER */
import { createReadStream } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

const folder = process.argv[2] ?? '';

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.on('data', (line) => {
    const [, name = '', offset, size] = line.toString().trim().split(' ');
    const [start, length] = [Number(offset), Number(size)];
    socket.write(`0 OK\r\nContent-Length: ${length}\r\n\r\n`);
    createReadStream(join(folder, name), { start, end: start + length - 1 }).pipe(socket, { end: false });
  });
});

server.listen(0, '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`));
