import { connect } from 'node:net';

/* Clients in a process of their own, which say what they are given and are silent then. The task comes as the first argument. */

export type SilentTask = { host: string; ports: readonly number[]; says: string };

const { host, ports, says } = JSON.parse(process.argv[2] as string) as SilentTask;
let left = ports.length;
for (const port of ports) {
  const socket = connect({ host, port }, () => {
    socket.resume();
    socket.write(says, () => {
      left--;
      if (left === 0) process.send?.({ connected: true });
    });
  });
  socket.on('error', () => {});
}
process.once('disconnect', () => process.exit());
