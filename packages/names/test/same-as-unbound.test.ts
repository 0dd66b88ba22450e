import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { startUnbound } from '@zocalo/test-support/name-servers.ts';
import { without } from '@zocalo/test-support/programs.ts';
import dnsPacket, { type DecodedPacket } from 'dns-packet';
import type { Question } from '../src/dns/answer.ts';
import { types } from '../src/dns/constants.ts';
import { askPipelined } from './support/pipelined.ts';
import { hostsFile, localData, metaQuestions, questionsAbout, zones } from './support/same-world.ts';
import { ServedNames } from './support/serving.ts';

/** On each some 250 questions follow each other. */
const CONNECTIONS = 8;

/** What is compared of a reply: its question letter by letter, rcode, AA, whether it has an SOA as negative answers have, its answers as a set. */
function essence(message: Buffer) {
  const reply = dnsPacket.decode(message) as DecodedPacket & { rcode: string };
  const answers = reply.answers ?? [];
  return {
    questions: reply.questions,
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

test('two thousand questions over pipelined connections are answered as unbound answers them', {
  skip: without('unbound'),
}, async () => {
  await using upstream = await startUnbound({ zones });
  await using reference = await startUnbound({ zones, server: localData });
  await using names = await ServedNames.start(hostsFile, upstream.upstream);
  const questions = [...questionsAbout(2_000, 1), ...metaQuestions];
  const theirReplies = await askPipelined(
    { host: '127.0.0.1', port: reference.port },
    questions,
    CONNECTIONS,
  );
  const ourReplies = await askPipelined(names.dns, questions, CONNECTIONS);
  const differences: unknown[] = [];
  let explained = 0;
  for (const [i, question] of questions.entries()) {
    const ours = essence(ourReplies[i] as Buffer);
    const theirs = essence(theirReplies[i] as Buffer);
    if (mayDiffer(question)) {
      explained++;
      assert.equal(ours.rcode, theirs.rcode);
    } else if (!isDeepStrictEqual(ours, theirs)) differences.push({ question, ours, theirs });
  }
  assert.deepEqual(differences, []);
  assert.ok(explained > 0 && explained < 100, `${explained} may differ`);
  const { accepted, messages } = names.server.stats();
  assert.deepEqual([accepted, messages], [CONNECTIONS, questions.length]);
});
