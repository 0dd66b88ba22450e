import { lengthPrefixed, type Protocol, type Reply } from 'zocalo';
import type { Lookup } from './dns/answer.ts';
import { failure } from './dns/answer.ts';
import { rcodes } from './dns/constants.ts';
import { decodeQuery } from './dns/query.ts';
import { encodeRejection, encodeReply, framed } from './dns/reply.ts';

/** How many questions of one client are looked up at once; the next ones are read when an answer is out. */
const IN_FLIGHT = 16;

/**
 * DNS over TCP (RFC 1035 section 4.2.2, RFC 7766): questions may follow each other without waiting, and answers come as they are ready.
 * A client that waits or is refused gets nothing: DNS has no message for it that is not an answer.
 */
export function dnsDialect(names: Lookup): Protocol {
  return {
    name: 'dns',
    framing: lengthPrefixed({ prefix: 2 }),
    concurrency: IN_FLIGHT,
    message(message, client): Reply {
      const query = decodeQuery(message);
      if (query === 'ignored') return undefined;
      if ('rcode' in query) return framed(encodeRejection(message, query));
      if (query.edns !== undefined && query.edns.version > 0) {
        return encodeReply(query, failure(rcodes.BADVERS, 'only EDNS version 0 is supported'));
      }
      const keepalive = query.edns?.keepalive === true ? client.idleTimeoutMs : undefined;
      const answer = names.lookup(query.question, query.queryFlags);
      if (!(answer instanceof Promise)) return encodeReply(query, answer, keepalive);
      return answer.then((later) => encodeReply(query, later, keepalive));
    },
  };
}
