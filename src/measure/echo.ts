import { raw } from '../framing/raw.ts';
import type { Protocol } from '../protocol/protocol.ts';

/** What is served while models are measured: every byte comes back as it came. */
const echo: Protocol<Buffer> = { name: 'echo', framing: raw(), message: (bytes) => bytes };

export default echo;
