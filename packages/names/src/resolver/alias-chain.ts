import type { DnsRecord, QueryFlags, Question } from '../dns/answer.ts';
import { rcodes, types } from '../dns/constants.ts';
import { lowerCase, nameText } from '../dns/domain-name.ts';
import type { UpstreamResponse } from '../upstream/upstream-message.ts';
import type { Upstream } from '../upstream/upstreams.ts';

/** How often an upstream is asked for one question, whose chain of CNAMEs it breaks off. */
const MAX_ALIAS_QUERIES = 16;

/**
 * The response of an upstream. Where its chain of CNAMEs breaks off, as it does with servers that only know their own zones, the upstream is asked on
 * from there: a client would take the piece for all there is.
 *
 * @throws what {@link Upstream.ask} throws, also when one of the pieces cannot be had
 */
export async function askFollowingAliases(
  upstream: Upstream,
  question: Question,
  queryFlags: QueryFlags,
): Promise<UpstreamResponse> {
  let response = await upstream.ask(question, queryFlags);
  let from: string | undefined;
  for (let piece = 1; piece < MAX_ALIAS_QUERIES; piece++) {
    const name = danglingAlias(question, response);
    if (name === undefined || name === from) return response;
    from = name;
    const rest = await upstream.ask({ ...question, name }, queryFlags);
    response = { ...rest, answers: [...response.answers, ...rest.answers] };
  }
  throw new Error(`the upstream breaks off the chain of aliases again and again, at last at ${from}`);
}

/**
 * The name at which the chain of CNAMEs of a response breaks off: it leads there, and neither is there what was asked for nor is it said that there
 * is nothing. That name has to be asked for. Undefined when the response is whole.
 */
function danglingAlias(question: Question, response: UpstreamResponse): string | undefined {
  const chain = chainFrom(question, response.answers);
  if (chain.length === 1 || response.rcode !== rcodes.NOERROR || hasData(question, response))
    return undefined;
  if (response.authorities.some(({ type }) => type === types.SOA)) return undefined;
  const last = chain.at(-1) as string;
  const isCircle = response.answers.some(
    ({ name, type }) => type === types.CNAME && lowerCase(name) === last,
  );
  return isCircle ? undefined : last;
}

/** Whether what was asked for is at the end of the chain. */
export function hasData(question: Question, { answers }: UpstreamResponse): boolean {
  const last = chainFrom(question, answers).at(-1);
  return answers.some(
    ({ name, type }) => lowerCase(name) === last && (type === question.type || question.type === types.ANY),
  );
}

/** The name that is asked for, and those that CNAMEs lead to from there, in lower case. A circle ends where it closes. */
export function chainFrom(question: Question, records: readonly DnsRecord[]): string[] {
  const first = lowerCase(question.name);
  if (question.type === types.CNAME || question.type === types.ANY) return [first];
  const targets = new Map<string, string>();
  for (const { name, type, data } of records) {
    if (type !== types.CNAME) continue;
    const target = nameText(data);
    if (target !== undefined) targets.set(lowerCase(name), lowerCase(target));
  }
  const chain = new Set([first]);
  for (let next = targets.get(first); next !== undefined && !chain.has(next); next = targets.get(next)) {
    chain.add(next);
  }
  return [...chain];
}
