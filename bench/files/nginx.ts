/** nginx with sendfile, in one process of its own. Usage: node nginx.ts FOLDER */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const port = await freePort();
const own = mkdtempSync(join(tmpdir(), 'zocalo-nginx-'));
writeFileSync(
  join(own, 'nginx.conf'),
  `daemon off; master_process off; pid ${own}/pid; error_log stderr crit; ${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 512; }
http {
  access_log off; sendfile on; keepalive_requests 1000000;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${own}/${name};`).join(' ')}
  server { listen 127.0.0.1:${port}; root ${process.argv[2]}; }
}
`,
);

const nginx = spawn('nginx', ['-p', own, '-e', 'stderr', '-c', join(own, 'nginx.conf')], {
  stdio: 'inherit',
});
const end = () => {
  nginx.kill('SIGKILL');
  rmSync(own, { recursive: true, force: true });
};
nginx.once('error', () => process.exit(1));
nginx.once('exit', () => process.exit(1));
process.once('exit', end);
process.once('SIGTERM', () => process.exit(0));

for (;;) {
  const socket = connect(port, '127.0.0.1');
  const reached = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  if (reached) break;
  await sleep(20);
}
console.log(`listening ${port}`);
