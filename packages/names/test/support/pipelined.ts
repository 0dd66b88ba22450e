import assert from 'node:assert/strict';
import { type ConnectAddress, TestClient } from '@zocalo/test-support/test-client.ts';
import type { Question } from '../../src/dns/answer.ts';
import { encodeUpstreamQuery } from '../../src/upstream/upstream-message.ts';

/**
 * Asks a name server over so many TCP connections at once, on each all its questions without waiting (RFC 7766 section 6.2.1.1).
 *
 * @returns the replies, in the order of the questions whatever the order in which they came
 */
export async function askPipelined(
  server: ConnectAddress,
  questions: readonly Question[],
  connections: number,
): Promise<Buffer[]> {
  const share = Math.ceil(questions.length / connections);
  const shares = Array.from({ length: connections }, (_, i) => questions.slice(i * share, (i + 1) * share));
  return (await Promise.all(shares.map((each) => askOn(server, each)))).flat();
}

/** The id of a question is its place, so that a reply says to which it belongs. */
async function askOn(server: ConnectAddress, questions: readonly Question[]): Promise<Buffer[]> {
  using client = await TestClient.connect(server);
  const queries = questions.map((question, id) => {
    const { message } = encodeUpstreamQuery(question, true);
    message.writeUInt16BE(id, 0);
    return [Uint8Array.of(message.length >> 8, message.length & 0xff), message];
  });
  client.send(Buffer.concat(queries.flat()));
  const replies = new Map<number, Buffer>();
  for (const _ of questions) {
    const length = (await client.readBytes(2)).readUInt16BE(0);
    const reply = await client.readBytes(length);
    replies.set(reply.readUInt16BE(0), Buffer.from(reply));
  }
  assert.equal(client.available, 0, 'something came that was not asked for');
  return questions.map((question, id) => {
    const reply = replies.get(id);
    assert.ok(reply, `${question.name} was not answered`);
    return reply;
  });
}
