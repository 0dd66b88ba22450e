import { connect, createServer, type Socket } from 'node:net';

/*
 * One process of the bare ring: what comes from the left goes to the right, what comes from the right goes to the left,
 * byte for byte, with node:net and nothing else. Arguments: this place, the ports of all places. A line on stdin: `connect`,
 * `start` (the "tokens", at place 0) or `count` (prints the hops so far).
 */
const SIZE = 48;
const [placeText = '0', ...portTexts] = process.argv.slice(2);
const place = Number(placeText);
const ports = portTexts.map(Number);
const count = ports.length;
let hops = 0;
let bytes = 0;
const next: Socket[] = [];

createServer({ noDelay: true }, (socket) => {
  let direction: number | undefined;
  socket.on('data', (data: Buffer) => {
    let rest = data;
    // The first byte of a connection says which way round it is.
    if (direction === undefined) {
      direction = data[0] as number;
      rest = data.subarray(1);
    }
    if (rest.length === 0) return;
    bytes += rest.length;
    hops = Math.floor(bytes / SIZE);
    next[direction]?.write(rest);
  });
  socket.on('error', () => process.exit(0));
}).listen(ports[place], '127.0.0.1', () => process.stdout.write('listening\n'));

process.stdin.on('data', (data: Buffer) => {
  for (const line of data.toString().trim().split('\n')) {
    if (line === 'connect') {
      [(place + 1) % count, (place - 1 + count) % count].forEach((to, direction) => {
        const socket = connect({ host: '127.0.0.1', port: ports[to] as number, noDelay: true });
        socket.on('connect', () => socket.write(Buffer.of(direction)));
        socket.on('error', () => process.exit(0));
        next[direction] = socket;
      });
    } else if (line === 'start') {
      for (const socket of next) socket.write(Buffer.alloc(SIZE, 't'));
    } else if (line === 'count') process.stdout.write(`${hops}\n`);
  }
});
process.stdin.on('end', () => process.exit(0));
