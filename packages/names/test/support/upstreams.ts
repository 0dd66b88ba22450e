import { type DnsRecord, defaultQueryFlags, type QueryFlags, type Question } from '../../src/dns/answer.ts';
import { rcodes } from '../../src/dns/constants.ts';
import { UpstreamError } from '../../src/upstream/hedged-query.ts';
import type { UpstreamResponse } from '../../src/upstream/upstream-message.ts';
import type { Upstream, UpstreamStats } from '../../src/upstream/upstreams.ts';

/** What an upstream says, in short. */
export type Said = { rcode?: number; answers?: readonly DnsRecord[]; authorities?: readonly DnsRecord[] };

/** An upstream in memory, for tests under a virtual clock: it answers from a function, or not at all while it is `down`. */
export class KnowingUpstream implements Upstream {
  readonly names = 'the upstream';
  readonly asked: Question[] = [];
  /** With what flags each was asked. */
  readonly allQueryFlags: QueryFlags[] = [];
  down = false;
  /** Answers are given when this resolves. */
  gate: Promise<unknown> = Promise.resolve();
  says: (question: Question) => Said;

  constructor(says: (question: Question) => Said) {
    this.says = says;
  }

  async ask(question: Question, queryFlags: QueryFlags = defaultQueryFlags): Promise<UpstreamResponse> {
    this.asked.push(question);
    this.allQueryFlags.push(queryFlags);
    await this.gate;
    if (this.down) throw new UpstreamError('it is down');
    const { rcode = rcodes.NOERROR, answers = [], authorities = [] } = this.says(question);
    return { rcode, truncated: false, answers, authorities };
  }

  stats(): UpstreamStats {
    return { questions: this.asked.length, failures: 0, inFlight: 0, latencyP50Ms: 0, latencyP99Ms: 0 };
  }

  stop(): void {
    this.down = true;
  }
}
