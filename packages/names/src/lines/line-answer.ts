import type { Answer, DnsRecord } from '../dns/answer.ts';
import { rcodes, types } from '../dns/constants.ts';
import { encodeName, presentName } from '../dns/domain-name.ts';
import { dataText, typeName } from '../dns/record-text.ts';
import type { LineRequest } from './line-question.ts';

type QuestionsRequest = LineRequest & { readonly kind: 'questions' };

/**
 * The answers to what a line asked for, in lines: `OK name type ttl value` for each record and an empty line; or one line, `NXDOMAIN name`,
 * `NODATA name type`, `FAIL name reason`. The records of one family are sent although the other failed.
 */
export function answerLines(
  { asked, type, questions }: QuestionsRequest,
  answers: readonly Answer[],
): string {
  const found = answers.filter((answer, i) => hasData(answer, questions[i]?.type));
  if (found.length > 0) {
    // Both families of a name come by the same aliases.
    const lines = new Set(found.flatMap((answer) => answer.answers.map(recordLine)));
    return `${[...lines].join('')}\n`;
  }
  const failed = answers.find(({ rcode }) => rcode !== rcodes.NOERROR && rcode !== rcodes.NXDOMAIN);
  if (failed !== undefined) return `FAIL ${asked} ${oneLine(failed.reason ?? rcodeName(failed.rcode))}\n`;
  if (answers.some(({ rcode }) => rcode === rcodes.NXDOMAIN)) return `NXDOMAIN ${asked}\n`;
  return `NODATA ${asked} ${type}\n`;
}

function hasData({ rcode, answers }: Answer, type: number | undefined): boolean {
  return rcode === rcodes.NOERROR && answers.some((record) => type === types.ANY || record.type === type);
}

/** A name may have any octets, line ends too: it is written as in zone files, without the dot at its end. */
function recordLine(record: DnsRecord): string {
  const name = presentName(encodeName(record.name));
  return `OK ${name === '.' ? name : name.slice(0, -1)} ${typeName(record.type)} ${record.ttl} ${dataText(record)}\n`;
}

function rcodeName(rcode: number): string {
  return Object.entries(rcodes).find(([, value]) => value === rcode)?.[0] ?? `rcode ${rcode}`;
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
