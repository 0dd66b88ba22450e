import { type Answer, failure, type Question } from '../dns/answer.ts';
import { classes, rcodes, types } from '../dns/constants.ts';

/** What is no record, and cannot be asked for (RFC 6895 section 3.1). */
const metaTypes: ReadonlySet<number> = new Set([types.OPT, types.TKEY, types.TSIG, types.MAILA, types.MAILB]);
const FIRST_META_TYPE = 128;
const LAST_META_TYPE = 248;

/** The answer to a question that nobody is asked, as unbound gives it: undefined for the others. */
export function refusal({ type, class: questionClass }: Question): Answer | undefined {
  if (questionClass !== classes.IN) return failure(rcodes.REFUSED, 'only the class IN is served here');
  if (type < types.OPT) return undefined;
  if (type === types.AXFR || type === types.IXFR)
    return failure(rcodes.REFUSED, 'there is no zone to transfer');
  if (metaTypes.has(type) || (type >= FIRST_META_TYPE && type <= LAST_META_TYPE)) {
    return failure(rcodes.FORMERR, 'there are no records of this type');
  }
  return undefined;
}
