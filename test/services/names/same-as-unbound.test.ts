import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import dnsPacket, { type DecodedPacket } from 'dns-packet';
import type { Question } from '../../../src/services/names/dns/answer.ts';
import { types } from '../../../src/services/names/dns/constants.ts';
import { encodeReply } from '../../../src/services/names/dns/reply.ts';
import { openResolver } from '../../../src/services/names/resolver/open-resolver.ts';
import { exchangeOverTcp } from '../../../src/services/names/upstream/exchange.ts';
import { parseUpstream } from '../../../src/services/names/upstream/upstream-address.ts';
import { encodeUpstreamQuery } from '../../../src/services/names/upstream/upstream-message.ts';
import { TemporaryFolder } from '../../support/journal.ts';
import { startUnbound, without } from '../../support/name-servers.ts';
import { decoded } from './support/messages.ts';
import { hostsFile, localData, metaQuestions, questionsAbout, zones } from './support/same-world.ts';

/** What is compared of a reply: its rcode, AA, whether it has an SOA as negative answers have, and its answers as a set. */
function essence(message: Buffer) {
  const reply = dnsPacket.decode(message) as DecodedPacket & { rcode: string };
  const answers = reply.answers ?? [];
  return {
    rcode: reply.rcode,
    authoritative: reply.flag_aa,
    soa: (reply.authorities ?? []).some((record) => record.type === 'SOA'),
    answers: answers
      .map((record) => `${record.name} ${record.type} ${JSON.stringify('data' in record && record.data)}`)
      .sort(),
  };
}

/**
 * Where we may answer otherwise: when records of every type are asked for. unbound says that it has none of its local data, and we give what there is;
 * of other names a resolver gives those that it happens to have (RFC 8482).
 */
function mayDiffer({ type }: Question): boolean {
  return type === types.ANY;
}

test('two thousand questions are answered as unbound answers them', {
  skip: without('unbound'),
}, async () => {
  using folder = new TemporaryFolder();
  writeFileSync(folder.file('hosts'), hostsFile);
  await using upstream = await startUnbound({ zones });
  await using reference = await startUnbound({ zones, server: localData });
  const { resolver, stop } = await openResolver({
    hosts: folder.file('hosts'),
    upstreams: [upstream.upstream],
  });
  const differences: unknown[] = [];
  let explained = 0;
  for (const question of [...questionsAbout(2_000, 1), ...metaQuestions]) {
    const { message } = encodeUpstreamQuery(question, true);
    const theirs = await exchangeOverTcp({
      address: parseUpstream(reference.upstream),
      query: message,
      read: (reply) => Buffer.from(reply),
      timeout: 20_000,
      signal: new AbortController().signal,
    });
    const answer = await resolver.lookup(question);
    const ours = essence(encodeReply(decoded(message), answer).subarray(2));
    if (mayDiffer(question)) {
      explained++;
      assert.equal(ours.rcode, essence(theirs).rcode);
    } else if (!isDeepStrictEqual(ours, essence(theirs)))
      differences.push({ question, ours, theirs: essence(theirs) });
  }
  stop();
  assert.deepEqual(differences, []);
  assert.ok(explained > 0 && explained < 100, `${explained} may differ`);
});
