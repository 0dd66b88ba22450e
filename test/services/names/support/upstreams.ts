import type { DnsRecord, Question } from '../../../../src/services/names/dns/answer.ts';
import { rcodes } from '../../../../src/services/names/dns/constants.ts';
import type { UpstreamResponse } from '../../../../src/services/names/upstream/upstream-message.ts';
import {
  type Upstream,
  UpstreamError,
  type UpstreamStats,
} from '../../../../src/services/names/upstream/upstreams.ts';

/** What an upstream says, in short. */
export type Said = { rcode?: number; answers?: readonly DnsRecord[]; authorities?: readonly DnsRecord[] };

/** An upstream in memory, for tests under a virtual clock: it answers from a function, or not at all while it is `down`. */
export class KnowingUpstream implements Upstream {
  readonly asked: Question[] = [];
  down = false;
  /** Answers are given when this resolves. */
  gate: Promise<unknown> = Promise.resolve();
  says: (question: Question) => Said;

  constructor(says: (question: Question) => Said) {
    this.says = says;
  }

  async ask(question: Question): Promise<UpstreamResponse> {
    this.asked.push(question);
    await this.gate;
    if (this.down) throw new UpstreamError('it is down');
    const { rcode = rcodes.NOERROR, answers = [], authorities = [] } = this.says(question);
    return { rcode, truncated: false, answers, authorities };
  }

  stats(): UpstreamStats {
    return { questions: this.asked.length, failures: 0, inFlight: 0, latencyP50: 0, latencyP99: 0 };
  }

  stop(): void {
    this.down = true;
  }
}
