/**
 * Clients one after another: each waits for its greeting, which is printed, and leaves.
 * Arguments: port, how many, pause between them in ms.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [port = 0, count = 0, pauseMs = 0] = process.argv.slice(2).map(Number);
for (let i = 0; i < count; i++) {
  const socket = connect(port, '127.0.0.1');
  const [greeting] = (await once(socket, 'data')) as [Buffer];
  process.stdout.write(greeting);
  socket.end();
  await once(socket.resume(), 'close');
  if (pauseMs > 0) await sleep(pauseMs);
}
