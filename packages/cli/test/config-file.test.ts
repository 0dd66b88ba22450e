import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directory, run } from '@zocalo/test-support/command.ts';
import { services } from '../src/plugins/built-in.ts';

/** As a message lists them. */
const ready = services.map(({ name }) => name).join(', ');

const mistakes: readonly (readonly [text: string, complaint: string])[] = [
  ['', 'zocalo.toml: it has no server; each is a table [servers.NAME]'],
  ['[servers]', 'zocalo.toml: it has no server; each is a table [servers.NAME]'],
  ['servers = 3', 'zocalo.toml: it has no server; each is a table [servers.NAME]'],
  [
    '[server.a]\nservice = "echo"',
    'zocalo.toml: there is no key "server" here, only log, log-level, log-file, strict and the tables [servers.NAME] (did you mean servers?)',
  ],
  ['log = "loud"', 'zocalo.toml: it has no server; each is a table [servers.NAME]'],
  [
    'log = "loud"\n[servers.a]\nservice = "echo"',
    'zocalo.toml: log must be one of pretty, json, off, not "loud"',
  ],
  ['servers.a = "echo"', 'zocalo.toml: servers.a: it must be a table, not "echo"'],
  ['[[servers.a]]\nservice = "echo"', 'zocalo.toml: servers.a: it must be a table, not [{"service":"echo"}]'],
  [
    '[servers.a]\nport = 1',
    'zocalo.toml: servers.a: it needs either service or module, to say what it serves',
  ],
  [
    '[servers.a]\nservice = "echo"\nmodule = "./m.js"',
    'zocalo.toml: servers.a: it needs either service or module, to say what it serves',
  ],
  [
    '[servers.a]\nservice = "ehco"',
    `zocalo.toml: servers.a: service must be one of ${ready}, not "ehco" (did you mean echo?)`,
  ],
  ['[servers.a]\nservice = 7', `zocalo.toml: servers.a: service must be one of ${ready}, not 7`],
  ['[servers.a]\nmodule = 7', 'zocalo.toml: servers.a: module must be the path of a module, not 7'],
  [
    '[servers.a]\nservice = "echo"\nmax-client = 1',
    'zocalo.toml: servers.a: there is no key "max-client" (did you mean max-clients?)',
  ],
  [
    '[servers.a]\nservice = "echo"\nlog = "json"',
    'zocalo.toml: servers.a: there is no key "log"; zocalo serve --help has them all',
  ],
  [
    '[servers.a]\nservice = "echo"\nport = "x"',
    'zocalo.toml: servers.a: port must be a whole number from 0 to 65535, not "x"',
  ],
  [
    '[servers.a]\nservice = "echo"\nport = "80"',
    'zocalo.toml: servers.a: port must be a whole number from 0 to 65535, not "80"',
  ],
  [
    '[servers.a]\nservice = "echo"\nport = 1979-05-27',
    'zocalo.toml: servers.a: port must be a whole number from 0 to 65535, not "1979-05-27"',
  ],
  [
    '[servers.a]\nservice = "echo"\nidle-timeout = 30',
    'zocalo.toml: servers.a: idle-timeout must be a duration such as 500ms, 30s, 5m or 1h (at most 596h), or none, not 30',
  ],
  [
    '[servers.a]\nservice = "echo"\nhost = true',
    'zocalo.toml: servers.a: host must be an IPv4 or IPv6 address or the name of a host, not true',
  ],
  [
    '[servers.a]\nservice = "echo"\nmodel = {}',
    'zocalo.toml: servers.a: model must be one of iterative, thread-per-client, thread-pool, process-per-client, process-pool, select, poll, epoll, sigio, uring, libuv, not a table',
  ],
  [
    '[servers.a]\nservice = "echo"\npath = "/tmp/x"\nport = 1',
    'zocalo.toml: servers.a: path is for a Unix socket and port for TCP: give one or the other',
  ],
  [
    '[servers.a]\nservice = "echo"\nmodel = "epol"',
    'zocalo.toml: servers.a: model must be one of iterative, thread-per-client, thread-pool, process-per-client, process-pool, select, poll, epoll, sigio, uring, libuv, not "epol" (did you mean epoll?)',
  ],
  [
    `[servers.a]\nservice = "echo"\nport = "\${NO_SUCH_VARIABLE}"`,
    `zocalo.toml: servers.a: the variable NO_SUCH_VARIABLE in "\${NO_SUCH_VARIABLE}" is not set; \${NO_SUCH_VARIABLE:-...} gives it a default`,
  ],
  [
    `[servers.a]\nservice = "echo"\nport = "\${NO_SUCH_VARIABLE:-many}"`,
    'zocalo.toml: servers.a: port must be a whole number from 0 to 65535, not "many"',
  ],
  [
    `[servers.a]\nservice = "echo"\npath = "/tmp/\${1}"`,
    `zocalo.toml: servers.a: "/tmp/\${1}" has a \${ that is not of the form \${NAME} or \${NAME:-default}; write $\${ for \${ itself`,
  ],
  ['strict = "yes"\n[servers.a]\nservice = "echo"', 'zocalo.toml: strict must be true or false, not "yes"'],
  ['[servers.a]\nservice = "echo"\nquota-per = "address"', 'zocalo.toml: servers.a: quota-per needs quota'],
];

for (const [text, complaint] of mistakes) {
  test(`${JSON.stringify(text)}: one line with file, table and key, and exit status 2`, async (t) => {
    const where = directory(t, { 'zocalo.toml': text });
    const { status, stdout, stderr } = await run(t, ['up', 'zocalo.toml'], { cwd: where });
    assert.deepEqual({ status, stdout, stderr }, { status: 2, stdout: '', stderr: `zocalo: ${complaint}\n` });
  });
}

test('a TOML syntax error is reported with line and column', async (t) => {
  const where = directory(t, { 'zocalo.toml': '[servers.a]\nservice = echo\n' });
  const { status, stderr } = await run(t, ['up', 'zocalo.toml'], { cwd: where });
  assert.equal(status, 2);
  assert.match(stderr, /^zocalo: zocalo\.toml:2:\d+: not TOML: [^\n]+\n$/);
});

test('a file or a module that is not there is one line, and exit status 1', async (t) => {
  const where = directory(t, { 'zocalo.toml': '[servers.a]\nmodule = "./m.js"\n' });
  assert.deepEqual(await run(t, ['up', 'other.toml'], { cwd: where }), {
    status: 1,
    stdout: '',
    stderr: 'zocalo: there is no file other.toml\n',
  });
  assert.deepEqual(await run(t, ['up'], { cwd: where }), {
    status: 1,
    stdout: '',
    stderr: 'zocalo: zocalo.toml: servers.a: there is no module ./m.js\n',
  });
});
