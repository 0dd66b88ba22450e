import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { serverPrograms, startReferenceServer } from '@zocalo/test-support/reference-server.ts';
import type { BackendMessage } from '../wire/backend-messages.ts';
import { columnsOf } from '../wire/backend-messages.ts';
import { frontend } from '../wire/frontend-bytes.ts';
import { describedColumns, fieldsOf, RawClient } from './raw-client.ts';
import { serveSql } from './serving.ts';
import { differences } from './transcript-differences.ts';
import { type Step, steps } from './transcript-steps.ts';

const programs = serverPrograms();

/** A message as it is compared: what a client acts upon, without texts that are for people. */
function essence({ type, body }: BackendMessage): string {
  switch (type) {
    case 'T':
      return `T ${describedColumns(body)
        .map(({ name, oid, size, typmod, format }) => `${name}:${oid}/${size}/${typmod}/${format}`)
        .join(' ')}`;
    case 'D':
      return `D ${columnsOf(body)
        .map((value) => (value === null ? 'NULL' : JSON.stringify(value.toString('latin1'))))
        .join(' ')}`;
    case 'C':
      return `C ${body.toString('utf8', 0, body.length - 1)}`;
    case 'E':
    case 'N':
      return `${type} ${fieldsOf(body).C}`;
    case 'Z':
      return `Z ${body.toString()}`;
    case 't':
      return `t ${Array.from({ length: body.readUInt16BE(0) }, (_, i) => body.readUInt32BE(2 + 4 * i)).join(' ')}`;
    case 'S':
      return `S ${body.toString().split('\0')[0]}`;
    case 'd':
      return `d ${body.toString()}`;
    default:
      return type;
  }
}

async function run(client: RawClient, step: Step): Promise<string[]> {
  if (typeof step === 'string') return (await client.query(step)).map(essence);
  const { sql, parameters = [], types = [], results = [], rows = 0, describe = 'P' } = step;
  const formats = parameters.map((value) => (Buffer.isBuffer(value) ? 1 : 0));
  client.send(
    frontend.parse('', sql, [...types]),
    ...(describe === 'S' ? [frontend.describe('S')] : []),
    frontend.bind('', '', [...parameters], { formats, results: [...results] }),
    ...(describe === 'P' ? [frontend.describe('P')] : []),
    frontend.execute('', rows),
    ...(rows > 0 ? [frontend.execute('', rows), frontend.execute('', rows)] : []),
    frontend.sync(),
  );
  return (await client.until('Z')).map(essence);
}

test('PostgreSQL and this server give the same answers, but for what is listed with its reason', {
  skip: programs === undefined && 'PostgreSQL is not installed (Debian: postgresql)',
}, async (context) => {
  const reference = await startReferenceServer(programs as string);
  context.after(() => reference.stop());
  const { port } = await serveSql(context);
  await using theirs = await RawClient.connect(reference.port);
  await using ours = await RawClient.connect(port);
  const found = new Map<string, string>();
  for (const step of steps) {
    const [expected, actual] = await Promise.all([run(theirs, step), run(ours, step)]);
    if (isDeepStrictEqual(expected, actual)) continue;
    const how = typeof step === 'string' ? '' : step.describe === 'S' ? ' (statement)' : ' (portal)';
    const name = `${typeof step === 'string' ? step : step.sql}${how}`;
    found.set(name, `${name}\n  theirs: ${expected.join(' | ')}\n  ours:   ${actual.join(' | ')}`);
  }
  const unexplained = [...found].filter(([name]) => differences[name] === undefined).map(([, text]) => text);
  assert.equal(unexplained.join('\n'), '');
  const gone = Object.keys(differences).filter((name) => !found.has(name));
  assert.deepEqual(gone, [], 'these differences are listed, but are none');
});
