/** nginx with sendfile, in one process of its own. Usage: node nginx.ts FOLDER */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { accepts, freePorts } from '../processes.ts';

const [port = 0] = await freePorts(1);
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

while (!(await accepts(port))) await sleep(20);
console.log(`listening ${port}`);
